//! Keys from custody: lost answers cost nothing, false ones are not believed.

use super::scene::{ALICE, KEY_ID, Lie, Scene};
use super::{assert_not_verified, reason_of};
use crate::Kleis;

// Where answers are lost, time is paused: the SDK's pauses pass at once.

fn reader(scene: &Scene) -> Kleis {
    scene.open(&scene.register(ALICE, "main"))
}

#[tokio::test]
async fn a_release_is_opened_verified_and_named() {
    let scene = Scene::new(41);
    let receipt = reader(&scene).custody_key(KEY_ID).await.unwrap();
    assert_eq!(
        receipt.key.jwk.oct_bytes().unwrap(),
        scene.installation().secret
    );
    assert_eq!(
        (receipt.key.key_id.as_str(), receipt.key.jwk.kid()),
        (KEY_ID, Some(KEY_ID))
    );
    assert_eq!(receipt.owner, ALICE);
    assert_eq!(receipt.reads_left, Some(0));
    assert!(!format!("{receipt:?}").contains("18749704"));
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_asked_for_in_the_same_bytes() {
    let scene = Scene::new(42);
    scene.installation().lost = 2;
    assert!(reader(&scene).custody_key(KEY_ID).await.is_ok());
    let orders = scene.installation().orders.clone();
    assert_eq!(orders.len(), 3);
    assert!(orders.iter().all(|order| *order == orders[0]));
}

#[tokio::test(start_paused = true)]
async fn another_process_asks_on_in_the_same_bytes() {
    let scene = Scene::new(43);
    let device = scene.register(ALICE, "main");
    scene.installation().lost = 4;
    let error = scene.open(&device).custody_key(KEY_ID).await.unwrap_err();
    assert!(error.is_transient());
    // The reply key was kept as well: what was sealed to it can be opened.
    let receipt = scene.open(&device).custody_key(KEY_ID).await.unwrap();
    assert_eq!(
        receipt.key.jwk.oct_bytes().unwrap(),
        scene.installation().secret
    );
    let orders = scene.installation().orders.clone();
    assert_eq!(orders.len(), 5);
    assert!(orders.iter().all(|order| *order == orders[0]));
    // It was answered: the next one is a new read.
    scene.open(&device).custody_key(KEY_ID).await.unwrap();
    assert_ne!(scene.installation().orders[5], orders[0]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_order_that_has_grown_too_old_is_made_anew() {
    let scene = Scene::new(44);
    let device = scene.register(ALICE, "main");
    scene.installation().lost = 4;
    assert!(scene.open(&device).custody_key(KEY_ID).await.is_err());
    scene.advance(361);
    assert!(scene.open(&device).custody_key(KEY_ID).await.is_ok());
    let orders = scene.installation().orders.clone();
    assert_eq!(orders[3], orders[4]);
    assert_ne!(orders[4], orders[5]);
}

#[tokio::test]
async fn a_refusal_is_final() {
    let scene = Scene::new(45);
    let client = reader(&scene);
    scene.installation().refuses = true;
    for _ in 0..2 {
        assert_eq!(
            reason_of(client.custody_key(KEY_ID).await),
            "KEY_NOT_AVAILABLE"
        );
    }
    let orders = scene.installation().orders.clone();
    assert_eq!(orders.len(), 2);
    assert_ne!(orders[0], orders[1]);
}

#[tokio::test]
async fn false_answers_are_refused_and_the_true_one_may_still_be_had() {
    let scene = Scene::new(46);
    let client = reader(&scene);
    for (lie, expected) in [
        (Lie::Signer, "REPLY_SIGNER"),
        (Lie::Impostor, "CERTIFICATE_FOREIGN_CA"),
        (Lie::Order, "REPLY_OTHER_ORDER"),
        (Lie::Method, "REPLY_METHOD"),
        (Lie::Key, "OTHER_KEY"),
        (Lie::Kid, "KEY_MALFORMED"),
        (Lie::KeyType, "KEY_MALFORMED"),
        (Lie::Empty, "EMPTY"),
        (Lie::Seal, "RELEASE_UNREADABLE"),
        (Lie::Garbage, "RELEASE_MALFORMED"),
    ] {
        scene.installation().lie = Some(lie);
        assert_not_verified(client.custody_key(KEY_ID).await, expected);
    }
    scene.installation().lie = None;
    assert!(client.custody_key(KEY_ID).await.is_ok());
    // Whoever sits on the line and spoils the answers has not made us read twice.
    let orders = scene.installation().orders.clone();
    assert!(orders.iter().all(|order| *order == orders[0]));
}

#[tokio::test(start_paused = true)]
async fn the_answer_survives_that_the_status_list_cannot_be_had() {
    let scene = Scene::new(47);
    let client = reader(&scene);
    scene.installation().listless = true;
    assert!(client.custody_key(KEY_ID).await.unwrap_err().is_transient());
    scene.installation().listless = false;
    assert!(client.custody_key(KEY_ID).await.is_ok());
    let orders = scene.installation().orders.clone();
    assert!(orders.iter().all(|order| *order == orders[0]));
}

#[tokio::test]
async fn a_confirmation_names_the_read_it_is_of() {
    let scene = Scene::new(48);
    let client = reader(&scene);
    let receipt = client.custody_key(KEY_ID).await.unwrap();
    assert_eq!(
        reason_of(client.confirm_read(&receipt).await),
        "KEY_NOT_AVAILABLE"
    );
    let orders = scene.installation().orders.clone();
    let read = kleis_trust::test_util::claims_of(&orders[0])["jti"].clone();
    let body = kleis_trust::test_util::claims_of(&orders[1])["body"].clone();
    assert_eq!((&body["keyId"], &body["read"]), (&KEY_ID.into(), &read));
}

#[tokio::test]
async fn without_an_identity_nothing_is_ordered() {
    let scene = Scene::new(49);
    let client = scene.open_anonymous();
    assert_eq!(reason_of(client.custody_key(KEY_ID).await), "NOT_ENROLLED");
    assert!(scene.installation().orders.is_empty());
}
