//! Guessing: attempts are counted, and the count survives a restart.

use kleis_e2e::{Caller, Forge, Installation, Party, people};
use kleis_jose::{Jwk, KeyType};
use kleis_pki::Csr;
use kleis_proto::method::registration;
use kleis_trust::enrolment_code::{self, EnrolmentCode};
use kleis_types::{OsRandom, base64url};
use serde_json::{Value, json};

use super::public_key;

/// Attempts that a code allows.
const CODE_ATTEMPTS: u32 = 10;
/// Attempts that a challenge allows.
const CHALLENGE_ATTEMPTS: u32 = 5;

fn enrolment(installation: &Installation, key: &Jwk, code: &EnrolmentCode, right: bool) -> String {
    let id = installation.facts().installation.parse().unwrap();
    let csr = Csr::create(key).unwrap();
    let identifier = people::PATIENT.parse().unwrap();
    let device = kleis_types::DeviceId::main();
    let verifier = code.verifier(&id, people::PATIENT);
    let mut proof = enrolment_code::proof(&verifier, csr.der(), &identifier, &device, &id);
    if !right {
        proof[0] ^= 1;
    }
    let body = json!({
        "identifier": people::PATIENT,
        "csr": base64url::encode(csr.der()),
        "codeId": code.id().to_string(),
        "proof": base64url::encode(&proof),
    });
    Forge::enrolment(installation, key, registration::ENROL, body).sign()
}

#[tokio::test]
async fn api_a_code_dies_of_wrong_proofs_across_restarts() {
    let mut installation = Installation::new();
    let code: EnrolmentCode = installation.code(people::PATIENT).parse().unwrap();
    let key = Jwk::generate(KeyType::P256, &OsRandom).unwrap();
    for attempt in 0..CODE_ATTEMPTS {
        if attempt == CODE_ATTEMPTS / 2 {
            installation.restart();
        }
        let order = enrolment(&installation, &key, &code, false);
        let caller = Caller::anonymous(&installation);
        let refused = caller.order(registration::ENROL, &order).await.unwrap_err();
        assert_eq!(refused.reason, "ENROLMENT_REFUSED");
    }
    let order = enrolment(&installation, &key, &code, true);
    let caller = Caller::anonymous(&installation);
    let refused = caller.order(registration::ENROL, &order).await.unwrap_err();
    assert_eq!(
        refused.reason, "ENROLMENT_REFUSED",
        "even the right proof comes too late"
    );
    let certificates = "SELECT count(*) FROM certificates WHERE owner = ?";
    let rows = installation
        .databases()
        .registry(certificates, &[people::PATIENT.into()]);
    assert_eq!(rows, [[json!(0)]]);
}

#[tokio::test]
async fn api_a_code_with_attempts_left_still_works_after_wrong_proofs() {
    let installation = Installation::new();
    let code: EnrolmentCode = installation.code(people::PATIENT).parse().unwrap();
    let key = Jwk::generate(KeyType::P256, &OsRandom).unwrap();
    let caller = Caller::anonymous(&installation);
    for _ in 1..CODE_ATTEMPTS {
        let order = enrolment(&installation, &key, &code, false);
        caller.order(registration::ENROL, &order).await.unwrap_err();
    }
    let order = enrolment(&installation, &key, &code, true);
    caller.order(registration::ENROL, &order).await.unwrap();
}

/// Begins the registration of a key; gives the session.
async fn begin(installation: &Installation, owner: &Party) -> String {
    let body = json!({"identifier": owner.identifier(), "jwk": public_key(KeyType::X25519)});
    let order = Forge::order(installation, owner, registration::BEGIN_KEY, body).sign();
    let caller = Caller::of(installation, owner);
    let reply = caller.order(registration::BEGIN_KEY, &order).await.unwrap();
    Forge::claims_of(&reply)["body"]["session"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn guess(installation: &Installation, owner: &Party, session: &str) -> String {
    let nonce: [u8; 32] = kleis_types::random_array(&OsRandom);
    let body = json!({
        "session": session,
        "nonce": base64url::encode(&nonce),
        "binding": "not.looked.at",
    });
    let order = Forge::order(installation, owner, registration::COMPLETE_KEY, body).sign();
    let caller = Caller::of(installation, owner);
    caller
        .order(registration::COMPLETE_KEY, &order)
        .await
        .unwrap_err()
        .reason
}

#[tokio::test]
async fn api_a_challenge_is_not_guessed_across_restarts() {
    let mut installation = Installation::new();
    let owner = installation.enrolled("owner", people::DOCTOR);
    let session = begin(&installation, &owner).await;
    let left = |installation: &Installation| -> Value {
        let query = "SELECT attempts_left FROM key_sessions WHERE id = ?";
        installation
            .databases()
            .registry(query, &[session.clone().into()])[0][0]
            .clone()
    };
    for attempt in 0..CHALLENGE_ATTEMPTS {
        assert_eq!(left(&installation), json!(CHALLENGE_ATTEMPTS - attempt));
        assert_eq!(
            guess(&installation, &owner, &session).await,
            "CHALLENGE_FAILED"
        );
        if attempt == 1 {
            installation.restart();
        }
    }
    assert_eq!(left(&installation), json!(0));
    assert_eq!(
        guess(&installation, &owner, &session).await,
        "CHALLENGE_FAILED"
    );
    // Somebody else's session, and one that never was, are answered alike.
    let other = installation.enrolled("other", people::PHARMACY);
    let session = begin(&installation, &owner).await;
    assert_eq!(
        guess(&installation, &other, &session).await,
        "CHALLENGE_FAILED"
    );
    assert_eq!(
        guess(&installation, &other, "AAAAAAAAAAAAAAAAAAAAAA").await,
        "CHALLENGE_FAILED"
    );
}
