//! JWK Sets, changes and the status list.

use super::{
    Backend,
    fixture::{DOCTOR, PERSON, PLATFORM, PLATFORM_KGSS, allocate, at, event, id},
    perform::act,
};
use crate::{
    EvidenceTx, Store, StoreError,
    registry::{ChangeEvent, RegistryRead, RegistryStore, RegistryTx, StatusEntry, StoredJwkSet},
};

fn set(recipient: &str, body: &[u8], has_keys: bool) -> StoredJwkSet {
    StoredJwkSet {
        recipient: id(recipient),
        body: body.to_vec(),
        etag: "\"abc\"".to_owned(),
        has_keys,
    }
}

async fn publish<S: RegistryStore>(store: &S, set: &StoredJwkSet, seconds: i64) {
    act!(store, tx, [set] {
        tx.put_jwk_set(&set, at(seconds)).await?;
        tx.append_audit(&event()).await
    })
    .unwrap();
}

async fn set_status<S: RegistryStore>(store: &S, index: u32, status: u8) -> Result<(), StoreError> {
    act!(store, tx, [] {
        tx.put_status(StatusEntry { index, status }).await?;
        tx.append_audit(&event()).await
    })
}

pub async fn jwk_sets_are_replaced<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    for set in [
        set(DOCTOR, b"{\"keys\":[1]}", true),
        set(DOCTOR, &[0, 0xff], false),
    ] {
        publish(store, &set, 0).await;
        let mut reader = store.read().await.unwrap();
        assert_eq!(reader.jwk_set(&id(DOCTOR)).await, Ok(Some(set)));
        assert_eq!(reader.jwk_set(&id(PERSON)).await, Ok(None));
    }
}

pub async fn recipients_are_found_by_type_and_value<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    for (recipient, has_keys) in [
        (PLATFORM_KGSS, true),
        (PLATFORM, true),
        ("CBE:0809394427/OLD", false),
        ("CBE:0823257311", true),
        ("EHP:0809394427", true),
    ] {
        publish(store, &set(recipient, b"{}", has_keys), 0).await;
    }
    let mut reader = store.read().await.unwrap();
    let found = reader.recipients("CBE", "0809394427").await;
    assert_eq!(found, Ok(vec![id(PLATFORM), id(PLATFORM_KGSS)]));
    assert_eq!(reader.recipients("CBE", "0000000000").await, Ok(Vec::new()));
    // One that has lost its keys is not offered any more.
    publish(store, &set(PLATFORM, b"{}", false), 1).await;
    let found = store
        .read()
        .await
        .unwrap()
        .recipients("CBE", "0809394427")
        .await;
    assert_eq!(found, Ok(vec![id(PLATFORM_KGSS)]));
}

pub async fn changes_come_in_commit_order<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    let mut before = store.read().await.unwrap();
    for (seconds, recipient) in [(30, DOCTOR), (20, PLATFORM), (10, DOCTOR)] {
        publish(store, &set(recipient, b"{}", true), seconds).await;
    }
    let mut reader = store.read().await.unwrap();
    assert_eq!(before.newest_change().await, Ok(None));
    let change = |seq, recipient, seconds| ChangeEvent {
        seq,
        recipient: id(recipient),
        at: at(seconds),
    };
    let all = reader.changes(0, 10).await.unwrap();
    let expected = [
        change(1, DOCTOR, 30),
        change(2, PLATFORM, 20),
        change(3, DOCTOR, 10),
    ];
    assert_eq!(all, expected);
    assert_eq!(
        reader.changes(1, 1).await,
        Ok(vec![change(2, PLATFORM, 20)])
    );
    assert_eq!(reader.changes(3, 1).await, Ok(Vec::new()));
    assert_eq!(
        reader.newest_change().await,
        Ok(Some(change(3, DOCTOR, 10)))
    );
}

pub async fn status_entries_have_no_gaps<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    assert_eq!(
        store.read().await.unwrap().status_entries().await,
        Ok((0, Vec::new()))
    );
    allocate(store, 3).await;
    // What a failed act has taken is free again.
    let failed: Result<(), _> = act!(store, tx, [] {
        assert_eq!(tx.allocate_status().await?, 3);
        Err(StoreError::VersionConflict)
    });
    assert!(failed.is_err());
    let next = act!(store, tx, [] {
        tx.append_audit(&event()).await?;
        tx.allocate_status().await
    });
    assert_eq!(next, Ok(3));
    let (version, entries) = store.read().await.unwrap().status_entries().await.unwrap();
    assert_eq!(entries, [3, 3, 3, 3]);
    set_status(store, 1, 0).await.unwrap();
    set_status(store, 3, 1).await.unwrap();
    set_status(store, 0, 2).await.unwrap();
    let (newer, entries) = store.read().await.unwrap().status_entries().await.unwrap();
    assert_eq!(
        (newer, entries.as_slice()),
        (version + 3, &[2, 0, 3, 1][..])
    );
}

pub async fn a_status_that_was_never_allocated_is_refused<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    allocate(store, 1).await;
    let before = store.read().await.unwrap().status_entries().await;
    for (index, status) in [(1, 0), (0, 4)] {
        let refused = set_status(store, index, status).await;
        assert!(refused.is_err(), "{index} {status}");
    }
    assert_eq!(store.read().await.unwrap().status_entries().await, before);
}
