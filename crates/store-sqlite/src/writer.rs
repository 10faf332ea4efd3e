//! The one task that writes.

use std::{path::PathBuf, sync::Arc, time::Duration};

use kleis_store::StoreError;
use kleis_types::Random;
use sqlx::{ConnectOptions, SqliteConnection};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use crate::{
    chain::Chain,
    error::unexpected,
    job::Job,
    link::{Commits, Link, Statements},
    options,
    schema::Schema,
    session::Tx,
};

/// How many acts share a commit at most.
pub(crate) const MAX_BATCH: usize = 64;
/// How long the writer is idle before it clears the write-ahead log, which still holds what was
/// destroyed.
const IDLE: Duration = Duration::from_secs(1);

/// What the writer is asked.
pub(crate) enum Request<D: Schema> {
    /// To run an act.
    Run(Box<dyn Job<D>>),
    /// To finish what is queued, close the database and say so.
    Close(oneshot::Sender<()>),
}

/// The writer's side of the database.
pub(crate) struct Writer<D: Schema> {
    path: PathBuf,
    chain: String,
    random: Arc<dyn Random>,
    statements: Statements,
    commits: Commits,
    /// None after a failure: opened anew for the next batch.
    tx: Option<Tx<D>>,
}

impl<D: Schema> Writer<D> {
    pub(crate) async fn open(
        path: PathBuf,
        chain: String,
        random: Arc<dyn Random>,
        statements: Statements,
        commits: Commits,
    ) -> Result<Self, StoreError> {
        let mut writer = Self {
            path,
            chain,
            random,
            statements,
            commits,
            tx: None,
        };
        writer.connected().await?;
        Ok(writer)
    }

    /// Serves requests until nobody can send any more.
    pub(crate) async fn serve(mut self, mut requests: mpsc::Receiver<Request<D>>) {
        let mut closing = Vec::new();
        let mut log_is_clear = true;
        loop {
            let request = if log_is_clear {
                requests.recv().await
            } else if let Ok(request) = timeout(IDLE, requests.recv()).await {
                request
            } else {
                log_is_clear = self.clear_log().await;
                continue;
            };
            match request {
                Some(Request::Run(job)) if job.is_abandoned() => {}
                Some(Request::Run(job)) => {
                    self.batch(job, &mut requests, &mut closing).await;
                    log_is_clear = false;
                }
                Some(Request::Close(done)) => closing.push(done),
                None => break,
            }
            if !closing.is_empty() {
                requests.close();
            }
        }
        self.close().await;
        for done in closing {
            // Whoever asked may have gone.
            let _: Result<(), ()> = done.send(());
        }
    }

    /// Runs `first` and whatever has queued up in the meantime, commits it, and answers everybody.
    async fn batch(
        &mut self,
        first: Box<dyn Job<D>>,
        requests: &mut mpsc::Receiver<Request<D>>,
        closing: &mut Vec<oneshot::Sender<()>>,
    ) {
        let mut jobs = Vec::new();
        let result = self.run_all(first, requests, closing, &mut jobs).await;
        if let Err(error) = &result {
            tracing::error!(%error, acts = jobs.len(), "nothing was committed");
            // The connection may be in any state. Whether the commit reached the disk is not known
            // either: the callers ask again with the same order.
            if let Some(tx) = self.tx.take() {
                drop(tx.link.close().await);
            }
        }
        let commit = result.map_err(|error| StoreError::Unavailable(error.to_string()));
        self.commits.add();
        for job in jobs {
            job.answer(commit.clone());
        }
    }

    async fn run_all(
        &mut self,
        first: Box<dyn Job<D>>,
        requests: &mut mpsc::Receiver<Request<D>>,
        closing: &mut Vec<oneshot::Sender<()>>,
        jobs: &mut Vec<Box<dyn Job<D>>>,
    ) -> Result<(), StoreError> {
        jobs.push(first);
        let tx = self.connected().await?;
        tx.link.begin().await?;
        let mut at = 0;
        while let Some(job) = jobs.get_mut(at) {
            run_one(tx, job.as_mut()).await?;
            at += 1;
            while jobs.len() == at && at < MAX_BATCH {
                match requests.try_recv() {
                    Ok(Request::Run(job)) if job.is_abandoned() => {}
                    Ok(Request::Run(job)) => jobs.push(job),
                    Ok(Request::Close(done)) => closing.push(done),
                    Err(_) => break,
                }
            }
        }
        tx.link.commit().await
    }

    async fn connected(&mut self) -> Result<&mut Tx<D>, StoreError> {
        let tx = if let Some(tx) = self.tx.take() {
            tx
        } else {
            let connection = options::writer(&self.path).connect().await;
            let connection = connection.map_err(|error| unexpected(&error))?;
            let mut link = Link::writing(connection, self.statements.clone());
            let chain = Chain::load(&mut link, &self.chain).await?;
            Tx::writing(link, chain, Arc::clone(&self.random))
        };
        Ok(self.tx.insert(tx))
    }

    /// Moves the write-ahead log into the database and cuts it to nothing. False if a reader still
    /// needs it.
    async fn clear_log(&mut self) -> bool {
        let Some(tx) = &mut self.tx else { return true };
        match truncate_log(tx.link.connection()).await {
            Ok(cleared) => cleared,
            Err(error) => {
                tracing::warn!(%error, "the write-ahead log was not cleared");
                // The next batch would tell. There is nothing to be had from trying until then.
                true
            }
        }
    }

    async fn close(mut self) {
        self.clear_log().await;
        if let Some(tx) = self.tx
            && let Err(error) = tx.link.close().await
        {
            tracing::warn!(%error, "the database was not closed in good order");
        }
    }
}

async fn truncate_log(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    // Acts do not wait for readers.
    sqlx::query("PRAGMA busy_timeout = 0")
        .execute(&mut *connection)
        .await?;
    let checkpoint = sqlx::query_scalar("PRAGMA wal_checkpoint(TRUNCATE)");
    let busy: Result<i64, _> = checkpoint.fetch_one(&mut *connection).await;
    sqlx::query(options::RESTORE_BUSY_TIMEOUT)
        .execute(connection)
        .await?;
    Ok(busy? == 0)
}

/// One act in its savepoint. An error here is an error of the connection, and of the whole batch.
async fn run_one<D: Schema>(tx: &mut Tx<D>, job: &mut dyn Job<D>) -> Result<(), StoreError> {
    let chain = tx.mode.chain.clone();
    tx.link.mark().await?;
    if job.run(tx).await {
        tx.link.release().await
    } else {
        tx.mode.chain = chain;
        tx.link.rollback().await
    }
}

#[cfg(test)]
mod tests;
