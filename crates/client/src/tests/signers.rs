//! Who signs for somebody is believed only with a certificate.

use kleis_jose::{JwkSet, KeyType};
use kleis_trust::status::Status;
use kleis_trust::test_util::RegisteredDevice;

use super::scene::{ALICE, BOB, Scene};
use super::{assert_not_verified, reason_of};

/// A scene that shows these devices of Alice as signers.
fn serve(scene: &Scene, devices: &[&RegisteredDevice]) {
    let keys = devices.iter().map(|device| device.signature_jwk());
    scene.serve(ALICE, &JwkSet::new(keys.collect()));
}

#[tokio::test]
async fn every_device_in_use_is_named() {
    let scene = Scene::new(81);
    let main = scene.register(ALICE, "main");
    let phone = scene.register(ALICE, "phone");
    serve(&scene, &[&main, &phone]);
    let signers = scene
        .open_anonymous()
        .signers(main.identifier())
        .await
        .unwrap();
    let devices: Vec<_> = signers
        .iter()
        .map(|signer| signer.identity().device().as_str())
        .collect();
    assert_eq!(devices, ["main", "phone"]);
    let nobody = scene.open_anonymous().signers(&BOB.parse().unwrap()).await;
    assert_eq!(reason_of(nobody), "RECIPIENT_NOT_FOUND");
}

#[tokio::test]
async fn a_certificate_younger_than_the_list_at_hand_is_looked_up_anew() {
    let scene = Scene::new(82);
    let client = scene.open_anonymous();
    client.status_list().await.unwrap();
    let main = scene.register(ALICE, "main");
    serve(&scene, &[&main]);
    assert_eq!(client.signers(main.identifier()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_does_not_stand_up_is_refused_by_its_name() {
    let scene = Scene::new(83);
    let main = scene.register(ALICE, "main");
    let client = scene.open_anonymous();
    let refused = async |set: JwkSet| {
        scene.serve(ALICE, &set);
        client.signers(main.identifier()).await
    };
    let bare = main.signature_jwk().without_member("x5c");
    assert_not_verified(
        refused(JwkSet::new(vec![bare])).await,
        "CERTIFICATE_MISSING",
    );
    let other = scene.installation().world.key(KeyType::P256).public();
    let other = other
        .with_member("use", "sig".into())
        .with_x5c(main.signer().chain());
    assert_not_verified(
        refused(JwkSet::new(vec![other])).await,
        "CERTIFICATE_MISMATCH",
    );
    let bob = scene.register(BOB, "main").signature_jwk();
    let mixed = JwkSet::new(vec![main.signature_jwk(), bob]);
    assert_not_verified(refused(mixed).await, "OTHER_IDENTITY");
    assert_not_verified(refused(JwkSet::new(Vec::new())).await, "EMPTY");
    let index = main.signer().identity().status_index();
    scene
        .installation()
        .world
        .set_status(index, Status::Invalid);
    scene.advance(120);
    let revoked = refused(JwkSet::new(vec![main.signature_jwk()])).await;
    assert_not_verified(revoked, "CERTIFICATE_REVOKED");
}
