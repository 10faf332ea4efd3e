use kleis_jose::{JwkError, KeyType};
use kleis_types::{Category, ErrorCode, Problem, SeededRandom};
use proptest::prelude::*;

use super::*;
use crate::key_policy::KeyPolicyError;
use crate::test_support::{identifier, key};
use crate::{oid, profile};

/// A request whose attributes are these bytes, properly signed with a P-384 key.
fn with_attributes(attributes: &[u8]) -> Vec<u8> {
    use rcgen::{PublicKeyData as _, SigningKey as _};
    let pkcs8 = key(KeyType::P384).to_pkcs8_der().unwrap();
    let pair = rcgen::KeyPair::try_from(pkcs8.expose()).unwrap();
    let info = yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_u8(0);
            writer.next().write_der(&[0x30, 0x00]);
            writer.next().write_der(&pair.subject_public_key_info());
            writer
                .next()
                .write_tagged_implicit(yasna::Tag::context(0), |writer| {
                    writer.write_set(|writer| {
                        if !attributes.is_empty() {
                            writer.next().write_der(attributes);
                        }
                    });
                });
        });
    });
    let signature = pair.sign(&info).unwrap();
    crate::tbs::assemble(&info, &signature)
}

/// An extensionRequest attribute around these extensions.
fn extension_request(extensions: &[(&[u8], bool, &[u8])]) -> Vec<u8> {
    yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            oid::write(writer.next(), oid::EXTENSION_REQUEST);
            writer.next().write_set(|writer| {
                writer.next().write_sequence(|writer| {
                    for (kind, critical, value) in extensions {
                        writer.next().write_sequence(|writer| {
                            oid::write(writer.next(), kind);
                            if *critical {
                                writer.next().write_bool(true);
                            }
                            writer.next().write_bytes(value);
                        });
                    }
                });
            });
        });
    })
}

#[test]
fn takes_every_key_type_it_makes_a_request_for() {
    for key_type in [
        KeyType::P256,
        KeyType::P384,
        KeyType::Ed25519,
        KeyType::Rsa { bits: 2048 },
    ] {
        let private = key(key_type);
        let csr = Csr::create(&private).unwrap();
        assert!(
            csr.public_key().is_same_key(&private.public()),
            "{key_type}"
        );
        assert_eq!(csr.spki_der(), private.to_spki_der().unwrap(), "{key_type}");
        assert_eq!(Csr::parse(csr.der()).unwrap().der(), csr.der());
    }
}

#[test]
fn a_request_can_name_its_registrant() {
    let jane = identifier("SSIN:85073003328");
    let subject = SubjectName::new(&jane, "Jané Doe").unwrap();
    for key_type in [
        KeyType::P256,
        KeyType::P384,
        KeyType::Ed25519,
        KeyType::Rsa { bits: 2048 },
    ] {
        let private = key(key_type);
        let csr = Csr::create_for(&private, &subject).unwrap();
        assert_eq!(csr.registrant_name(&jane).as_deref(), Some("JANE DOE"));
        assert_eq!(csr.check_subject(&subject), Ok(()));
        assert!(csr.public_key().is_same_key(&private.public()));
    }
    let public = key(KeyType::P256).public();
    let refusal = Csr::create_for(&public, &subject).unwrap_err();
    assert_eq!(refusal, CsrError::CannotSign);
}

#[test]
fn makes_no_request_for_keys_that_cannot_have_one() {
    for key_type in [KeyType::P521, KeyType::X25519] {
        assert!(Csr::create(&key(key_type)).is_err(), "{key_type}");
    }
    let public = key(KeyType::P256).public();
    assert_eq!(Csr::create(&public).unwrap_err(), CsrError::CannotSign);
}

#[test]
fn reads_both_labels_of_pem_and_nothing_else() {
    let csr = Csr::create(&key(KeyType::P256)).unwrap();
    let block = |label: &str| pem::encode(&pem::Pem::new(label, csr.der()));
    for label in ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"] {
        assert_eq!(
            Csr::parse(block(label).as_bytes()).unwrap().der(),
            csr.der()
        );
    }
    assert_eq!(
        Csr::parse(csr.to_pem().as_bytes()).unwrap().der(),
        csr.der()
    );
    let twice = block("CERTIFICATE REQUEST").repeat(2);
    for refused in [
        block("CERTIFICATE"),
        block("PRIVATE KEY"),
        twice,
        "-----BEGIN ".to_owned(),
    ] {
        assert_eq!(Csr::parse(refused.as_bytes()).unwrap_err(), CsrError::Pem);
    }
}

#[test]
fn refuses_what_is_too_large_before_it_looks_inside() {
    assert_eq!(
        Csr::parse(&vec![0x30; MAX_CSR + 1]).unwrap_err(),
        CsrError::TooLarge
    );
    assert!(matches!(
        Csr::parse(&vec![0x30; MAX_CSR]).unwrap_err(),
        CsrError::Der(_)
    ));
    assert_eq!(
        Csr::parse(&[]).unwrap_err(),
        CsrError::Der(DerError::Truncated)
    );
}

