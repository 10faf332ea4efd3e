use kleis_jose::{JwkSet, KeyType};
use kleis_types::Identifier;

use super::*;
use crate::{
    SignerError, VerifiedSigner, recipient::verify_signature_key, status::Status, test_util::World,
};

fn check(
    world: &World,
    set: &JwkSet,
    wanted: &str,
    kid: &str,
) -> Result<VerifiedSigner, RecipientError> {
    let wanted: Identifier = wanted.parse().unwrap();
    let status = world.status_list();
    verify_signature_key(set, &wanted, kid, world.anchors(), &status, world.now())
}

const CLINIC: &str = "CBE:0123456749/EHR";

#[test]
fn a_signature_key_needs_no_encryption_key_beside_it() {
    let mut world = World::new(1);
    let clinic = world.register(CLINIC, "main");
    let kid = clinic.signer().public_key().thumbprint();
    let alone = JwkSet::new(vec![clinic.signature_jwk()]);
    for set in [alone, World::set(&[&clinic])] {
        let signer = check(&world, &set, CLINIC, kid.as_str()).unwrap();
        assert_eq!(signer.certificate(), clinic.signer().certificate());
    }
}

#[test]
fn keys_that_are_not_there_or_not_for_signatures_are_missing() {
    let mut world = World::new(1);
    let clinic = world.register(CLINIC, "main");
    let set = World::set(&[&clinic]);
    let encryption = clinic.key().thumbprint();
    for kid in ["", "x", encryption.as_str()] {
        let refused = check(&world, &set, CLINIC, kid).unwrap_err();
        assert_eq!(refused, RecipientError::SignatureKeyMissing, "{kid}");
    }
}

#[test]
fn somebody_elses_key_is_refused() {
    let mut world = World::new(1);
    let clinic = world.register(CLINIC, "main");
    let kid = clinic.signer().public_key().thumbprint();
    let set = World::set(&[&clinic]);
    for (wanted, refusal) in [
        ("CBE:0888888895", RecipientError::WrongRecipient),
        ("CBE:0123456749", RecipientError::WrongApplication),
        ("CBE:0123456749/LAB", RecipientError::WrongApplication),
    ] {
        let refused = check(&world, &set, wanted, kid.as_str()).unwrap_err();
        assert_eq!(refused, refusal, "{wanted}");
    }
}

#[test]
fn a_key_that_is_not_its_certificates_is_refused() {
    let mut world = World::new(1);
    let clinic = world.register(CLINIC, "main");
    let thief = world.key(KeyType::P256);
    let published = clinic.signature_jwk();
    let forged = ["use", "alg", "x5c", "x5t#S256"]
        .into_iter()
        .fold(thief.public().with_thumbprint_kid(), |key, name| {
            key.with_member(name, published.member(name).unwrap().clone())
        });
    let kid = thief.thumbprint();
    let set = JwkSet::new(vec![published, forged]);
    let refused = check(&world, &set, CLINIC, kid.as_str()).unwrap_err();
    assert_eq!(refused, RecipientError::CertificateMismatch);
}

#[test]
fn a_certificate_that_is_not_in_use_is_refused() {
    for (status, refusal) in [
        (Status::Invalid, SignerError::Revoked),
        (Status::Suspended, SignerError::Suspended),
        (Status::Other, SignerError::NotInUse),
    ] {
        let mut world = World::new(1);
        let clinic = world.register(CLINIC, "main");
        let kid = clinic.signer().public_key().thumbprint();
        world.set_status(clinic.signer().identity().status_index(), status);
        let set = World::set(&[&clinic]);
        let refused = check(&world, &set, CLINIC, kid.as_str()).unwrap_err();
        assert_eq!(refused, RecipientError::Signer(refusal));
    }
}

#[test]
fn an_impostors_certificate_and_a_stale_list_are_refused() {
    let world = World::new(1);
    let mut impostor = World::impostor_of(&world, 2);
    let clinic = impostor.register(CLINIC, "main");
    let kid = clinic.signer().public_key().thumbprint();
    let set = World::set(&[&clinic]);
    let refused = check(&world, &set, CLINIC, kid.as_str()).unwrap_err();
    assert_eq!(refused, RecipientError::Signer(SignerError::ForeignCa));

    let wanted: Identifier = CLINIC.parse().unwrap();
    let (anchors, status) = (impostor.anchors(), impostor.status_list());
    let later = impostor.now().plus_seconds(3600);
    let refused = verify_signature_key(&set, &wanted, kid.as_str(), anchors, &status, later);
    let stale = RecipientError::Signer(SignerError::StatusStale);
    assert_eq!(refused.unwrap_err(), stale);
}
