//! `kleis jose encrypt` and `kleis jose decrypt`.

mod support;

use serde_json::{Value, json};
use support::{Place, refused};

const NOTE: &[u8] = "Ünïcode, and bytes: \u{0}\n".as_bytes();

fn place(types: &[&str]) -> Place {
    let place = Place::new();
    for key_type in types {
        let args = format!(
            "jose generate --type {key_type} --use enc --out {key_type}.jwk \
             --public-out {key_type}.pub"
        );
        place.run(&args).text();
    }
    place
}

#[test]
fn every_key_algorithm_goes_round() {
    let types = [
        "X25519", "P-256", "P-384", "P-521", "RSA-2048", "oct-128", "oct-256",
    ];
    let place = place(&types);
    let agreement = ["ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW"];
    let cases = [
        ("X25519", &agreement[..]),
        ("P-256", &agreement),
        ("P-384", &agreement),
        ("P-521", &agreement),
        ("RSA-2048", &["RSA-OAEP-256"]),
        ("oct-128", &["A128KW"]),
        ("oct-256", &["A256KW", "dir"]),
    ];
    for (key, algorithms) in cases {
        for algorithm in algorithms {
            let args = format!("jose encrypt --key {key}.jwk --alg {algorithm}");
            let jwe = place.pipe(&args, NOTE);
            assert_eq!(jwe.text().trim().split('.').count(), 5, "{key} {algorithm}");
            let opened = place.pipe(&format!("jose decrypt --key {key}.jwk"), jwe.bytes());
            assert_eq!(opened.bytes(), NOTE, "{key} {algorithm}");
        }
    }
}

#[test]
fn every_content_encryption_goes_round_in_both_serialisations() {
    let place = place(&["X25519"]);
    for encryption in ["A128GCM", "A256GCM", "A128CBC-HS256", "A256CBC-HS512"] {
        for json in ["", "--json"] {
            let args = format!("jose encrypt --key X25519.pub --enc {encryption} {json}");
            let jwe = place.pipe(&args, NOTE);
            let opened = place.pipe("--output json jose decrypt --key X25519.jwk", jwe.bytes());
            let opened = opened.json();
            assert_eq!(opened["enc"], encryption);
            assert_eq!(opened["text"], std::str::from_utf8(NOTE).unwrap());
        }
    }
}

#[test]
fn several_keys_give_one_message_that_each_of_them_opens() {
    let place = place(&["X25519", "P-256", "RSA-2048", "P-384"]);
    let keys = "--key X25519.pub --key P-256.pub --key RSA-2048.pub";
    let jwe = place.pipe(&format!("jose encrypt {keys} --cty text/plain"), NOTE);
    let message: Value = serde_json::from_slice(jwe.bytes()).unwrap();
    assert_eq!(message["recipients"].as_array().unwrap().len(), 3);
    place.write("note.jwe", jwe.bytes());
    for key in ["X25519", "P-256", "RSA-2048"] {
        let opened = place.run(&format!("jose decrypt --key {key}.jwk note.jwe"));
        assert_eq!(opened.bytes(), NOTE, "{key}");
        assert!(opened.stderr.contains("text/plain"), "{}", opened.stderr);
    }
    let other = place.run("--output json jose decrypt --key P-384.jwk note.jwe");
    assert_eq!(other.refusal(), refused(1, "NOT_A_RECIPIENT"));
    let direct = format!("--output json jose encrypt {keys} --alg ECDH-ES");
    assert_eq!(place.pipe(&direct, NOTE).refusal().0, 1);
}

#[test]
fn a_message_names_its_key_and_json_output_holds_it() {
    let place = place(&["X25519"]);
    let jwe = place
        .pipe(
            "--output json jose encrypt --key X25519.pub --typ x+jwe",
            NOTE,
        )
        .json();
    let token = jwe["jwe"].as_str().unwrap();
    place.write("note.jwe", token);
    let inspected = place.run("--output json jose inspect note.jwe").json();
    let thumbprint = place
        .run("jose thumbprint X25519.jwk")
        .text()
        .trim()
        .to_owned();
    assert_eq!(inspected["header"]["kid"], thumbprint.as_str());
    assert_eq!(inspected["header"]["typ"], "x+jwe");
    assert_eq!(inspected["refusal"], Value::Null);
    let general = place
        .pipe("--output json jose encrypt --key X25519.pub --json", NOTE)
        .json();
    assert!(general["jwe"]["ciphertext"].is_string());
}