#[test]
fn refuses_trailing_bytes_and_other_structures() {
    let csr = Csr::create(&key(KeyType::P256)).unwrap();
    let longer = [csr.der(), &[0]].concat();
    assert_eq!(
        Csr::parse(&longer).unwrap_err(),
        CsrError::Der(DerError::TrailingData)
    );
    assert_eq!(
        Csr::parse(&[0x30, 0]).unwrap_err(),
        CsrError::Der(DerError::Structure)
    );
    let spki = csr.spki_der();
    assert_eq!(
        Csr::parse(spki).unwrap_err(),
        CsrError::Der(DerError::Structure)
    );
}

#[test]
fn every_single_bit_counts() {
    let csr = Csr::create(&key(KeyType::P256)).unwrap();
    for at in 0..csr.der().len() * 8 {
        let mut changed = csr.der().to_vec();
        changed[at / 8] ^= 1 << (at % 8);
        assert!(Csr::parse(&changed).is_err(), "bit {at}");
    }
    for length in 0..csr.der().len() {
        assert!(Csr::parse(&csr.der()[..length]).is_err(), "cut to {length}");
    }
}

#[test]
fn a_key_that_did_not_sign_is_not_possessed() {
    let own = Csr::create(&key(KeyType::P256)).unwrap();
    let other = Jwk::generate(KeyType::P256, &SeededRandom::new(77)).unwrap();
    let foreign = other.to_spki_der().unwrap();
    let at = own
        .der()
        .windows(foreign.len())
        .position(|it| it == own.spki_der())
        .unwrap();
    let mut changed = own.der().to_vec();
    changed[at..at + foreign.len()].copy_from_slice(&foreign);
    assert_eq!(
        Csr::parse(&changed).unwrap_err(),
        CsrError::SignatureInvalid
    );
}

#[test]
fn a_point_of_another_curve_is_refused() {
    let csr = Csr::create(&key(KeyType::P256)).unwrap();
    let p256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    let at = csr.der().windows(8).position(|it| it == p256).unwrap();
    let mut changed = csr.der().to_vec();
    // prime192v1
    changed[at + 7] = 0x01;
    let refused = Csr::parse(&changed).unwrap_err();
    assert_eq!(refused, CsrError::Key(JwkError::UnsupportedCurve));
    assert_eq!(refused.code(), ErrorCode::KeyAlgorithmUnsupported);
}

#[test]
fn a_point_off_its_curve_is_refused() {
    for kind in [KeyType::P256, KeyType::P384] {
        let csr = Csr::create(&key(kind)).unwrap();
        let point = Spki::parse(csr.spki_der()).unwrap().key.to_vec();
        let at = csr.der().windows(point.len()).position(|it| it == point);
        // The last bit of the ordinate: no other point has this abscissa and nearly this ordinate.
        let mut changed = csr.der().to_vec();
        changed[at.unwrap() + point.len() - 1] ^= 1;
        let refused = Csr::parse(&changed).unwrap_err();
        assert_eq!(refused, CsrError::Key(JwkError::InvalidPoint));
        assert_eq!(refused.code(), ErrorCode::KeyWeak);
        // A compressed point is another encoding of a good one.
        let mut short = csr.der().to_vec();
        short[at.unwrap()] = 0x02;
        assert!(Csr::parse(&short).is_err());
    }
}

#[test]
fn no_attribute_is_needed_and_those_of_the_profile_are_tolerated() {
    let profile_extensions = [
        (oid::KEY_USAGE, true, profile::DIGITAL_SIGNATURE),
        (oid::EXTENDED_KEY_USAGE, false, profile::CLIENT_AUTH),
        (oid::BASIC_CONSTRAINTS, true, profile::NOT_A_CA),
    ];
    assert!(Csr::parse(&with_attributes(&[])).is_ok());
    assert!(Csr::parse(&with_attributes(&extension_request(&profile_extensions))).is_ok());
}

