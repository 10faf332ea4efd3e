//! Key material that is refused.

use super::{ASYMMETRIC, error, json_of, key, with, without};
use crate::json::MemberError;
use crate::jwk::*;
use kleis_types::{Random, SeededRandom, base64url};
use serde_json::{Value, json};

fn member_bytes(json: &Value, name: &str) -> Vec<u8> {
    base64url::decode(json[name].as_str().unwrap()).unwrap()
}

#[test]
fn generated_keys_are_read_back_and_differ() {
    let random = SeededRandom::new(3);
    for key_type in ASYMMETRIC.into_iter().chain([KeyType::Oct { bytes: 32 }]) {
        let (one, two) = (
            Jwk::generate(key_type, &random).unwrap(),
            Jwk::generate(key_type, &random).unwrap(),
        );
        assert_eq!(one.key_type(), key_type);
        assert!(one.is_private() && !one.is_same_key(&two));
        let read = Jwk::from_slice(one.to_private_json().expose()).unwrap();
        assert_eq!(read.to_private_json(), one.to_private_json());
        assert_eq!(read.thumbprint(), one.thumbprint());
    }
    assert_eq!(
        Jwk::generate(KeyType::Rsa { bits: 1024 }, &random).unwrap_err(),
        JwkError::UnsupportedSize
    );
    assert_eq!(
        Jwk::generate(KeyType::Oct { bytes: 0 }, &random).unwrap_err(),
        JwkError::OctLength
    );
}

#[test]
fn a_broken_source_of_randomness_gives_no_key() {
    #[derive(Debug)]
    struct Stuck(u8);
    impl Random for Stuck {
        fn fill(&self, out: &mut [u8]) {
            out.fill(self.0);
        }
    }
    assert_eq!(
        Jwk::generate(KeyType::P256, &Stuck(0)).unwrap_err(),
        JwkError::Generation
    );
    assert_eq!(
        Jwk::generate(KeyType::P384, &Stuck(0xff)).unwrap_err(),
        JwkError::Generation
    );
}

#[test]
fn missing_misplaced_and_mistyped_members_are_named() {
    assert_eq!(error(json!({})), JwkError::Missing("kty"));
    for kty in ["ec", "rsa", "OCT", "AKP", ""] {
        assert_eq!(error(json!({"kty": kty})), JwkError::UnsupportedKeyType);
    }
    let required = [
        (KeyType::P256, ["crv", "x", "y"].as_slice()),
        (KeyType::Ed25519, &["crv", "x"]),
        (
            KeyType::Rsa { bits: 2048 },
            &["n", "e", "p", "q", "dp", "dq", "qi"],
        ),
        (KeyType::Oct { bytes: 8 }, &["k"]),
    ];
    for (key_type, names) in required {
        for name in names {
            let json = json_of(&key(key_type));
            assert_eq!(error(without(json.clone(), name)), JwkError::Missing(name));
            assert!(matches!(
                error(with(json.clone(), name, 1)),
                JwkError::Member(_)
            ));
            if *name != "crv" {
                for spelling in ["A", "AA==", "A A", "AB"] {
                    let json = with(json.clone(), name, spelling);
                    let expected = MemberError::new(name, "base64url without padding");
                    assert_eq!(error(json), JwkError::Member(expected));
                }
            }
        }
    }
    let misplaced = [
        (KeyType::P256, "k"),
        (KeyType::P256, "p"),
        (KeyType::X25519, "dp"),
        (KeyType::Rsa { bits: 2048 }, "oth"),
        (KeyType::Oct { bytes: 8 }, "d"),
    ];
    for (key_type, name) in misplaced {
        let json = with(json_of(&key(key_type)), name, "AAAA");
        assert_eq!(error(json), JwkError::Misplaced(name));
    }
    // A private number without the private exponent is no private key, and would be shown.
    let json = without(json_of(&key(KeyType::Rsa { bits: 2048 })), "d");
    assert_eq!(error(json), JwkError::Misplaced("p"));
}

