use kleis_jose::KeyType;
use kleis_types::SeededRandom;
use proptest::prelude::*;

use super::*;
use crate::ca::IdentityRequest;
use crate::csr::Csr;
use crate::oid;
use crate::serial::SerialNumber;
use crate::tbs::Extension;
use crate::test_support::{
    Draft, INSTALLATION, Installation, NOW, YEAR, identity, key, leaf, request, signed_by,
};

fn verify(chain: &[Vec<u8>], at: Timestamp) -> Result<VerifiedIdentity, ChainError> {
    INSTALLATION.anchors.verify_identity(chain, at)
}

#[test]
fn a_chain_proves_its_identity() {
    let leaf = leaf();
    let verified = verify(&INSTALLATION.chain(&leaf), NOW).unwrap();
    assert_eq!(verified.certificate(), &leaf);
    assert_eq!(
        verified.identity(),
        &identity(&["NIHII:18749704", "SSIN:85073003328"])
    );
    assert_eq!(
        verified.clone().into_parts(),
        (leaf, verified.identity().clone())
    );
}

#[test]
fn times_hold_with_the_leeway_and_in_the_past() {
    let chain = INSTALLATION.chain(&leaf());
    let end = NOW.plus_seconds(YEAR - 1);
    for good in [
        NOW.plus_seconds(-60),
        NOW,
        NOW.plus_seconds(99),
        end,
        end.plus_seconds(60),
    ] {
        assert!(verify(&chain, good).is_ok(), "{good}");
    }
    for early in [
        NOW.plus_seconds(-61),
        Timestamp::from_unix(0),
        Timestamp::from_unix(i64::MIN),
    ] {
        assert_eq!(
            verify(&chain, early),
            Err(ChainError::NotYetValid),
            "{early}"
        );
    }
    for late in [end.plus_seconds(61), Timestamp::from_unix(i64::MAX)] {
        assert_eq!(verify(&chain, late), Err(ChainError::Expired), "{late}");
    }
}

#[test]
fn a_chain_is_leaf_and_issuing_ca() {
    let leaf = leaf();
    let chain = INSTALLATION.chain(&leaf);
    let root = INSTALLATION.material.root().certificate().der().to_vec();
    let issuing = chain[1].clone();
    for wrong in [
        vec![],
        vec![chain[0].clone()],
        vec![chain[0].clone(), issuing.clone(), root.clone()],
    ] {
        assert_eq!(verify(&wrong, NOW), Err(ChainError::Length));
    }
    for wrong in [
        vec![issuing.clone(), chain[0].clone()],
        vec![chain[0].clone(), chain[0].clone()],
        vec![issuing.clone(), root.clone()],
        vec![chain[0].clone(), root.clone()],
        vec![issuing, chain[1].clone()],
    ] {
        let refused = verify(&wrong, NOW).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::CertificateInvalid, "{refused:?}");
    }
}

#[test]
fn another_installations_chain_ends_elsewhere() {
    let other = Installation::new(2);
    let csr = Csr::create(&key(KeyType::P256)).unwrap();
    let identity = identity(&["CBE:0809394427"]);
    let foreign = other.ca.issue_identity(&request(&csr, &identity)).unwrap();
    let chain = other.chain(&foreign);
    assert_eq!(verify(&chain, NOW), Err(ChainError::UnknownRoot));
    assert!(other.anchors.verify_identity(&chain, NOW).is_ok());
    let mixed = vec![
        foreign.der().to_vec(),
        INSTALLATION.chain(&leaf())[1].clone(),
    ];
    assert!(verify(&mixed, NOW).is_err());
}

#[test]
fn a_ca_of_the_same_name_with_another_key_is_no_ca() {
    // Same installation id, hence same names; other keys.
    let impostor = kleis_types::SeededRandom::new(3);
    let material = crate::CaMaterial::generate(&INSTALLATION.id, NOW, &impostor).unwrap();
    let fake = material.intermediate();
    let ca = crate::IssuingCa::new(fake.certificate().der(), fake.key_pkcs8()).unwrap();
    let csr = Csr::create(&key(KeyType::P256)).unwrap();
    let identity = identity(&["CBE:0809394427"]);
    let forged = ca
        .issue_identity(&request(&csr, &identity))
        .unwrap()
        .der()
        .to_vec();
    let under_fake = vec![forged.clone(), fake.certificate().der().to_vec()];
    assert_eq!(verify(&under_fake, NOW), Err(ChainError::Signature));
    let under_real = vec![forged, INSTALLATION.ca.chain_certificate().der().to_vec()];
    assert_eq!(verify(&under_real, NOW), Err(ChainError::Signature));
}

