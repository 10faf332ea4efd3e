//! The compact form: what is wrong with a message is refused, by name where its form is wrong.

use super::{encrypted, key, random};
use crate::jwe::*;
use crate::{Jwk, JwkError, KeyType};
use kleis_types::strict_json::StrictJsonError;
use kleis_types::{SecretBytes, base64url};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The token with another protected header.
fn with_header(token: &str, header: &Value) -> String {
    let (_, rest) = token.split_once('.').unwrap();
    format!(
        "{}.{rest}",
        base64url::encode(header.to_string().as_bytes())
    )
}

#[test]
fn headers_we_do_not_understand_are_refused_by_name() {
    let key = key(KeyType::Oct { bytes: 32 });
    let token = encrypted(&key);
    let error = |header: Value| decrypt(&key, &with_header(&token, &header), 4096).unwrap_err();
    let base = json!({"alg": "A256KW", "enc": "A256GCM"});
    let with = |name: &str, value: Value| {
        let mut header = base.clone();
        header[name] = value;
        header
    };
    assert_eq!(error(with("zip", json!("DEF"))), JweError::Compressed);
    assert_eq!(error(with("crit", json!(["exp"]))), JweError::Critical);
    for (name, value) in [
        ("alg", json!("RSA1_5")),
        ("alg", json!("RSA-OAEP")),
        ("alg", json!("A256GCMKW")),
        ("alg", json!("none")),
        ("enc", json!("A192GCM")),
        ("enc", json!("")),
    ] {
        match error(with(name, value.clone())) {
            JweError::Algorithm(error) => assert_eq!(error.name(), value),
            error => panic!("{value}: {error:?}"),
        }
    }
    assert_eq!(
        error(with("alg", json!("PBES2-HS512+A256KW"))),
        JweError::Passphrase
    );
    for (name, value) in [
        ("alg", json!(1)),
        ("enc", json!(null)),
        ("typ", json!([])),
        ("apu", json!("=")),
    ] {
        assert!(
            matches!(error(with(name, value)), JweError::Member(_)),
            "{name}"
        );
    }
    assert!(matches!(
        error(json!({"alg": "A256KW"})),
        JweError::Member(_)
    ));
    assert!(matches!(
        error(json!({"enc": "A256GCM"})),
        JweError::Member(_)
    ));

    let twice = base64url::encode(br#"{"alg":"A256KW","enc":"A256GCM","enc":"A256GCM"}"#);
    let (_, rest) = token.split_once('.').unwrap();
    let error = decrypt(&key, &format!("{twice}.{rest}"), 4096).unwrap_err();
    assert!(
        matches!(error, JweError::Json(StrictJsonError::DuplicateName { .. })),
        "{error:?}"
    );
}

#[test]
fn unsound_ephemeral_keys_are_refused_by_name() {
    let recipient = key(KeyType::P256);
    let token = encrypted(&recipient);
    let error = |epk: Value| {
        let header = json!({"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "epk": epk});
        decrypt(&recipient, &with_header(&token, &header), 4096).unwrap_err()
    };
    // The invalid curve attack: a point of some other curve.
    let mut off = key(KeyType::P256).to_value();
    off["y"] = off["x"].clone();
    assert_eq!(error(off), JweError::EphemeralKey(JwkError::InvalidPoint));
    let zero = json!({"kty": "OKP", "crv": "X25519", "x": base64url::encode(&[0; 32])});
    assert_eq!(error(zero), JweError::EphemeralKey(JwkError::InvalidPoint));
    let private = serde_json::from_slice(key(KeyType::P256).to_private_json().expose()).unwrap();
    assert_eq!(error(private), JweError::EphemeralKey(JwkError::NotPublic));
    assert!(matches!(error(json!("x")), JweError::EphemeralKey(_)));
    // Sound, and of another curve: nothing can be agreed.
    assert_eq!(error(key(KeyType::P384).to_value()), JweError::Decryption);
    assert_eq!(error(key(KeyType::X25519).to_value()), JweError::Decryption);

    let header = json!({"alg": "ECDH-ES+A256KW", "enc": "A256GCM"});
    let error = decrypt(&recipient, &with_header(&token, &header), 4096).unwrap_err();
    assert!(matches!(error, JweError::Malformed(_)));
}

#[test]
fn every_changed_character_is_noticed() {
    for key_type in [KeyType::X25519, KeyType::Oct { bytes: 16 }] {
        let key = key(key_type);
        let token = encrypted(&key);
        for index in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(decrypt(&key, &changed, 4096).is_err(), "character {index}");
        }
    }
}

#[test]
fn failures_of_the_cryptography_look_all_the_same() {
    for key_type in [
        KeyType::Rsa { bits: 2048 },
        KeyType::P256,
        KeyType::Oct { bytes: 32 },
    ] {
        let key = key(key_type);
        let token = encrypted(&key);
        let parts = token.split('.').collect::<Vec<_>>();
        for part in 1..5 {
            let bytes = base64url::decode(parts[part]).unwrap();
            let mut flipped = bytes.clone();
            flipped[0] ^= 1;
            for wrong in [flipped, bytes[1..].to_vec(), Vec::new(), vec![0; 4096]] {
                let wrong = base64url::encode(&wrong);
                let mut parts = parts.clone();
                parts[part] = &wrong;
                let error = decrypt(&key, &parts.join("."), 1 << 16).unwrap_err();
                assert_eq!(error, JweError::Decryption, "part {part}");
            }
        }
    }
}

#[test]
fn a_key_of_zeros_opens_nothing_in_place_of_an_unwrapped_one() {
    let key = key(KeyType::Oct { bytes: 32 });
    let header = json!({"alg": "A256KW", "enc": "A256GCM"});
    let zeros = SecretBytes::from(vec![0; 32]);
    let members = header.as_object().unwrap().clone();
    let enc = ContentEncryption::A256Gcm;
    let token = compact::seal(members, enc, &zeros, &[9; 40], b"forged", &random()).unwrap();
    assert_eq!(
        decrypt(&key, &token, 4096).unwrap_err(),
        JweError::Decryption
    );
}

#[test]
fn malformed_tokens_are_refused() {
    let key = key(KeyType::Oct { bytes: 32 });
    let token = encrypted(&key);
    let error = decrypt(&key, &token, token.len() - 1).unwrap_err();
    assert_eq!(
        error,
        JweError::TooLarge {
            max: token.len() - 1
        }
    );
    let array = with_header(&token, &json!([]));
    let no_key = KeyAlgorithm::Dir;
    for malformed in [
        "",
        "....",
        "a.b.c.d",
        &format!("{token}."),
        &format!("{token}="),
        &array,
    ] {
        let error = decrypt(&key, malformed, 4096).unwrap_err();
        assert!(
            matches!(error, JweError::Malformed(_) | JweError::Json(_)),
            "{malformed}"
        );
    }
    let direct = encrypt(
        &key,
        no_key,
        ContentEncryption::A256Gcm,
        &Header::default(),
        b"",
        &random(),
    );
    let with_encrypted_key = direct.unwrap().replacen("..", ".AAAA.", 1);
    let error = decrypt(&key, &with_encrypted_key, 4096).unwrap_err();
    assert!(matches!(error, JweError::Malformed(_)));
    assert!(header("").is_err() && header("AAAA.").is_err());
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in "[ -~]{0,80}") {
        let key = Jwk::oct(vec![1; 32].into()).unwrap();
        prop_assert!(decrypt(&key, &text, 80).is_err());
        prop_assert!(decrypt_json(&[key], text.as_bytes(), 80).is_err());
        let _ = header(&text);
    }

    #[test]
    fn any_plaintext_survives(plaintext: Vec<u8>, enc in 0_usize..4) {
        let key = Jwk::oct(vec![1; 32].into()).unwrap();
        let enc = ContentEncryption::ALL[enc];
        let header = Header::default();
        let token = encrypt(&key, KeyAlgorithm::A256Kw, enc, &header, &plaintext, &random());
        let opened = decrypt(&key, &token.unwrap(), 1 << 16).unwrap();
        prop_assert_eq!(opened.plaintext().expose(), plaintext);
    }
}
