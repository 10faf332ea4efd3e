//! Certificates that others decide about, and those that follow one another.

use std::fs;

use kleis_e2e::{Installation, Party, PlayedIssuer, people};
use serde_json::{Value, json};

/// Submits a request; gives what it was told.
fn submit(party: &Party, further: &[&str]) -> Value {
    let named = ["request", "submit", "--id", party.identifier()];
    party.kleis(&[&named[..], further].concat())
}

/// Every record is in the state that the audit knows.
fn verify_audit(installation: &mut Installation) {
    assert!(installation.take_kleisd().stop().success());
    let (code, said) = crate::server::audit_verify(installation);
    assert_eq!(code, 0, "{said}");
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

#[test]
fn flow_a_request_waits_for_two_approvers_over_a_restart() {
    let config = "[registration]\napprovals = 2\n";
    let mut installation = Installation::configured(config);
    let operator = installation.operator().clone();
    let doctor = installation.enrolled("doctor", people::DOCTOR);
    operator.kleis(&[
        "operator",
        "roles",
        "grant",
        people::DOCTOR_ALIAS,
        "approver",
    ]);

    let patient = installation.stranger("patient", people::PATIENT, "main");
    let submitted = submit(&patient, &[]);
    assert_eq!(submitted["state"], "PENDING_APPROVAL");
    assert_eq!(submitted["approvalsNeeded"], 2);
    let (request, key) = (text(&submitted, "request"), text(&submitted, "jkt"));
    let again = patient.refused(&["request", "submit", "--id", people::PATIENT]);
    assert_eq!(again.reason, "INPUT");
    let denied = patient.refused(&["operator", "requests", "list"]);
    assert_eq!(denied.code, 4, "{denied:?}");

    let listed = doctor.kleis(&["operator", "requests", "list"]);
    let listed = &listed["requests"][0];
    assert_eq!(
        (text(listed, "jkt"), text(listed, "request")),
        (key, request)
    );
    assert_eq!(text(listed, "registrant"), "Jane Doe");
    let approve = ["operator", "requests", "approve", request, "--yes", "--key"];
    let other = "M0nc0bPJKgbg4mkVXvDrgvHNTYKs5MRtd3u7rDv7jjQ";
    let refused = doctor.refused(&[&approve[..], &[other]].concat());
    assert_eq!(refused.reason, "OTHER_KEY");
    let first = doctor.kleis(&[&approve[..], &[key]].concat());
    assert_eq!(first["state"], "PENDING_APPROVAL");

    installation.restart();
    let waiting = patient.kleis(&["request", "status"]);
    assert_eq!(waiting["state"], "PENDING_APPROVAL");
    let second = operator.kleis(&[&approve[..], &[key]].concat());
    assert_eq!(
        (&second["state"], &second["approvals"]),
        (&json!("ISSUED"), &json!(2))
    );
    let enrolled = patient.kleis(&["request", "status"]);
    assert_eq!(enrolled["serial"], second["serial"]);
    patient.kleis(&["keys", "publish"]);
    doctor.kleis(&["lookup", people::PATIENT]);
    let done = patient.refused(&["request", "status"]);
    assert_eq!(done.reason, "INPUT");

    // A code takes two as well, and can be taken back.
    let made = operator.kleis(&["operator", "codes", "create", "--id", people::PHARMACY]);
    assert_eq!(made["approvalsMissing"], 1);
    let (code, code_id) = (text(&made, "code"), text(&made, "codeId"));
    let pharmacy = installation.stranger("pharmacy", people::PHARMACY, "main");
    let enroll = ["enroll", "--id", people::PHARMACY, "--code", code];
    assert_eq!(pharmacy.refused(&enroll).reason, "ENROLMENT_REFUSED");
    let approved = doctor.kleis(&[
        "operator",
        "codes",
        "approve",
        code_id,
        "--id",
        people::PHARMACY,
    ]);
    assert_eq!(approved["state"], "ACTIVE");
    pharmacy.kleis(&enroll);
    let codes = operator.kleis(&["operator", "codes", "list"]);
    let codes = codes["codes"].as_array().unwrap();
    let state = |id: &str| codes.iter().find(|one| one["codeId"] == id).unwrap()["state"].clone();
    assert_eq!(state(code_id), "USED");
    let made = operator.kleis(&["operator", "codes", "create", "--id", people::INSURER]);
    let revoked = operator.kleis(&["operator", "codes", "revoke", text(&made, "codeId")]);
    assert_eq!(revoked["state"], "REVOKED");
    verify_audit(&mut installation);
}

#[test]
fn flow_a_request_is_rejected_or_taken_back_and_another_one_submitted() {
    let installation = Installation::new();
    let patient = installation.stranger("patient", people::PATIENT, "main");
    let submitted = submit(&patient, &[]);
    let reason = "Ask with your own number.";
    installation.operator().kleis(&[
        "operator",
        "requests",
        "reject",
        text(&submitted, "request"),
        "--reason",
        reason,
    ]);
    let rejected = patient.kleis(&["request", "status"]);
    assert_eq!(
        (text(&rejected, "state"), text(&rejected, "reason")),
        ("REJECTED", reason)
    );
    submit(&patient, &[]);
    assert_eq!(
        patient.kleis(&["request", "withdraw"])["state"],
        "WITHDRAWN"
    );
    submit(&patient, &["--device", "phone"]);
    let all = [
        "operator",
        "requests",
        "list",
        "--all",
        "--id",
        people::PATIENT,
    ];
    let listed = installation.operator().kleis(&all);
    let states = listed["requests"].as_array().unwrap().iter();
    let states: Vec<_> = states.map(|one| text(one, "state")).collect();
    assert_eq!(states, ["PENDING_APPROVAL", "WITHDRAWN", "REJECTED"]);
}

#[test]
fn flow_a_contract_is_read_and_accepted() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("contract.txt");
    fs::write(&file, "I keep my key to myself.").unwrap();
    let types = r#"types = ["SSIN"]"#;
    let config = format!(
        "[[contracts]]\n{types}\nfile = {:?}\n",
        file.display().to_string()
    );
    let installation = Installation::configured(&config);
    let patient = installation.stranger("patient", people::PATIENT, "main");
    let refused = patient.refused(&["request", "submit", "--id", people::PATIENT]);
    assert_eq!(refused.reason, "CONTRACT_NOT_ACCEPTED");
    let contract = patient.kleis(&["contract", "SSIN"]);
    assert_eq!(text(&contract, "text"), "I keep my key to myself.");
    let digest = text(&contract, "digest");
    let other = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let named = [
        "request",
        "submit",
        "--id",
        people::PATIENT,
        "--accept-contract",
    ];
    let refused = patient.refused(&[&named[..], &[other]].concat());
    assert_eq!(refused.reason, "CONTRACT_NOT_ACCEPTED");
    let submitted = patient.kleis(&[&named[..], &[digest]].concat());
    let listed = installation
        .operator()
        .kleis(&["operator", "requests", "list"]);
    assert_eq!(text(&listed["requests"][0], "contract"), digest);
    assert_eq!(submitted["state"], "PENDING_APPROVAL");
    // Other types have none.
    assert_eq!(patient.kleis(&["contract", "CBE"])["digest"], Value::Null);
    installation.enrolled("insurer", people::INSURER);
}

