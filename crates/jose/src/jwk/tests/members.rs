//! The members around the key, sets of keys, and what is shown of them.

use super::{ASYMMETRIC, error, json_of, key, with};
use crate::jwk::*;
use kleis_types::base64url;
use kleis_types::strict_json::StrictJsonError;
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn the_public_form_holds_nothing_private() {
    for key_type in ASYMMETRIC {
        let key = key(key_type);
        let public = key.to_value();
        for name in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(public.get(name).is_none(), "{key_type}: {name}");
        }
        assert!(!key.public().is_private());
        assert_eq!(
            key.public().to_private_json().expose(),
            public.to_string().as_bytes()
        );
        assert_eq!(key.public().thumbprint(), key.thumbprint());
    }
    let oct = key(KeyType::Oct { bytes: 16 }).with_member("kid", "k".into());
    assert_eq!(oct.to_value(), json!({"kty": "oct", "kid": "k"}));
    assert_eq!(oct.public().oct_bytes(), None);
}

#[test]
fn debug_shows_no_key_material() {
    for key_type in ASYMMETRIC.into_iter().chain([KeyType::Oct { bytes: 32 }]) {
        let key = key(key_type).with_member("secret", "hunter2".into());
        let shown = format!("{key:?} {key:#?}");
        assert!(!shown.contains("hunter2"));
        for (_, value) in json_of(&key).as_object().unwrap() {
            let text = value.as_str().unwrap();
            assert!(text.len() < 20 || !shown.contains(text));
        }
    }
}

#[test]
fn unknown_members_are_kept_and_key_material_is_not_replaced() {
    let json = with(
        key(KeyType::P256).to_value(),
        "https://example.org/x",
        json!({"a": [1]}),
    );
    let key = Jwk::from_value(json.clone()).unwrap();
    assert_eq!(
        key.member("https://example.org/x"),
        Some(&json!({"a": [1]}))
    );
    assert_eq!(key.to_value(), json);
    for name in ["kty", "crv", "x", "y", "d", "n", "k", "oth"] {
        assert_eq!(
            key.clone().with_member(name, "AA".into()).to_value(),
            json,
            "{name}"
        );
        assert_eq!(key.clone().without_member(name).to_value(), json, "{name}");
    }
    assert_eq!(
        key.without_member("https://example.org/x")
            .member("https://example.org/x"),
        None
    );
}

#[test]
fn texts_that_are_not_strict_json_objects_are_refused() {
    let twice = br#"{"kty":"oct","k":"AAAA","k":"AAAA"}"#;
    assert!(matches!(
        Jwk::from_slice(twice).unwrap_err(),
        JwkError::Json(StrictJsonError::DuplicateName { .. })
    ));
    for text in ["", "{", "{} {}", r#"{"kty":"oct","k":"AAAA"},"#] {
        assert!(matches!(
            Jwk::from_slice(text.as_bytes()).unwrap_err(),
            JwkError::Json(_)
        ));
    }
    assert_eq!(Jwk::from_slice(b"[]").unwrap_err(), JwkError::NotAnObject);
    let large = format!(
        r#"{{"kty":"oct","k":"AAAA","x":"{}"}}"#,
        "a".repeat(MAX_JWK_SIZE)
    );
    let refused = Jwk::from_slice(large.as_bytes()).unwrap_err();
    assert_eq!(refused, JwkError::TooLarge { max: MAX_JWK_SIZE });
}

#[test]
fn members_around_the_key_have_their_types() {
    let json = key(KeyType::P256).to_value();
    for (name, value) in [
        ("kid", json!(1)),
        ("alg", json!(null)),
        ("use", json!(["sig"])),
        ("x5t#S256", json!(true)),
        ("key_ops", json!("sign")),
        ("key_ops", json!(["sign", 1])),
        ("key_ops", json!(["sign", "sign"])),
        ("x5c", json!("AA==")),
        ("x5c", json!([])),
        ("x5c", json!(["AA", "AA=="])),
        ("x5c", json!(["AB=="])),
    ] {
        let refused = error(with(json.clone(), name, value.clone()));
        assert!(
            matches!(&refused, JwkError::Member(member) if member.name() == name),
            "{value}"
        );
    }
    let chain = vec![vec![1, 2], vec![3]];
    let certified = Jwk::from_value(json).unwrap().with_x5c(&chain);
    assert_eq!(certified.x5c(), Ok(Some(chain)));
    assert!(certified.with_member("x5c", json!(1)).x5c().is_err());
}

