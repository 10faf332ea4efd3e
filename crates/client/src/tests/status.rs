//! Without a fresh list, signed by the status service and no older than one seen before, nothing is
//! decided.

use kleis_trust::status::{Status, StatusList};
use kleis_trust::test_util::World;
use kleis_types::{Identifier, Service};

use super::scene::{ALICE, BOB, Scene};
use super::{assert_not_verified, reason_of};

fn alice() -> Identifier {
    ALICE.parse().unwrap()
}

#[tokio::test]
async fn a_list_is_kept_for_its_ttl_and_no_longer() {
    let scene = Scene::new(21);
    let client = scene.open_anonymous();
    let first = client.status_list().await.unwrap();
    scene.advance(59);
    assert_eq!(client.status_list().await.unwrap(), first);
    scene.advance(1);
    assert_ne!(client.status_list().await.unwrap(), first);
}

#[tokio::test]
async fn a_stale_list_is_refused() {
    let scene = Scene::new(22);
    let list = scene.installation().world.signed_status_list();
    scene.installation().list = Some(list);
    let device = scene.register(ALICE, "main");
    scene.publish(&[&device]);
    scene.advance(959);
    let client = scene.open_anonymous();
    assert!(client.status_list().await.is_ok());
    scene.advance(1);
    assert_not_verified(client.status_list().await, "STATUS_LIST_STALE");
    assert_not_verified(client.recipient(&alice()).await, "STATUS_LIST_STALE");
}

#[tokio::test]
async fn an_older_list_is_refused_also_after_a_restart() {
    let scene = Scene::new(23);
    let device = scene.register(ALICE, "main");
    let bob = scene.register(BOB, "main");
    let good = scene.installation().world.signed_status_list();
    let index = device.signer().identity().status_index();
    scene
        .installation()
        .world
        .set_status(index, Status::Invalid);
    scene.publish(&[&device]);
    assert_not_verified(
        scene.open(&bob).recipient(&alice()).await,
        "CERTIFICATE_REVOKED",
    );
    // The list from before the revocation is still fresh by its own times.
    scene.installation().list = Some(good);
    assert_not_verified(
        scene.open(&bob).recipient(&alice()).await,
        "STATUS_LIST_OLDER",
    );
}

#[tokio::test]
async fn only_the_status_service_of_this_installation_is_heard() {
    let scene = Scene::new(24);
    let client = scene.open_anonymous();
    let (by_registration, by_impostor) = {
        let world = &mut scene.installation().world;
        let signer = world.service(Service::Registration);
        let entries = world.entries().clone();
        let installation = world.installation().clone();
        let list = StatusList::sign(&signer, &installation, 99, &entries, world.now());
        let impostor = World::impostor_of(world, 25).signed_status_list();
        (list.unwrap(), impostor)
    };
    for (list, expected) in [
        (by_registration, "STATUS_LIST_SIGNER"),
        (by_impostor, "CERTIFICATE_FOREIGN_CA"),
        (String::new(), "STATUS_LIST_MALFORMED"),
    ] {
        scene.installation().list = Some(list);
        assert_not_verified(client.status_list().await, expected);
    }
    // A refused list is not remembered.
    scene.installation().list = None;
    assert!(client.status_list().await.is_ok());
}

#[tokio::test]
async fn without_a_list_nothing_is_verified() {
    let scene = Scene::new(26);
    scene.publish(&[&scene.register(ALICE, "main")]);
    scene.installation().listless = true;
    let client = scene.open_anonymous();
    let error = client.recipient(&alice()).await.unwrap_err();
    assert!(error.is_transient());
    assert_eq!(reason_of(client.status_list().await), "UNREACHABLE");
}
