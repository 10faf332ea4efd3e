//! The databases, their migrations, and what is audited in each.

use std::{collections::BTreeMap, future::Future, path::Path};

use kleis_store::StoreError;
use sqlx::{
    ConnectOptions, Connection, SqliteConnection,
    migrate::{Migrate, MigrateError, Migration, Migrator},
};

use crate::{error::unexpected, link::Link, options};

/// A record's resource name, version and digest.
pub(crate) type AuditedState = (String, u64, [u8; 32]);

static REGISTRY: Migrator = sqlx::migrate!("../../migrations/sqlite/registry");
static CUSTODY: Migrator = sqlx::migrate!("../../migrations/sqlite/custody");
static STS: Migrator = sqlx::migrate!("../../migrations/sqlite/sts");

/// The registration service's database.
#[derive(Debug, Clone, Copy)]
pub enum Registry {}

/// The custody service's database.
#[derive(Debug, Clone, Copy)]
pub enum Custody {}

/// The token service's database.
#[derive(Debug, Clone, Copy)]
pub enum Sts {}

/// One of the databases: [`Registry`], [`Custody`] or [`Sts`].
pub trait Schema: sealed::Sealed + Send + Sync + 'static {}

impl Schema for Registry {}
impl Schema for Custody {}
impl Schema for Sts {}

pub(crate) mod sealed {
    use super::{AuditedState, Future, Link, Migrator, StoreError};

    pub trait Sealed {
        #[doc(hidden)]
        fn migrator() -> &'static Migrator;

        /// As `EvidenceRead::audited_states`.
        #[doc(hidden)]
        fn audited_states(
            link: &mut Link,
            after: &str,
            limit: u32,
        ) -> impl Future<Output = Result<Vec<AuditedState>, StoreError>> + Send;
    }
}

impl sealed::Sealed for Registry {
    fn migrator() -> &'static Migrator {
        &REGISTRY
    }

    async fn audited_states(
        link: &mut Link,
        after: &str,
        limit: u32,
    ) -> Result<Vec<AuditedState>, StoreError> {
        crate::registry::audited_states(link, after, limit).await
    }
}

impl sealed::Sealed for Custody {
    fn migrator() -> &'static Migrator {
        &CUSTODY
    }

    async fn audited_states(
        link: &mut Link,
        after: &str,
        limit: u32,
    ) -> Result<Vec<AuditedState>, StoreError> {
        crate::custody::audited_states(link, after, limit).await
    }
}

impl sealed::Sealed for Sts {
    fn migrator() -> &'static Migrator {
        &STS
    }

    async fn audited_states(
        link: &mut Link,
        after: &str,
        limit: u32,
    ) -> Result<Vec<AuditedState>, StoreError> {
        crate::sts::audited_states(link, after, limit).await
    }
}

/// What a migration has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// How many migrations were missing, and are there now.
    pub count: usize,
    /// The schema's version now.
    pub version: i64,
}

/// Brings the database at `path` to the schema of this program; makes it if there is none.
pub(crate) async fn migrate<D: Schema>(path: &Path) -> Result<Applied, StoreError> {
    options::create(path)?;
    let mut connection = connect(path).await?;
    let missing = missing(&mut connection, D::migrator()).await?;
    for migration in &missing {
        // Each in a transaction of its own, with the row that says that it was applied.
        connection
            .apply(&D::migrator().table_name, migration)
            .await
            .map_err(schema)?;
    }
    connection
        .close()
        .await
        .map_err(|error| unexpected(&error))?;
    Ok(Applied {
        count: missing.len(),
        version: D::migrator()
            .iter()
            .map(|migration| migration.version)
            .max()
            .unwrap_or(0),
    })
}

/// Refuses a database whose schema is not exactly the one of this program.
pub(crate) async fn check<D: Schema>(path: &Path) -> Result<(), StoreError> {
    if !path.is_file() {
        return Err(StoreError::Schema("there is no database yet".to_owned()));
    }
    let mut connection = connect(path).await?;
    let missing = missing(&mut connection, D::migrator()).await?;
    connection
        .close()
        .await
        .map_err(|error| unexpected(&error))?;
    match missing.first() {
        None => Ok(()),
        Some(next) => Err(StoreError::Schema(format!(
            "migration {} is missing",
            next.version
        ))),
    }
}

/// The migrations that the database has not seen, in order. Refuses one that has seen others than
/// ours.
async fn missing(
    connection: &mut SqliteConnection,
    migrator: &'static Migrator,
) -> Result<Vec<&'static Migration>, StoreError> {
    let mut seen = applied(connection, migrator).await?;
    let mut missing = Vec::new();
    for migration in migrator.iter() {
        match seen.remove(&migration.version) {
            Some(checksum) if checksum == *migration.checksum => {}
            Some(_) => {
                let version = migration.version;
                return Err(StoreError::Schema(format!(
                    "migration {version} is another one"
                )));
            }
            None => missing.push(migration),
        }
    }
    match seen.first_key_value() {
        None => Ok(missing),
        Some((version, _)) => Err(StoreError::Schema(format!(
            "migration {version} is unknown to this program, which is older than the database"
        ))),
    }
}

async fn connect(path: &Path) -> Result<SqliteConnection, StoreError> {
    options::writer(path)
        .connect()
        .await
        .map_err(|error| unexpected(&error))
}

/// The checksums of the migrations that the database has seen, by version.
async fn applied(
    connection: &mut SqliteConnection,
    migrator: &Migrator,
) -> Result<BTreeMap<i64, Vec<u8>>, StoreError> {
    let table = &migrator.table_name;
    connection
        .ensure_migrations_table(table)
        .await
        .map_err(schema)?;
    if let Some(version) = connection.dirty_version(table).await.map_err(schema)? {
        return Err(StoreError::Schema(format!(
            "migration {version} was left half way"
        )));
    }
    let applied = connection
        .list_applied_migrations(table)
        .await
        .map_err(schema)?;
    Ok(applied
        .into_iter()
        .map(|one| (one.version, one.checksum.into_owned()))
        .collect())
}

fn schema(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) => unexpected(&error),
        error => StoreError::Schema(error.to_string()),
    }
}
