use super::*;
use crate::{Jwk, KeyType, SignatureAlgorithm};
use kleis_types::{SeededRandom, base64url};
use serde_json::{Value, json};

const SIGNING: [KeyType; 5] = [
    KeyType::P256,
    KeyType::P384,
    KeyType::P521,
    KeyType::Ed25519,
    KeyType::Rsa { bits: 2048 },
];

fn key(key_type: KeyType) -> Jwk {
    Jwk::generate(key_type, &SeededRandom::new(7)).unwrap()
}

/// A token with this header and a signature by nobody.
fn unsigned(header: &Value) -> String {
    let header = base64url::encode(header.to_string().as_bytes());
    format!(
        "{header}.{}.{}",
        base64url::encode(b"payload"),
        base64url::encode(&[0; 64])
    )
}

fn parse_error(header: &Value) -> JwsError {
    Compact::parse(&unsigned(header), 1 << 16).unwrap_err()
}

#[test]
fn every_key_type_signs_and_verifies() {
    for key_type in SIGNING {
        let key = key(key_type);
        let header = Header::default().with_typ("test+jwt").with_kid("k");
        let token = sign(&key, &header, b"payload").unwrap();
        let compact = Compact::parse(&token, token.len()).unwrap();
        assert_eq!(compact.header().typ(), Some("test+jwt"));
        assert_eq!(compact.members().collect::<Vec<_>>(), ["alg", "kid", "typ"]);
        assert_eq!(compact.verify(&key.public()).unwrap(), b"payload");

        let other = Jwk::generate(key_type, &SeededRandom::new(8)).unwrap();
        assert_eq!(compact.verify(&other), Err(JwsError::InvalidSignature));
    }
}

#[test]
fn rsa_signs_rs256_when_its_alg_says_so() {
    let key = key(KeyType::Rsa { bits: 2048 });
    let rs256 = key.clone().with_member("alg", "RS256".into());
    let token = sign(&rs256, &Header::default(), b"payload").unwrap();
    let compact = Compact::parse(&token, 4096).unwrap();
    assert_eq!(compact.algorithm(), SignatureAlgorithm::Rs256);
    assert!(compact.verify(&key.public()).is_ok());

    let ps256 = key.public().with_member("alg", "PS256".into());
    assert_eq!(compact.verify(&ps256), Err(KeyUseError::Alg.into()));
}

#[test]
fn unsecured_and_symmetric_algorithms_are_refused_by_name() {
    assert_eq!(parse_error(&json!({"alg": "none"})), JwsError::Unsecured);
    for name in [
        "HS256", "HS384", "HS512", "RS384", "PS512", "ES256K", "None", "",
    ] {
        match parse_error(&json!({"alg": name})) {
            JwsError::Algorithm(error) => assert_eq!(error.name(), name),
            error => panic!("{name}: {error:?}"),
        }
    }
}

#[test]
fn headers_we_do_not_understand_are_refused() {
    let crit = json!({"alg": "ES256", "crit": ["exp"], "exp": 1});
    assert_eq!(parse_error(&crit), JwsError::Critical);
    assert_eq!(
        parse_error(&json!({"alg": "ES256", "crit": []})),
        JwsError::Critical
    );
    let b64 = json!({"alg": "ES256", "b64": false});
    assert_eq!(parse_error(&b64), JwsError::UnencodedPayload);
    for header in [
        json!({}),
        json!({"alg": 1}),
        json!({"alg": "ES256", "typ": 1}),
        json!({"alg": "ES256", "kid": {}}),
        json!({"alg": "ES256", "x5c": []}),
        json!({"alg": "ES256", "x5c": "AA=="}),
        json!({"alg": "ES256", "x5c": ["AA"]}),
        json!({"alg": "ES256", "x5c": ["_w=="]}),
    ] {
        let error = parse_error(&header);
        assert!(matches!(error, JwsError::Member(_)), "{header}: {error:?}");
    }
}

#[test]
fn a_private_or_symmetric_key_in_the_header_is_refused() {
    for key_type in [KeyType::P256, KeyType::Oct { bytes: 32 }] {
        let json = key(key_type).to_private_json();
        let jwk = serde_json::from_slice::<Value>(json.expose()).unwrap();
        let error = parse_error(&json!({"alg": "ES256", "jwk": jwk}));
        assert!(matches!(error, JwsError::HeaderKey(_)), "{error:?}");
    }
}

