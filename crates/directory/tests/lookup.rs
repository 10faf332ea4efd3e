//! The directory on a real database: who is found, by whom, and what is never told.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

use std::sync::Arc;

use kleis_directory::{Directory, DirectoryError, Found, grpc};
use kleis_jose::Thumbprint;
use kleis_proto::directory::v1::directory_service_server::DirectoryService as _;
use kleis_proto::directory::v1::{self as wire, batch_lookup_result};
use kleis_proto::lookup::{KeyUse, Lookup};
use kleis_proto::status::from_status;
use kleis_store::registry::{
    Certificate, EncryptionKey, RegistryRead as _, RegistryTx as _, StoredJwkSet,
};
use kleis_store::suite::perform;
use kleis_store::{Actor, AuditEvent, AuditOutcome, Audited, EvidenceTx as _, Store as _};
use kleis_store_sqlite::RegistrySqlite;
use kleis_types::{
    CertificateState, CredentialMap, ErrorCode, Identifier, KeyState, Principal, SeededRandom,
    Timestamp, TypeTable,
};
use tonic::{Code, Request};

const PERSON: &str = "SSIN:85073003328";
const DOCTOR: &str = "NIHII:18749704";
const EHR: &str = "CBE:0123456749/EHR";
const LAB: &str = "CBE:0123456749/LAB";
const PLAIN: &str = "CBE:0999999922";
const EMPTY: &str = "CBE:0888888895";
const KID: &str = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
const PENDING: &str = "0SVmHlR8xpwXa1rFcA5J3-uPmsAHuFWUkYPTFJDoeQ0";

struct World {
    _dir: tempfile::TempDir,
    store: RegistrySqlite,
    directory: Directory<RegistrySqlite>,
}

fn id(text: &str) -> Identifier {
    text.parse().unwrap()
}

fn row(resource: Option<&dyn Audited>) -> AuditEvent {
    AuditEvent {
        at: Timestamp::from_unix(1_000),
        action: "test.publish",
        actor: Actor::Local,
        resource: resource.map(Audited::resource).unwrap_or_default(),
        resource_version: resource.map_or(0, Audited::version),
        resource_digest: resource.map(Audited::digest),
        outcome: AuditOutcome::Done,
        order_digest: None,
        trace_id: String::new(),
        details: String::new(),
    }
}

async fn world() -> World {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("registry.db");
    RegistrySqlite::migrate(&path).await.unwrap();
    let random = Arc::new(SeededRandom::new(7));
    let store = RegistrySqlite::open(&path, "test", random).await.unwrap();
    for recipient in [PERSON, EHR, LAB, PLAIN] {
        publish(&store, recipient, true).await;
    }
    publish(&store, EMPTY, false).await;
    perform(&store, |tx| {
        Box::pin(async move {
            tx.put_alias(&id(DOCTOR), &id(PERSON)).await?;
            tx.append_audit(&row(None)).await
        })
    })
    .await
    .unwrap();
    let directory = Directory::new(store.clone(), TypeTable::belgian().clone());
    World {
        _dir: dir,
        store,
        directory,
    }
}

