//! A connection in a transaction, and the rules that every statement on it follows.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use kleis_store::StoreError;
use sqlx::{Connection, Sqlite, SqliteConnection, Transaction};

use crate::error::{is_taken, unexpected};

/// Counts the statements of acts and readers, not those that begin and end transactions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Statements(Arc<AtomicU64>);

impl Statements {
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counts the commits of a writer, those included of which nobody knows whether they reached the disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct Commits(Arc<AtomicU64>);

impl Commits {
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

enum Ends {
    Writing(Box<SqliteConnection>),
    Snapshot(Box<Transaction<'static, Sqlite>>),
}

/// A connection in a transaction.
///
/// SQLite ends the whole transaction by itself on some errors (a full disk, for one), and what came
/// after would then be kept at once. So after an error that nobody expected no statement follows
/// until [`Link::rollback`].
pub struct Link {
    ends: Ends,
    statements: Statements,
    failed: Option<StoreError>,
}

impl Link {
    pub(crate) fn writing(connection: SqliteConnection, statements: Statements) -> Self {
        Self {
            ends: Ends::Writing(Box::new(connection)),
            statements,
            failed: None,
        }
    }

    pub(crate) fn snapshot(tx: Transaction<'static, Sqlite>, statements: Statements) -> Self {
        Self {
            ends: Ends::Snapshot(Box::new(tx)),
            statements,
            failed: None,
        }
    }

    /// The connection for the next statement, which is counted.
    pub(crate) fn next(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.statements.0.fetch_add(1, Ordering::Relaxed);
        Ok(self.connection())
    }

    /// The result of a statement.
    pub(crate) fn done<T>(&mut self, result: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        result.map_err(|error| {
            let error = unexpected(&error);
            self.failed = Some(error.clone());
            error
        })
    }

    /// The one row of a statement, if there is one, as a record.
    pub(crate) fn record<R, T>(
        &mut self,
        row: Result<Option<R>, sqlx::Error>,
    ) -> Result<Option<T>, StoreError>
    where
        T: TryFrom<R, Error = StoreError>,
    {
        self.done(row)?.map(T::try_from).transpose()
    }

    /// The rows of a statement as records.
    pub(crate) fn records<R, T>(
        &mut self,
        rows: Result<Vec<R>, sqlx::Error>,
    ) -> Result<Vec<T>, StoreError>
    where
        T: TryFrom<R, Error = StoreError>,
    {
        self.done(rows)?.into_iter().map(T::try_from).collect()
    }

    /// The result of a statement that may meet a unique value that is `taken`.
    pub(crate) fn done_unless<T>(
        &mut self,
        taken: &'static str,
        result: Result<T, sqlx::Error>,
    ) -> Result<T, StoreError> {
        match result {
            Err(error) if is_taken(&error) => Err(StoreError::AlreadyExists(taken)),
            result => self.done(result),
        }
    }

    /// What made the link unusable, if anything did.
    pub(crate) fn failure(&self) -> Option<&StoreError> {
        self.failed.as_ref()
    }

    /// Begins a part that stays or goes as a whole.
    pub(crate) async fn mark(&mut self) -> Result<(), StoreError> {
        self.control("SAVEPOINT part").await
    }

    /// Keeps the part.
    pub(crate) async fn release(&mut self) -> Result<(), StoreError> {
        self.control("RELEASE part").await
    }

    /// Undoes the part.
    pub(crate) async fn rollback(&mut self) -> Result<(), StoreError> {
        self.control("ROLLBACK TO part").await?;
        self.failed = None;
        self.control("RELEASE part").await
    }

    /// Keeps the part if all went well, undoes it otherwise.
    pub(crate) async fn resolve<T>(
        &mut self,
        result: Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if self.failed.is_some() {
            // The act goes as a whole.
            return result;
        }
        match result {
            Ok(value) => self.release().await.map(|()| value),
            Err(error) => {
                self.rollback().await?;
                Err(error)
            }
        }
    }

    /// Begins a transaction that may write. It waits for other processes now, not at its first
    /// write, where SQLite could only refuse.
    pub(crate) async fn begin(&mut self) -> Result<(), StoreError> {
        self.control("BEGIN IMMEDIATE").await
    }

    /// Ends it, with everything on the disk.
    pub(crate) async fn commit(&mut self) -> Result<(), StoreError> {
        self.control("COMMIT").await
    }

    /// Closes the connection of a writer; what it has not committed is gone.
    pub(crate) async fn close(self) -> Result<(), StoreError> {
        match self.ends {
            Ends::Writing(connection) => connection.close().await.map_err(|e| unexpected(&e)),
            Ends::Snapshot(tx) => tx.rollback().await.map_err(|e| unexpected(&e)),
        }
    }

    /// The connection, for statements that are nobody's work.
    pub(crate) fn connection(&mut self) -> &mut SqliteConnection {
        match &mut self.ends {
            Ends::Writing(connection) => connection,
            Ends::Snapshot(tx) => tx,
        }
    }

    async fn control(&mut self, statement: &'static str) -> Result<(), StoreError> {
        let result = sqlx::query(statement).execute(self.connection()).await;
        result.map(drop).map_err(|error| unexpected(&error))
    }
}
