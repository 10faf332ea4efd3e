//! A signature is never lost: what was signed and not stored can be revoked, and is.

use kleis_jose::KeyType;
use kleis_registration::Swept;
use kleis_store::{Store as _, registry::RegistryRead as _};
use kleis_store_sqlite::test_util;
use kleis_trust::status::Status;

use crate::{
    house::{House, JOHN, MARY},
    revocation::{Told, asked, entries},
};

const BREAK: &str = "CREATE TRIGGER broken BEFORE INSERT ON certificates \
                     BEGIN SELECT RAISE(ABORT, 'no space left on device'); END";
const MEND: &str = "DROP TRIGGER broken";

/// The serial numbers that are reserved, and what goes with them.
async fn open(house: &House) -> Vec<(String, u32)> {
    let mut reader = house.store.read().await.unwrap();
    let found = reader
        .open_serials(house.now().plus_seconds(1), "", 100)
        .await
        .unwrap();
    found
        .into_iter()
        .map(|one| (one.serial, one.status_index))
        .collect()
}

#[tokio::test]
async fn a_certificate_that_was_signed_and_not_stored_is_revoked() {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    house.register(&operator, &[JOHN], true).await.unwrap();
    let code = house.code(&operator, JOHN).await.unwrap();
    let key = house.key(KeyType::P256);
    let body = house.enrolment(&code, JOHN, "main", &key);

    // The database fails when the certificate is to be stored: it was signed just before.
    test_util::tamper(&house.path(), &[BREAK]).await;
    let before = open(&house).await;
    assert!(house.enrol(&key, body.clone()).await.is_err());
    test_util::tamper(&house.path(), &[MEND]).await;
    // It took one of those that were reserved, and the database still has it: with an entry of the
    // status list that nobody else will get.
    let mut lost = before.clone();
    let device = house.enrol(&key, body).await.unwrap();
    lost.retain(|one| one.0 != device.serial());
    let after = open(&house).await;
    assert!(lost.iter().all(|one| after.contains(one)));
    assert!(before.iter().any(|one| one.0 == device.serial()) || after.len() >= lost.len());

    // Meanwhile nothing good is said of it.
    let serials: Vec<&str> = lost.iter().map(|one| one.0.as_str()).collect();
    assert!(
        asked(&house, &serials)
            .await
            .iter()
            .all(|told| *told == Told::Unknown)
    );
    house.clock.advance(599);
    assert_eq!(
        house.registration.sweep(house.now()).await.unwrap(),
        Swept::default()
    );
    house.clock.advance(2);
    let swept = house.registration.sweep(house.now()).await.unwrap();
    assert_eq!(swept.serials, 1, "only the one that was given out");
    let since = house.now().unix();
    let found = entries(&house).await;
    let [(serial, at, None)] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert!(serials.contains(&serial.as_str()));
    assert_eq!(*at, since);
    assert_eq!(asked(&house, &[serial]).await, [Told::Revoked(since, None)]);
    let index = lost.iter().find(|one| one.0 == *serial).unwrap().1;
    assert_eq!(house.status(index).await, Status::Other);
    assert_ne!(index, device.status_index());
    // It stays so.
    house.clock.advance(1000 * 86_400);
    let expected = [(serial.clone(), since, None)];
    assert_eq!(entries(&house).await, expected);
    house.clock.advance(201 * 86_400);
    assert_eq!(entries(&house).await, []);
    assert_eq!(asked(&house, &[serial]).await, [Told::Revoked(since, None)]);
    house.check_audit().await;
}

#[tokio::test]
async fn what_a_process_reserved_before_it_died_is_revoked() {
    let mut house = House::new().await;
    let operator = house.bootstrap().await;
    let reserved = open(&house).await;
    assert!(!reserved.is_empty());
    house.die_and_restart().await;
    house.clock.advance(601);
    let swept = house.registration.sweep(house.now()).await.unwrap();
    assert_eq!(swept.serials, reserved.len() as u64);
    let mut serials: Vec<_> = entries(&house).await.into_iter().map(|one| one.0).collect();
    serials.sort();
    let mut expected: Vec<_> = reserved.into_iter().map(|one| one.0).collect();
    expected.sort();
    assert_eq!(serials, expected);
    // The new process' own are not touched, and work.
    house.welcome(&operator, &[MARY], MARY, "main").await;
    house.check_audit().await;
}

#[tokio::test]
async fn a_process_that_ends_gives_back_what_it_did_not_use() {
    let mut house = House::new().await;
    house.bootstrap().await;
    house.registration.release_serials().await.unwrap();
    assert_eq!(open(&house).await, []);
    assert_eq!(
        house.last_row().await.action,
        "registration.release_serials"
    );
    let rows = house.footprint().await.rows;
    house.registration.release_serials().await.unwrap();
    assert_eq!(house.footprint().await.rows, rows);
    house.restart().await;
    house.clock.advance(601);
    house.registration.sweep(house.now()).await.unwrap();
    assert_eq!(entries(&house).await, []);
}

#[tokio::test]
async fn a_number_that_was_given_up_signs_nothing() {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    house.register(&operator, &[JOHN], true).await.unwrap();
    let code = house.code(&operator, JOHN).await.unwrap();
    // Somebody else has given up all that this process holds.
    let all = "UPDATE serial_reservations SET abandoned_at = 1";
    test_util::tamper(&house.path(), &[all]).await;
    let key = house.key(KeyType::P256);
    let body = || house.enrolment(&code, JOHN, "main", &key);
    let mut refusals = 0;
    while house.enrol(&key, body()).await.is_err() {
        refusals += 1;
        assert!(refusals < 10);
    }
    assert!(refusals > 0);
}

#[tokio::test]
async fn many_at_once_have_a_number_each() {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    let john = house.welcome(&operator, &[JOHN], JOHN, "main").await;
    let devices = (0..12).map(|number| {
        let key = house.key(KeyType::P256);
        let body = house.endorsed(&john, &format!("device-{number}"), &key);
        let house = &house;
        async move { house.enrol(&key, body).await.unwrap().serial() }
    });
    let mut serials = futures_all(devices).await;
    serials.sort();
    serials.dedup();
    assert_eq!(serials.len(), 12);
    house.check_audit().await;
}

/// All of them at once, on this task.
async fn futures_all<F: Future<Output = String>>(all: impl Iterator<Item = F>) -> Vec<String> {
    use std::{pin::Pin, task::Poll};
    let mut waiting: Vec<Pin<Box<F>>> = all.map(Box::pin).collect();
    let mut done = Vec::new();
    std::future::poll_fn(move |context| {
        waiting.retain_mut(|one| match one.as_mut().poll(context) {
            Poll::Ready(serial) => {
                done.push(serial);
                false
            }
            Poll::Pending => true,
        });
        if waiting.is_empty() {
            Poll::Ready(std::mem::take(&mut done))
        } else {
            Poll::Pending
        }
    })
    .await
}
