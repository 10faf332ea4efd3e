//! The examples of RFC 7515, 7516, 7517, 7519, 7520, 7638 and 8037: those of our algorithms verify
//! and decrypt, those of others are refused with the error that the vector names.

#![expect(
    clippy::unwrap_used,
    reason = "a vector that is not as expected fails the test"
)]

use kleis_jose::{Jwk, JwkSet, jwe, jws};
use kleis_types::base64url;
use serde_json::Value;
use std::fmt::Debug;

const MAX: usize = 1 << 16;

fn load(path: &str) -> Value {
    let path = format!("{}/../../tests/vectors/{path}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_slice(&text).unwrap()
}

fn examples(list: &Value) -> &Vec<Value> {
    let list = list.as_array().unwrap();
    assert!(!list.is_empty());
    list
}

fn bytes(text: &Value) -> Vec<u8> {
    base64url::decode(text.as_str().unwrap()).unwrap()
}

/// Compares the outcome with what the vector expects: the bytes, or the name of the error.
fn compare<E: Debug>(example: &Value, outcome: Result<Vec<u8>, E>, expected: &Value) {
    let name = format!("{} {}", example["section"], example["title"]);
    match (example["expect"].as_str().unwrap(), outcome) {
        ("ok", Ok(found)) => assert_eq!(found, bytes(expected), "{name}"),
        ("ok", Err(error)) => panic!("{name}: {error:?}"),
        (error, Ok(_)) => panic!("{name}: accepted, and {error} was expected"),
        (error, Err(found)) => {
            assert!(
                format!("{found:?}").starts_with(error),
                "{name}: {found:?}, not {error}"
            );
        }
    }
}

fn check_signed(list: &Value) {
    for example in examples(list) {
        let key = Jwk::from_value(example["key"].clone()).unwrap();
        let outcome = match &example["message"] {
            Value::String(token) => {
                jws::Compact::parse(token, MAX).and_then(|compact| compact.verify(&key))
            }
            json => jws::verify_json(json.to_string().as_bytes(), &key, MAX)
                .map(|verified| verified.payload().to_vec()),
        };
        compare(example, outcome, &example["payload"]);
    }
}

fn check_encrypted(list: &Value) {
    for example in examples(list) {
        let key = match &example["key"] {
            // An example with a passphrase: any key will do, for none is asked.
            Value::Null => Jwk::oct(vec![0; 32].into()).unwrap(),
            key => Jwk::from_value(key.clone()).unwrap(),
        };
        let outcome = match &example["message"] {
            Value::String(token) => jwe::decrypt(&key, token, MAX),
            json => jwe::decrypt_json(&[key], json.to_string().as_bytes(), MAX),
        };
        if let (Ok(decrypted), Value::String(aad)) = (&outcome, &example["aad"]) {
            assert_eq!(decrypted.aad(), base64url::decode(aad).unwrap());
        }
        let outcome = outcome.map(|decrypted| decrypted.plaintext().expose().to_vec());
        compare(example, outcome, &example["plaintext"]);
    }
}

#[test]
fn rfc_7515_signatures() {
    check_signed(&load("rfc7515/jws.json")["examples"]);
}

#[test]
fn rfc_7516_encryption() {
    check_encrypted(&load("rfc7516/jwe.json")["examples"]);
}

#[test]
fn rfc_7517_keys() {
    let file = load("rfc7517/keys.json");
    let set = |name: &str| JwkSet::from_slice(file[name].to_string().as_bytes(), MAX).unwrap();
    let (public, private) = (set("public"), set("private"));
    assert_eq!(public.keys().len(), 2);
    for (public, private) in public.keys().iter().zip(private.keys()) {
        assert!(!public.is_private() && private.is_private());
        assert!(public.is_same_key(private));
        assert_eq!(private.to_value(), public.to_value());
        assert_eq!(public.kid(), private.kid());
    }
    assert_eq!(public.to_value(), file["public"]);
    assert!(
        set("symmetric")
            .keys()
            .iter()
            .all(|key| key.oct_bytes().is_some())
    );

    let certified = Jwk::from_value(file["x5c"].clone()).unwrap();
    let chain = certified.x5c().unwrap().unwrap();
    let spki = certified.to_spki_der().unwrap();
    assert!(chain[0].windows(spki.len()).any(|window| window == spki));
}

#[test]
fn rfc_7519_tokens() {
    let file = load("rfc7519/jwt.json");
    check_signed(&file["signed"]);
    check_encrypted(&file["encrypted"]);
}

#[test]
fn rfc_7520_keys() {
    for example in examples(&load("rfc7520/keys.json")["keys"]) {
        let key = Jwk::from_value(example["key"].clone()).unwrap();
        let json = key.to_private_json();
        let written = serde_json::from_slice::<Value>(json.expose()).unwrap();
        assert_eq!(written, example["key"], "section {}", example["section"]);
    }
}

#[test]
fn rfc_7520_signatures() {
    check_signed(&load("rfc7520/jws.json")["examples"]);
}

#[test]
fn rfc_7520_encryption() {
    check_encrypted(&load("rfc7520/jwe.json")["examples"]);
}

#[test]
fn rfc_7520_nested() {
    let file = load("rfc7520/nested.json");
    check_signed(&file["signed"]);
    check_encrypted(&file["encrypted"]);
}

#[test]
fn rfc_7638_thumbprint() {
    let file = load("rfc7638/thumbprint.json");
    let key = Jwk::from_value(file["key"].clone()).unwrap();
    assert_eq!(key.thumbprint().as_str(), file["thumbprint"]);
}

#[test]
fn rfc_8037_keys_signature_and_encryption() {
    let file = load("rfc8037/okp.json");
    let key = Jwk::from_value(file["ed25519"].clone()).unwrap();
    assert_eq!(key.thumbprint().as_str(), file["thumbprint"]);
    assert_eq!(key.public().thumbprint(), key.thumbprint());

    // Ed25519 is deterministic, so we make the very same token.
    let payload = bytes(&file["jws"]["payload"]);
    let token = jws::sign(&key, &jws::Header::default(), &payload).unwrap();
    assert_eq!(token, file["jws"]["compact"]);
    let compact = jws::Compact::parse(&token, MAX).unwrap();
    assert_eq!(compact.verify(&key.public()).unwrap(), payload);

    check_encrypted(&load("rfc8037/jwe.json")["examples"]);
}

#[test]
fn rs256_makes_the_very_tokens_of_the_rfcs() {
    let rfc_7515 = load("rfc7515/jws.json");
    let rfc_7520 = load("rfc7520/jws.json");
    for example in [&rfc_7515["examples"][1], &rfc_7520["examples"][0]] {
        let key = Jwk::from_value(example["key"].clone()).unwrap();
        let key = key.with_member("alg", "RS256".into());
        let header = match key.kid() {
            Some(kid) => jws::Header::default().with_kid(kid),
            None => jws::Header::default(),
        };
        let token = jws::sign(&key, &header, &bytes(&example["payload"])).unwrap();
        assert_eq!(token, example["message"]);
    }
}
