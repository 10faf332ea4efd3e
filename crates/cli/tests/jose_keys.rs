//! `kleis jose generate`, `thumbprint` and `inspect`, and key files.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

mod support;

use kleis_jose::{Jwk, KeyType, key_file};
use kleis_types::{OsRandom, SecretBytes};
use serde_json::{Value, json};
use support::{Place, refused};

const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "k", "oth"];

/// No private member of this key stands in the text, whatever the member is called there.
#[track_caller]
fn assert_keeps_secrets(text: &str, key: &Value) {
    for name in PRIVATE {
        if let Some(secret) = key[name].as_str() {
            assert!(!text.contains(secret), "{name} in {text}");
        }
    }
}

#[test]
fn keys_of_every_type_are_made_and_keep_their_secrets() {
    let place = Place::new();
    let types = [
        ("P-256", "P-256"),
        ("P-384", "P-384"),
        ("P-521", "P-521"),
        ("Ed25519", "Ed25519"),
        ("X25519", "X25519"),
        ("RSA-2048", "RSA-2048"),
        ("oct-128", "oct-128"),
        ("oct-192", "oct-192"),
        ("oct-256", "oct-256"),
        ("oct-384", "oct-384"),
        ("oct-512", "oct-512"),
    ];
    for (option, name) in types {
        let args =
            format!("--output json jose generate --type {option} --out k.jwk --public-out k.pub");
        let made = place.run(&args);
        let key: Value = serde_json::from_slice(&place.read("k.jwk")).unwrap();
        assert_eq!(made.json()["type"], name);
        assert_eq!(made.json()["kid"], key["kid"]);
        assert_eq!(
            (place.mode("k.jwk"), place.mode("k.pub") & 0o400),
            (0o600, 0o400)
        );
        assert_keeps_secrets(made.text(), &key);
        assert_keeps_secrets(&place.read_text("k.pub"), &key);
        let secrets = PRIVATE
            .iter()
            .filter(|member| key[**member].is_string())
            .count();
        assert!(secrets > 0, "{option}");
        for output in ["human", "json"] {
            let inspected = place.run(&format!("--output {output} jose inspect --key k.jwk"));
            assert_keeps_secrets(inspected.text(), &key);
            assert_keeps_secrets(&inspected.stderr, &key);
        }
        let inspected = place.run("--output json jose inspect k.jwk").json();
        assert_eq!(inspected["type"], name);
        assert_eq!(inspected["private"], true);
        assert_eq!(inspected["thumbprint"], key["kid"]);
    }
}

#[test]
fn a_private_key_goes_to_standard_output_only_when_no_file_is_named() {
    let place = Place::new();
    let made = place
        .run("--output json jose generate --type Ed25519")
        .json();
    let key = Jwk::from_value(made["jwk"].clone()).unwrap();
    assert!(key.is_private());
    let piped = place.run("jose generate --type Ed25519 --use sig --alg EdDSA");
    let key = Jwk::from_slice(piped.bytes()).unwrap();
    assert_eq!((key.key_use(), key.alg()), (Some("sig"), Some("EdDSA")));
    assert_eq!(key.kid(), Some(key.thumbprint().as_str()));
}

#[test]
fn a_key_file_under_a_passphrase() {
    let place = Place::new();
    place.write_private("pass", "correct horse\n");
    let with = "--output json --passphrase-file pass";
    let generate = "jose generate --type X25519 --passphrase --out k.jwk --public-out k.pub";
    place.run(&format!("{with} {generate}")).text();
    let text = place.read_text("k.jwk");
    assert!(key_file::is_encrypted(&text));
    assert_eq!(place.mode("k.jwk"), 0o600);
    let passphrase = SecretBytes::from(b"correct horse".as_slice());
    let key = key_file::decrypt(&text, &passphrase).unwrap();
    assert_eq!(key.key_type(), KeyType::X25519);

    let jwe = place.pipe("jose encrypt --key k.pub", b"hello");
    let opened = place.pipe(
        "--passphrase-file pass jose decrypt --key k.jwk",
        jwe.bytes(),
    );
    assert_eq!(opened.bytes(), b"hello");

    place.write_private("wrong", "wrong horse\n");
    let wrong = "--output json --passphrase-file wrong jose decrypt --key k.jwk";
    assert_eq!(
        place.pipe(wrong, jwe.bytes()).refusal(),
        refused(4, "PASSPHRASE")
    );
    place.write("open", "correct horse\n");
    std::fs::set_permissions(
        place.path("open"),
        std::os::unix::fs::PermissionsExt::from_mode(0o644),
    )
    .unwrap();
    let open = "--output json --passphrase-file open jose decrypt --key k.jwk";
    assert_eq!(
        place.pipe(open, jwe.bytes()).refusal(),
        refused(4, "HOME_PERMISSIONS")
    );
    place.write_private("empty", "\n");
    let empty = format!("--output json --passphrase-file empty {generate}");
    assert_eq!(place.run(&empty).refusal(), refused(7, "PASSPHRASE"));
}

