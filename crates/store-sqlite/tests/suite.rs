//! The conformance suite on SQLite.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{path::PathBuf, sync::Arc};

use kleis_store::suite::{Backend, Database};
use kleis_store_sqlite::{CustodySqlite, RegistrySqlite, StsSqlite};
use kleis_types::SeededRandom;
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

struct Sqlite {
    directory: TempDir,
    registry: RegistrySqlite,
    custody: CustodySqlite,
    sts: StsSqlite,
}

impl Sqlite {
    fn path(&self, database: Database) -> PathBuf {
        self.directory.path().join(match database {
            Database::Registry => "registry.db",
            Database::Custody => "custody.db",
            Database::Sts => "sts.db",
        })
    }
}

impl Backend for Sqlite {
    type Registry = RegistrySqlite;
    type Custody = CustodySqlite;
    type Sts = StsSqlite;

    async fn fresh() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (registry, custody, sts) = (
            directory.path().join("registry.db"),
            directory.path().join("custody.db"),
            directory.path().join("sts.db"),
        );
        RegistrySqlite::migrate(&registry).await.unwrap();
        CustodySqlite::migrate(&custody).await.unwrap();
        StsSqlite::migrate(&sts).await.unwrap();
        let random = Arc::new(SeededRandom::new(1));
        let registry = RegistrySqlite::open(&registry, "first", random.clone())
            .await
            .unwrap();
        let custody = CustodySqlite::open(&custody, "first", random.clone())
            .await
            .unwrap();
        let sts = StsSqlite::open(&sts, "first", random).await.unwrap();
        Self {
            directory,
            registry,
            custody,
            sts,
        }
    }

    fn registry(&self) -> &RegistrySqlite {
        &self.registry
    }

    fn custody(&self) -> &CustodySqlite {
        &self.custody
    }

    fn sts(&self) -> &StsSqlite {
        &self.sts
    }

    async fn second_registry(&self) -> RegistrySqlite {
        let random = Arc::new(SeededRandom::new(2));
        RegistrySqlite::open(&self.path(Database::Registry), "second", random)
            .await
            .unwrap()
    }

    async fn second_sts(&self) -> StsSqlite {
        let random = Arc::new(SeededRandom::new(2));
        StsSqlite::open(&self.path(Database::Sts), "second", random)
            .await
            .unwrap()
    }

    async fn tamper(&self, database: Database, statement: &'static str) {
        let url = format!("sqlite://{}", self.path(database).display());
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        for guard in [
            "DROP TRIGGER IF EXISTS audit_is_not_changed",
            "DROP TRIGGER IF EXISTS audit_is_not_removed",
            "DROP TRIGGER IF EXISTS checkpoints_are_not_changed",
            "DROP TRIGGER IF EXISTS checkpoints_are_not_removed",
            "DROP TRIGGER IF EXISTS audit_segments_are_not_changed",
            "DROP TRIGGER IF EXISTS audit_segments_are_not_removed",
        ] {
            sqlx::query(guard).execute(&mut connection).await.unwrap();
        }
        sqlx::query(statement)
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    }
}

kleis_store::store_suite!(Sqlite);