#[test]
fn server_certificates_are_no_identities() {
    let spki = key(KeyType::P256).to_spki_der().unwrap();
    let names = ["edge.example".to_owned()];
    let serial = SerialNumber::random(&SeededRandom::new(4));
    let until = NOW.plus_seconds(YEAR);
    let server = INSTALLATION
        .ca
        .issue_server(&spki, &names, &[], NOW, until, &serial)
        .unwrap();
    assert_eq!(
        verify(&INSTALLATION.chain(&server), NOW),
        Err(ChainError::Usage)
    );
}

#[test]
fn a_ca_that_strays_from_the_profile_is_not_believed() {
    let issuing = INSTALLATION.material.intermediate();
    let sign = |draft: &Draft| {
        let leaf = signed_by(issuing, &draft.tbs());
        verify(&[leaf, issuing.certificate().der().to_vec()], NOW)
    };
    assert!(sign(&Draft::good()).is_ok());
    let mut foreign = Draft::good();
    // certificatePolicies
    foreign
        .extensions
        .push(Extension::new(&[0x55, 0x1d, 0x20], false, [0x30, 0x00]));
    let outside = ChainError::Profile(ProfileViolation::ForeignExtension);
    assert_eq!(sign(&foreign), Err(outside));
    let mut unnamed = Draft::good();
    unnamed.subject = vec![0x30, 0x00];
    assert_eq!(
        sign(&unnamed),
        Err(ChainError::Profile(ProfileViolation::Subject))
    );
    let mut eternal = Draft::good();
    eternal.not_after = issuing.certificate().not_after();
    assert_eq!(
        sign(&eternal),
        Err(ChainError::Profile(ProfileViolation::TooLongLived))
    );
}

#[test]
fn a_leaf_directly_under_the_root_is_refused() {
    let root = INSTALLATION.material.root();
    let leaf = signed_by(root, &Draft::under(root.certificate()).tbs());
    let issuing = INSTALLATION.ca.chain_certificate().der().to_vec();
    assert_eq!(verify(&[leaf, issuing], NOW), Err(ChainError::Path));
}

#[test]
fn an_issuing_ca_outside_its_profile_is_refused() {
    let root = INSTALLATION.material.root();
    let key = INSTALLATION.material.intermediate().key_pkcs8();
    let ca = |value: &[u8], purposes: &[u8]| {
        let mut draft = Draft::under(root.certificate());
        draft.subject = INSTALLATION
            .ca
            .chain_certificate()
            .as_issuer()
            .subject_der
            .to_vec();
        draft.set_key(INSTALLATION.ca.chain_certificate().spki_der().to_vec());
        draft
            .extensions
            .retain(|it| it.oid != oid::SUBJECT_ALT_NAME);
        draft.set(Extension::new(
            oid::KEY_USAGE,
            true,
            profile::CERT_AND_CRL_SIGN,
        ));
        draft.set(Extension::new(oid::BASIC_CONSTRAINTS, true, value));
        draft.set(Extension::new(oid::EXTENDED_KEY_USAGE, false, purposes));
        signed_by(root, &draft.tbs())
    };
    let verdict = |issuing: Vec<u8>| {
        let leaf = signed_by(INSTALLATION.material.intermediate(), &Draft::good().tbs());
        verify(&[leaf, issuing], NOW).map(|_| ())
    };
    let both = profile::CLIENT_AND_SERVER_AUTH;
    let good = ca(&[0x30, 0x06, 0x01, 0x01, 0xff, 0x02, 0x01, 0x00], both);
    assert!(crate::IssuingCa::new(&good, key).is_ok());
    assert_eq!(verdict(good), Ok(()));
    let unlimited = ca(&[0x30, 0x03, 0x01, 0x01, 0xff], both);
    let why = ProfileViolation::Extension("basicConstraints");
    assert_eq!(verdict(unlimited), Err(ChainError::Profile(why)));
    let client = ca(
        &[0x30, 0x06, 0x01, 0x01, 0xff, 0x02, 0x01, 0x00],
        profile::CLIENT_AUTH,
    );
    let why = ProfileViolation::Extension("extendedKeyUsage");
    assert_eq!(verdict(client), Err(ChainError::Profile(why)));
    let none = ca(profile::NOT_A_CA, both);
    assert!(verdict(none).is_err());
}

