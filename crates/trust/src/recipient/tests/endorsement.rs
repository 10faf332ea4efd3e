//! Refusals of endorsements.

use super::*;

#[test]
fn an_unendorsed_second_device_is_refused() {
    let mut world = World::new(40);
    let alice = world.register(ALICE, "main");
    let second = world.register(ALICE, "phone");
    let set = World::set(&[&alice, &second]);
    assert_refused(ask(&world, &set, ALICE), RecipientError::Unendorsed);
    // Each alone is the only one that is neither endorsed nor recovered.
    assert!(ask(&world, &World::set(&[&second]), ALICE).is_ok());
    let recovered = second.recovered();
    assert!(
        ask(&world, &World::set(&[&alice, &recovered]), ALICE)
            .unwrap()
            .is_recovered()
    );
}

#[test]
fn one_unendorsed_key_of_an_endorsed_second_device_is_refused() {
    let mut world = World::new(41);
    let alice = world.register(ALICE, "main");
    let phone = world.register_endorsed("phone", alice.signer());
    let unendorsed = world.bind(phone.signer().clone(), KeyType::P256);
    let set: JwkSet = World::set(&[&alice, &phone])
        .into_keys()
        .into_iter()
        .chain([unendorsed.encryption_jwk()])
        .collect();
    assert_refused(ask(&world, &set, ALICE), RecipientError::Unendorsed);
}

/// A second device of Alice's whose endorsement is made by `endorse(world, first, new key)`.
fn with_endorsement_by(
    seed: u64,
    endorse: impl FnOnce(&mut World, &RegisteredDevice, &Jwk) -> String,
) -> Outcome {
    let mut world = World::new(seed);
    let alice = world.register(ALICE, "main");
    let key = world.key(KeyType::P256);
    let endorsement = endorse(&mut world, &alice, &key);
    let signer = world.certify_key(&key, &[ALICE], "phone");
    let phone = world
        .bind(signer, KeyType::X25519)
        .with_endorsement(&endorsement);
    ask(&world, &World::set(&[&alice, &phone]), ALICE)
}

#[test]
fn a_siblings_endorsement_is_accepted() {
    let outcome = with_endorsement_by(42, |world, alice, key| {
        world.endorse(alice.signer(), key, "phone")
    });
    assert_eq!(outcome.unwrap().keys().len(), 2);
}

#[test]
fn an_endorsement_by_a_stranger_is_refused() {
    let outcome = with_endorsement_by(43, |world, alice, key| {
        let mallory = world.certify(BOB, "main");
        let good = world.endorse(alice.signer(), key, "phone");
        reforge(&mallory, typ::ENDORSEMENT, &good, |_| ())
    });
    assert_refused(outcome, EndorsementError::Stranger);
}

#[test]
fn a_strangers_endorsement_in_its_own_name_is_refused() {
    let outcome = with_endorsement_by(44, |world, _, key| {
        let mallory = world.certify(BOB, "main");
        world.endorse(&mallory, key, "phone")
    });
    assert_refused(outcome, EndorsementError::WrongOwner);
}

#[test]
fn an_endorsement_by_the_device_itself_is_refused() {
    let outcome = with_endorsement_by(45, |world, alice, key| {
        let good = world.endorse(alice.signer(), key, "phone");
        let itself = world.certify_key(key, &[ALICE], "phone");
        reforge(&itself, typ::ENDORSEMENT, &good, |_| ())
    });
    assert_refused(outcome, EndorsementError::SameDevice);
}

#[test]
fn an_endorsement_by_the_same_key_under_another_name_is_refused() {
    let outcome = with_endorsement_by(46, |world, alice, key| {
        let good = world.endorse(alice.signer(), key, "phone");
        let renamed = world.certify_key(key, &[ALICE], "tablet");
        reforge(&renamed, typ::ENDORSEMENT, &good, |_| ())
    });
    assert_refused(outcome, EndorsementError::SameDevice);
}

#[test]
fn an_endorsement_for_another_key_or_device_is_refused() {
    let outcome = with_endorsement_by(47, |world, alice, _| {
        let other = world.key(KeyType::P256);
        world.endorse(alice.signer(), &other, "phone")
    });
    assert_refused(outcome, EndorsementError::WrongKey);
    let outcome = with_endorsement_by(48, |world, alice, key| {
        world.endorse(alice.signer(), key, "tablet")
    });
    assert_refused(outcome, EndorsementError::WrongDevice);
}

#[test]
fn an_endorsement_of_another_time_is_refused() {
    let late = with_endorsement_by(49, |world, alice, key| {
        let endorsement = world.endorse(alice.signer(), key, "phone");
        world.clock().advance(86_400 + 61);
        endorsement
    });
    assert_refused(late, EndorsementError::OutsideCertificate);
    let in_time = with_endorsement_by(50, |world, alice, key| {
        let endorsement = world.endorse(alice.signer(), key, "phone");
        world.clock().advance(86_400 + 60);
        endorsement
    });
    assert!(in_time.is_ok());
}

#[test]
fn an_endorsement_under_a_foreign_ca_is_refused() {
    let outcome = with_endorsement_by(51, |world, _, key| {
        let mut impostor = World::impostor_of(world, 52);
        let alice = impostor.register(ALICE, "main");
        impostor.endorse(alice.signer(), key, "phone")
    });
    assert_refused(outcome, EndorsementError::Signer(SignerError::ForeignCa));
}

#[test]
fn a_device_that_says_both_endorsed_and_recovered_is_refused() {
    let mut world = World::new(53);
    let alice = world.register(ALICE, "main");
    let phone = world.register_endorsed("phone", alice.signer());
    let set = with_claims(&phone, |claims| claims["recovered"] = true.into());
    assert_refused(ask(&world, &set, ALICE), BindingError::EndorsedAndRecovered);
}
