//! The honest edge: everything that people do works through it, with nothing else told to them than its address.

use std::collections::BTreeSet;

use kleis_e2e::{Edge, Installation, Party, mutation, people};
use serde_json::{Value, json};

use crate::{cast::Actor, deeds::Deed, policy, private_value};

/// Whoever enrols is shown the contract, where there is one.
const CONTRACT: &str = "kleis.registration.v1.RegistrationService/GetContract";

const DOCUMENT: &[u8] = b"The results are in.";

/// What people do with `kleis`, step by step, each with the RPCs that the edge must see in it.
struct Flow<'a> {
    installation: &'a Installation,
    edge: &'a Edge,
    /// Everything that the edge has seen asked.
    asked: BTreeSet<String>,
}

impl Flow<'_> {
    /// Plays a step; gives what it says. The status list and contracts may be asked for at any time.
    fn step<T>(&mut self, name: &str, rpcs: &[Deed], play: impl FnOnce(&Installation) -> T) -> T {
        let before = self.edge.seen().len();
        let told = play(self.installation);
        let seen = self.edge.seen().split_off(before);
        let seen: BTreeSet<_> = seen.into_iter().map(|exchange| exchange.method).collect();
        let wanted: BTreeSet<_> = rpcs.iter().map(|deed| deed.rpc().to_owned()).collect();
        let others: Vec<_> = seen
            .iter()
            .filter(|rpc| *rpc != Deed::Status.rpc() && *rpc != CONTRACT && !wanted.contains(*rpc))
            .collect();
        assert!(
            wanted.is_subset(&seen) && others.is_empty(),
            "{name}: {seen:?}"
        );
        self.asked
            .extend(seen.into_iter().filter(|rpc| rpc != CONTRACT));
        told
    }

    /// Somebody with a certificate, by a code of an operator's.
    fn newcomer(&mut self, name: &str, identifier: &str) -> (Party, String) {
        let code = self.step("make a code", &[Deed::Lookup], |installation| {
            installation.code(identifier)
        });
        let party = self.step("init", &[Deed::Init], |installation| {
            installation.stranger(name, identifier, "main")
        });
        self.step("enrol", &[Deed::Enrol], |_| {
            party.kleis(&["enroll", "--id", identifier, "--code", &code])
        });
        (party, code)
    }

    /// Certificates and keys, to the end of their lives.
    fn keys(&mut self, doctor: &Party, mailbox: &Party) {
        let tablet = self.step(
            "a second device",
            &[Deed::Init, Deed::EnrolDevice],
            |installation| installation.endorsed("tablet", "tablet", doctor),
        );
        let publish = [Deed::BeginKey, Deed::CompleteKey];
        for party in [doctor, &tablet, mailbox] {
            self.step("publish", &publish, |_| party.kleis(&["keys", "publish"]));
        }
        let held = self.step("publish the next one", &publish, |_| {
            mailbox.kleis(&["keys", "publish", "--hold"])
        });
        let next = text(&held["kid"]);
        self.step("rotate", &[Deed::ActivateKey], |_| {
            mailbox.kleis(&["keys", "activate", &next])
        });
        let found = self.step("look up", &[Deed::Lookup], |_| {
            doctor.kleis(&["lookup", people::APPLICATION])
        });
        assert_eq!(text(&found["keys"][0]["kid"]), next);

        let sealed = self.step("seal", &[Deed::BatchLookup], |_| {
            mailbox.seal(DOCUMENT, &["--to", people::DOCTOR])
        });
        for device in [doctor, &tablet] {
            let opened = self.step("open", &[], |_| device.open(&sealed));
            assert_eq!(opened, (DOCUMENT.to_vec(), people::APPLICATION.to_owned()));
        }

        let both = [Deed::ListKeys, Deed::ListCertificates];
        let keys = self.step("list keys", &both, |_| doctor.kleis(&["keys", "list"]));
        assert_eq!(keys["keys"].as_array().unwrap().len(), 2);
        self.step("revoke a key", &[Deed::RevokeKey], |_| {
            let revoke = ["keys", "revoke", &next, "--reason", "keyCompromise"];
            mailbox.kleis(&revoke)
        });
        let told = self.step("list notices", &[Deed::ListNotices], |_| {
            doctor.kleis(&["notices"])
        });
        assert!(told.to_string().contains("DEVICE_ADDED"), "{told}");
        let certificates = self.step("list devices", &[Deed::ListCertificates], |_| {
            doctor.kleis(&["devices", "list"])
        });
        assert_eq!(certificates.to_string().matches("\"ACTIVE\"").count(), 2);
        let signer = doctor.signer();
        let x5t = signer.certificate().x5t_s256();
        self.step(
            "ask how a certificate stood",
            &[Deed::DescribeCertificate],
            |_| doctor.kleis(&["certificate", "describe", x5t]),
        );
        self.step(
            "revoke a device",
            &[Deed::RevokeCertificate, Deed::ListCertificates],
            |_| doctor.kleis(&["devices", "revoke", "tablet"]),
        );
        let bind_anew = [Deed::ListKeys, Deed::BeginKey, Deed::CompleteKey];
        let certificates = [Deed::Renew, Deed::ListCertificates, Deed::RevokeCertificate];
        self.step("renew", &[&certificates[..], &bind_anew].concat(), |_| {
            doctor.kleis(&["certificate", "renew"])
        });
    }

    /// A certificate that somebody asks for, and then does not want.
    fn request(&mut self) {
        let patient = self.step("init", &[Deed::Init], |installation| {
            installation.stranger("patient", people::PATIENT, "main")
        });
        for (word, deed) in [
            ("submit", Deed::SubmitRequest),
            ("status", Deed::GetRequest),
            ("withdraw", Deed::WithdrawRequest),
        ] {
            let named = ["request", word, "--id", people::PATIENT];
            let words = if word == "submit" { 4 } else { 2 };
            self.step(word, &[deed], |_| patient.kleis(&named[..words]));
        }
    }
}