/// A token of the issuer for this person, bound to the key of this home, in a file.
fn login(installation: &Installation, issuer: &PlayedIssuer, party: &Party, ssin: &str) -> String {
    let key = party.auth_key();
    let mut claims = issuer.claims(installation);
    claims.as_object_mut().unwrap().remove("cbe");
    claims["ssin"] = ssin.into();
    claims["cnf"] = json!({"jkt": key.thumbprint().to_string()});
    let file = party.home().join("token");
    fs::write(&file, issuer.sign(&claims)).unwrap();
    file.to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn flow_a_login_proves_an_identity_where_the_issuer_may_enrol() {
    let issuer = PlayedIssuer::start().await;
    let configuration = issuer.configuration();
    let enrols = configuration.replacen("roots =", "enrols = true\nroots =", 1);
    let installation = Installation::configured(&enrols);
    let patient = installation.stranger("patient", people::PATIENT, "main");
    // The key first, so that the token can be bound to it.
    submit(&patient, &[]);
    let other = login(&installation, &issuer, &patient, "73011136173");
    let validate = |token: &str| patient.refused(&["--access-token", token, "request", "validate"]);
    assert_eq!(validate(&other).reason, "SIGNER_MISMATCH");
    let token = login(&installation, &issuer, &patient, "85073003328");
    patient.kleis(&["--access-token", &token, "request", "validate"]);
    patient.kleis(&["keys", "publish"]);

    // At once, without a request.
    let doctor = installation.stranger("doctor", people::DOCTOR_ALIAS, "main");
    let named = ["--id", people::DOCTOR_ALIAS];
    doctor.kleis(&[&["devices", "request", "--device", "main"], &named[..]].concat());
    let token = login(&installation, &issuer, &doctor, "93051822361");
    doctor.kleis(&[&["--access-token", &token, "enroll", "--login"], &named[..]].concat());
    doctor.kleis(&["keys", "publish"]);

    // A further device is not for a login to make.
    let phone = installation.stranger("phone", people::DOCTOR_ALIAS, "phone");
    let named = ["--id", people::DOCTOR_ALIAS, "--device", "phone"];
    phone.kleis(&[&["devices", "request"], &named[..]].concat());
    let token = login(&installation, &issuer, &phone, "93051822361");
    let refused =
        phone.refused(&[&["--access-token", &token, "enroll", "--login"], &named[..]].concat());
    assert_eq!(refused.reason, "STATE_CONFLICT");

    // An issuer that may not enrol proves nothing.
    let strict = Installation::configured(&configuration);
    let patient = strict.stranger("patient", people::PATIENT, "main");
    submit(&patient, &[]);
    let token = login(&strict, &issuer, &patient, "85073003328");
    let refused = patient.refused(&["--access-token", &token, "request", "validate"]);
    assert_eq!(refused.reason, "TOKEN_INVALID");
}

#[test]
fn flow_a_renewed_device_opens_old_documents_and_new_ones() {
    let config = "[registration]\nreplacement_days = 1200\n";
    let mut installation = Installation::configured(config);
    let sender = installation.published("sender", people::PHARMACY);
    let main = installation.published("main", people::DOCTOR);
    let phone = installation.endorsed("phone", "phone", &main);
    phone.kleis(&["keys", "publish"]);
    let before = sender.seal(crate::DOCUMENT, &["--to", people::DOCTOR]);
    for device in [&main, &phone] {
        let old = device.kleis(&["whoami"]);
        let renewed = device.kleis(&["certificate", "renew"]);
        assert_eq!(renewed["replaced"], old["serial"]);
        assert_ne!(renewed["serial"], old["serial"]);
        assert_ne!(renewed["kid"], old["kid"]);
        assert_eq!(renewed["endorsed"], old["endorsed"]);
        assert_eq!(renewed["kids"].as_array().unwrap().len(), 1);
    }
    installation.restart();
    let after = sender.seal(crate::DOCUMENT, &["--to", people::DOCTOR]);
    for device in [&main, &phone] {
        for sealed in [&before, &after] {
            assert_eq!(device.open(sealed).0, crate::DOCUMENT);
        }
        device.kleis(&["keys", "rotate"]);
    }
    let certificates = main.kleis(&["devices", "list"]);
    let states = certificates["certificates"].as_array().unwrap().iter();
    let states: Vec<_> = states.map(|one| text(one, "state")).collect();
    assert_eq!(states, ["ACTIVE", "ACTIVE", "REVOKED", "REVOKED"]);
    // The phone renews twice more; then a sibling vouches for it again.
    phone.kleis(&["certificate", "renew"]);
    let refused = phone.refused(&["certificate", "renew"]);
    assert_eq!(refused.reason, "INPUT");
    let file = |name: &str| {
        let path = installation.path(name);
        path.to_str().unwrap().to_owned()
    };
    let (request, endorsement) = (file("renewal.request"), file("renewal.endorsement"));
    phone.kleis(&["certificate", "renew", "--request", "--out", &request]);
    main.kleis(&[
        "devices",
        "endorse",
        &request,
        "--out",
        &endorsement,
        "--yes",
    ]);
    phone.kleis(&["certificate", "renew", "--endorsement", &endorsement]);
    let last = sender.seal(crate::DOCUMENT, &["--to", people::DOCTOR]);
    assert_eq!(phone.open(&last).0, crate::DOCUMENT);
    verify_audit(&mut installation);
}
