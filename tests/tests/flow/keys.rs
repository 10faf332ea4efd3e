//! Use case 1, the second half: encryption keys, published when their owner is ready.

use std::{fs::File, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

use kleis_e2e::{Installation, people};

fn kid(answer: &serde_json::Value) -> String {
    answer["kid"].as_str().unwrap().to_owned()
}

#[test]
fn flow_every_kind_of_key_is_published_and_opens_what_is_sealed_to_it() {
    let installation = Installation::new();
    let sender = installation.enrolled("sender", people::DOCTOR);
    let reader = installation.enrolled("reader", people::APPLICATION);
    for kind in ["X25519", "P-256", "P-384", "P-521", "RSA"] {
        let rotated = reader.kleis(&["keys", "rotate", "--alg", kind]);
        assert_eq!(rotated["state"], "ACTIVE", "{kind}");
        let sealed = sender.seal(super::DOCUMENT, &["--to", people::APPLICATION]);
        let (opened, writer) = reader.open(&sealed);
        assert_eq!(opened, super::DOCUMENT, "{kind}");
        assert_eq!(writer, people::DOCTOR);
    }
}

#[test]
fn flow_a_held_key_is_used_once_it_is_activated_and_the_old_one_still_opens() {
    let installation = Installation::new();
    let sender = installation.enrolled("sender", people::DOCTOR);
    let reader = installation.enrolled("reader", people::APPLICATION);
    let first = kid(&reader.kleis(&["keys", "publish"]));
    let before = sender.seal(super::DOCUMENT, &["--to", people::APPLICATION]);

    let held = reader.kleis(&["keys", "publish", "--hold"]);
    assert_eq!(held["state"], "PENDING_ACTIVATION");
    let second = kid(&held);
    let found = sender.kleis(&["lookup", people::APPLICATION]);
    assert_eq!(kid(&found["keys"][0]), first);

    let activated = reader.kleis(&["keys", "activate", &second]);
    assert_eq!(activated["superseded"][0], first.as_str());
    let found = sender.kleis(&["lookup", people::APPLICATION]);
    assert_eq!(found["keys"].as_array().unwrap().len(), 1);
    assert_eq!(kid(&found["keys"][0]), second);
    for sealed in [
        before,
        sender.seal(super::DOCUMENT, &["--to", people::APPLICATION]),
    ] {
        assert_eq!(reader.open(&sealed).0, super::DOCUMENT);
    }
}

#[test]
fn flow_nobody_seals_to_a_revoked_key() {
    let installation = Installation::new();
    let sender = installation.enrolled("sender", people::DOCTOR);
    let reader = installation.enrolled("reader", people::APPLICATION);
    let key = kid(&reader.kleis(&["keys", "publish"]));
    sender.kleis(&["lookup", people::APPLICATION]);
    let revoked = reader.kleis(&["keys", "revoke", &key, "--reason", "keyCompromise"]);
    assert_eq!(revoked["state"], "REVOKED");
    let refused = sender.refused(&["seal", "--to", people::APPLICATION, "-"]);
    assert_eq!(
        (refused.code, refused.items),
        (3, vec!["RECIPIENT_NO_KEY".to_owned()])
    );
    // Its state stays known, for those who hold an old message.
    let listed = reader.kleis(&["keys", "list"]);
    assert_eq!(listed["keys"][0]["state"], "REVOKED");
    assert_eq!(listed["keys"][0]["reason"], "keyCompromise");
}

#[test]
fn flow_applications_of_one_organisation_have_keys_of_their_own() {
    let installation = Installation::new();
    let sender = installation.enrolled("sender", people::DOCTOR);
    let mailbox = installation.published("mailbox", people::APPLICATION);
    let billing = installation.published("billing", people::OTHER_APPLICATION);

    let found = sender.kleis(&["lookup", people::ORGANISATION, "--any-application"]);
    let candidates: Vec<_> = found["candidates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|candidate| candidate["identifier"].as_str().unwrap())
        .collect();
    assert_eq!(candidates, [people::OTHER_APPLICATION, people::APPLICATION]);
    // Without an application the key without application is meant, and there is none.
    assert_eq!(
        sender.refused(&["lookup", people::ORGANISATION]).reason,
        "RECIPIENT_NOT_FOUND"
    );

    let sealed = sender.seal(super::DOCUMENT, &["--to", people::APPLICATION]);
    assert_eq!(mailbox.open(&sealed).0, super::DOCUMENT);
    assert_eq!(billing.refused_with(&["open"], &sealed).reason, "NOT_FOUND");
}

#[test]
fn flow_key_files_can_be_protected_by_a_passphrase() {
    let installation = Installation::new();
    let sender = installation.enrolled("sender", people::DOCTOR);
    let reader = installation.stranger("reader", people::PATIENT, "main");
    let file = installation.path("passphrase");
    secret_file(&file, "correct horse battery staple\n");
    let with = ["--passphrase-file", file.to_str().unwrap()];
    let code = installation.code(people::PATIENT);
    reader.kleis(
        &[
            &["enroll", "--id", people::PATIENT, "--code", &code],
            &with[..],
        ]
        .concat(),
    );
    reader.kleis(&[&["keys", "publish"], &with[..]].concat());
    for entry in std::fs::read_dir(reader.home().join("keys")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert_eq!(
            text.trim().split('.').count(),
            5,
            "an encrypted JWK is a compact JWE"
        );
    }
    let sealed = sender.seal(super::DOCUMENT, &["--to", people::PATIENT]);
    let opened = reader.kleis_with(&[&["open"], &with[..]].concat(), &sealed);
    assert_eq!(opened["sender"]["identifier"], people::DOCTOR);

    let wrong = installation.path("wrong");
    secret_file(&wrong, "incorrect horse\n");
    let wrong = ["open", "--passphrase-file", wrong.to_str().unwrap()];
    assert_eq!(reader.refused_with(&wrong, &sealed).reason, "PASSPHRASE");
    assert_eq!(reader.refused_with(&["open"], &sealed).reason, "PASSPHRASE");
}

/// A file for its owner alone.
fn secret_file(path: &Path, text: &str) {
    let mut file = File::options()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .unwrap();
    file.write_all(text.as_bytes()).unwrap();
}
