//! Sets that are accepted.

use super::*;

#[test]
fn one_device_is_accepted() {
    let mut world = World::new(1);
    let alice = world.register(ALICE, "main");
    let verified = ask(&world, &World::set(&[&alice]), ALICE).unwrap();
    let [key] = verified.keys() else {
        panic!("one key")
    };
    assert_eq!(verified.identifier().to_string(), ALICE);
    assert_eq!(verified.sequence(), alice.sequence());
    assert!(!verified.is_recovered());
    assert_eq!(key.kid(), &alice.key().thumbprint());
    assert_eq!(key.device().as_str(), "main");
    assert_eq!(key.algorithm(), KeyAlgorithm::EcdhEsA256Kw);
    assert!(!key.jwk().is_private());
    let end = world.now().plus_seconds(CERTIFICATE_LIFE);
    assert_eq!((key.expires_at(), verified.expires_at()), (end, end));
}

#[test]
fn several_devices_and_key_types_are_accepted() {
    let mut world = World::new(2);
    let first = world.register(ALICE, "main");
    let second = world.register_endorsed("phone", first.signer());
    let third = world.certify(ALICE, "tablet");
    let third = world.bind(third, KeyType::P256).recovered();
    let fourth = world.bind(first.signer().clone(), KeyType::Rsa { bits: 2048 });
    let set: JwkSet = World::set(&[&first, &second, &third])
        .into_keys()
        .into_iter()
        .chain([fourth.encryption_jwk()])
        .collect();
    let verified = ask(&world, &set, ALICE).unwrap();
    assert_eq!(verified.keys().len(), 4);
    assert_eq!(verified.sequence(), fourth.sequence());
    assert!(verified.is_recovered());
    let algorithms: Vec<_> = verified.keys().iter().map(VerifiedKey::algorithm).collect();
    assert!(algorithms.contains(&KeyAlgorithm::RsaOaep256));
}

#[test]
fn an_alias_that_the_certificate_names_is_accepted() {
    let mut world = World::new(3);
    let signer = world.certify_all(&[ALICE, "SSIN:85073003328"], "main");
    let alice = world.bind(signer, KeyType::X25519);
    let set = World::set(&[&alice]);
    assert!(ask(&world, &set, ALICE).is_ok());
    assert!(ask(&world, &set, "SSIN:85073003328").is_ok());
    assert_refused(
        ask(&world, &set, "SSIN:93051822361"),
        RecipientError::WrongRecipient,
    );
}

#[test]
fn a_signature_key_without_a_binding_is_no_fault() {
    let mut world = World::new(4);
    let alice = world.register(ALICE, "main");
    let newer = world.register(ALICE, "main");
    let set: JwkSet = [newer.signature_jwk()]
        .into_iter()
        .chain(World::set(&[&alice]).into_keys())
        .collect();
    assert_eq!(ask(&world, &set, ALICE).unwrap().keys().len(), 1);
}