#[test]
fn key_ops_of_the_counterpart() {
    let ops = json!(["sign", "verify", "unwrapKey", "decrypt", "deriveKey"]);
    let key = key(KeyType::P256).with_member("key_ops", ops);
    let public = key.public();
    assert_eq!(
        public.key_ops(),
        Some(vec!["verify", "wrapKey", "encrypt", "deriveKey"])
    );
    assert_eq!(
        key.to_value()["key_ops"],
        json!(["verify", "wrapKey", "encrypt", "deriveKey"])
    );
}

#[test]
fn permission_needs_every_member_to_agree() {
    let key = key(KeyType::P256);
    let verify = |key: &Jwk| key.permits(Operation::Verify, &["ES256"]);
    assert_eq!(verify(&key), Ok(()));
    let full = key
        .with_member("use", "sig".into())
        .with_member("key_ops", json!(["verify"]))
        .with_member("alg", "ES256".into());
    assert_eq!(verify(&full), Ok(()));
    assert_eq!(
        full.permits(Operation::Sign, &["ES256"]),
        Err(KeyUseError::KeyOps)
    );
    assert_eq!(
        full.permits(Operation::Verify, &["ES384"]),
        Err(KeyUseError::Alg)
    );
    assert_eq!(
        full.permits(Operation::DeriveKey, &["ES256"]),
        Err(KeyUseError::Use)
    );
    assert_eq!(
        verify(&full.clone().with_member("key_ops", json!("verify"))),
        Err(KeyUseError::KeyOps)
    );
    assert_eq!(
        verify(&full.with_member("alg", json!(["ES256"]))),
        Err(KeyUseError::Alg)
    );
}

#[test]
fn sets_are_read_whole_or_not_at_all() {
    let keys = [key(KeyType::P256), key(KeyType::Ed25519)].map(Jwk::with_thumbprint_kid);
    let set = JwkSet::new(keys.to_vec());
    let text = set.to_value().to_string();
    let read = JwkSet::from_slice(text.as_bytes(), text.len()).unwrap();
    assert_eq!(read.to_value(), set.to_value());
    assert_eq!(read.keys().len(), 2);
    assert!(read.into_keys().iter().all(|key| !key.is_private()));

    let refuse = |json: &Value| JwkSet::from_slice(json.to_string().as_bytes(), 4096).unwrap_err();
    let mut bad = set.to_value();
    bad["keys"]
        .as_array_mut()
        .unwrap()
        .push(json!({"kty": "unknown"}));
    assert_eq!(refuse(&bad), JwkError::UnsupportedKeyType);
    assert_eq!(refuse(&json!({})), JwkError::Missing("keys"));
    assert_eq!(refuse(&json!([])), JwkError::NotAnObject);
    assert!(matches!(refuse(&json!({"keys": {}})), JwkError::Member(_)));
    let refused = JwkSet::from_slice(text.as_bytes(), text.len() - 1).unwrap_err();
    assert_eq!(
        refused,
        JwkError::TooLarge {
            max: text.len() - 1
        }
    );
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in "\\PC{0,200}") {
        let _ = Jwk::from_slice(text.as_bytes());
        let _ = Jwk::from_pem(&text);
        let _ = JwkSet::from_slice(text.as_bytes(), 200);
    }

    #[test]
    fn any_members_are_read_without_panic_and_written_the_same(
        kty in "(EC|OKP|RSA|oct)",
        crv in "(P-256|P-384|P-521|Ed25519|X25519|x)",
        numbers in proptest::collection::hash_map(
            "(x|y|d|n|e|k|p|q)",
            proptest::collection::vec(any::<u8>(), 0..70),
            0..5,
        ),
    ) {
        let mut json = json!({"kty": kty, "crv": crv});
        for (name, bytes) in numbers {
            json[name] = base64url::encode(&bytes).into();
        }
        if let Ok(key) = Jwk::from_value(json.clone()) {
            prop_assert_eq!(json_of(&key), json);
        }
    }
}