/// A set whose bytes name the recipient, so that a wrong one shows.
async fn publish(store: &RegistrySqlite, recipient: &str, with_encryption_key: bool) {
    let enc = format!(r#",{{"use":"enc","of":"{recipient}"}}"#);
    let body = format!(
        r#"{{"keys":[{{"use":"sig","of":"{recipient}"}}{}]}}"#,
        if with_encryption_key {
            enc.as_str()
        } else {
            ""
        }
    );
    let set = StoredJwkSet {
        recipient: id(recipient),
        body: body.into_bytes(),
        etag: format!("\"{recipient}\""),
        has_keys: with_encryption_key,
    };
    perform(store, move |tx| {
        let set = set.clone();
        Box::pin(async move {
            tx.put_jwk_set(&set, Timestamp::from_unix(1_000)).await?;
            tx.append_audit(&row(None)).await
        })
    })
    .await
    .unwrap();
}

async fn put_key(store: &RegistrySqlite, kid: &'static str, owner: &'static str, state: KeyState) {
    perform(store, move |tx| {
        Box::pin(async move {
            let index = tx.allocate_status().await?;
            let serial = format!("{index:04x}");
            let certificate = Certificate {
                serial: serial.clone(),
                owner: id(owner),
                registrant: id(owner).with_application(None),
                device: "main".parse().unwrap(),
                jkt: format!("jkt-{index}"),
                x5t: format!("x5t-{index}"),
                chain: vec![vec![1], vec![2]],
                not_before: Timestamp::from_unix(0),
                not_after: Timestamp::from_unix(9_000),
                status_index: index,
                endorsement: String::new(),
                recovered: false,
                state: CertificateState::Superseded,
                reason: None,
                revoked_at: None,
                version: 1,
            };
            let index = tx.allocate_status().await?;
            let key = EncryptionKey {
                kid: kid.to_owned(),
                owner: id(owner),
                device: "main".parse().unwrap(),
                jwk: r#"{"kty":"OKP"}"#.to_owned(),
                sequence: index,
                status_index: index,
                certificate: serial,
                created_at: Timestamp::from_unix(10),
                activated_at: Some(Timestamp::from_unix(20)),
                expires_at: Timestamp::from_unix(8_000),
                state,
                reason: None,
                version: 1,
            };
            tx.put_registrant(&registrant(owner)).await?;
            tx.append_audit(&row(Some(&registrant(owner)))).await?;
            tx.put_certificate(&certificate).await?;
            tx.append_audit(&row(Some(&certificate))).await?;
            tx.put_encryption_key(&key).await?;
            tx.append_audit(&row(Some(&key))).await
        })
    })
    .await
    .unwrap();
}

fn registrant(owner: &str) -> kleis_store::registry::Registrant {
    let id = id(owner).with_application(None);
    kleis_store::registry::Registrant {
        id: id.clone(),
        name: "Somebody".to_owned(),
        identifiers: vec![id],
        active: true,
        contact: kleis_types::Contact::default(),
        version: 1,
    }
}

fn caller() -> Principal {
    let device = "main".parse().unwrap();
    Principal::from_certificate(&[id(PLAIN)], device, "x5t", CredentialMap::belgian()).unwrap()
}

fn recipient(found: Found) -> (String, String) {
    match found {
        Found::Recipient(found) => (
            found.identifier.to_string(),
            String::from_utf8(found.jwks).unwrap(),
        ),
        Found::Candidates(names) => panic!("candidates {names:?}"),
    }
}

#[tokio::test]
async fn an_organisation_is_found_by_everybody_with_its_application_alone() {
    let world = world().await;
    let found = world
        .directory
        .lookup(&Lookup::new(id(EHR)), None)
        .await
        .unwrap();
    let (identifier, jwks) = recipient(found);
    assert_eq!(identifier, EHR);
    assert!(jwks.contains(EHR) && !jwks.contains(LAB));
    // No application is the "no application" key, never any of them.
    let none = Lookup::new(id("CBE:0123456749"));
    let missing = world.directory.lookup(&none, None).await;
    assert!(matches!(missing, Err(DirectoryError::NoRecipient)));
}

#[tokio::test]
async fn with_the_application_left_open_several_are_candidates_and_one_is_found() {
    let world = world().await;
    let open = |text: &str| Lookup::new(id(text)).for_any_application();
    let found = world
        .directory
        .lookup(&open("CBE:0123456749"), None)
        .await
        .unwrap();
    assert_eq!(found, Found::Candidates(vec![id(EHR), id(LAB)]));
    let found = world.directory.lookup(&open(PLAIN), None).await.unwrap();
    assert_eq!(recipient(found).0, PLAIN);
    let missing = world.directory.lookup(&open(EMPTY), None).await;
    assert!(matches!(missing, Err(DirectoryError::NoRecipient)));
}

#[tokio::test]
async fn persons_are_for_authenticated_callers_whether_they_exist_or_not() {
    let world = world().await;
    for person in [PERSON, "SSIN:93051822361", DOCTOR] {
        let refused = world.directory.lookup(&Lookup::new(id(person)), None).await;
        assert!(
            matches!(refused, Err(DirectoryError::Anonymous)),
            "{person}"
        );
    }
    let found = world
        .directory
        .lookup(&Lookup::new(id(PERSON)), Some(&caller()))
        .await
        .unwrap();
    assert_eq!(recipient(found).0, PERSON);
}

#[tokio::test]
async fn an_alias_leads_to_the_primary_identity() {
    let world = world().await;
    let found = world
        .directory
        .lookup(&Lookup::new(id(DOCTOR)), Some(&caller()))
        .await
        .unwrap();
    assert_eq!(recipient(found).0, PERSON);
}

#[tokio::test]
async fn signature_keys_can_be_had_alone_under_a_tag_of_their_own() {
    let world = world().await;
    let both = world
        .directory
        .lookup(&Lookup::new(id(PLAIN)), None)
        .await
        .unwrap();
    let sig = Lookup::new(id(PLAIN)).for_use(KeyUse::Signature);
    let sig = world.directory.lookup(&sig, None).await.unwrap();
    let (Found::Recipient(both), Found::Recipient(sig)) = (both, sig) else {
        panic!("candidates");
    };
    assert!(!String::from_utf8(sig.jwks).unwrap().contains("enc"));
    assert_ne!(both.etag, sig.etag);
    assert!(sig.etag.starts_with('"') && sig.etag.ends_with('"'));
    // A recipient without an encryption key can be verified, but not be written to.
    let enc = Lookup::new(id(EMPTY)).for_use(KeyUse::Encryption);
    let missing = world.directory.lookup(&enc, None).await;
    assert!(matches!(missing, Err(DirectoryError::NoRecipient)));
    let sig = Lookup::new(id(EMPTY)).for_use(KeyUse::Signature);
    assert!(world.directory.lookup(&sig, None).await.is_ok());
}

#[tokio::test]
async fn a_lookup_of_an_organisation_is_one_statement() {
    let world = world().await;
    let before = world.store.statements();
    world
        .directory
        .lookup(&Lookup::new(id(PLAIN)), None)
        .await
        .unwrap();
    let lookup = world.store.statements() - before;
    let before = world.store.statements();
    world
        .store
        .read()
        .await
        .unwrap()
        .jwk_set(&id(PLAIN))
        .await
        .unwrap();
    assert_eq!(lookup, world.store.statements() - before);
}

#[tokio::test]
async fn a_batch_has_a_result_or_an_error_for_each() {
    let world = world().await;
    let service = service(&world);
    let lookups = [PLAIN, "CBE:0425222333", PERSON, EMPTY].map(|text| wire::LookupRequest {
        identifier: text.to_owned(),
        ..Default::default()
    });
    let request = wire::BatchLookupRequest {
        lookups: lookups.to_vec(),
    };
    let answer = service
        .batch_lookup(Request::new(request))
        .await
        .unwrap()
        .into_inner();
    let told: Vec<_> = answer
        .results
        .into_iter()
        .map(|result| match result.result.unwrap() {
            batch_lookup_result::Result::Recipient(found) => found.identifier,
            batch_lookup_result::Result::Candidates(_) => "candidates".to_owned(),
            batch_lookup_result::Result::Error(error) => error.reason,
        })
        .collect();
    let expected = [PLAIN, "IDENTIFIER_CHECK_DIGIT", "CERTIFICATE_REQUIRED"];
    assert_eq!(told[..3], expected);
    // It has a certificate, and nothing to encrypt to: asked for both uses, it is found.
    assert_eq!(told[3], EMPTY);
}

#[tokio::test]
async fn batches_of_none_and_of_too_many_are_refused() {
    let world = world().await;
    let service = service(&world);
    for count in [0, 501] {
        let request = wire::BatchLookupRequest {
            lookups: vec![wire::LookupRequest::default(); count],
        };
        let status = service
            .batch_lookup(Request::new(request))
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(from_status(&status).unwrap().field(), Some("lookups"));
    }
}

#[tokio::test]
async fn a_key_is_found_in_any_state_but_pending() {
    let world = world().await;
    put_key(&world.store, KID, PLAIN, KeyState::Revoked).await;
    put_key(&world.store, PENDING, EHR, KeyState::PendingActivation).await;
    let service = service(&world);
    let get = |kid: &str| {
        Request::new(wire::GetKeyRequest {
            kid: kid.to_owned(),
        })
    };
    let key = service.get_key(get(KID)).await.unwrap().into_inner();
    assert_eq!(
        (key.identifier.as_str(), key.state.as_str()),
        (PLAIN, "REVOKED")
    );
    assert_eq!(
        (key.created_at, key.activated_at, key.expires_at),
        (10, 20, 8_000)
    );
    let pending = service.get_key(get(PENDING)).await.unwrap_err();
    let unknown = service.get_key(get(&"A".repeat(43))).await.unwrap_err();
    assert_eq!(
        from_status(&pending).unwrap(),
        from_status(&unknown).unwrap()
    );
    assert_eq!(unknown.code(), Code::NotFound);
    let malformed = service.get_key(get("no kid")).await.unwrap_err();
    let malformed = from_status(&malformed).unwrap();
    assert_eq!(
        (malformed.code(), malformed.field()),
        (ErrorCode::RequestMalformed, Some("kid"))
    );
}

#[tokio::test]
async fn a_persons_key_is_to_a_stranger_like_none() {
    let world = world().await;
    put_key(&world.store, KID, PERSON, KeyState::Active).await;
    let kid: Thumbprint = KID.parse().unwrap();
    let stranger = world.directory.key(&kid, None).await;
    assert!(matches!(stranger, Err(DirectoryError::NoKey)));
    assert!(world.directory.key(&kid, Some(&caller())).await.is_ok());
}

fn service(world: &World) -> grpc::Adapter<RegistrySqlite> {
    grpc::adapter(world.directory.clone())
}

#[tokio::test]
async fn a_person_behind_an_organisations_alias_stays_unknown_to_strangers() {
    let world = world().await;
    let alias = "CBE:0777777868";
    perform(&world.store, |tx| {
        Box::pin(async move {
            tx.put_alias(&id("CBE:0777777868"), &id(PERSON)).await?;
            tx.append_audit(&row(None)).await
        })
    })
    .await
    .unwrap();
    let lookup = Lookup::new(id(alias));
    let stranger = world.directory.lookup(&lookup, None).await;
    assert!(matches!(stranger, Err(DirectoryError::NoRecipient)));
    let batch = world.directory.batch_lookup(vec![Ok(lookup.clone())], None);
    let mut batch = batch.await.unwrap();
    assert!(matches!(
        batch.pop(),
        Some(Err(DirectoryError::NoRecipient))
    ));
    let found = world.directory.lookup(&lookup, Some(&caller())).await;
    assert_eq!(recipient(found.unwrap()).0, PERSON);
}