#[test]
fn points_off_the_curve_and_odd_lengths_are_refused() {
    for key_type in [KeyType::P256, KeyType::P384, KeyType::P521] {
        let json = json_of(&key(key_type));
        let mut y = member_bytes(&json, "y");
        *y.last_mut().unwrap() ^= 1;
        let off = with(without(json.clone(), "d"), "y", base64url::encode(&y));
        assert_eq!(error(off), JwkError::InvalidPoint);

        let origin = base64url::encode(&vec![0; y.len()]);
        let zero = with(
            with(without(json.clone(), "d"), "x", origin.clone()),
            "y",
            origin.clone(),
        );
        assert_eq!(error(zero), JwkError::InvalidPoint);
        let large = base64url::encode(&vec![0xff; y.len()]);
        assert_eq!(
            error(with(json.clone(), "x", large)),
            JwkError::InvalidPoint
        );

        for name in ["x", "y", "d"] {
            let bytes = member_bytes(&json, name);
            for wrong in [&bytes[1..], &[&[0], &bytes[..]].concat(), &[]] {
                let wrong = with(json.clone(), name, base64url::encode(wrong));
                assert_eq!(error(wrong), JwkError::WrongLength(name));
            }
        }
        assert_eq!(
            error(with(json.clone(), "d", origin)),
            JwkError::KeyPairMismatch
        );
        assert_eq!(
            error(with(json.clone(), "crv", "secp256k1")),
            JwkError::UnsupportedCurve
        );
        assert_eq!(
            error(with(json, "crv", "P-192")),
            JwkError::UnsupportedCurve
        );
    }
}

#[test]
fn unsound_curve25519_points_are_refused() {
    let bad = [vec![0; 32], vec![0xff; 32], [vec![1], vec![0; 31]].concat()];
    for crv in ["Ed25519", "X25519"] {
        for point in &bad {
            let json = json!({"kty": "OKP", "crv": crv, "x": base64url::encode(point)});
            assert_eq!(error(json), JwkError::InvalidPoint);
        }
        for length in [0, 31, 33] {
            let json = json!({"kty": "OKP", "crv": crv, "x": base64url::encode(&vec![9; length])});
            assert_eq!(error(json), JwkError::WrongLength("x"));
        }
    }
    let no_point = base64url::encode(&[vec![2], vec![0; 31]].concat());
    let json = json!({"kty": "OKP", "crv": "Ed25519", "x": no_point});
    assert_eq!(error(json), JwkError::InvalidPoint);
    let json = json!({"kty": "OKP", "crv": "Ed448", "x": "AA"});
    assert_eq!(error(json), JwkError::UnsupportedCurve);
}

#[test]
fn private_parts_of_other_keys_are_refused() {
    for key_type in ASYMMETRIC {
        let other = Jwk::generate(key_type, &SeededRandom::new(4)).unwrap();
        let json = with(json_of(&key(key_type)), "d", json_of(&other)["d"].clone());
        assert_eq!(error(json), JwkError::KeyPairMismatch, "{key_type}");
    }
}

#[test]
fn unsound_rsa_numbers_are_refused() {
    let json = without(key(KeyType::Rsa { bits: 2048 }).to_value(), "kid");
    let n = member_bytes(&json, "n");
    let invalid = |name: &str, number: &[u8]| {
        matches!(
            error(with(json.clone(), name, base64url::encode(number))),
            JwkError::InvalidRsa(_)
        )
    };
    assert!(invalid("n", &[&[0], &n[..]].concat()), "a leading zero");
    assert!(invalid("n", &n[1..]), "2040 bits");
    assert!(invalid("n", &[&[0x7f], &n[1..]].concat()), "2047 bits");
    assert!(invalid("n", &[&n[..255], &[0x02]].concat()), "even");
    assert!(invalid("n", &[0xff; 1025]), "8200 bits");
    assert!(invalid("n", &[]), "empty");
    for e in [
        [].as_slice(),
        &[1],
        &[2],
        &[0, 1, 0, 1],
        &[1, 0, 0, 0, 0, 1],
        &[2, 0, 0, 0, 1],
    ] {
        assert!(invalid("e", e), "{e:?}");
    }
    for e in [[3].as_slice(), &[1, 0, 1], &[1, 0, 0, 0, 1]] {
        assert!(
            Jwk::from_value(with(json.clone(), "e", base64url::encode(e))).is_ok(),
            "{e:?}"
        );
    }
    let json = json_of(&key(KeyType::Rsa { bits: 2048 }));
    for name in ["p", "q", "dp", "dq", "qi"] {
        let spoilt = with(json.clone(), name, base64url::encode(&[5; 128]));
        assert_eq!(error(spoilt), JwkError::KeyPairMismatch, "{name}");
    }
}

#[test]
fn symmetric_keys_have_a_length() {
    assert_eq!(error(json!({"kty": "oct", "k": ""})), JwkError::OctLength);
    assert_eq!(
        Jwk::oct(vec![0; 1025].into()).unwrap_err(),
        JwkError::OctLength
    );
    let key = Jwk::oct(vec![1; 1024].into()).unwrap();
    assert_eq!(key.oct_bytes(), Some([1; 1024].as_slice()));
    assert_eq!(key.key_type(), KeyType::Oct { bytes: 1024 });
}
