//! Hearing of changes, in commit order.

use std::future::Future;
use std::sync::atomic::Ordering;
use std::time::Duration;

use kleis_store::registry::{ChangeEvent, RegistryRead as _, RegistryStore};
use tokio::time::{Interval, MissedTickBehavior};

use crate::{Directory, DirectoryError};

/// Changes that are read at a time.
const PAGE: u32 = 1_000;
/// Changes that are looked at one by one. Beyond, everything is forgotten.
const MOST: u64 = 10_000;

/// Says when it is worth looking for changes. A database that notifies (LISTEN) says so at once; one that does not is
/// asked every so often. It may say so too often: changes are read from the store alone.
pub trait News: Send {
    /// Waits until there may be news. A source that has lost its connection goes on saying so every so often.
    fn next(&mut self) -> impl Future<Output = ()> + Send;
}

/// News every so often.
#[derive(Debug)]
pub struct Every(Interval);

impl Every {
    /// At once, and then with this period.
    pub fn new(period: Duration) -> Self {
        let mut ticks = tokio::time::interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self(ticks)
    }
}

impl News for Every {
    async fn next(&mut self) {
        self.0.tick().await;
    }
}

impl<S: RegistryStore> Directory<S> {
    /// Follows the changes for as long as it is polled. Without it, nothing is answered.
    pub async fn follow(&self, mut news: impl News) {
        let mut failing = false;
        loop {
            news.next().await;
            match self.catch_up().await {
                Ok(()) if failing => {
                    failing = false;
                    tracing::info!("the directory hears of changes again");
                }
                Ok(()) => {}
                Err(_) if failing => {}
                Err(error) => {
                    failing = true;
                    tracing::error!(%error, "the directory cannot hear of changes");
                }
            }
        }
    }

    /// Hears at once of what this very process has written, before anything is answered from memory: whoever has
    /// published a key finds it, and whoever has revoked one does not, where both are done in one process.
    pub(crate) async fn keep_up(&self) -> Result<(), DirectoryError> {
        if self.0.own.load(Ordering::SeqCst) < self.0.store.commits() {
            self.catch_up().await?;
        }
        Ok(())
    }

    /// Reads what has changed since the last time, and forgets what it made old. The first time it only looks where the
    /// changes stand.
    ///
    /// # Errors
    /// The store's; nothing is known to be new then.
    pub async fn catch_up(&self) -> Result<(), DirectoryError> {
        // Before the snapshot: what is committed after it may be later than these, and is not in it.
        let (at, own) = (self.0.clock.now(), self.0.store.commits());
        let mut reader = self.0.store.read().await?;
        let newest = reader.newest_change().await?;
        let newest = newest.map_or(0, |change| change.seq);
        let cache = &self.0.cache;
        match cache.position() {
            Some(position) if (position..=position.saturating_add(MOST)).contains(&newest) => {
                let mut position = position;
                while position < newest {
                    let changes = reader.changes(position, PAGE).await?;
                    position = changes.last().map_or(newest, last);
                    cache.advance(&changes, position);
                }
            }
            // The first time, too far behind, or another database than before.
            _ => cache.restart(newest),
        }
        cache.hear(at);
        self.0.own.fetch_max(own, Ordering::SeqCst);
        self.0.news.send_if_modified(|told| {
            let newer = *told != newest;
            *told = newest;
            newer
        });
        Ok(())
    }
}

fn last(change: &ChangeEvent) -> u64 {
    change.seq
}
