//! What is in memory is never older than what is known, and nothing is answered by who knows nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kleis_directory::{DirectoryError, Found, News, Settings};
use kleis_jose::Thumbprint;
use kleis_proto::lookup::{KeyUse, Lookup};
use kleis_store::{Act, Store, StoreError};
use kleis_store_sqlite::RegistrySqlite;
use kleis_types::ErrorCode;
use tokio::sync::mpsc;

use crate::world::{DOCTOR, EHR, KID, PERSON, PLAIN, caller, directory, id, publish, world};

/// A store that can be cut off.
#[derive(Clone)]
struct Cut(RegistrySqlite, Arc<AtomicBool>);

impl Cut {
    fn new(store: &RegistrySqlite) -> Self {
        Self(store.clone(), Arc::default())
    }

    fn set(&self, cut: bool) {
        self.1.store(cut, Ordering::SeqCst);
    }
}

impl Store for Cut {
    type Tx = <RegistrySqlite as Store>::Tx;
    type Reader = <RegistrySqlite as Store>::Reader;

    async fn run<A: Act<Self::Tx>>(&self, act: A) -> Result<A::Output, A::Error> {
        self.0.run(act).await
    }

    async fn read(&self) -> Result<Self::Reader, StoreError> {
        if self.1.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("cut".to_owned()));
        }
        self.0.read().await
    }

    fn statements(&self) -> u64 {
        self.0.statements()
    }

    fn commits(&self) -> u64 {
        self.0.commits()
    }
}