#[test]
fn duplicate_names_in_the_header_are_refused() {
    let header = base64url::encode(br#"{"alg":"ES256","alg":"none"}"#);
    let error = Compact::parse(&format!("{header}..AA"), 4096).unwrap_err();
    assert!(
        matches!(error, JwsError::Json(StrictJsonError::DuplicateName { .. })),
        "{error:?}"
    );
}

#[test]
fn malformed_tokens_are_refused() {
    let token = sign(&key(KeyType::P256), &Header::default(), b"payload").unwrap();
    assert_eq!(
        Compact::parse(&token, token.len() - 1).unwrap_err(),
        JwsError::TooLarge {
            max: token.len() - 1
        }
    );
    let array = base64url::encode(b"[]");
    for malformed in [
        String::new(),
        "..".to_owned(),
        format!("{token}.AA"),
        format!("{token}="),
        format!(" {token}"),
        token.replacen('.', "", 1),
        format!("{array}.AA.AA"),
    ] {
        let error = Compact::parse(&malformed, 4096).unwrap_err();
        assert!(
            matches!(error, JwsError::Malformed(_) | JwsError::Json(_)),
            "{error:?}"
        );
    }
}

#[test]
fn every_changed_character_of_header_and_payload_is_noticed() {
    let key = key(KeyType::P256);
    let token = sign(&key, &Header::default().with_typ("t"), b"payload").unwrap();
    for index in 0..token.rfind('.').unwrap() {
        let mut changed = token.clone().into_bytes();
        changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        let verified = Compact::parse(&changed, 4096).and_then(|compact| compact.verify(&key));
        assert!(verified.is_err(), "character {index}");
    }
}

#[test]
fn signatures_of_another_length_or_algorithm_are_refused() {
    let key = key(KeyType::P256);
    let token = sign(&key, &Header::default(), b"payload").unwrap();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let signature = base64url::decode(signature).unwrap();
    for wrong in [
        &signature[..63],
        &[&signature[..], &[0]].concat(),
        &[],
        &[0; 64],
    ] {
        let token = format!("{message}.{}", base64url::encode(wrong));
        let compact = Compact::parse(&token, 4096).unwrap();
        assert_eq!(compact.verify(&key), Err(JwsError::InvalidSignature));
    }
    let token = unsigned(&json!({"alg": "EdDSA"}));
    let compact = Compact::parse(&token, 4096).unwrap();
    assert_eq!(
        compact.verify(&key),
        Err(KeyUseError::KeyType(KeyType::P256).into())
    );
}

#[test]
fn keys_are_held_to_their_own_words() {
    let key = key(KeyType::P256);
    let token = sign(&key, &Header::default(), b"payload").unwrap();
    let compact = Compact::parse(&token, 4096).unwrap();
    let cases = [
        ("use", json!("enc"), KeyUseError::Use),
        ("use", json!(7), KeyUseError::Use),
        ("key_ops", json!(["deriveKey"]), KeyUseError::KeyOps),
        ("key_ops", json!([]), KeyUseError::KeyOps),
        ("alg", json!("ES384"), KeyUseError::Alg),
        ("alg", json!("ECDH-ES+A256KW"), KeyUseError::Alg),
    ];
    for (name, value, expected) in cases {
        let key = key.clone().with_member(name, value);
        assert_eq!(sign(&key, &Header::default(), b""), Err(expected.into()));
        assert_eq!(compact.verify(&key), Err(expected.into()));
    }
    let signing = key.clone().with_member("key_ops", json!(["sign"]));
    assert!(sign(&signing, &Header::default(), b"").is_ok());
    assert_eq!(compact.verify(&signing), Err(KeyUseError::KeyOps.into()));
    assert!(compact.verify(&signing.public()).is_ok());
    assert_eq!(
        sign(&key.public(), &Header::default(), b""),
        Err(KeyUseError::NotPrivate.into())
    );
}

#[test]
fn keys_that_cannot_sign_are_refused() {
    for key_type in [KeyType::X25519, KeyType::Oct { bytes: 32 }] {
        let error = sign(&key(key_type), &Header::default(), b"").unwrap_err();
        assert_eq!(error, KeyUseError::KeyType(key_type).into());
    }
}

#[test]
fn reserved_names_cannot_be_slipped_into_the_header() {
    for name in ["alg", "crit", "b64", "zip", "x5c", "jwk", "kid"] {
        let header = Header::default().with_member(name, json!("x"));
        let error = sign(&key(KeyType::P256), &header, b"").unwrap_err();
        assert_eq!(error, JwsError::ReservedMember(name.to_owned()));
    }
}

#[test]
fn header_members_are_read_back() {
    let key = key(KeyType::Ed25519);
    let chain = vec![vec![1, 2, 3], vec![4]];
    let header = Header::default()
        .with_cty("c")
        .with_x5c(chain.clone())
        .with_x5t_s256("t")
        .with_jwk(&key)
        .with_member("recipients", json!(["NIHII:18749704"]));
    let token = sign(&key, &header, b"").unwrap();
    let compact = Compact::parse(&token, 4096).unwrap();
    let read = compact.header();
    assert_eq!((read.cty(), read.x5t_s256()), (Some("c"), Some("t")));
    assert_eq!(read.x5c(), chain);
    assert_eq!(read.member("recipients"), Some(&json!(["NIHII:18749704"])));
    let jwk = read.jwk().unwrap();
    assert!(jwk.is_same_key(&key) && !jwk.is_private());
}

#[test]
fn json_forms_are_verified_by_each_of_their_signers() {
    let (one, two) = (key(KeyType::P256), key(KeyType::Ed25519));
    let header = Header::default().with_kid("k");
    let signers = [&one, &two].map(|key| json::Signer {
        key,
        header: &header,
    });
    for signers in [&signers[..1], &signers] {
        let document = sign_json(signers, b"payload").unwrap();
        for signer in signers {
            let verified = verify_json(document.as_bytes(), signer.key, 4096).unwrap();
            assert_eq!(verified.payload(), b"payload");
            assert_eq!(verified.header().kid(), Some("k"));
            assert!(verified.is_protected("alg") && verified.is_protected("kid"));
        }
    }
    let document = sign_json(&signers, b"payload").unwrap();
    let stranger = Jwk::generate(KeyType::P256, &SeededRandom::new(9)).unwrap();
    let error = verify_json(document.as_bytes(), &stranger, 4096).unwrap_err();
    assert_eq!(error, JwsError::NoSignature);
    assert!(sign_json(&[], b"").is_err());
}

#[test]
fn json_forms_that_are_ambiguous_are_refused() {
    let key = key(KeyType::P256);
    let header = Header::default().with_kid("k");
    let document = sign_json(
        &[json::Signer {
            key: &key,
            header: &header,
        }],
        b"payload",
    )
    .unwrap();
    let document = serde_json::from_str::<Value>(&document).unwrap();
    let verify = |document: &Value| {
        verify_json(document.to_string().as_bytes(), &key, 4096)
            .map(|_| ())
            .unwrap_err()
    };

    let mut twice = document.clone();
    twice["header"] = json!({"kid": "other"});
    assert_eq!(verify(&twice), JwsError::DuplicateMember("kid".to_owned()));

    let mut mixed = document.clone();
    mixed["signatures"] = json!([document]);
    assert!(matches!(verify(&mixed), JwsError::Malformed(_)));

    let mut none = document.clone();
    none["protected"] = base64url::encode(br#"{"alg":"none"}"#).into();
    assert_eq!(verify(&none), JwsError::Unsecured);

    let mut critical = document.clone();
    critical["header"] = json!({"crit": ["x"]});
    assert_eq!(verify(&critical), JwsError::Critical);

    for (name, value) in [
        ("payload", json!(1)),
        ("signature", json!(null)),
        ("protected", json!({})),
    ] {
        let mut wrong = document.clone();
        wrong[name] = value;
        assert!(matches!(verify(&wrong), JwsError::Member(_)), "{name}");
    }
    let text = document.to_string();
    let repeated = text.replacen('{', r#"{"payload":"","#, 1);
    assert!(matches!(
        verify_json(repeated.as_bytes(), &key, 4096),
        Err(JwsError::Json(_))
    ));
    assert!(matches!(
        verify_json(text.as_bytes(), &key, text.len() - 1),
        Err(JwsError::TooLarge { .. })
    ));
}
