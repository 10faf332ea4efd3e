//! Refusals of the set as a whole.

use super::*;

#[test]
fn a_sequence_rolled_back_is_refused_unless_the_newer_binding_was_withdrawn() {
    let mut world = World::new(60);
    let alice = world.register(ALICE, "main");
    let phone = world.register_endorsed("phone", alice.signer());
    let phone_index = phone.status_index();
    let seen_before = |world: &World, set: &JwkSet, seen| {
        let status = world.status_list();
        verify(
            set,
            alice.identifier(),
            world.anchors(),
            &status,
            world.now(),
            Some(seen),
        )
    };
    let both = seen_before(&world, &World::set(&[&alice, &phone]), Seen::new(0, 0)).unwrap();
    let newest = both.newest();
    assert_eq!(newest, Seen::new(phone.sequence(), phone_index));
    let rest = World::set(&[&alice]);
    assert_refused(
        seen_before(&world, &rest, newest),
        RecipientError::RolledBack,
    );
    for status in [Status::Invalid, Status::Suspended, Status::Other] {
        world.set_status(phone_index, status);
        let rest = seen_before(&world, &rest, newest).unwrap();
        assert_eq!(rest.sequence(), alice.sequence(), "{status:?}");
    }
}

#[test]
fn a_sequence_used_twice_is_refused() {
    let mut world = World::new(61);
    let alice = world.register(ALICE, "main");
    let phone = world.register_endorsed("phone", alice.signer());
    let forged = reforge_binding(phone.signer(), phone.binding(), |claims| {
        claims["seq"] = alice.sequence().into();
    });
    let set = World::set(&[&alice, &phone.with_raw_binding(forged)]);
    assert_refused(ask(&world, &set, ALICE), RecipientError::SequenceRepeated);
}

#[test]
fn a_stale_status_list_is_refused() {
    let mut world = World::new(62);
    let alice = world.register(ALICE, "main");
    let status = world.status_list();
    let set = World::set(&[&alice]);
    let at = |seconds| {
        let now = world.now().plus_seconds(seconds);
        verify(
            &set,
            alice.identifier(),
            world.anchors(),
            &status,
            now,
            None,
        )
    };
    assert!(at(959).is_ok());
    assert_refused(at(960), SignerError::StatusStale);
}

#[test]
fn a_set_without_encryption_keys_is_refused() {
    let mut world = World::new(63);
    let alice = world.register(ALICE, "main");
    let none = changed(&World::set(&[&alice]), |key| (!is_enc(&key)).then_some(key));
    assert_refused(ask(&world, &none, ALICE), RecipientError::NoKey);
    assert_refused(
        ask(&world, &JwkSet::default(), ALICE),
        RecipientError::NoKey,
    );
}

#[test]
fn a_key_of_no_known_use_or_name_is_refused() {
    let mut world = World::new(64);
    let alice = world.register(ALICE, "main");
    let set = World::set(&[&alice]);
    let edit = |change: &dyn Fn(Jwk) -> Jwk| changed(&set, |key| Some(change(key)));
    for change in [
        edit(&|key| key.without_member("use")),
        edit(&|key| key.with_member("use", "ENC".into())),
    ] {
        assert_refused(ask(&world, &change, ALICE), RecipientError::UnknownUse);
    }
    for change in [
        edit(&|key| key.without_member("kid")),
        edit(&|key| key.with_member("kid", "1".into())),
    ] {
        assert_refused(ask(&world, &change, ALICE), RecipientError::WrongKid);
    }
}

#[test]
fn a_key_that_is_there_twice_is_refused() {
    let mut world = World::new(65);
    let alice = world.register(ALICE, "main");
    let keys = World::set(&[&alice]).into_keys();
    let twice: JwkSet = keys.iter().chain(keys.iter()).cloned().collect();
    assert_refused(ask(&world, &twice, ALICE), RecipientError::DuplicateKey);
}