#[test]
fn pem_files_are_keys_too() {
    let place = Place::new();
    let key = Jwk::generate(KeyType::P384, &OsRandom).unwrap();
    let pem = |label, der: &[u8]| {
        let text = base64_lines(der);
        format!("-----BEGIN {label}-----\n{text}-----END {label}-----\n")
    };
    place.write_private(
        "key.pem",
        pem("PRIVATE KEY", key.to_pkcs8_der().unwrap().expose()),
    );
    place.write("pub.pem", pem("PUBLIC KEY", &key.to_spki_der().unwrap()));
    let thumbprint = format!("{}\n", key.thumbprint());
    assert_eq!(place.run("jose thumbprint key.pem").text(), thumbprint);
    assert_eq!(place.run("jose thumbprint pub.pem").text(), thumbprint);
    let jws = place.pipe("jose sign --key key.pem", b"hello");
    assert_eq!(
        place.pipe("jose verify --key pub.pem", jws.bytes()).bytes(),
        b"hello"
    );
}

fn base64_lines(der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap());
    lines.flat_map(|line| [line, "\n"]).collect()
}

#[test]
fn a_set_is_told_key_by_key() {
    let place = Place::new();
    let keys: Vec<_> = [KeyType::P256, KeyType::X25519]
        .map(|key_type| Jwk::generate(key_type, &OsRandom).unwrap())
        .into_iter()
        .collect();
    let set: Vec<_> = keys.iter().map(|key| key.public().to_value()).collect();
    place.write("set.jwks", json!({ "keys": set }).to_string());
    let thumbprints = place.run("--output json jose thumbprint set.jwks").json();
    assert_eq!(
        thumbprints["keys"][1]["thumbprint"],
        keys[1].thumbprint().as_str()
    );
    let inspected = place.run("--output json jose inspect set.jwks").json();
    assert_eq!(inspected["kind"], "JWK Set");
    assert_eq!(inspected["keys"][0]["type"], "P-256");
    assert_eq!(inspected["keys"][0]["private"], false);
    place.write("empty.jwks", "{\"keys\":[]}");
    let empty = place.run("--output json jose verify --key empty.jwks");
    assert_eq!(empty.refusal(), refused(7, "JWK_INVALID"));
}

#[test]
fn what_is_no_key_is_refused_without_being_repeated() {
    let place = Place::new();
    let secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I";
    let cases = [
        format!("{{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"{secret}\",\"d\":\"{secret}\"}}"),
        format!("{{\"kty\":\"oct\",\"k\":\"{secret}\",\"k\":\"{secret}\"}}"),
        format!(
            "{{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\",\"d\":\"{secret}\"}}"
        ),
        format!("{{\"kty\":\"none\",\"d\":\"{secret}\"}}"),
        format!("-----BEGIN PRIVATE KEY-----\n{secret}\n-----END PRIVATE KEY-----\n"),
        secret.to_owned(),
    ];
    for text in cases {
        for command in ["thumbprint --key -", "inspect", "sign --key -"] {
            let run = place.pipe(&format!("jose {command}"), text.as_bytes());
            assert!(matches!(run.code, 2 | 7), "{command}: {}", run.code);
            assert!(run.stdout.is_empty());
            assert!(!run.stderr.contains(secret), "{}", run.stderr);
        }
        let run = place.pipe("--output json jose thumbprint", text.as_bytes());
        assert_eq!(run.refusal(), refused(7, "JWK_INVALID"));
    }
}

#[test]
fn a_token_is_shown_without_its_payload_unless_asked_for() {
    let place = Place::new();
    place.run("jose generate --type Ed25519 --out k.jwk").text();
    let jws = place.pipe("jose sign --key k.jwk --typ JWT", b"{\"sub\":\"somebody\"}");
    let short = place.pipe("--output json jose inspect", jws.bytes());
    assert!(!short.text().contains("somebody"));
    let short = short.json();
    assert_eq!(
        (&short["kind"], &short["payloadBytes"]),
        (&json!("JWS"), &json!(18))
    );
    assert_eq!(short["header"]["typ"], "JWT");
    let long = place
        .pipe("--output json jose inspect --claims", jws.bytes())
        .json();
    assert_eq!(long["payload"]["sub"], "somebody");
    let nothing = place.pipe("--output json jose inspect", b"hello");
    assert_eq!(nothing.refusal(), refused(7, "FILE"));
}
