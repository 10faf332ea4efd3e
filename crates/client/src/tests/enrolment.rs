//! Enrolment: a code is good once, so a lost answer must not be lost.

use kleis_jose::KeyType;
use kleis_trust::enrolment_code::EnrolmentCode;
use kleis_trust::test_util::private_key;
use kleis_types::{DeviceId, SeededRandom};

use super::scene::{ALICE, BOB, Scene};
use super::{assert_not_verified, reason_of};
use crate::{Enrolment, Proof};

// Where answers are lost, time is paused: the SDK's pauses pass at once.

/// A scene in which somebody can be certified as `identifier`.
fn scene(seed: u64, identifier: &str) -> Scene {
    let scene = Scene::new(seed);
    let certified = scene.installation().world.certify(identifier, "main");
    scene.installation().candidate = Some(certified);
    scene
}

fn enrolment(identifier: &str) -> Enrolment {
    Enrolment {
        contract: String::new(),
        identifier: identifier.parse().unwrap(),
        device: DeviceId::main(),
        csr: None,
        proof: Proof::Code(EnrolmentCode::generate(&SeededRandom::new(1))),
    }
}

fn open(scene: &Scene) -> crate::Kleis {
    let key = private_key(scene.installation().candidate.as_ref().unwrap()).clone();
    scene.open_new(&key)
}

#[tokio::test]
async fn a_certificate_is_verified_and_kept() {
    let scene = scene(71, ALICE);
    let identity = open(&scene).enrol(enrolment(ALICE)).await.unwrap();
    assert_eq!(identity.identifier.to_string(), ALICE);
    let client = open(&scene);
    assert_eq!(client.identifier().unwrap().to_string(), ALICE);
    let again = client.enrol(enrolment(ALICE)).await;
    assert_eq!(reason_of(again), "ALREADY_ENROLLED");
}

#[tokio::test(start_paused = true)]
async fn another_process_fetches_the_lost_answer_with_the_same_order() {
    let scene = scene(72, ALICE);
    scene.installation().lost = 4;
    let error = open(&scene).enrol(enrolment(ALICE)).await.unwrap_err();
    assert!(error.is_transient());
    open(&scene).enrol(enrolment(ALICE)).await.unwrap();
    let orders = scene.installation().orders.clone();
    assert_eq!(orders.len(), 5);
    assert!(orders.iter().all(|order| *order == orders[0]));
}

#[tokio::test(start_paused = true)]
async fn an_order_too_old_to_be_answered_is_made_anew() {
    let scene = scene(73, ALICE);
    scene.installation().lost = 4;
    assert!(open(&scene).enrol(enrolment(ALICE)).await.is_err());
    scene.advance(3_600);
    open(&scene).enrol(enrolment(ALICE)).await.unwrap();
    let orders = scene.installation().orders.clone();
    assert_eq!(orders.len(), 6);
    assert_ne!(orders[5], orders[0]);
}

#[tokio::test]
async fn a_refusal_leaves_nothing_behind() {
    let scene = scene(74, ALICE);
    scene.installation().refuses = true;
    let refused = open(&scene).enrol(enrolment(ALICE)).await;
    assert_eq!(reason_of(refused), "ENROLMENT_REFUSED");
    scene.installation().refuses = false;
    open(&scene).enrol(enrolment(ALICE)).await.unwrap();
    let orders = scene.installation().orders.clone();
    assert_ne!(orders[0], orders[1]);
}

#[tokio::test]
async fn another_key_or_identity_than_asked_for_is_refused() {
    let scene = scene(75, BOB);
    let identity = open(&scene).enrol(enrolment(ALICE)).await;
    assert_not_verified(identity, "OTHER_IDENTITY");
    let key = scene.installation().world.key(KeyType::P256);
    let other = scene.open_new(&key).enrol(enrolment(BOB)).await;
    assert_not_verified(other, "OTHER_KEY");
}
