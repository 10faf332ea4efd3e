//! The handle that services hold.

use std::{fmt, path::Path, sync::Arc, time::Duration};

use kleis_store::{Act, Store, StoreError};
use kleis_types::Random;
use sqlx::{SqlitePool, sqlite::SqlitePoolOptions};
use tokio::sync::{mpsc, oneshot};

use crate::{
    error::unexpected,
    job::Pending,
    link::{Commits, Link, Statements},
    options,
    schema::{self, Applied, Schema},
    session::{Reader, Tx},
    writer::{Request, Writer},
};

/// How many acts may wait for the writer before callers wait to queue.
const QUEUE: usize = 1024;
/// How many snapshots may be open at a time.
const READERS: u32 = 8;
/// How long a reader waits for one of them.
const PATIENCE: Duration = Duration::from_secs(5);

/// A database in a file.
///
/// Dropping [`Store::run`]'s future leaves it open whether the act is run.
pub struct SqliteStore<D: Schema> {
    requests: mpsc::Sender<Request<D>>,
    readers: SqlitePool,
    statements: Statements,
    commits: Commits,
}

impl<D: Schema> SqliteStore<D> {
    /// Opens the database at `path`. The audit rows of this process go into the chain named
    /// `chain`, which is continued if it exists; persons' pseudonyms are made from `random`.
    ///
    /// # Errors
    /// [`StoreError::Schema`] if there is no database, or if its schema is older or newer than this
    /// program; [`StoreError::Unavailable`] if it cannot be opened.
    pub async fn open(
        path: &Path,
        chain: &str,
        random: Arc<dyn Random>,
    ) -> Result<Self, StoreError> {
        schema::check::<D>(path).await?;
        let (statements, commits) = (Statements::default(), Commits::default());
        let writer = Writer::open(
            path.to_owned(),
            chain.to_owned(),
            random,
            statements.clone(),
            commits.clone(),
        )
        .await?;
        let (requests, queue) = mpsc::channel(QUEUE);
        tokio::spawn(writer.serve(queue));
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(PATIENCE)
            .connect_with(options::reader(path))
            .await
            .map_err(|error| unexpected(&error))?;
        Ok(Self {
            requests,
            readers,
            statements,
            commits,
        })
    }

    /// Brings the database at `path` to the schema of this program; makes it, readable for its
    /// owner alone, if there is none.
    ///
    /// # Errors
    /// [`StoreError::Schema`] if it was made by a newer program, or is another kind of database;
    /// [`StoreError::Unavailable`] if it cannot be opened.
    pub async fn migrate(path: &Path) -> Result<Applied, StoreError> {
        schema::migrate::<D>(path).await
    }

    /// Finishes the acts that are queued, refuses others, waits until no snapshot is open, and closes
    /// the database with everything in its one file.
    pub async fn close(&self) {
        self.readers.close().await;
        let (done, closed) = oneshot::channel();
        if self.requests.send(Request::Close(done)).await.is_ok() {
            // An error means that the writer has ended already.
            drop(closed.await);
        }
    }
}

#[cfg(test)]
impl<D: Schema> SqliteStore<D> {
    /// How many requests wait for the writer.
    pub(crate) fn queued(&self) -> usize {
        self.requests.max_capacity() - self.requests.capacity()
    }
}

impl<D: Schema> Store for SqliteStore<D> {
    type Tx = Tx<D>;
    type Reader = Reader<D>;

    async fn run<A: Act<Tx<D>>>(&self, act: A) -> Result<A::Output, A::Error> {
        let (job, answer) = Pending::new(act);
        if self.requests.send(Request::Run(job)).await.is_err() {
            return Err(closed().into());
        }
        answer.await.unwrap_or_else(|_| Err(closed().into()))
    }

    async fn read(&self) -> Result<Reader<D>, StoreError> {
        let begun = self.readers.begin_with("BEGIN").await;
        let mut tx = begun.map_err(|error| unexpected(&error))?;
        // SQLite takes the snapshot at the first read: now.
        let pinned = sqlx::query("SELECT 1 FROM sqlite_schema LIMIT 1")
            .execute(&mut *tx)
            .await;
        pinned.map_err(|error| unexpected(&error))?;
        Ok(Reader::reading(Link::snapshot(tx, self.statements.clone())))
    }

    fn statements(&self) -> u64 {
        self.statements.count()
    }

    fn commits(&self) -> u64 {
        self.commits.count()
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the database is closed".to_owned())
}

impl<D: Schema> Clone for SqliteStore<D> {
    fn clone(&self) -> Self {
        Self {
            requests: self.requests.clone(),
            readers: self.readers.clone(),
            statements: self.statements.clone(),
            commits: self.commits.clone(),
        }
    }
}

impl<D: Schema> fmt::Debug for SqliteStore<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("statements", &self.statements)
            .finish_non_exhaustive()
    }
}
