//! Use cases 3 to 5: documents for known recipients, at once and later, and for unknown readers.

use std::fs;

use kleis_e2e::{Installation, people};
use serde_json::{Value, json};

use super::{DOCUMENT, any_pharmacy, policy};

#[test]
fn flow_a_service_is_called_with_an_encrypted_request_and_answers_encrypted() {
    let installation = Installation::new();
    let client = installation.published("client", people::DOCTOR);
    let service = installation.published("service", people::APPLICATION);
    let request = client.seal(b"{\"ask\":1}", &["--to", people::APPLICATION]);
    let (opened, caller) = service.open(&request);
    assert_eq!(opened, b"{\"ask\":1}");
    // The service knows whom to answer from the signature alone.
    let answer = service.seal(b"{\"answer\":2}", &["--to", &caller]);
    assert_eq!(
        client.open(&answer),
        (b"{\"answer\":2}".to_vec(), people::APPLICATION.to_owned())
    );
}

#[test]
fn flow_a_mailbox_message_waits_for_its_recipients() {
    let installation = Installation::new();
    let sender = installation.published("sender", people::DOCTOR);
    let mailbox = installation.published("mailbox", people::APPLICATION);
    let patient = installation.published("patient", people::PATIENT);
    let to = [
        "--to",
        people::APPLICATION,
        "--to",
        people::PATIENT,
        "--to",
        people::DOCTOR,
    ];
    let sealed = sender.seal(DOCUMENT, &to);

    let jwe: Value = serde_json::from_slice(&sealed).unwrap();
    assert_eq!(jwe["recipients"].as_array().unwrap().len(), 3);
    // Weeks later the recipient has other keys, and the server was restarted.
    mailbox.kleis(&["keys", "rotate"]);
    for reader in [&mailbox, &patient, &sender] {
        assert_eq!(
            reader.open(&sealed),
            (DOCUMENT.to_vec(), people::DOCTOR.to_owned())
        );
    }
    let curious = installation.published("curious", people::INSURER);
    let refused = curious.refused_with(&["open"], &sealed);
    assert_eq!((refused.code, refused.reason.as_str()), (3, "NOT_FOUND"));
}

#[test]
fn flow_recipients_without_a_key_are_told_one_by_one() {
    let installation = Installation::new();
    let sender = installation.enrolled("sender", people::DOCTOR);
    let patient = installation.published("patient", people::PATIENT);
    // One is there and has published nothing, the other was never there.
    installation.enrolled("insurer", people::INSURER);
    let to = [
        "--to",
        people::PATIENT,
        "--to",
        people::INSURER,
        "--to",
        people::PHARMACY,
    ];
    let all = [&["seal"], &to[..], &["-"]].concat();
    let refused = sender.refused_with(&all, DOCUMENT);
    assert_eq!(refused.code, 3);
    assert_eq!(refused.items, ["RECIPIENT_NO_KEY", "RECIPIENT_NOT_FOUND"]);
    let sealed = sender.seal(DOCUMENT, &[&to[..], &["--skip-missing"]].concat());
    assert_eq!(patient.open(&sealed).0, DOCUMENT);
}

#[test]
fn flow_a_document_is_not_passed_on_under_the_senders_name() {
    let installation = Installation::new();
    let sender = installation.enrolled("sender", people::DOCTOR);
    let reader = installation.published("reader", people::PATIENT);
    let victim = installation.published("victim", people::APPLICATION);
    let sealed = sender.seal(DOCUMENT, &["--to", people::PATIENT]);

    // The reader takes the sender's signed letter out, and seals it to somebody else.
    let home = reader.open_home();
    let key = home
        .decryption_key(&home.decryption_kids().unwrap()[0])
        .unwrap()
        .unwrap();
    let letter = kleis_jose::jwe::decrypt_json(&[key], &sealed, 1 << 20).unwrap();
    let victim_home = victim.open_home();
    let kid = &victim_home.decryption_kids().unwrap()[0];
    let to = victim_home
        .decryption_key(kid)
        .unwrap()
        .unwrap()
        .public()
        .with_thumbprint_kid();
    let recipient = kleis_jose::jwe::Recipient {
        key: &to,
        alg: kleis_jose::KeyAlgorithm::EcdhEsA256Kw,
    };
    let forwarded = kleis_jose::jwe::encrypt_json(
        &[recipient],
        kleis_jose::ContentEncryption::A256Gcm,
        &kleis_jose::jwe::Header::default().with_cty("JWT"),
        letter.plaintext().expose(),
        &kleis_types::OsRandom,
    );
    let refused = victim.refused_with(&["open"], forwarded.unwrap().as_bytes());
    assert_eq!(refused.code, 1);
    assert!(refused.reason.starts_with("DOCUMENT_"), "{refused:?}");
}

#[test]
fn flow_a_prescription_is_read_by_whichever_pharmacy_and_by_nobody_else() {
    let installation = Installation::new();
    let prescriber = installation.enrolled("prescriber", people::DOCTOR);
    let pharmacy = installation.enrolled("pharmacy", people::PHARMACY);
    let insurer = installation.enrolled("insurer", people::INSURER);
    let file = installation.path("policy.json");
    fs::write(&file, policy(&[any_pharmacy()], json!({})).to_string()).unwrap();
    let sealed = prescriber.seal(DOCUMENT, &["--readers", file.to_str().unwrap()]);
    assert_eq!(
        pharmacy.open(&sealed),
        (DOCUMENT.to_vec(), people::DOCTOR.to_owned())
    );

    let unknown = insurer.refused(&["custody", "get", "AAAAAAAAAAAAAAAAAAAAAA"]);
    assert_eq!(
        (unknown.code, unknown.reason.as_str()),
        (3, "KEY_NOT_AVAILABLE")
    );
    assert_eq!(insurer.refused_with(&["open"], &sealed), unknown);
    // Nor the prescriber, who is not on the list.
    assert_eq!(prescriber.refused_with(&["open"], &sealed), unknown);
}

#[test]
fn flow_a_document_goes_to_known_and_unknown_readers_at_once() {
    let installation = Installation::new();
    let prescriber = installation.enrolled("prescriber", people::DOCTOR);
    let patient = installation.published("patient", people::PATIENT);
    let pharmacy = installation.enrolled("pharmacy", people::PHARMACY);
    let file = installation.path("policy.json");
    fs::write(
        &file,
        policy(&[any_pharmacy()], json!({"maxReads": 1})).to_string(),
    )
    .unwrap();
    let to = ["--to", people::PATIENT, "--readers", file.to_str().unwrap()];
    let sealed = prescriber.seal(DOCUMENT, &to);
    assert_eq!(patient.open(&sealed).0, DOCUMENT);
    assert_eq!(pharmacy.open(&sealed).0, DOCUMENT);
    // It burnt when it was read; the patient does not need it.
    assert_eq!(
        pharmacy.refused_with(&["open"], &sealed).reason,
        "KEY_NOT_AVAILABLE"
    );
    assert_eq!(patient.open(&sealed).0, DOCUMENT);
}
