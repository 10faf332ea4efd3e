//! What revocation lists are made from.

use kleis_types::{CertificateState, RevocationReason};

use super::{
    Backend,
    fixture::{allocate, at, certificate, event, put_certificate},
    perform::act,
};
use crate::{
    EvidenceTx, Store, StoreError,
    registry::{
        Certificate, RegistryRead, RegistryStore, RegistryTx, SerialReservation, StatusEntry,
    },
};

fn reservation(serial: &str, index: u32, seconds: i64) -> SerialReservation {
    SerialReservation {
        serial: serial.to_owned(),
        status_index: index,
        issuer: "0123456789abcdef".to_owned(),
        reserved_at: at(seconds),
        abandoned_at: None,
    }
}

async fn reserve<S: RegistryStore>(
    store: &S,
    reservation: &SerialReservation,
) -> Result<(), StoreError> {
    act!(store, tx, [reservation] {
        tx.reserve_serial(&reservation).await?;
        tx.append_audit(&event()).await
    })
}

async fn settle<S: RegistryStore>(store: &S, serial: &'static str) -> Result<(), StoreError> {
    act!(store, tx, [] {
        tx.settle_serial(serial).await?;
        tx.append_audit(&event()).await
    })
}

async fn abandon<S: RegistryStore>(store: &S, serial: &'static str) -> Result<(), StoreError> {
    act!(store, tx, [] {
        tx.abandon_serial(serial, at(900)).await?;
        tx.append_audit(&event()).await
    })
}

async fn suspend<S: RegistryStore>(store: &S, index: u32) {
    act!(store, tx, [] {
        tx.put_status(StatusEntry { index, status: 2 }).await?;
        tx.append_audit(&event()).await
    })
    .unwrap();
}

/// One of each state, each of another device: entries 0 to 4.
fn one_of_each() -> [Certificate; 5] {
    let of = |serial, index, device: &str| Certificate {
        device: device.parse().unwrap(),
        ..certificate(serial, index)
    };
    [
        of("a0", 0, "active"),
        Certificate {
            state: CertificateState::Revoked,
            reason: Some(RevocationReason::KeyCompromise),
            revoked_at: Some(at(5)),
            ..of("a1", 1, "revoked")
        },
        Certificate {
            state: CertificateState::Superseded,
            ..of("a2", 2, "superseded")
        },
        Certificate {
            state: CertificateState::Expired,
            ..of("a3", 3, "expired")
        },
        of("a4", 4, "suspended"),
    ]
}

pub async fn what_does_not_hold_is_found_by_entry<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    allocate(store, 6).await;
    let all = one_of_each();
    for one in &all {
        put_certificate(store, one).await.unwrap();
    }
    suspend(store, 4).await;
    // The entry of a key: no certificate.
    suspend(store, 5).await;
    let mut reader = store.read().await.unwrap();
    let mut serials = async |entries| {
        let found = reader.withdrawn(entries, at(0)).await.unwrap();
        found.into_iter().map(|one| one.serial).collect::<Vec<_>>()
    };
    assert_eq!(serials(0..6).await, ["a1", "a2", "a4"]);
    assert_eq!(serials(0..2).await, ["a1"]);
    assert_eq!(serials(2..4).await, ["a2"]);
    assert_eq!(serials(5..4096).await, [""; 0]);
    let found = reader.withdrawn(1..2, at(0)).await;
    assert_eq!(found, Ok(vec![all[1].clone()]));
}

pub async fn what_has_ended_is_withdrawn_no_more<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    allocate(store, 5).await;
    for one in &one_of_each() {
        put_certificate(store, one).await.unwrap();
    }
    suspend(store, 4).await;
    let mut reader = store.read().await.unwrap();
    let end = at(86_400);
    assert_eq!(reader.withdrawn(0..5, end).await.unwrap().len(), 3);
    let later = reader.withdrawn(0..5, end.plus_seconds(1)).await;
    assert_eq!(later, Ok(Vec::new()));
}

pub async fn serials_are_reserved_once_and_settled_once<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    allocate(store, 3).await;
    let one = reservation("b1", 0, 0);
    reserve(store, &one).await.unwrap();
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.serial_reservation("b1").await, Ok(Some(one)));
    assert_eq!(reader.serial_reservation("b2").await, Ok(None));
    drop(reader);
    let exists = |result: Result<(), StoreError>| {
        assert!(
            matches!(result, Err(StoreError::AlreadyExists(_))),
            "{result:?}"
        );
    };
    exists(reserve(store, &reservation("b1", 1, 0)).await);
    put_certificate(store, &certificate("b3", 2)).await.unwrap();
    exists(reserve(store, &reservation("b3", 1, 0)).await);
    // An entry of the status list is for one alone.
    assert!(reserve(store, &reservation("b4", 0, 0)).await.is_err());

    settle(store, "b1").await.unwrap();
    assert_eq!(settle(store, "b1").await, Err(StoreError::VersionConflict));
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.serial_reservation("b1").await, Ok(None));
}

pub async fn a_serial_that_was_given_up_stays_so<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    allocate(store, 2).await;
    reserve(store, &reservation("c1", 1, 0)).await.unwrap();
    reserve(store, &reservation("c0", 0, 0)).await.unwrap();
    abandon(store, "c1").await.unwrap();
    assert_eq!(abandon(store, "c1").await, Err(StoreError::VersionConflict));
    assert_eq!(abandon(store, "c9").await, Err(StoreError::VersionConflict));
    assert_eq!(settle(store, "c1").await, Err(StoreError::VersionConflict));
    let given_up = SerialReservation {
        abandoned_at: Some(at(900)),
        ..reservation("c1", 1, 0)
    };
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.abandoned_serials(0..1).await, Ok(Vec::new()));
    let found = reader.abandoned_serials(0..4096).await;
    assert_eq!(found, Ok(vec![given_up]));
}

pub async fn open_serials_are_paged<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    allocate(store, 4).await;
    for (serial, index, seconds) in [("d3", 0, 1), ("d1", 1, 2), ("d2", 2, 3), ("d4", 3, 4)] {
        reserve(store, &reservation(serial, index, seconds))
            .await
            .unwrap();
    }
    abandon(store, "d2").await.unwrap();
    let mut reader = store.read().await.unwrap();
    let mut serials = async |before, after, limit| {
        let found = reader.open_serials(at(before), after, limit).await.unwrap();
        found.into_iter().map(|one| one.serial).collect::<Vec<_>>()
    };
    assert_eq!(serials(4, "", 10).await, ["d1", "d3"]);
    assert_eq!(serials(9, "", 2).await, ["d1", "d3"]);
    assert_eq!(serials(9, "d3", 2).await, ["d4"]);
    assert_eq!(serials(1, "", 10).await, [""; 0]);
}

pub async fn crl_numbers_never_fall<B: Backend>() {
    let backend = B::fresh().await;
    let take = async |store: &B::Registry, count| {
        act!(store, tx, [] {
            tx.append_audit(&event()).await?;
            tx.take_crl_numbers(count).await
        })
    };
    assert_eq!(take(backend.registry(), 100).await, Ok(1));
    assert_eq!(take(&backend.second_registry().await, 1).await, Ok(101));
    assert_eq!(take(backend.registry(), 5).await, Ok(102));
    assert!(take(backend.registry(), 0).await.is_err());
}
