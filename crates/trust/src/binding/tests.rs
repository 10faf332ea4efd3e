//! Making bindings, and what a good one says. The refusals are tested with recipients, where they
//! matter; here are those that only another caller can meet.

use kleis_jose::{KeyAlgorithm, KeyType};

use super::*;
use crate::test_util::World;

#[test]
fn a_binding_is_read_as_it_was_signed() {
    let mut world = World::new(1);
    let alice = world.register("NIHII:18749704", "main");
    let claims = BindingClaims::new(
        alice.key(),
        vec![KeyAlgorithm::EcdhEs, KeyAlgorithm::EcdhEsA256Kw],
        9,
        77,
        world.now(),
        world.now().plus_seconds(60),
    )
    .with_endorsement("e");
    let (signer, now) = (alice.signer(), world.now());
    let compact = sign(signer, &claims).unwrap();
    let unverified = Unverified::parse(&compact).unwrap();
    assert_eq!(unverified.certificate(), signer.certificate().x5t_s256());
    let (certificate, identity) = (signer.certificate(), signer.identity());
    let binding = verify(&compact, certificate, identity, world.anchors(), now).unwrap();
    assert_eq!(binding.owner(), identity.primary());
    assert_eq!(binding.device(), identity.device());
    assert_eq!(binding.thumbprint(), &alice.key().thumbprint());
    assert_eq!(
        binding.algorithms(),
        [KeyAlgorithm::EcdhEs, KeyAlgorithm::EcdhEsA256Kw]
    );
    assert_eq!(binding.algorithm(), KeyAlgorithm::EcdhEs);
    assert_eq!((binding.sequence(), binding.status_index()), (9, 77));
    assert_eq!(binding.issued_at(), now);
    assert_eq!(binding.expires_at(), now.plus_seconds(60));
    assert_eq!(binding.endorsement(), Some("e"));
    assert!(!binding.is_recovered());
    assert!(!format!("{binding:?}").contains("endorsement"));
    assert_eq!(binding.covers(alice.key()), Ok(()));
    assert_eq!(
        binding.covers(&world.key(KeyType::X25519)),
        Err(BindingError::WrongKey)
    );
}

#[test]
fn what_no_reader_would_accept_is_not_signed() {
    let mut world = World::new(2);
    let alice = world.register("NIHII:18749704", "main");
    let (key, now) = (alice.key(), world.now());
    let end = alice.signer().certificate().not_after();
    let claims = |algorithms, exp| BindingClaims::new(key, algorithms, 1, 1, now, exp);
    let one = vec![KeyAlgorithm::EcdhEsA256Kw];
    let both = claims(one.clone(), end).with_endorsement("e").recovered();
    for claims in [
        claims(one.clone(), end.plus_seconds(1)),
        claims(one.clone(), now),
        claims(Vec::new(), end),
        both,
    ] {
        let outcome = sign(alice.signer(), &claims);
        assert!(
            matches!(outcome, Err(SigningError::Claims(_))),
            "{claims:?}"
        );
    }
    assert!(sign(alice.signer(), &claims(one, end)).is_ok());
}

#[test]
fn a_renewed_certificate_does_not_take_over_the_bindings_of_the_old_one() {
    let mut world = World::new(3);
    let alice = world.register("NIHII:18749704", "main");
    // The same key, certified again: still another certificate.
    let key = crate::test_util::private_key(alice.signer()).clone();
    let renewed = world.certify_key(&key, &["NIHII:18749704"], "main");
    let (certificate, identity) = (renewed.certificate(), renewed.identity());
    let outcome = verify(
        alice.binding(),
        certificate,
        identity,
        world.anchors(),
        world.now(),
    );
    assert_eq!(outcome.map(|_| ()), Err(BindingError::WrongCertificate));
}

#[test]
fn a_binding_that_is_too_long_is_refused() {
    let long = "x".repeat(MAX_SIZE + 1);
    assert_eq!(
        Unverified::parse(&long).map(|_| ()),
        Err(BindingError::TooLarge)
    );
    assert_eq!(
        Unverified::parse("a.b.c").map(|_| ()),
        Err(BindingError::Malformed)
    );
}
