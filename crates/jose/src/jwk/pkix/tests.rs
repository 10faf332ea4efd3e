use super::*;
use crate::KeyType;
use crate::der::{CONTEXT_0, CONTEXT_1, OCTET_STRING};
use crate::jwk::pkcs8::write_rsa_private;
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair,
};
use kleis_types::SeededRandom;
use proptest::prelude::*;
use serde_json::Value;

const ASYMMETRIC: [KeyType; 6] = [
    KeyType::Rsa { bits: 2048 },
    KeyType::P256,
    KeyType::P384,
    KeyType::P521,
    KeyType::Ed25519,
    KeyType::X25519,
];

fn key(key_type: KeyType) -> Jwk {
    Jwk::generate(key_type, &SeededRandom::new(6)).unwrap()
}

fn pem(tag: &str, der: &[u8]) -> String {
    ::pem::encode(&::pem::Pem::new(tag, der))
}

#[test]
fn every_key_survives_spki_pkcs8_and_pem() {
    for key_type in ASYMMETRIC {
        let key = key(key_type);
        let spki = key.to_spki_der().unwrap();
        let public = Jwk::from_spki_der(&spki).unwrap();
        assert!(
            !public.is_private() && public.is_same_key(&key),
            "{key_type}"
        );
        assert!(
            Jwk::from_pem(&pem("PUBLIC KEY", &spki))
                .unwrap()
                .is_same_key(&key)
        );

        let pkcs8 = key.to_pkcs8_der().unwrap();
        let private = Jwk::from_pkcs8_der(pkcs8.expose()).unwrap();
        assert_eq!(
            private.to_private_json(),
            key.to_private_json(),
            "{key_type}"
        );
        let private = Jwk::from_pem(&pem("PRIVATE KEY", pkcs8.expose())).unwrap();
        assert_eq!(
            private.to_private_json(),
            key.to_private_json(),
            "{key_type}"
        );
        assert_eq!(key.public().to_pkcs8_der(), Err(JwkError::NotPrivate));
    }
    let oct = key(KeyType::Oct { bytes: 32 });
    assert_eq!(oct.to_spki_der(), Err(JwkError::Symmetric));
    assert_eq!(oct.to_pkcs8_der(), Err(JwkError::Symmetric));
}

#[test]
fn the_provider_reads_our_pkcs8() {
    let pkcs8 = |key_type| key(key_type).to_pkcs8_der().unwrap();
    let algorithm = &ECDSA_P384_SHA384_FIXED_SIGNING;
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8(KeyType::P384).expose()).unwrap();
    let Material::Ec(ours) = key(KeyType::P384).material().clone() else {
        unreachable!()
    };
    assert_eq!(pair.public_key().as_ref(), ours.point());
    assert!(PrivateKey::from_private_key_der(&ECDH_P256, pkcs8(KeyType::P256).expose()).is_ok());
    assert!(Ed25519KeyPair::from_pkcs8(pkcs8(KeyType::Ed25519).expose()).is_ok());
    assert!(
        RsaKeyPair::from_pkcs8(
            key(KeyType::Rsa { bits: 2048 })
                .to_pkcs8_der()
                .unwrap()
                .expose()
        )
        .is_ok()
    );
}

#[test]
fn version_2_with_the_right_public_key_is_read() {
    let seed = [7; 32];
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
    let version_2 = pair.to_pkcs8().unwrap();
    let key = Jwk::from_pkcs8_der(version_2.as_ref()).unwrap();
    assert_eq!(key.key_type(), KeyType::Ed25519);

    let mut spoilt = version_2.as_ref().to_vec();
    let public = Ed25519KeyPair::from_seed_unchecked(&[8; 32]).unwrap();
    let length = spoilt.len();
    spoilt[length - 32..].copy_from_slice(public.public_key().as_ref());
    assert_eq!(
        Jwk::from_pkcs8_der(&spoilt).unwrap_err(),
        JwkError::KeyPairMismatch
    );
}

#[test]
fn sec1_and_pkcs1_are_read() {
    for (key_type, oid) in [
        (KeyType::P256, P256),
        (KeyType::P384, P384),
        (KeyType::P521, P521),
    ] {
        let key = key(key_type);
        let Material::Ec(ec) = key.material() else {
            unreachable!()
        };
        let fields = |oid, point| {
            [
                write_unsigned(&[1]),
                write(OCTET_STRING, &[ec.private().unwrap().expose()]),
                write(CONTEXT_0, &[&write(OID, &[oid])]),
                write(CONTEXT_1, &[&write_bit_string(point)]),
            ]
        };
        let parts = fields(oid, ec.point());
        let whole = write(SEQUENCE, &[&parts[0], &parts[1], &parts[2], &parts[3]]);
        let parameters = pem("EC PARAMETERS", &write(OID, &[oid]));
        for text in [
            pem("EC PRIVATE KEY", &whole),
            parameters + &pem("EC PRIVATE KEY", &whole),
        ] {
            assert_eq!(
                Jwk::from_pem(&text).unwrap().to_private_json(),
                key.to_private_json()
            );
        }
        let lonely = write(SEQUENCE, &[&parts[0], &parts[1], &parts[2]]);
        assert!(
            Jwk::from_pem(&pem("EC PRIVATE KEY", &lonely))
                .unwrap()
                .is_same_key(&key)
        );
        let curveless = write(SEQUENCE, &[&parts[0], &parts[1], &parts[3]]);
        assert_eq!(
            Jwk::from_pem(&pem("EC PRIVATE KEY", &curveless)).unwrap_err(),
            JwkError::Der
        );
    }
    let key = key(KeyType::Rsa { bits: 2048 });
    let Material::Rsa(rsa) = key.material() else {
        unreachable!()
    };
    let text = pem("RSA PRIVATE KEY", &write_rsa_private(rsa).unwrap());
    assert_eq!(
        Jwk::from_pem(&text).unwrap().to_private_json(),
        key.to_private_json()
    );
}

