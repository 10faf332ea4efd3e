//! The JSON forms: many recipients, and messages that could be read in two ways.

use super::{key, random};
use crate::jwe::*;
use crate::{Jwk, KeyType};
use kleis_types::strict_json::StrictJsonError;
use kleis_types::{SeededRandom, base64url};
use serde_json::{Value, json};

#[test]
fn many_recipients_open_one_message() {
    let types = [
        KeyType::P256,
        KeyType::P384,
        KeyType::P521,
        KeyType::X25519,
        KeyType::Rsa { bits: 2048 },
        KeyType::Oct { bytes: 32 },
        KeyType::Oct { bytes: 16 },
    ];
    let keys = types.map(key);
    let recipients = keys.iter().map(|key| Recipient {
        key,
        alg: default_algorithm(key).unwrap(),
    });
    let recipients = recipients.collect::<Vec<_>>();
    let sent = Header::default()
        .with_cty("JWT")
        .with_member("extra", json!(1));
    let enc = ContentEncryption::A256CbcHs512;
    let message = encrypt_json(&recipients, enc, &sent, b"secret", &random()).unwrap();
    for key in &keys {
        let keys = [
            Jwk::generate(KeyType::P256, &SeededRandom::new(99)).unwrap(),
            key.clone(),
        ];
        let opened = decrypt_json(&keys, message.as_bytes(), message.len()).unwrap();
        assert_eq!(opened.plaintext().expose(), b"secret");
        assert_eq!(opened.header().cty(), Some("JWT"));
        assert_eq!(opened.header().member("extra"), Some(&json!(1)));
        assert_eq!(opened.recipient(), &key.thumbprint());
        assert_eq!(opened.header().kid(), Some(key.thumbprint().as_str()));
        assert!(opened.aad().is_empty());
    }
    let stranger = [Jwk::generate(KeyType::P256, &SeededRandom::new(99)).unwrap()];
    let error = decrypt_json(&stranger, message.as_bytes(), 1 << 16).unwrap_err();
    assert_eq!(error, JweError::NotARecipient);
}

#[test]
fn the_number_of_recipients_is_bounded() {
    let key = key(KeyType::Oct { bytes: 32 });
    let recipient = Recipient {
        key: &key,
        alg: KeyAlgorithm::A256Kw,
    };
    let seal = |recipients: &[Recipient<'_>], header: &Header| {
        encrypt_json(
            recipients,
            ContentEncryption::A256Gcm,
            header,
            b"",
            &random(),
        )
        .map(drop)
    };
    let none = Header::default();
    assert_eq!(seal(&[], &none), Err(JweError::Recipients));
    assert_eq!(
        seal(&vec![recipient; MAX_RECIPIENTS + 1], &none),
        Err(JweError::Recipients)
    );
    assert_eq!(seal(&vec![recipient; MAX_RECIPIENTS], &none), Ok(()));
    let direct = Recipient {
        key: &key,
        alg: KeyAlgorithm::Dir,
    };
    assert_eq!(seal(&[direct], &none), Ok(()));
    assert_eq!(
        seal(&[recipient, direct], &none),
        Err(JweError::SingleRecipient(direct.alg))
    );
    let kid = Header::default().with_kid("k");
    assert_eq!(
        seal(&[recipient], &kid),
        Err(JweError::ReservedMember("kid".to_owned()))
    );
}

/// A message to one key, as JSON to be spoilt.
fn message_to(key: &Jwk) -> Value {
    let recipient = Recipient {
        key,
        alg: default_algorithm(key).unwrap(),
    };
    let enc = ContentEncryption::A256Gcm;
    let message = encrypt_json(&[recipient], enc, &Header::default(), b"secret", &random());
    serde_json::from_str(&message.unwrap()).unwrap()
}

fn json_error(keys: &[Jwk], message: &Value) -> JweError {
    decrypt_json(keys, message.to_string().as_bytes(), 1 << 20).unwrap_err()
}

