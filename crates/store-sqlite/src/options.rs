//! How files are made and opened.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    time::Duration,
};

use kleis_store::StoreError;
use sqlx::{
    ConnectOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

/// How long a statement waits for another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The statement that sets it on a connection.
pub(crate) const RESTORE_BUSY_TIMEOUT: &str = "PRAGMA busy_timeout = 5000";

/// Connections that write.
pub(crate) fn writer(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        // A commit is answered when it is on the disk, not when it is on its way there.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        // What is removed is overwritten: a destroyed key leaves no bytes behind.
        .pragma("secure_delete", "ON")
        // Nothing of what is sorted or joined reaches a file outside the database.
        .pragma("temp_store", "MEMORY")
        // Views and triggers that somebody put into the file call nothing.
        .pragma("trusted_schema", "OFF")
        .statement_cache_capacity(256)
        .disable_statement_logging()
}

/// Connections that cannot write.
pub(crate) fn reader(path: &Path) -> SqliteConnectOptions {
    writer(path).pragma("query_only", "ON")
}

/// Makes an empty file that nobody but its owner may read, if there is none. SQLite gives its other
/// files the same rights.
pub(crate) fn create(path: &Path) -> Result<(), StoreError> {
    match OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
    {
        Ok(_) => sync_directory(path),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
    .map_err(|error| StoreError::Unavailable(format!("cannot make the database: {error}")))
}

/// Keeps the name of a new file: SQLite does that for its logs, not for a file that it found.
fn sync_directory(path: &Path) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_is_made_once_for_its_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file.db");
        create(&path).unwrap();
        std::fs::write(&path, "kept").unwrap();
        create(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"kept");
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let nowhere = directory.path().join("missing").join("file.db");
        assert!(matches!(create(&nowhere), Err(StoreError::Unavailable(_))));
    }

    #[test]
    fn the_pragma_restores_the_timeout() {
        let milliseconds = RESTORE_BUSY_TIMEOUT.rsplit(' ').next().unwrap();
        assert_eq!(milliseconds.parse(), Ok(BUSY_TIMEOUT.as_millis()));
    }

    #[tokio::test]
    async fn readers_cannot_write() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file.db");
        create(&path).unwrap();
        let mut writer = writer(&path).connect().await.unwrap();
        sqlx::query("CREATE TABLE t (a)")
            .execute(&mut writer)
            .await
            .unwrap();
        let mut reader = reader(&path).connect().await.unwrap();
        sqlx::query("SELECT a FROM t")
            .fetch_optional(&mut reader)
            .await
            .unwrap();
        let refused = sqlx::query("INSERT INTO t VALUES (1)")
            .execute(&mut reader)
            .await;
        assert!(refused.is_err());
    }
}