/// Keys in custody, from the first to the last; gives the keys themselves.
async fn custody(owner: &Actor) -> Vec<Vec<u8>> {
    let client = &owner.client;
    let made = client.create_keys(&policy(&json!({})), 1).await.unwrap();
    let own = kleis_types::SecretBytes::from((0..48).map(|n| n * 5 + 1).collect::<Vec<u8>>());
    let ids = client
        .deposit_keys(&policy(&json!({})), std::slice::from_ref(&own))
        .await
        .unwrap();
    let receipt = client.custody_key(&ids[0]).await.unwrap();
    assert_eq!(receipt.key.jwk.oct_bytes().unwrap(), own.expose());
    client.confirm_read(&receipt).await.unwrap();
    assert_eq!(client.describe_key(&ids[0]).await.unwrap().reads, 1);
    client.shred_key(&ids[0]).await.unwrap();
    let made = made[0].jwk.oct_bytes().unwrap().to_vec();
    vec![made, own.expose().to_vec()]
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn edge_everything_works_through_it_and_it_sees_no_secret() {
    let config = "[registration]\nreplacement_days = 1200\n";
    let mut installation = Installation::configured(config);
    let edge = Edge::start(&mut installation).await;
    let mut flow = Flow {
        installation: &installation,
        edge: &edge,
        asked: BTreeSet::new(),
    };
    let (doctor, doctors_code) = flow.newcomer("doctor", people::DOCTOR);
    let (mailbox, mailboxs_code) = flow.newcomer("mailbox", people::APPLICATION);
    flow.keys(&doctor, &mailbox);
    flow.request();
    let mut asked = flow.asked;

    let before = edge.seen().len();
    let mut secrets = custody(&Actor::new(&installation, doctor.clone())).await;
    asked.extend(
        edge.seen()
            .split_off(before)
            .into_iter()
            .map(|seen| seen.method),
    );
    let all = [&Deed::READS[..], &Deed::REGISTRATION, &Deed::CUSTODY].concat();
    let all: BTreeSet<_> = all.iter().map(|deed| deed.rpc().to_owned()).collect();
    assert_eq!(
        asked,
        all,
        "every RPC that people need, of {:?}",
        mutation::rpcs()
    );

    for party in [&doctor, &mailbox] {
        let home = party.open_home();
        secrets.push(private_value(&party.auth_key()));
        for kid in home.decryption_kids().unwrap() {
            secrets.push(private_value(&home.decryption_key(&kid).unwrap().unwrap()));
        }
    }
    for code in [doctors_code, mailboxs_code] {
        secrets.extend([code.replace('-', ""), code].map(String::into_bytes));
    }
    secrets.push(DOCUMENT.to_vec());
    for secret in secrets {
        assert!(!edge.has_seen(&secret));
    }
    // It is not that it sees nothing.
    assert!(edge.has_seen(people::APPLICATION.as_bytes()));
}