#[test]
fn every_bit_of_the_leaf_counts() {
    let chain = INSTALLATION.chain(&leaf());
    // The signature alone is random; stepping by a prime keeps the test short and meets all fields.
    for at in (0..chain[0].len() * 8).step_by(7) {
        let mut changed = chain.clone();
        changed[0][at / 8] ^= 1 << (at % 8);
        assert!(verify(&changed, NOW).is_err(), "bit {at}");
    }
    for length in (0..chain[0].len()).step_by(11) {
        let cut = vec![chain[0][..length].to_vec(), chain[1].clone()];
        assert!(verify(&cut, NOW).is_err(), "cut to {length}");
    }
}

#[test]
fn anchors_are_roots_and_nothing_else() {
    let root = INSTALLATION.material.root().certificate();
    let pinned = TrustAnchors::from_ders(vec![root.der().to_vec()]).unwrap();
    assert_eq!(pinned.roots(), std::slice::from_ref(root));
    assert_eq!(
        TrustAnchors::from_ders(vec![]).unwrap_err(),
        AnchorError::Empty
    );
    let chain = INSTALLATION.chain(&leaf());
    for der in &chain {
        let refused = TrustAnchors::from_ders(vec![der.clone()]).unwrap_err();
        assert!(matches!(refused, AnchorError::Profile(_)), "{refused:?}");
    }
    let mut unsigned = root.der().to_vec();
    *unsigned.last_mut().unwrap() ^= 1;
    let refused = TrustAnchors::from_ders(vec![unsigned]).unwrap_err();
    assert_eq!(refused, AnchorError::NotSelfSigned);
    let refused = TrustAnchors::from_ders(vec![vec![0x30; 9]]).unwrap_err();
    assert!(matches!(refused, AnchorError::Certificate(_)));
}

#[test]
fn several_roots_may_be_pinned() {
    let other = Installation::new(2);
    let roots = [&*INSTALLATION, &other].map(|it| it.material.root().certificate().der().to_vec());
    let both = TrustAnchors::from_ders(roots.to_vec()).unwrap();
    let csr = Csr::create(&key(KeyType::P256)).unwrap();
    let identity = identity(&["CBE:0809394427"]);
    for installation in [&*INSTALLATION, &other] {
        let leaf = installation
            .ca
            .issue_identity(&request(&csr, &identity))
            .unwrap();
        assert!(
            both.verify_identity(&installation.chain(&leaf), NOW)
                .is_ok()
        );
    }
}

#[test]
fn services_verify_like_everyone() {
    let csr = Csr::create(&key(KeyType::P384)).unwrap();
    let identity = identity(&["SERVICE:status"]);
    let request = IdentityRequest {
        name: "Kleis status",
        ..request(&csr, &identity)
    };
    let leaf = INSTALLATION.ca.issue_identity(&request).unwrap();
    let verified = verify(&INSTALLATION.chain(&leaf), NOW).unwrap();
    assert_eq!(verified.identity(), &identity);
}

#[test]
fn codes_tell_expiry_from_the_rest() {
    assert_eq!(ChainError::Expired.code(), ErrorCode::CertificateExpired);
    assert_eq!(
        ChainError::NotYetValid.code(),
        ErrorCode::CertificateInvalid
    );
}

proptest! {
    #[test]
    fn never_panics_and_never_believes_a_changed_chain(
        which in 0_usize..2,
        at in any::<prop::sample::Index>(),
        cut in 0_usize..6,
        insert in proptest::collection::vec(any::<u8>(), 0..6),
        when in any::<i64>(),
    ) {
        let good = INSTALLATION.chain(&leaf());
        let mut chain = good.clone();
        let at = at.index(chain[which].len());
        let end = (at + cut).min(chain[which].len());
        chain[which].splice(at..end, insert);
        prop_assert!(chain == good || verify(&chain, NOW).is_err());
        let _ = verify(&chain, Timestamp::from_unix(when));
    }
}