#[test]
fn the_wrong_key_opens_nothing() {
    let place = place(&["X25519", "P-256", "oct-256"]);
    place
        .run("jose generate --type X25519 --out other.jwk")
        .text();
    let jwe = place.pipe("jose encrypt --key X25519.pub", NOTE);
    place.write("note.jwe", jwe.bytes());
    let open = |key: &str| place.run(&format!("--output json jose decrypt --key {key} note.jwe"));
    for (key, refusal) in [
        ("other.jwk", refused(1, "NOT_DECRYPTED")),
        ("P-256.jwk", refused(1, "NOT_DECRYPTED")),
        ("oct-256.jwk", refused(1, "KEY_TYPE")),
        ("X25519.pub", refused(1, "KEY_NOT_PRIVATE")),
        ("missing.jwk", refused(7, "FILE")),
    ] {
        assert_eq!(open(key).refusal(), refusal, "{key}");
    }
    // Of several keys the right one is found, wherever it stands.
    let both = place.run("jose decrypt --key other.jwk --key X25519.jwk note.jwe");
    assert_eq!(both.bytes(), NOTE);
}

#[test]
fn a_changed_message_opens_nothing() {
    let place = place(&["X25519"]);
    let jwe = place.pipe("jose encrypt --key X25519.pub", NOTE);
    let parts: Vec<_> = jwe.text().trim().split('.').collect();
    for changed in [1, 2, 3, 4] {
        let mut parts: Vec<_> = parts.iter().map(|part| (*part).to_owned()).collect();
        let first = if parts[changed].starts_with('A') {
            "B"
        } else {
            "A"
        };
        parts[changed].replace_range(..1, first);
        let run = place.pipe(
            "--output json jose decrypt --key X25519.jwk",
            parts.join(".").as_bytes(),
        );
        assert_eq!(run.refusal(), refused(1, "NOT_DECRYPTED"), "part {changed}");
    }
    let run = place.pipe("--output json jose decrypt --key X25519.jwk", b"a.b.c");
    assert_eq!(run.refusal(), refused(7, "JWE_MALFORMED"));
}

#[test]
fn a_key_for_something_else_is_refused_by_name() {
    let place = place(&[]);
    place
        .run("jose generate --type P-256 --use sig --out sig.jwk")
        .text();
    place
        .run("jose generate --type Ed25519 --out ed.jwk")
        .text();
    place
        .run("jose generate --type P-256 --alg ES256 --out es256.jwk")
        .text();
    let encrypt = |args: &str| place.pipe(&format!("--output json jose encrypt {args}"), NOTE);
    assert_eq!(encrypt("--key sig.jwk").refusal(), refused(1, "KEY_USE"));
    assert_eq!(encrypt("--key ed.jwk").refusal(), refused(1, "KEY_USE"));
    assert_eq!(encrypt("--key es256.jwk").refusal(), refused(1, "KEY_USE"));
    let forced = encrypt("--key es256.jwk --alg ECDH-ES");
    assert_eq!(forced.refusal(), refused(1, "KEY_ALG"));
    let passphrase = encrypt("--key sig.jwk --alg PBES2-HS512+A256KW");
    assert_eq!(passphrase.refusal(), refused(2, "USAGE"));
}

#[test]
fn what_no_reader_here_accepts_is_named() {
    let place = place(&["oct-256"]);
    let token = |header: Value| {
        let header = kleis_types::base64url::encode(header.to_string().as_bytes());
        format!("{header}..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA")
    };
    let cases = [
        (
            json!({"alg": "dir", "enc": "A256GCM", "zip": "DEF"}),
            "HEADER_ZIP",
        ),
        (
            json!({"alg": "dir", "enc": "A256GCM", "crit": ["b64"], "b64": true}),
            "HEADER_CRITICAL",
        ),
        (
            json!({"alg": "RSA1_5", "enc": "A256GCM"}),
            "ALGORITHM_UNSUPPORTED",
        ),
        (
            json!({"alg": "dir", "enc": "A256CTR"}),
            "ALGORITHM_UNSUPPORTED",
        ),
    ];
    for (header, reason) in cases {
        let token = token(header);
        let run = place.pipe(
            "--output json jose decrypt --key oct-256.jwk",
            token.as_bytes(),
        );
        assert_eq!(run.refusal(), refused(1, reason));
        let inspected = place
            .pipe("--output json jose inspect", token.as_bytes())
            .json();
        assert_eq!(inspected["refusal"]["reason"], reason);
    }
}

#[test]
fn standard_input_is_read_once() {
    let place = place(&["X25519"]);
    let run = place.pipe("--output json jose encrypt --key -", NOTE);
    assert_eq!(run.refusal(), refused(2, "USAGE"));
    place.write("note.txt", NOTE);
    let key = place.read("X25519.pub");
    let jwe = place.pipe("jose encrypt --key - note.txt", &key);
    assert_eq!(
        place
            .pipe("jose decrypt --key X25519.jwk", jwe.bytes())
            .bytes(),
        NOTE
    );
}
