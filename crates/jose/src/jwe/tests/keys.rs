//! Which key serves which algorithm, and what a header may carry.

use super::{encrypted, key, random};
use crate::jwe::*;
use crate::{Jwk, KeyType};
use serde_json::json;

fn suited(algorithm: KeyAlgorithm, encryption: ContentEncryption) -> Vec<KeyType> {
    let bytes = |bytes: usize| KeyType::Oct {
        bytes: u16::try_from(bytes).unwrap(),
    };
    match algorithm {
        KeyAlgorithm::EcdhEs | KeyAlgorithm::EcdhEsA128Kw | KeyAlgorithm::EcdhEsA256Kw => {
            vec![KeyType::P256, KeyType::P384, KeyType::P521, KeyType::X25519]
        }
        KeyAlgorithm::RsaOaep256 => vec![KeyType::Rsa { bits: 2048 }],
        KeyAlgorithm::A128Kw => vec![bytes(16)],
        KeyAlgorithm::A256Kw => vec![bytes(32)],
        KeyAlgorithm::Dir => vec![bytes(encryption.key_len())],
        KeyAlgorithm::Pbes2Hs512A256Kw => vec![],
    }
}

#[test]
fn every_combination_encrypts_and_decrypts() {
    let random = random();
    for algorithm in KeyAlgorithm::ALL {
        for encryption in ContentEncryption::ALL {
            for key_type in suited(*algorithm, *encryption) {
                let key = Jwk::generate(key_type, &random).unwrap();
                let public = if key.oct_bytes().is_some() {
                    key.clone()
                } else {
                    key.public()
                };
                let sent = Header::default()
                    .with_typ("t")
                    .with_apu(*b"Alice")
                    .with_apv(*b"Bob");
                let token =
                    encrypt(&public, *algorithm, *encryption, &sent, b"secret", &random).unwrap();
                let opened = decrypt(&key, &token, token.len()).unwrap();
                assert_eq!(opened.plaintext().expose(), b"secret");
                assert_eq!(opened.header().typ(), Some("t"));
                assert_eq!(opened.header().apu(), b"Alice");
                assert_eq!(
                    (opened.algorithm(), opened.encryption()),
                    (*algorithm, *encryption)
                );
                assert_eq!(header(&token).unwrap().algorithm(), *algorithm);

                let other = Jwk::generate(key_type, &random).unwrap();
                assert_eq!(
                    decrypt(&other, &token, 1 << 16).unwrap_err(),
                    JweError::Decryption
                );
            }
        }
    }
}

#[test]
fn keys_must_suit_and_are_held_to_their_own_words() {
    let enc = ContentEncryption::A128CbcHs256;
    let try_encrypt =
        |key: &Jwk, alg| encrypt(key, alg, enc, &Header::default(), b"", &random()).map(drop);
    let unsuited = [
        (KeyAlgorithm::EcdhEsA256Kw, KeyType::Ed25519),
        (KeyAlgorithm::EcdhEs, KeyType::Rsa { bits: 2048 }),
        (KeyAlgorithm::RsaOaep256, KeyType::P256),
        (KeyAlgorithm::A128Kw, KeyType::Oct { bytes: 32 }),
        (KeyAlgorithm::A256Kw, KeyType::Oct { bytes: 16 }),
        (KeyAlgorithm::Dir, KeyType::Oct { bytes: 16 }),
        (KeyAlgorithm::Dir, KeyType::X25519),
    ];
    for (alg, key_type) in unsuited {
        let error = try_encrypt(&key(key_type), alg).unwrap_err();
        assert_eq!(error, KeyUseError::KeyType(key_type).into());
    }
    let error = try_encrypt(
        &key(KeyType::Oct { bytes: 32 }),
        KeyAlgorithm::Pbes2Hs512A256Kw,
    );
    assert_eq!(error, Err(JweError::Passphrase));

    let key = key(KeyType::P256);
    let token = encrypted(&key);
    let alg = KeyAlgorithm::EcdhEsA256Kw;
    for (name, value, expected) in [
        ("use", json!("sig"), KeyUseError::Use),
        ("key_ops", json!(["wrapKey"]), KeyUseError::KeyOps),
        ("alg", json!("ECDH-ES"), KeyUseError::Alg),
        ("alg", json!("ES256"), KeyUseError::Alg),
    ] {
        let key = key.clone().with_member(name, value);
        assert_eq!(try_encrypt(&key, alg), Err(expected.into()));
        assert_eq!(decrypt(&key, &token, 4096).unwrap_err(), expected.into());
    }
    let deriving = key.clone().with_member("key_ops", json!(["deriveBits"]));
    assert!(decrypt(&deriving, &token, 4096).is_ok());
    assert!(try_encrypt(&deriving.public(), alg).is_ok());
    let error = decrypt(&key.public(), &token, 4096).unwrap_err();
    assert_eq!(error, KeyUseError::NotPrivate.into());
    let oct = Jwk::oct(vec![1; 32].into()).unwrap();
    assert!(try_encrypt(&oct.public(), KeyAlgorithm::A256Kw).is_err());
}

#[test]
fn reserved_names_cannot_be_slipped_into_the_header() {
    let key = key(KeyType::P256);
    for name in [
        "alg", "enc", "zip", "crit", "epk", "kid", "p2c", "iv", "tag",
    ] {
        let header = Header::default().with_member(name, json!("x"));
        let alg = KeyAlgorithm::EcdhEs;
        let sealed = encrypt(
            &key,
            alg,
            ContentEncryption::A128Gcm,
            &header,
            b"",
            &random(),
        );
        assert_eq!(sealed, Err(JweError::ReservedMember(name.to_owned())));
    }
}

#[test]
fn default_algorithms() {
    let default = |key_type| default_algorithm(&key(key_type));
    assert_eq!(default(KeyType::X25519), Some(KeyAlgorithm::EcdhEsA256Kw));
    assert_eq!(default(KeyType::P521), Some(KeyAlgorithm::EcdhEsA256Kw));
    assert_eq!(
        default(KeyType::Rsa { bits: 2048 }),
        Some(KeyAlgorithm::RsaOaep256)
    );
    assert_eq!(
        default(KeyType::Oct { bytes: 32 }),
        Some(KeyAlgorithm::A256Kw)
    );
    assert_eq!(default(KeyType::Oct { bytes: 24 }), None);
    assert_eq!(default(KeyType::Ed25519), None);
    let named = key(KeyType::P256).with_member("alg", "ECDH-ES".into());
    assert_eq!(default_algorithm(&named), Some(KeyAlgorithm::EcdhEs));
    let signing = key(KeyType::P256).with_member("alg", "ES256".into());
    assert_eq!(default_algorithm(&signing), None);
}

#[test]
fn debug_shows_neither_plaintext_nor_members() {
    let key = key(KeyType::X25519);
    let header = Header::default().with_member("recipients", json!(["NIHII:18749704"]));
    let alg = KeyAlgorithm::EcdhEs;
    let token = encrypt(
        &key,
        alg,
        ContentEncryption::A128Gcm,
        &header,
        b"hunter2",
        &random(),
    )
    .unwrap();
    let shown = format!("{:?}", decrypt(&key, &token, 4096).unwrap());
    assert!(shown.contains("recipients"));
    assert!(!shown.contains("18749704") && !shown.contains("hunter2"));
}
