//! Reads, with every part of the question and of the answer made false in turn. What encryption depends on is verified;
//! whatever else is believed is listed here, with why that does no harm.

use kleis_client::{Access, ClientError, Enrolment, Proof};
use kleis_e2e::{NOTHING, Way, mutation, people};
use kleis_types::DeviceId;

use crate::{
    cast::{Cast, client, open_home},
    deeds::Deed,
    falsify::{Attempt, falsify},
};

/// What may come of a false message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum May {
    /// Nothing but a refusal.
    BeRefused,
    /// What is told is what is told honestly: the part means nothing to whoever reads it.
    TellTheSame,
    /// Something false is told.
    TellAnything,
}

/// The exceptions.
fn may(deed: Deed, way: Way, form: &str) -> May {
    let about = |parts: &[&str]| parts.iter().any(|part| form.contains(part));
    match (deed, way) {
        // Who asks for one application, or leaves it open where there is one alone, gets that one. Another tag gets the whole set,
        // and what was active at another time is verified as of now.
        (Deed::Lookup | Deed::BatchLookup, Way::There)
            if about(&["any_application", "if_etag", "as_of"]) =>
        {
            May::TellTheSame
        }
        // Candidates have no tag.
        (Deed::Candidates, Way::There) if about(&["if_etag"]) => May::TellTheSame,
        // The name beside a key set is not read: the certificates in it say whose it is. Neither is the tag of its bytes, nor a
        // member of a JWK that nobody knows (RFC 7517 section 4).
        (Deed::Lookup | Deed::BatchLookup, Way::Back)
            if about(&[
                "recipient  without identifier",
                "recipient  identifier  changed",
                "etag",
                " more",
            ]) =>
        {
            May::TellTheSame
        }
        // Somebody who could be meant is left out or named twice: nobody else is put in their place.
        (Deed::Candidates, Way::Back) if about(&["without", "twice"]) => May::TellAnything,
        // The service's clock is nothing that a client goes by.
        (Deed::Init, Way::Back) if about(&["now", "replayed"]) => May::TellTheSame,
        // A home that is told another name of the installation can do nothing with it: see below.
        (Deed::Init, Way::Back) if about(&["installation  changed"]) => May::TellAnything,
        // An older list of the same version says the same; an older version is refused.
        (Deed::Status, Way::Back) if about(&["replayed"]) => May::TellAnything,
        // What an owner is shown of their own keys and certificates is not signed. Whoever acts on it names a key or a serial
        // in an order, and the signed answer tells which one was meant.
        (Deed::ListKeys | Deed::ListCertificates | Deed::ListNotices, Way::Back) => {
            May::TellAnything
        }
        _ => May::BeRefused,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn edge_no_false_answer_to_a_question_leads_to_a_false_key() {
    let cast = Cast::new().await;
    cast.installation.published("mailbox", people::APPLICATION);
    cast.installation
        .published("billing", people::OTHER_APPLICATION);
    let mut tried = 0;
    for deed in Deed::READS {
        let asks_something = [Deed::Lookup, Deed::Candidates, Deed::BatchLookup];
        for way in [Way::There, Way::Back] {
            if way == Way::There && !asks_something.contains(&deed) {
                continue;
            }
            let attempts = falsify(&cast, deed, way).await;
            for Attempt { form, told } in &attempts.attempts {
                let said = format!("{deed:?} {way:?} {form}: {told:?}");
                match (may(deed, way, form), told) {
                    (_, Err(ClientError::Refused { .. } | ClientError::NotVerified { .. }))
                    | (May::TellAnything, Ok(_)) => {}
                    // What is no message of this kind cannot be read at all.
                    (_, Err(ClientError::Unreachable(_))) if form == "of another kind" => {}
                    (May::TellTheSame, Ok(told)) => assert_eq!(*told, attempts.honest, "{said}"),
                    _ => panic!("{said}"),
                }
            }
            tried += attempts.attempts.len();
        }
    }
    crate::report("reads", tried);
    assert!(tried > 400, "only {tried} were tried");
}

#[tokio::test(flavor = "multi_thread")]
async fn edge_a_home_that_is_told_a_false_installation_can_do_nothing() {
    use kleis_e2e::{Mischief, Reply};
    use kleis_proto::registration::v1::GetInstallationResponse;
    use prost::Message as _;

    struct Rename;
    impl Mischief for Rename {
        fn reply(&self, method: &str, reply: Reply) -> Reply {
            let Reply::Message(message) = &reply else {
                return reply;
            };
            if method != Deed::Init.rpc() {
                return reply;
            }
            let mut told = GetInstallationResponse::decode(message.as_slice()).unwrap();
            told.installation = "A".repeat(22);
            Reply::Message(told.encode_to_vec())
        }
    }

    let cast = Cast::new().await;
    let code = cast.installation.code(people::PATIENT);
    cast.edge.set(Rename);
    let home = open_home(cast.fresh_path());
    let config = cast.doctor.client.config();
    home.init(
        &config.server,
        None,
        &config.root_pem,
        None,
        Access::Certificate,
    )
    .await
    .unwrap();
    let random = kleis_types::OsRandom;
    home.make_auth_key(kleis_jose::KeyType::P256, None, &random)
        .unwrap();
    let before = cast.installation.databases().contents();
    let enrolment = Enrolment {
        contract: String::new(),
        identifier: people::PATIENT.parse().unwrap(),
        device: DeviceId::main(),
        csr: None,
        proof: Proof::Code(code.parse().unwrap()),
    };
    let newcomer = client(home);
    let error = newcomer.enrol(enrolment).await.unwrap_err();
    assert!(error.is_refusal(), "{error:?}");
    let error = newcomer.status_list().await.unwrap_err();
    assert!(
        matches!(error, ClientError::NotVerified { .. }),
        "{error:?}"
    );
    let changes = cast.installation.databases().changes_since(&before);
    assert_eq!(changes, NOTHING);
}

/// What is sealed does not depend on these: two read public tables or old keys, and are not asked by the SDK; a stream of changes names recipients, and
/// whoever hears of one looks it up and verifies; whoever accepts another contract than the installation's is refused; and a login is not for the edge
/// to make, while what it gives is verified as every certificate that comes.
const NOT_ASKED: [&str; 5] = [
    "kleis.registration.v1.RegistrationService/ListIdentifierTypes",
    "kleis.registration.v1.RegistrationService/GetContract",
    "kleis.registration.v1.RegistrationService/ValidateCertificateRequest",
    "kleis.directory.v1.DirectoryService/GetKey",
    "kleis.directory.v1.DirectoryService/Watch",
];

#[test]
fn edge_every_rpc_is_among_the_deeds() {
    let deeds = [&Deed::READS[..], &Deed::REGISTRATION, &Deed::CUSTODY].concat();
    for rpc in mutation::rpcs() {
        let is_played = deeds.iter().any(|deed| deed.rpc() == rpc);
        let is_asked = !NOT_ASKED.contains(&rpc.as_str());
        assert_eq!(is_played, is_asked, "{rpc}");
    }
}