#[test]
fn the_keys_of_openssl_are_read() {
    let text = include_str!("../../../../../tests/vectors/pem/keys.json");
    let vectors = serde_json::from_str::<Value>(text).unwrap();
    for vector in vectors["keys"].as_array().unwrap() {
        let public = Jwk::from_pem(vector["public"].as_str().unwrap()).unwrap();
        assert_eq!(public.key_type().to_string(), vector["type"]);
        for text in vector["private"].as_array().unwrap() {
            let private = Jwk::from_pem(text.as_str().unwrap()).unwrap();
            assert!(private.is_private() && private.is_same_key(&public));
        }
    }
}

#[test]
fn pem_without_exactly_one_key_is_refused() {
    let spki = key(KeyType::P256).to_spki_der().unwrap();
    let one = pem("PUBLIC KEY", &spki);
    for text in [
        String::new(),
        one.clone() + &one,
        pem("CERTIFICATE", &spki),
        pem("ENCRYPTED PRIVATE KEY", &spki),
        pem("EC PARAMETERS", &spki),
        one.replace("-----END", "----END"),
    ] {
        assert_eq!(Jwk::from_pem(&text).unwrap_err(), JwkError::Pem, "{text}");
    }
    assert_eq!(
        Jwk::from_pem(&pem("PRIVATE KEY", &spki)).unwrap_err(),
        JwkError::Der
    );
    let large = "x".repeat(MAX_JWK_SIZE + 1);
    assert_eq!(
        Jwk::from_pem(&large).unwrap_err(),
        JwkError::TooLarge { max: MAX_JWK_SIZE }
    );
}

#[test]
fn other_algorithms_and_encodings_are_refused() {
    let point = key(KeyType::P256).to_spki_der().unwrap()[26..].to_vec();
    let spki = |algorithm: &[&[u8]], key: &[u8]| {
        let algorithm = write(SEQUENCE, algorithm);
        Jwk::from_spki_der(&write(SEQUENCE, &[&algorithm, &write_bit_string(key)])).unwrap_err()
    };
    let ec = write(OID, &[EC_PUBLIC_KEY]);
    let rsa = write(OID, &[RSA_ENCRYPTION]);
    let secp256k1 = write(OID, &[&[0x2b, 0x81, 0x04, 0x00, 0x0a]]);
    let ed448 = write(OID, &[&[0x2b, 0x65, 0x71]]);
    assert_eq!(spki(&[&ec, &secp256k1], &point), JwkError::UnsupportedCurve);
    assert_eq!(spki(&[&ed448], &point), JwkError::UnsupportedKeyType);
    assert_eq!(spki(&[&ec], &point), JwkError::Der);
    assert_eq!(spki(&[&rsa], &point), JwkError::Der);
    let p256 = write(OID, &[P256]);
    assert_eq!(spki(&[&ec, &p256, &p256], &point), JwkError::Der);
    let compressed = [&[2], &point[1..33]].concat();
    assert_eq!(spki(&[&ec, &p256], &compressed), JwkError::InvalidPoint);
    let ed25519 = write(OID, &[ED25519]);
    let null = write(der::NULL, &[]);
    assert_eq!(spki(&[&ed25519, &null], &[9; 32]), JwkError::Der);
}

proptest! {
    #[test]
    fn no_changed_byte_is_overlooked(index in 0_usize..91, bit in 0_u8..8) {
        let key = key(KeyType::P256);
        let mut spki = key.to_spki_der().unwrap();
        spki[index] ^= 1 << bit;
        if let Ok(read) = Jwk::from_spki_der(&spki) {
            prop_assert!(!read.is_same_key(&key));
            prop_assert_eq!(read.to_spki_der().unwrap(), spki);
        }
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        let _ = Jwk::from_spki_der(&bytes);
        let _ = Jwk::from_pkcs8_der(&bytes);
        let _ = Jwk::from_sec1_der(&bytes);
        let _ = Jwk::from_pkcs1_der(&bytes);
    }
}
