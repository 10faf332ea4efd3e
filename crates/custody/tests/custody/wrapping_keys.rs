//! Wrapping keys: nobody puts another one in their place, and other processes' are taken up.

use kleis_custody::CustodyError;
use kleis_proto::custody::v1 as wire;
use kleis_proto::method::custody as method;
use kleis_store::custody::WrappingKey;
use kleis_store_sqlite::test_util;
use kleis_types::SeededRandom;
use kleis_wrap::{Keyring, StoredWrappingKey, WrapError};

use crate::fixture::{Office, create, kek, policy, policy_with};
use crate::scene::Scene;

#[tokio::test]
async fn a_wrapping_key_cannot_be_edited() {
    let edits = [
        "UPDATE wrapping_keys SET current = 0",
        "UPDATE wrapping_keys SET version = 2",
        "UPDATE wrapping_keys SET period = '2030-01'",
        "UPDATE wrapping_keys SET wrapped = zeroblob(40)",
        "UPDATE wrapping_keys SET mac = zeroblob(32)",
        "UPDATE wrapping_keys SET id = 'AAAAAAAAAAAAAAAAAAAAAQ'",
        "UPDATE wrapping_keys SET id = 'nothing'",
    ];
    for edit in edits {
        let scene = Scene::new().await;
        scene.key().await;
        scene.office.tamper(&[edit]).await;
        let refused = scene.office.start(1).await.unwrap_err();
        assert!(
            refused.to_string().contains(kek(1).id().as_str()),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn nothing_is_kept_under_a_wrapping_key_that_was_tampered_with() {
    let edits = [
        // The only one of its period is no longer current, or not there at all.
        "UPDATE wrapping_keys SET current = 0",
        "DELETE FROM wrapping_keys",
        // Another one is put in its place.
        "UPDATE wrapping_keys SET id = 'AAAAAAAAAAAAAAAAAAAAAQ'",
    ];
    for edit in edits {
        let scene = Scene::new().await;
        let (office, owner) = (&scene.office, &scene.owner);
        scene.key().await;
        office.tamper(&[edit]).await;
        let order = office.order(owner, method::CREATE_KEYS, create(owner, &policy(), 1));
        let refused = office
            .custody
            .create_keys(order.compact(), owner.call())
            .await;
        assert!(
            matches!(refused, Err(CustodyError::Wrap(_))),
            "{edit}: {refused:?}"
        );
        let row = office.audit().await.pop().unwrap();
        assert_eq!(
            (row.action.as_str(), row.outcome.as_str()),
            ("custody.wrapping_key", "ALARM")
        );
    }
}

/// The rows of the next version of the only wrapping key, as another process would make them.
async fn next_version(office: &Office) -> Vec<WrappingKey> {
    let rows = office.wrapping_keys().await;
    let [row] = rows.as_slice() else {
        panic!("one wrapping key is expected")
    };
    let stored = StoredWrappingKey {
        id: row.id.parse().unwrap(),
        period: row.period.parse().unwrap(),
        version: row.version,
        current: row.current,
        kek: row.kek.parse().unwrap(),
        wrapped: row.wrapped.clone(),
        mac: row.mac,
    };
    let period = stored.period;
    let installation = office.world.installation().clone();
    let ring = Keyring::open(kek(1), installation, vec![stored]).unwrap();
    let made = ring.create(period, &SeededRandom::new(99)).unwrap();
    made.into_iter()
        .map(|key| WrappingKey {
            id: key.id.to_string(),
            period: key.period.to_string(),
            version: key.version,
            current: key.current,
            kek: key.kek.to_string(),
            wrapped: key.wrapped,
            mac: key.mac,
            created_at: office.now(),
        })
        .collect()
}

#[tokio::test]
async fn a_newer_wrapping_key_of_another_process_is_taken_up() {
    let scene = Scene::new().await;
    let old = scene.key().await;
    for row in next_version(&scene.office).await {
        test_util::overwrite_wrapping_key(&scene.office.path(), &row).await;
    }
    let new = scene.key().await;
    let wrapping_keys = scene.office.wrapping_keys().await;
    let current = wrapping_keys.iter().find(|key| key.current).unwrap();
    assert_eq!(current.version, 2);
    assert_eq!(scene.office.record(&new).await.wrapping_key, current.id);
    for key_id in [old, new] {
        assert!(scene.office.get(&scene.pharmacy, &key_id).await.is_ok());
    }
}

#[tokio::test]
async fn keys_of_another_process_are_read_and_swept_at_once() {
    let scene = Scene::new().await;
    let office = &scene.office;
    // Another process makes the wrapping key; this one has never heard of it.
    let other = office.start(1).await.unwrap();
    let ends = office.now().unix() + 100;
    let order = office.order(
        &scene.owner,
        method::CREATE_KEYS,
        create(&scene.owner, &policy_with("expiresAt", ends), 2),
    );
    let release = other
        .create_keys(order.compact(), scene.owner.call())
        .await
        .unwrap();
    let made: wire::CreateKeysResult =
        office.open_release(&scene.owner, method::CREATE_KEYS, &order, &release);
    let read = office
        .get(&scene.pharmacy, &made.keys[0].key_id)
        .await
        .unwrap();
    assert_eq!(read.key.as_ref(), Some(&made.keys[0]));

    let third = office.start(1).await.unwrap();
    let later = office.order(
        &scene.owner,
        method::CREATE_KEYS,
        create(
            &scene.owner,
            &policy_with("expiresAt", ends + 40 * 86_400),
            1,
        ),
    );
    other
        .create_keys(later.compact(), scene.owner.call())
        .await
        .unwrap();
    office.advance(40 * 86_400 + 100);
    assert_eq!(third.sweep(office.now()).await.unwrap().expired, 3);
    assert!(office.audit_is_clean().await);
}

#[tokio::test]
async fn the_current_wrapping_key_cannot_be_downgraded() {
    let scene = Scene::new().await;
    let office = &scene.office;
    scene.key().await;
    let first = office.wrapping_keys().await.remove(0);
    for row in next_version(office).await {
        test_util::overwrite_wrapping_key(&office.path(), &row).await;
    }
    scene.key().await;
    // The first version's row as it once was: its MAC is good, and it says that it is current.
    test_util::overwrite_wrapping_key(&office.path(), &first).await;
    assert!(office.start(1).await.is_err());
    // And the newer one says that it is not.
    office
        .tamper(&["UPDATE wrapping_keys SET current = 0 WHERE version = 2"])
        .await;
    assert!(office.start(1).await.is_err());
    let (owner, body) = (&scene.owner, create(&scene.owner, &policy(), 1));
    let order = office.order(owner, method::CREATE_KEYS, body);
    let refused = office
        .custody
        .create_keys(order.compact(), owner.call())
        .await;
    assert!(matches!(refused, Err(CustodyError::Wrap(_))), "{refused:?}");
    assert_eq!(
        office.last_audit().await,
        ("ALARM".to_owned(), "TAMPERED".to_owned())
    );
}

#[tokio::test]
async fn a_period_does_not_lose_its_newest_wrapping_key_unseen() {
    let scene = Scene::new().await;
    let (office, owner) = (&scene.office, &scene.owner);
    scene.key().await;
    // The first version's row is a good one, and says truly that there is a newer one; where is it?
    let former = next_version(office).await.remove(0);
    assert!(!former.current);
    test_util::overwrite_wrapping_key(&office.path(), &former).await;
    let order = office.order(owner, method::CREATE_KEYS, create(owner, &policy(), 1));
    let refused = office
        .custody
        .create_keys(order.compact(), owner.call())
        .await;
    assert!(matches!(
        refused,
        Err(CustodyError::Wrap(WrapError::NoCurrent(_)))
    ));
    assert_eq!(office.last_audit().await.0, "ALARM");
    assert!(office.start(1).await.is_err());
}