fn has_encryption_key(found: Result<Found, DirectoryError>) -> bool {
    match found {
        Ok(Found::Recipient(found)) => String::from_utf8(found.jwks).unwrap().contains("\"enc\""),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_key_that_another_process_revokes_is_gone_once_the_feed_has_heard_of_it() {
    let world = world().await;
    let elsewhere = directory(
        world.another_process().await,
        Settings::default(),
        &world.clock,
    );
    elsewhere.catch_up().await.unwrap();
    let lookup = Lookup::new(id(PLAIN));
    for directory in [&world.directory, &elsewhere] {
        assert!(has_encryption_key(directory.lookup(&lookup, None).await));
    }
    publish(&world.store, PLAIN, false).await;
    // The process that has written knows at once.
    assert!(!has_encryption_key(
        world.directory.lookup(&lookup, None).await
    ));
    // The other has it in memory still: that is what the feed is for.
    assert!(has_encryption_key(elsewhere.lookup(&lookup, None).await));
    elsewhere.catch_up().await.unwrap();
    assert!(!has_encryption_key(elsewhere.lookup(&lookup, None).await));
    let enc = lookup.for_use(KeyUse::Encryption);
    let gone = elsewhere.lookup(&enc, None).await;
    assert!(matches!(gone, Err(DirectoryError::NoRecipient)));
}

#[tokio::test]
async fn that_there_is_nothing_is_not_kept() {
    let world = world().await;
    let lookup = Lookup::new(id("CBE:0777777868"));
    let missing = world.directory.lookup(&lookup, None).await;
    assert!(matches!(missing, Err(DirectoryError::NoRecipient)));
    publish(&world.store, "CBE:0777777868", true).await;
    assert!(world.directory.lookup(&lookup, None).await.is_ok());
    // Nor are candidates.
    let open = Lookup::new(id("CBE:0123456749")).for_any_application();
    let two = world.directory.lookup(&open, None).await.unwrap();
    assert!(matches!(two, Found::Candidates(names) if names.len() == 2));
    publish(&world.store, "CBE:0123456749", true).await;
    let three = world.directory.lookup(&open, None).await.unwrap();
    assert!(matches!(three, Found::Candidates(names) if names.len() == 3));
}

#[tokio::test]
async fn an_alias_finds_what_its_primary_identity_has_in_memory() {
    let world = world().await;
    let ask = async |text| {
        let lookup = Lookup::new(id(text));
        has_encryption_key(world.directory.lookup(&lookup, Some(&caller())).await)
    };
    assert!(ask(PERSON).await);
    let other = world.another_process().await;
    publish(&other, PERSON, false).await;
    assert!(ask(DOCTOR).await);
    world.directory.catch_up().await.unwrap();
    assert!(!ask(DOCTOR).await);
}

#[tokio::test]
async fn who_hears_of_no_changes_answers_nothing() {
    let world = world().await;
    let store = Cut::new(&world.another_process().await);
    let directory = directory(store.clone(), Settings::default(), &world.clock);
    let lookup = Lookup::new(id(PLAIN));
    let open = Lookup::new(id("CBE:0123456749")).for_any_application();
    let kid: Thumbprint = KID.parse().unwrap();
    let behind = async || {
        let told = [
            directory.lookup(&lookup, None).await.unwrap_err(),
            directory.lookup(&open, None).await.unwrap_err(),
            directory.key(&kid, None, None).await.unwrap_err(),
            directory
                .batch_lookup(vec![Ok(lookup.clone())], None)
                .await
                .remove(0)
                .unwrap_err(),
        ];
        told.iter()
            .all(|error| matches!(error, DirectoryError::Behind))
    };
    // Not before the feed has begun.
    assert!(behind().await);
    directory.catch_up().await.unwrap();
    assert!(directory.lookup(&lookup, None).await.is_ok());
    store.set(true);
    world.clock.advance(5);
    assert!(directory.catch_up().await.is_err());
    // In memory, and within the bound.
    assert!(directory.lookup(&lookup, None).await.is_ok());
    world.clock.advance(1);
    assert!(behind().await);
    // Also when the database can be read again: whether the feed can is not known yet.
    store.set(false);
    assert!(behind().await);
    directory.catch_up().await.unwrap();
    assert!(directory.lookup(&lookup, None).await.is_ok());
    let problem = kleis_types::Problem::from(&DirectoryError::Behind);
    assert_eq!(problem.code(), ErrorCode::DirectoryBehind);
}

#[tokio::test]
async fn changes_during_the_silence_are_caught_up_with() {
    let world = world().await;
    let other = world.another_process().await;
    let store = Cut::new(&world.store);
    let directory = directory(store.clone(), Settings::default(), &world.clock);
    directory.catch_up().await.unwrap();
    let lookup = Lookup::new(id(PLAIN));
    assert!(has_encryption_key(directory.lookup(&lookup, None).await));
    store.set(true);
    world.clock.advance(3_600);
    publish(&other, EHR, true).await;
    publish(&other, PLAIN, false).await;
    store.set(false);
    directory.catch_up().await.unwrap();
    assert!(!has_encryption_key(directory.lookup(&lookup, None).await));
}

#[tokio::test]
async fn another_database_in_the_place_of_the_first_empties_the_memory() {
    let world = world().await;
    let lookup = Lookup::new(id(PLAIN));
    assert!(has_encryption_key(
        world.directory.lookup(&lookup, None).await
    ));
    publish(&world.store, EHR, true).await;
    world.directory.catch_up().await.unwrap();
    kleis_store_sqlite::test_util::tamper(
        &world.path(),
        &[
            "DELETE FROM change_events WHERE seq > 1",
            "UPDATE jwk_sets SET body = CAST('{\"keys\":[{\"use\":\"sig\"}]}' AS BLOB) \
             WHERE type_name = 'CBE'",
        ],
    )
    .await;
    world.directory.catch_up().await.unwrap();
    assert!(!has_encryption_key(
        world.directory.lookup(&lookup, None).await
    ));
}

/// News when the test says so; the answer tells that what came before is done.
struct Told(mpsc::Receiver<()>);

impl News for Told {
    async fn next(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

#[tokio::test]
async fn the_feed_goes_on_after_a_failure() {
    let world = world().await;
    let other = world.another_process().await;
    let store = Cut::new(&world.store);
    let directory = directory(store.clone(), Settings::default(), &world.clock);
    // Room for one: when a second and a third are taken, the first is done with.
    let (tell, told) = mpsc::channel(1);
    let following = directory.clone();
    let feed = tokio::spawn(async move { following.follow(Told(told)).await });
    let round = async || {
        for _ in 0..3 {
            tell.send(()).await.unwrap();
        }
    };
    let lookup = Lookup::new(id(PLAIN));
    round().await;
    assert!(has_encryption_key(directory.lookup(&lookup, None).await));
    store.set(true);
    round().await;
    publish(&other, PLAIN, false).await;
    store.set(false);
    round().await;
    assert!(!has_encryption_key(directory.lookup(&lookup, None).await));
    feed.abort();
}
