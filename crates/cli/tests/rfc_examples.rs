//! The examples of the RFCs, through the program: what is supported is read, the rest is refused by
//! name.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

mod support;

use kleis_types::base64url;
use serde_json::Value;
use support::{Place, Run, refused};

/// The exit code and reason for what the vectors expect; `None` if the example is to be accepted.
fn expected(name: &str) -> Option<(i32, String)> {
    match name {
        "ok" => None,
        "Algorithm" => Some(refused(1, "ALGORITHM_UNSUPPORTED")),
        "Compressed" => Some(refused(1, "HEADER_ZIP")),
        "Critical" => Some(refused(1, "HEADER_CRITICAL")),
        "Malformed" => Some(refused(7, "JWS_MALFORMED")),
        "NoSignature" => Some(refused(1, "NO_SIGNATURE_BY_KEY")),
        "NotARecipient" => Some(refused(1, "NOT_A_RECIPIENT")),
        "Passphrase" => Some(refused(1, "ALGORITHM_PASSPHRASE")),
        "Unsecured" => Some(refused(1, "ALGORITHM_NONE")),
        other => panic!("unknown expectation {other}"),
    }
}

/// Runs every example of a file through a command; `content` names the member with the plaintext.
fn run_all(file: &str, command: &str, content: &str) {
    let path = format!("{}/../../tests/vectors/{file}", env!("CARGO_MANIFEST_DIR"));
    let vectors: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let place = Place::new();
    let mut accepted = 0;
    for example in vectors["examples"].as_array().unwrap() {
        let title = format!("{file} {} {}", example["section"], example["message"]);
        let key = match &example["key"] {
            // An example with a passphrase in place of a key is refused whatever the key.
            Value::Null => "{\"kty\":\"oct\",\"k\":\"AAAAAAAAAAAAAAAAAAAAAA\"}".to_owned(),
            key => key.to_string(),
        };
        place.write_private("key.jwk", key);
        let message = match &example["message"] {
            Value::String(compact) => compact.clone(),
            json => json.to_string(),
        };
        let run = place.pipe(
            &format!("--output json jose {command} --key key.jwk"),
            message.as_bytes(),
        );
        if let Some(refusal) = expected(example["expect"].as_str().unwrap()) {
            assert_eq!(run.refusal(), refusal, "{title}");
        } else {
            accepted += 1;
            check_content(&run, &example[content], &title);
        }
    }
    assert!(accepted > 0, "{file}");
}

fn check_content(run: &Run, expected: &Value, title: &str) {
    let document = run.json();
    assert_eq!(document["content"], *expected, "{title}");
    let bytes = base64url::decode(expected.as_str().unwrap()).unwrap();
    let text = std::str::from_utf8(&bytes).ok();
    assert_eq!(document["text"].as_str(), text, "{title}");
}

#[test]
fn signatures_of_rfc_7515() {
    run_all("rfc7515/jws.json", "verify", "payload");
}

#[test]
fn signatures_of_rfc_7520() {
    run_all("rfc7520/jws.json", "verify", "payload");
}

#[test]
fn encryption_of_rfc_7516() {
    run_all("rfc7516/jwe.json", "decrypt", "plaintext");
}

#[test]
fn encryption_of_rfc_7520() {
    run_all("rfc7520/jwe.json", "decrypt", "plaintext");
}

#[test]
fn the_thumbprint_of_rfc_7638() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/vectors/rfc7638/thumbprint.json"
    );
    let vector: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let expected = vector["thumbprint"].as_str().unwrap();
    assert_eq!(expected, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    let place = Place::new();
    place.write("key.jwk", vector["key"].to_string());
    assert_eq!(
        place.run("jose thumbprint key.jwk").text(),
        format!("{expected}\n")
    );
    assert_eq!(
        place.run("jose thumbprint --key key.jwk").text(),
        format!("{expected}\n")
    );
    let piped = place.pipe("--output json jose thumbprint", &place.read("key.jwk"));
    assert_eq!(piped.json()["thumbprint"], expected);
}