#[test]
fn refuses_extensions_outside_the_profile() {
    let san = alt_name_value();
    let ca = &[0x30, 0x03, 0x01, 0x01, 0xff][..];
    for (kind, value, dotted) in [
        (oid::SUBJECT_ALT_NAME, &san[..], "2.5.29.17"),
        (oid::BASIC_CONSTRAINTS, ca, "2.5.29.19"),
        (oid::KEY_USAGE, profile::CERT_AND_CRL_SIGN, "2.5.29.15"),
        (oid::KEY_USAGE, &[0x03, 0x02, 0x06, 0xc0], "2.5.29.15"),
        (oid::EXTENDED_KEY_USAGE, profile::SERVER_AUTH, "2.5.29.37"),
        (
            oid::EXTENDED_KEY_USAGE,
            profile::CLIENT_AND_SERVER_AUTH,
            "2.5.29.37",
        ),
        (oid::SUBJECT_KEY_IDENTIFIER, &[0x04, 0x00], "2.5.29.14"),
    ] {
        let der = with_attributes(&extension_request(&[(kind, false, value)]));
        let forbidden = CsrError::ExtensionForbidden {
            oid: dotted.to_owned(),
        };
        assert_eq!(Csr::parse(&der).unwrap_err(), forbidden);
    }
    let twice = [(oid::KEY_USAGE, true, profile::DIGITAL_SIGNATURE); 2];
    let der = with_attributes(&extension_request(&twice));
    assert!(matches!(
        Csr::parse(&der).unwrap_err(),
        CsrError::ExtensionForbidden { .. }
    ));
    let none = with_attributes(&extension_request(&[]));
    assert_eq!(
        Csr::parse(&none).unwrap_err(),
        CsrError::Der(DerError::Structure)
    );
}

fn alt_name_value() -> Vec<u8> {
    crate::alt_names::to_der(&[crate::alt_names::AltName::Uri(
        "urn:kleis:id:CBE:0809394427".to_owned(),
    )])
}

#[test]
fn refuses_other_attributes() {
    // challengePassword, 1.2.840.113549.1.9.7
    let password = b"\x30\x10\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x07\x31\x03\x0c\x01x";
    let refused = CsrError::AttributeForbidden {
        oid: "1.2.840.113549.1.9.7".to_owned(),
    };
    assert_eq!(Csr::parse(&with_attributes(password)).unwrap_err(), refused);
    let one = extension_request(&[(oid::KEY_USAGE, true, profile::DIGITAL_SIGNATURE)]);
    let twice = Csr::parse(&with_attributes(&[&one[..], &one].concat())).unwrap_err();
    assert!(
        matches!(twice, CsrError::AttributeForbidden { .. }),
        "{twice:?}"
    );
}

#[test]
fn the_subject_is_empty_or_ours() {
    let csr = Csr::create(&key(KeyType::P256)).unwrap();
    let subject = SubjectName::new(&identifier("CBE:0809394427"), "Name").unwrap();
    assert_eq!(csr.check_subject(&subject), Ok(()));
    let named = Csr {
        subject: subject.as_name().clone(),
        ..csr
    };
    assert_eq!(named.check_subject(&subject), Ok(()));
    for other in [("CBE:0809394427", "Other"), ("CBE:0809394427/APP", "Name")] {
        let other = SubjectName::new(&identifier(other.0), other.1).unwrap();
        assert_eq!(named.check_subject(&other), Err(CsrError::SubjectMismatch));
    }
}

#[test]
fn the_name_is_read_from_a_subject_of_ours_alone() {
    let csr = Csr::create(&key(KeyType::P256)).unwrap();
    let jane = identifier("SSIN:85073003328");
    assert_eq!(csr.registrant_name(&jane), None);
    let subject = SubjectName::new(&jane, "Doe Jané").unwrap();
    let named = Csr {
        subject: subject.as_name().clone(),
        ..csr
    };
    assert_eq!(named.registrant_name(&jane).as_deref(), Some("DOE JANE"));
    assert_eq!(named.registrant_name(&identifier("SSIN:93051822361")), None);
}

#[test]
fn every_refusal_is_the_senders_fault_and_has_its_code() {
    let error = CsrError::Key(JwkError::InvalidRsa("short"));
    assert_eq!(error.code(), ErrorCode::KeyWeak);
    let error = CsrError::KeyPolicy(KeyPolicyError::Unsupported);
    assert_eq!(error.code(), ErrorCode::KeyAlgorithmUnsupported);
    assert_eq!(CsrError::TooLarge.code(), ErrorCode::RequestTooLarge);
    let problem = Problem::from(CsrError::SignatureInvalid);
    assert_eq!(problem.code(), ErrorCode::CsrSignatureInvalid);
    assert_eq!(problem.category(), Category::InvalidArgument);
    assert_eq!(problem.field(), Some("csr"));
}

proptest! {
    #[test]
    fn never_panics_on_noise(input in proptest::collection::vec(any::<u8>(), 0..500)) {
        prop_assert!(Csr::parse(&input).is_err());
    }

    #[test]
    fn never_panics_on_changed_requests(
        at in 0_usize..1000,
        cut in 0_usize..8,
        insert in proptest::collection::vec(any::<u8>(), 0..8),
    ) {
        let good = with_attributes(&[]);
        let at = at % good.len();
        let mut changed = good.clone();
        changed.splice(at..(at + cut).min(good.len()), insert);
        prop_assert!(changed == good || Csr::parse(&changed).is_err());
    }
}
