//! JOSE: keys, signatures and encryption.

use std::{str, sync::LazyLock};

use kleis_jose::{Jwk, KeyType, jwe as encryption, jws as signature};
use kleis_types::{SecretBytes, SeededRandom};

const MAX: usize = 1 << 16;

/// A key of every kind, always the same but for RSA, which is slow to make and not needed here.
pub static KEYS: LazyLock<Vec<Jwk>> = LazyLock::new(|| {
    let random = SeededRandom::new(7);
    let kinds = [
        KeyType::P256,
        KeyType::P384,
        KeyType::P521,
        KeyType::Ed25519,
        KeyType::X25519,
        KeyType::Oct { bytes: 16 },
        KeyType::Oct { bytes: 32 },
        KeyType::Oct { bytes: 64 },
    ];
    kinds
        .into_iter()
        .map(|kind| Jwk::generate(kind, &random).unwrap())
        .collect()
});

/// A key.
pub fn jwk(data: &[u8]) {
    let Ok(key) = Jwk::from_slice(data) else {
        return;
    };
    let again = Jwk::from_slice(key.to_private_json().expose()).unwrap();
    assert!(again.is_same_key(&key));
    assert_eq!(again.thumbprint(), key.thumbprint());
    assert_eq!(again.is_private(), key.is_private());
    if key.oct_bytes().is_none() {
        let public = Jwk::from_value(key.to_value()).unwrap();
        assert!(!public.is_private());
        assert_eq!(public.thumbprint(), key.thumbprint());
        if let Ok(spki) = key.to_spki_der() {
            assert!(Jwk::from_spki_der(&spki).unwrap().is_same_key(&public));
        }
    }
    let _ = key.x5c();
    let _ = key.signature_algorithm();
}

/// A JWS in either serialisation, against keys of every kind.
pub fn jws(data: &[u8]) {
    if let Ok(text) = str::from_utf8(data)
        && let Ok(token) = signature::Compact::parse(text, MAX)
    {
        assert!(
            token
                .members()
                .all(|name| !name.is_empty() || token.header().typ().is_none())
        );
        for key in KEYS.iter() {
            if let Ok(payload) = token.verify(key) {
                assert_eq!(payload, token.unverified_payload());
            }
        }
    }
    for key in KEYS.iter() {
        let _ = signature::json::verify_json(data, key, MAX);
    }
}

/// A JWE in either serialisation, against keys of every kind.
pub fn jwe(data: &[u8]) {
    if let Ok(text) = str::from_utf8(data) {
        let _ = encryption::header(text);
        for key in KEYS.iter() {
            let _ = encryption::decrypt(key, text, MAX);
        }
    }
    if let Ok(opened) = encryption::decrypt_json(&KEYS, data, MAX) {
        let plaintext: &SecretBytes = opened.plaintext();
        assert!(plaintext.len() <= MAX);
    }
}
