//! A sender encrypts to nobody whose keys are not all proved.

use kleis_jose::{Jwk, JwkSet, KeyType};
use kleis_proto::lookup::Lookup as Wanted;
use kleis_trust::status::Status;
use kleis_trust::test_util::World;
use kleis_types::Identifier;

use super::scene::{ALICE, BOB, Lie, Scene};
use super::{assert_not_verified, reason_of};
use crate::Lookup;

const BINDING: &str = "kleis_binding";

fn identifier(text: &str) -> Identifier {
    text.parse().unwrap()
}

/// The set of a device with another encryption key entry.
fn set_with(
    device: &kleis_trust::test_util::RegisteredDevice,
    change: impl FnOnce(Jwk) -> Jwk,
) -> JwkSet {
    let keys = vec![device.signature_jwk(), change(device.encryption_jwk())];
    JwkSet::new(keys)
}

#[tokio::test]
async fn a_sound_set_is_verified_and_names_every_device() {
    let scene = Scene::new(1);
    let main = scene.register(ALICE, "main");
    let phone = scene
        .installation()
        .world
        .register_endorsed("phone", main.signer());
    scene.publish(&[&main, &phone]);
    let bob = scene.open(&scene.register(BOB, "main"));
    let found = bob.recipient(&identifier(ALICE)).await.unwrap();
    assert_eq!(found.identifier(), &identifier(ALICE));
    let mut devices: Vec<_> = found
        .keys()
        .iter()
        .map(|key| key.device().as_str())
        .collect();
    devices.sort_unstable();
    assert_eq!(devices, ["main", "phone"]);
    // Looking up takes no identity of one's own.
    assert!(
        scene
            .open_anonymous()
            .recipient(&identifier(ALICE))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again_and_is_verified_again() {
    let scene = Scene::new(30);
    let alice = scene.register(ALICE, "main");
    scene.publish(&[&alice]);
    let bob = scene.open_anonymous();
    let wanted = identifier(ALICE);
    let unmodified = || scene.installation().unmodified.get();
    for times in 0..3 {
        let found = bob.recipient(&wanted).await.unwrap();
        assert_eq!(found.keys().len(), 1);
        assert_eq!(unmodified(), times);
    }
    let many = bob.recipients(&[wanted.clone(), identifier(BOB)]).await;
    let many = many.unwrap();
    assert!(many[0].is_ok() && many[1].is_err());
    assert_eq!(unmodified(), 3);
    // Another set is sent, and kept in its place.
    let phone = scene
        .installation()
        .world
        .register_endorsed("phone", alice.signer());
    scene.publish(&[&alice, &phone]);
    for times in [3, 4] {
        assert_eq!(bob.recipient(&wanted).await.unwrap().keys().len(), 2);
        assert_eq!(unmodified(), times);
    }
    // What was good is not good for ever: the directory says that nothing changed, the status list knows better.
    scene
        .installation()
        .world
        .set_status(phone.status_index(), Status::Invalid);
    scene.advance(61);
    let refused = bob.recipient(&wanted).await;
    assert_not_verified(refused, "BINDING_REVOKED");
    assert_eq!(unmodified(), 5);
}

#[tokio::test]
async fn keys_of_the_past_are_verified_as_of_then() {
    let scene = Scene::new(31);
    let alice = scene.register(ALICE, "main");
    let mallory = scene.register(BOB, "main");
    scene.publish(&[&alice]);
    let then = scene.installation().world.now();
    scene
        .installation()
        .world
        .set_status(alice.status_index(), Status::Invalid);
    scene.advance(86_400);
    let bob = scene.open_anonymous();
    let wanted = identifier(ALICE);
    // Revoked since: nothing to encrypt to, and still what was active.
    assert_not_verified(bob.recipient(&wanted).await, "BINDING_REVOKED");
    let past = bob.recipient_as_of(&wanted, then).await.unwrap();
    assert_eq!((past.identifier(), past.as_of()), (&wanted, then));
    assert_eq!(past.keys()[0].kid().as_str(), alice.key().kid().unwrap());
    // Before the certificate began there was none, whatever the directory says.
    let before = bob
        .recipient_as_of(&wanted, then.plus_seconds(-86_400))
        .await;
    assert_not_verified(before, "CERTIFICATE_NOT_YET_VALID");
    // Nor is somebody else's key the recipient's.
    scene.serve(ALICE, &World::set(&[&mallory]));
    let other = bob.recipient_as_of(&wanted, then).await;
    assert_not_verified(other, "RECIPIENT_WRONG_IDENTITY");
}

#[tokio::test]
async fn who_has_no_keys_is_told_in_the_words_of_the_directory() {
    let scene = Scene::new(2);
    let bob = scene.open_anonymous();
    assert_eq!(
        reason_of(bob.recipient(&identifier(ALICE)).await),
        "RECIPIENT_NOT_FOUND"
    );
}

#[tokio::test]
async fn every_kind_of_bad_set_is_refused_by_its_name() {
    let scene = Scene::new(3);
    let (alice, mallory) = (scene.register(ALICE, "main"), scene.register(BOB, "main"));
    let phone = scene.register(ALICE, "phone");
    let impostor = {
        let installation = scene.installation();
        World::impostor_of(&installation.world, 4).register(ALICE, "main")
    };
    let stolen = scene.installation().world.key(KeyType::X25519);
    let other_key = stolen
        .public()
        .with_thumbprint_kid()
        .with_member("use", "enc".into())
        .with_member("alg", "ECDH-ES+A256KW".into())
        .with_member(BINDING, alice.binding().into());
    let sets = [
        (World::set(&[]), "RECIPIENT_NO_KEY"),
        (World::set(&[&mallory]), "RECIPIENT_WRONG_IDENTITY"),
        (World::set(&[&impostor]), "CERTIFICATE_FOREIGN_CA"),
        (World::set(&[&alice, &phone]), "RECIPIENT_UNENDORSED_DEVICE"),
        (World::set(&[&alice, &alice]), "RECIPIENT_DUPLICATE_KEY"),
        (
            JwkSet::new(vec![alice.signature_jwk(), other_key]),
            "BINDING_WRONG_KEY",
        ),
        (
            JwkSet::new(vec![alice.encryption_jwk()]),
            "RECIPIENT_SIGNATURE_KEY_MISSING",
        ),
        (
            set_with(&alice, |key| key.without_member(BINDING)),
            "RECIPIENT_BINDING_MISSING",
        ),
        (
            set_with(&alice, |key| key.with_member("kid", "1".into())),
            "RECIPIENT_KEY_ID",
        ),
        (
            set_with(&alice, |key| key.with_member("alg", "ECDH-ES".into())),
            "RECIPIENT_ALGORITHM",
        ),
        (
            set_with(&alice, |key| key.without_member("use")),
            "RECIPIENT_KEY_USE",
        ),
        (
            set_with(&alice, |key| {
                key.with_member(BINDING, mallory.binding().into())
            }),
            "RECIPIENT_SIGNATURE_KEY_MISSING",
        ),
    ];
    let bob = scene.open_anonymous();
    for (set, expected) in sets {
        scene.serve(ALICE, &set);
        assert_not_verified(bob.recipient(&identifier(ALICE)).await, expected);
    }
    for body in [&b"{}"[..], b"", b"{\"keys\":[{\"kty\":\"EC\"}]}"] {
        scene
            .installation()
            .sets
            .insert(ALICE.to_owned(), body.to_vec());
        assert_not_verified(bob.recipient(&identifier(ALICE)).await, "KEY_SET_MALFORMED");
    }
    // None of them has left a trace that would stand in the way of the true one.
    scene.publish(&[&alice]);
    assert!(bob.recipient(&identifier(ALICE)).await.is_ok());
}

#[tokio::test]
async fn what_the_status_list_does_not_call_valid_is_refused() {
    let scene = Scene::new(5);
    let alice = scene.register(ALICE, "main");
    scene.publish(&[&alice]);
    let bob = scene.open_anonymous();
    let certificate = alice.signer().identity().status_index();
    let binding = alice.status_index();
    for (index, status, expected) in [
        (certificate, Status::Invalid, "CERTIFICATE_REVOKED"),
        (certificate, Status::Suspended, "CERTIFICATE_SUSPENDED"),
        (certificate, Status::Other, "CERTIFICATE_NOT_IN_USE"),
        (binding, Status::Invalid, "BINDING_REVOKED"),
        (binding, Status::Suspended, "BINDING_SUSPENDED"),
        (binding, Status::Other, "BINDING_NOT_IN_USE"),
    ] {
        scene.installation().world.set_status(index, status);
        // Past the time for which the last list serves.
        scene.advance(60);
        assert_not_verified(bob.recipient(&identifier(ALICE)).await, expected);
        scene.installation().world.set_status(index, Status::Valid);
    }
    scene.advance(60);
    assert!(bob.recipient(&identifier(ALICE)).await.is_ok());
}

#[tokio::test]
async fn a_set_past_its_time_is_refused() {
    let scene = Scene::new(6);
    let alice = scene.register(ALICE, "main");
    scene.publish(&[&alice]);
    scene.advance(kleis_trust::test_util::CERTIFICATE_LIFE + 61);
    let outcome = scene.open_anonymous().recipient(&identifier(ALICE)).await;
    assert_not_verified(outcome, "CERTIFICATE_EXPIRED");
}

#[tokio::test]
async fn nobody_goes_back_behind_what_this_home_has_seen() {
    let scene = Scene::new(7);
    let old = scene.register(ALICE, "main");
    let new = scene.register(ALICE, "main");
    assert!(old.sequence() < new.sequence());
    let home = scene.register(BOB, "main");
    scene.publish(&[&new]);
    let bob = scene.open(&home);
    assert!(bob.recipient(&identifier(ALICE)).await.is_ok());
    scene.publish(&[&old]);
    for bob in [bob, scene.open(&home)] {
        assert_not_verified(
            bob.recipient(&identifier(ALICE)).await,
            "RECIPIENT_ROLLED_BACK",
        );
    }
    // Somebody who has not seen the new one cannot know.
    assert!(
        scene
            .open_anonymous()
            .recipient(&identifier(ALICE))
            .await
            .is_ok()
    );
    // The memory is part of the home: damaged, it is not taken for an empty one.
    let bob = scene.open(&home);
    std::fs::write(bob.home().dir().join("memory.json"), "{").unwrap();
    assert_eq!(
        reason_of(bob.recipient(&identifier(ALICE)).await),
        "HOME_MALFORMED"
    );
}

#[tokio::test]
async fn errors_do_not_name_the_recipient() {
    let scene = Scene::new(8);
    scene.serve(ALICE, &JwkSet::default());
    let error = scene
        .open_anonymous()
        .recipient(&identifier(ALICE))
        .await
        .unwrap_err();
    assert!(
        !format!("{error} {error:?}").contains("18749704"),
        "{error}"
    );
}

#[tokio::test]
async fn an_open_application_is_never_filled_in_by_the_directory() {
    let scene = Scene::new(9);
    let plain = scene.register("CBE:0809394427", "main");
    let kgss = scene.register("CBE:0809394427/KGSS", "main");
    let wanted = Wanted::new(identifier("CBE:0809394427")).for_any_application();
    let bob = scene.open_anonymous();

    let names = ["CBE:0809394427", "CBE:0809394427/KGSS"];
    scene.installation().candidates = names.map(str::to_owned).to_vec();
    match bob.lookup(&wanted).await.unwrap() {
        Lookup::Candidates(found) => assert_eq!(found, names.map(identifier)),
        Lookup::Recipient(_) => panic!("chosen"),
    }
    // Somebody who was not asked for would be chosen by whoever trusts the list.
    for other in ["nobody", "CBE:0123456749/KGSS", ALICE] {
        scene.installation().candidates = vec![names[0].to_owned(), other.to_owned()];
        assert_not_verified(bob.lookup(&wanted).await, "CANDIDATES");
    }
    scene.installation().candidates.clear();

    // The one there is: the set must prove the very name the directory gives.
    scene.serve("CBE:0809394427", &World::set(&[&kgss]));
    scene.installation().named = Some("CBE:0809394427/KGSS".to_owned());
    assert!(matches!(
        bob.lookup(&wanted).await,
        Ok(Lookup::Recipient(_))
    ));
    scene.serve("CBE:0809394427", &World::set(&[&plain]));
    assert_not_verified(bob.lookup(&wanted).await, "RECIPIENT_WRONG_APPLICATION");
    for named in [ALICE, "CBE", ""] {
        scene.installation().named = Some(named.to_owned());
        assert_not_verified(bob.lookup(&wanted).await, "OTHER_RECIPIENT");
    }
}

#[tokio::test]
async fn the_name_in_an_answer_counts_for_nothing() {
    let scene = Scene::new(10);
    scene.serve(ALICE, &World::set(&[&scene.register(BOB, "main")]));
    scene.installation().named = Some(ALICE.to_owned());
    let outcome = scene.open_anonymous().recipient(&identifier(ALICE)).await;
    assert_not_verified(outcome, "RECIPIENT_WRONG_IDENTITY");
}

#[tokio::test]
async fn in_a_batch_each_recipient_is_judged_alone() {
    let scene = Scene::new(11);
    let alice = scene.register(ALICE, "main");
    scene.publish(&[&alice]);
    scene.serve(BOB, &World::set(&[&alice]));
    let client = scene.open_anonymous();
    let asked = [ALICE, BOB, "NIHII:19997341"].map(identifier);
    let mut results = client.recipients(&asked).await.unwrap().into_iter();
    assert!(results.next().unwrap().is_ok());
    assert_not_verified(results.next().unwrap(), "RECIPIENT_WRONG_IDENTITY");
    assert_eq!(reason_of(results.next().unwrap()), "RECIPIENT_NOT_FOUND");
    // An answer that leaves one out could pass off one recipient's keys as another's.
    scene.installation().lie = Some(Lie::Empty);
    assert_not_verified(client.recipients(&asked).await, "EMPTY");
}

#[tokio::test]
async fn a_key_younger_than_the_list_at_hand_is_looked_up_anew() {
    let scene = Scene::new(12);
    let bob = scene.open_anonymous();
    let kept = bob.status_list().await.unwrap();
    let alice = scene.register(ALICE, "main");
    scene.publish(&[&alice]);
    assert!(bob.recipient(&identifier(ALICE)).await.is_ok());
    assert!(bob.status_list().await.unwrap().version() > kept.version());
    // Where the newest list does not know it either, it is refused.
    let list = scene.installation().world.signed_status_list();
    scene.installation().list = Some(list);
    let carol = scene.register(BOB, "main");
    scene.publish(&[&carol]);
    let outcome = bob.recipient(&identifier(BOB)).await;
    assert_not_verified(outcome, "CERTIFICATE_NOT_IN_USE");
}
