//! Use case 1, the first half: a certificate for a key.

use std::{fs, path::Path, process::Command};

use kleis_e2e::{Installation, Party, people};
use serde_json::Value;

fn openssl(arguments: &[&str]) -> String {
    let output = Command::new("openssl").args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Enrols with a key and a request that openssl makes.
fn enrol_with_openssl(installation: &Installation, name: &str, genpkey: &[&str]) -> Party {
    let party = installation.stranger(name, people::APPLICATION, "main");
    let key = installation.path(&format!("{name}.key.pem"));
    let request = installation.path(&format!("{name}.csr.pem"));
    openssl(&[&["genpkey"], genpkey, &["-out", text(&key)]].concat());
    openssl(&[
        "req",
        "-new",
        "-key",
        text(&key),
        "-subj",
        "/",
        "-out",
        text(&request),
    ]);
    let code = installation.code(people::APPLICATION);
    party.kleis(&[
        "enroll",
        "--id",
        people::APPLICATION,
        "--code",
        &code,
        "--csr",
        text(&request),
        "--key",
        text(&key),
    ]);
    party
}

#[test]
fn flow_a_request_made_by_openssl_becomes_a_certificate_that_openssl_verifies() {
    let installation = Installation::new();
    let kinds: [(&str, &[&str]); 3] = [
        (
            "p256",
            &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
        ),
        (
            "rsa",
            &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
        ),
        ("ed25519", &["-algorithm", "ED25519"]),
    ];
    for (name, genpkey) in kinds {
        let party = enrol_with_openssl(&installation, name, genpkey);
        let (chain, root) = (
            party.home().join("chain.pem"),
            party.home().join("root.pem"),
        );
        let chain = text(&chain);
        openssl(&[
            "verify",
            "-CAfile",
            text(&root),
            "-untrusted",
            chain,
            "-purpose",
            "sslclient",
            chain,
        ]);
        let names = openssl(&["x509", "-in", chain, "-noout", "-ext", "subjectAltName"]);
        assert!(
            names.contains("URI:urn:kleis:id:CBE:0123456749:MAILBOX"),
            "{names}"
        );
        assert!(names.contains("URI:urn:kleis:device:main"), "{names}");
        // The certificate is of use: its key signs orders.
        party.kleis(&["keys", "publish"]);
        let serial = party.kleis(&["whoami"])["serial"]
            .as_str()
            .unwrap()
            .to_owned();
        let operator = installation.operator();
        let reason = "cessationOfOperation";
        operator.kleis(&["operator", "revoke", &serial, "--reason", reason]);
    }
}

#[test]
fn flow_a_code_is_good_once_for_one_identity_and_one_installation() {
    let installation = Installation::new();
    let code = installation.code(people::PATIENT);
    let other = installation.stranger("other", people::DOCTOR, "main");
    let refused = other.refused(&["enroll", "--id", people::DOCTOR, "--code", &code]);
    assert_eq!(
        (refused.code, refused.reason.as_str()),
        (4, "ENROLMENT_REFUSED")
    );

    let phone = installation.stranger("phone", people::PATIENT, "phone");
    let enrol = [
        "enroll",
        "--id",
        people::PATIENT,
        "--device",
        "phone",
        "--code",
        &code,
    ];
    phone.kleis(&enrol);
    let thief = installation.stranger("thief", people::PATIENT, "laptop");
    let enrol = [
        "enroll",
        "--id",
        people::PATIENT,
        "--device",
        "laptop",
        "--code",
        &code,
    ];
    assert_eq!(thief.refused(&enrol).reason, "ENROLMENT_REFUSED");

    let elsewhere = Installation::new();
    let stranger = elsewhere.stranger("stranger", people::PATIENT, "main");
    let code = installation.code(people::PATIENT);
    let refused = stranger.refused(&["enroll", "--id", people::PATIENT, "--code", &code]);
    assert_eq!(refused.reason, "ENROLMENT_REFUSED");
}

#[test]
fn flow_a_professional_is_certified_for_the_alias_and_found_by_it() {
    let installation = Installation::new();
    let doctor = installation.published("doctor", people::DOCTOR);
    let whoami = doctor.kleis(&["whoami"]);
    let certified = &whoami["identifiers"];
    assert_eq!(
        certified,
        &Value::from([people::DOCTOR, people::DOCTOR_ALIAS].as_slice())
    );
    let patient = installation.enrolled("patient", people::PATIENT);
    let found = patient.kleis(&["lookup", people::DOCTOR_ALIAS]);
    assert_eq!(found["keys"].as_array().unwrap().len(), 1);
}

#[test]
fn flow_nobody_is_certified_who_is_not_an_active_registrant() {
    let installation = Installation::new();
    for identifier in [people::RETIRED, "SSIN:17073003384"] {
        let create = ["operator", "codes", "create", "--id", identifier];
        let refused = installation.operator().refused(&create);
        assert_eq!(
            (refused.code, refused.reason.as_str()),
            (5, "REGISTRANT_INACTIVE")
        );
    }
    // Nor does a code from better times help.
    let doctor = installation.stranger("doctor", people::DOCTOR, "main");
    let code = installation.code(people::DOCTOR);
    let register = installation.path("retired.csv");
    let line = format!(
        "Alix Peeters,{} {},false",
        people::DOCTOR,
        people::DOCTOR_ALIAS
    );
    fs::write(&register, format!("name,identifiers,active\n{line}\n")).unwrap();
    installation
        .operator()
        .kleis(&["operator", "registrants", "import", text(&register)]);
    let refused = doctor.refused(&["enroll", "--id", people::DOCTOR, "--code", &code]);
    assert_eq!(refused.reason, "REGISTRANT_INACTIVE");
    assert!(!doctor.home().join("identity.json").exists());
}

#[test]
fn flow_a_second_device_is_endorsed_and_a_lost_one_is_revoked_by_its_sibling() {
    let installation = Installation::new();
    let sender = installation.enrolled("sender", people::DOCTOR);
    let phone = installation.published("phone", people::PATIENT);
    let tablet = installation.endorsed("tablet", "tablet", &phone);
    tablet.kleis(&["keys", "publish"]);

    let sealed = sender.seal(super::DOCUMENT, &["--to", people::PATIENT]);
    for device in [&phone, &tablet] {
        assert_eq!(
            device.open(&sealed),
            (super::DOCUMENT.to_vec(), people::DOCTOR.to_owned())
        );
    }
    tablet.kleis(&["devices", "revoke", "main", "--reason", "keyCompromise"]);

    let found = sender.kleis(&["lookup", people::PATIENT]);
    let devices: Vec<_> = found["keys"].as_array().unwrap().iter().collect();
    assert_eq!(devices.len(), 1);
    assert_eq!(devices[0]["device"], "tablet");
    let sealed = sender.seal(super::DOCUMENT, &["--to", people::PATIENT]);
    tablet.open(&sealed);
    // Nothing is sealed to the lost phone any more, and the server heeds its loss at once: it is not even told how others stand.
    let shown: serde_json::Value = serde_json::from_slice(&sealed).unwrap();
    assert_eq!(shown["recipients"].as_array().unwrap().len(), 1, "{shown}");
    assert_eq!(
        phone.refused_with(&["open"], &sealed).reason,
        "CERTIFICATE_REVOKED"
    );
    assert_eq!(phone.refused(&["keys", "publish"]).code, 4);
}

#[test]
fn flow_an_endorsement_is_for_one_key_and_one_device() {
    let installation = Installation::new();
    let phone = installation.enrolled("phone", people::PATIENT);
    let tablet = installation.stranger("tablet", people::PATIENT, "tablet");
    let thief = installation.stranger("thief", people::PATIENT, "tablet");
    let (request, endorsement) = (
        installation.path("request"),
        installation.path("endorsement"),
    );
    let (request, endorsement) = (text(&request), text(&endorsement));
    let named = ["--id", people::PATIENT, "--device", "tablet"];
    tablet.kleis(&[&["devices", "request", "--out", request], &named[..]].concat());
    phone.kleis(&["devices", "endorse", request, "--out", endorsement, "--yes"]);

    let enrol = [&["enroll", "--endorsement", endorsement], &named[..]].concat();
    assert_eq!(thief.refused(&enrol).reason, "ENDORSEMENT_INVALID");
    let other = [
        "enroll",
        "--endorsement",
        endorsement,
        "--id",
        people::PATIENT,
        "--device",
        "tv",
    ];
    assert_eq!(tablet.refused(&other).reason, "ENDORSEMENT_INVALID");
    tablet.kleis(&enrol);

    // Nobody endorses for somebody else.
    let doctor = installation.enrolled("doctor", people::DOCTOR);
    assert!(fs::exists(request).unwrap());
    let refused = doctor.refused(&["devices", "endorse", request, "--out", endorsement, "--yes"]);
    assert_eq!(refused.code, 7);
}
