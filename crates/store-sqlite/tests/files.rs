//! The files: how they are made, opened, refused and closed.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use kleis_store::{Store, StoreError, registry::RegistryRead};
use kleis_store_sqlite::{Applied, CustodySqlite, RegistrySqlite};
use kleis_types::SeededRandom;
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("registry.db");
    (directory, path)
}

async fn open(path: &std::path::Path) -> Result<RegistrySqlite, StoreError> {
    RegistrySqlite::open(path, "test", Arc::new(SeededRandom::new(1))).await
}

async fn execute(path: &std::path::Path, statement: &'static str) {
    let url = format!("sqlite://{}", path.display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    sqlx::query(statement)
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn migrate_makes_the_file_and_says_what_it_did() {
    let (_directory, path) = place();
    let first = RegistrySqlite::migrate(&path).await.unwrap();
    let migrations = fs::read_dir("../../migrations/sqlite/registry")
        .unwrap()
        .count();
    assert_eq!(first.count, migrations);
    assert!(first.version > 0);
    let second = RegistrySqlite::migrate(&path).await.unwrap();
    assert_eq!(
        second,
        Applied {
            count: 0,
            version: first.version
        }
    );

    let store = open(&path).await.unwrap();
    assert_eq!(
        store.read().await.unwrap().status_entries().await,
        Ok((0, Vec::new()))
    );
}

#[tokio::test]
async fn files_are_for_their_owner_alone() {
    let (directory, path) = place();
    RegistrySqlite::migrate(&path).await.unwrap();
    let _store = open(&path).await.unwrap();
    let files: Vec<_> = fs::read_dir(directory.path())
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(
        files.len(),
        3,
        "the database, its log and its index: {files:?}"
    );
    for file in files {
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file:?}");
    }
}

#[tokio::test]
async fn closing_leaves_one_file_and_refuses_acts_and_reads() {
    let (directory, path) = place();
    RegistrySqlite::migrate(&path).await.unwrap();
    let store = open(&path).await.unwrap();
    store.close().await;
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    assert!(matches!(
        store.read().await.map(drop),
        Err(StoreError::Unavailable(_))
    ));
    // A second time does no harm.
    store.clone().close().await;
    open(&path).await.unwrap();
}

#[tokio::test]
async fn a_database_that_is_not_there_is_not_made_by_opening_it() {
    let (directory, path) = place();
    assert!(matches!(open(&path).await, Err(StoreError::Schema(_))));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn pending_unknown_and_foreign_migrations_are_refused() {
    let refused = |result: Result<_, StoreError>, why: &str| match result {
        Err(StoreError::Schema(text)) => assert!(text.contains(why), "{text}"),
        other => panic!("{other:?}"),
    };
    let (_directory, path) = place();
    RegistrySqlite::migrate(&path).await.unwrap();
    // Of another service.
    let random = Arc::new(SeededRandom::new(1));
    refused(
        CustodySqlite::open(&path, "test", random).await.map(drop),
        "migration 2 is another",
    );
    refused(CustodySqlite::migrate(&path).await.map(drop), "migration 2");
    // Newer than the program.
    execute(
        &path,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (99, 'later', 1, x'00', 0)",
    )
    .await;
    refused(open(&path).await.map(drop), "migration 99 is unknown");
    refused(RegistrySqlite::migrate(&path).await.map(drop), "99");
    // Older than the program.
    execute(&path, "DELETE FROM _sqlx_migrations WHERE version > 1").await;
    refused(open(&path).await.map(drop), "migration 2 is missing");
}

#[test]
fn what_the_databases_share_is_the_same_in_each() {
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/sqlite");
    let read = |database: &str| -> BTreeMap<_, _> {
        let listed = fs::read_dir(migrations.join(database)).unwrap();
        listed
            .map(|file| file.unwrap())
            .map(|file| (file.file_name(), fs::read_to_string(file.path()).unwrap()))
            .collect()
    };
    let registry = read("registry");
    for database in ["custody", "sts"] {
        let shared: Vec<_> = read(database)
            .into_iter()
            .filter(|(name, _)| registry.contains_key(name))
            .collect();
        assert!(
            shared.len() > 1,
            "{database} shares the evidence and the checkpoints"
        );
        for (name, text) in shared {
            assert_eq!(registry[&name], text, "{database} {name:?}");
        }
    }
}