#[test]
fn json_messages_that_are_ambiguous_are_refused() {
    let key = [key(KeyType::X25519)];
    let message = message_to(&key[0]);
    let with = |name: &str, value: Value| {
        let mut message = message.clone();
        message[name] = value;
        json_error(&key, &message)
    };
    let twice = |name: &str| JweError::DuplicateMember(name.to_owned());
    assert_eq!(with("unprotected", json!({"enc": "A256GCM"})), twice("enc"));
    assert_eq!(with("unprotected", json!({"kid": "x"})), twice("kid"));
    assert_eq!(
        with("unprotected", json!({"crit": ["x"]})),
        JweError::Critical
    );
    assert_eq!(
        with("unprotected", json!({"zip": "DEF"})),
        JweError::Compressed
    );
    assert!(matches!(with("header", json!({})), JweError::Malformed(_)));
    assert!(matches!(
        with("encrypted_key", json!("AAAA")),
        JweError::Malformed(_)
    ));
    assert!(matches!(
        with("unprotected", json!([])),
        JweError::Malformed(_)
    ));
    assert!(matches!(
        with("recipients", json!({})),
        JweError::Malformed(_)
    ));
    assert!(matches!(
        with("recipients", json!([1])),
        JweError::Malformed(_)
    ));
    assert_eq!(with("recipients", json!([])), JweError::Recipients);
    assert!(matches!(with("iv", json!(1)), JweError::Member(_)));
    assert!(matches!(with("tag", json!("=")), JweError::Malformed(_)));
    assert_eq!(with("aad", json!("AAAA")), JweError::Decryption);
    assert_eq!(
        with(
            "protected",
            json!(base64url::encode(br#"{"enc":"A128GCM"}"#))
        ),
        JweError::Decryption
    );

    let mut missing = message.clone();
    missing.as_object_mut().unwrap().remove("ciphertext");
    assert!(matches!(json_error(&key, &missing), JweError::Malformed(_)));
    let repeated = message.to_string().replacen('{', r#"{"iv":"","#, 1);
    assert!(matches!(
        decrypt_json(&key, repeated.as_bytes(), 4096).unwrap_err(),
        JweError::Json(StrictJsonError::DuplicateName { .. })
    ));
    assert!(matches!(
        decrypt_json(&key, b"[]", 4096).unwrap_err(),
        JweError::Malformed(_)
    ));
    assert_eq!(
        decrypt_json(&key, b"{}", 1).unwrap_err(),
        JweError::TooLarge { max: 1 }
    );
}

#[test]
fn the_flattened_form_is_read_too() {
    let key = [key(KeyType::X25519)];
    let mut message = message_to(&key[0]);
    let recipient = message
        .as_object_mut()
        .unwrap()
        .remove("recipients")
        .unwrap()[0]
        .clone();
    message["header"] = recipient["header"].clone();
    message["encrypted_key"] = recipient["encrypted_key"].clone();
    let opened = decrypt_json(&key, message.to_string().as_bytes(), 4096).unwrap();
    assert_eq!(opened.into_plaintext().expose(), b"secret");
}

#[test]
fn recipients_without_kid_are_tried_within_limits() {
    let ours = [key(KeyType::Oct { bytes: 32 })];
    let mut message = message_to(&ours[0]);
    message["recipients"][0]["header"]
        .as_object_mut()
        .unwrap()
        .remove("kid");
    let good = message["recipients"][0].clone();
    let mut bad = good.clone();
    bad["encrypted_key"] = base64url::encode(&[7; 40]).into();
    let foreign = json!({"header": {"alg": "RSA1_5"}, "encrypted_key": "AAAA"});
    let other_type = json!({"header": {"alg": "RSA-OAEP-256"}, "encrypted_key": "AAAA"});

    message["recipients"] = json!([foreign, other_type, bad, good]);
    assert!(decrypt_json(&ours, message.to_string().as_bytes(), 1 << 16).is_ok());
    message["recipients"] = json!([foreign, other_type]);
    assert_eq!(json_error(&ours, &message), JweError::NotARecipient);
    message["recipients"] = json!([foreign]);
    assert!(matches!(
        json_error(&ours, &message),
        JweError::Algorithm(_)
    ));
    message["recipients"] = json!([bad, foreign]);
    assert_eq!(json_error(&ours, &message), JweError::Decryption);

    let mut many = vec![bad; MAX_ATTEMPTS];
    many.push(good);
    message["recipients"] = many.into();
    assert_eq!(json_error(&ours, &message), JweError::Attempts);

    let direct = json!({"header": {"alg": "dir"}});
    message["recipients"] = json!([direct, direct]);
    assert_eq!(
        json_error(&ours, &message),
        JweError::SingleRecipient(KeyAlgorithm::Dir)
    );
}

#[test]
fn a_header_that_every_recipient_would_have_to_be_read_with_has_a_limit() {
    let ours = [key(KeyType::Oct { bytes: 32 })];
    let with = |member: &str, value: Value| {
        let mut message = message_to(&ours[0]);
        message[member] = value;
        json_error(&ours, &message)
    };
    let long = "x".repeat(MAX_HEADER);
    let too_long = JweError::Malformed("the header is longer than 64 KiB");
    let protected = base64url::encode(json!({ "enc": long }).to_string().as_bytes());
    assert_eq!(with("protected", protected.into()), too_long);
    assert_eq!(with("unprotected", json!({ "more": long })), too_long);
    // One that just fits is read.
    let fits = json!({ "more": long[..MAX_HEADER - 11] });
    assert_eq!(fits.to_string().len(), MAX_HEADER);
    let mut message = message_to(&ours[0]);
    message["unprotected"] = fits;
    assert!(decrypt_json(&ours, message.to_string().as_bytes(), 1 << 17).is_ok());
}
