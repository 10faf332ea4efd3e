//! Watching changes: in the order of their commits, from a cursor on, losing none.
//!
//! The changes are read from the store, page by page, each on one snapshot. The feed only says when it is worth looking:
//! whoever waits costs the database nothing, and whoever is slow costs it nothing until they can take more.

mod cursor;
mod filter;

use kleis_store::registry::{ChangeEvent, RegistryRead as _, RegistryStore};
use kleis_types::{Identifier, Principal};
use tokio::sync::{OwnedSemaphorePermit, watch};

pub use cursor::Cursor;
use filter::Filter;

use crate::{Directory, DirectoryError};

/// The most recipients that a watcher names.
pub(crate) const MAX_NAMED: usize = 100;
/// Changes that are read at a time.
const PAGE: u32 = 256;

/// Somebody who watches.
#[derive(Debug)]
pub struct Watcher<S> {
    directory: Directory<S>,
    filter: Filter,
    caller: Option<Principal>,
    cursor: Cursor,
    news: watch::Receiver<u64>,
    _place: OwnedSemaphorePermit,
}

/// What a watcher hears of at a time.
#[derive(Debug)]
pub struct Heard {
    /// The changes, in order, each with where to go on after it.
    pub changes: Vec<(ChangeEvent, Cursor)>,
    /// Where to go on after all of them, and after those that were not wanted.
    pub cursor: Cursor,
}

impl<S: RegistryStore> Directory<S> {
    /// Begins to watch: all recipients or some, after a cursor or from now on.
    ///
    /// # Errors
    /// [`DirectoryError::TooManyWatchers`], [`DirectoryError::CursorGone`], [`DirectoryError::Anonymous`] where a stranger
    /// names somebody who is not for strangers, and what keeps the directory from knowing.
    pub async fn watch(
        &self,
        after: Option<Cursor>,
        named: Vec<Identifier>,
        caller: Option<&Principal>,
    ) -> Result<Watcher<S>, DirectoryError> {
        for recipient in &named {
            self.admit(recipient, caller)?;
        }
        self.check()?;
        let place = self.0.places.clone().try_acquire_owned();
        let place = place.map_err(|_| DirectoryError::TooManyWatchers)?;
        // Before the snapshot: what is told from now on may be in it, or not.
        let news = self.0.news.subscribe();
        let mut reader = self.0.store.read().await?;
        let cursor = match after {
            Some(cursor) => {
                cursor.check(&mut reader).await?;
                cursor
            }
            None => Cursor::of(reader.newest_change().await?.as_ref()),
        };
        Ok(Watcher {
            directory: self.clone(),
            filter: Filter::new(named),
            caller: caller.cloned(),
            cursor,
            news,
            _place: place,
        })
    }
}

impl<S: RegistryStore> Watcher<S> {
    /// Where it stands.
    pub fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// Whether changes are heard of at all.
    ///
    /// # Errors
    /// [`DirectoryError::Behind`] if they are not.
    pub fn check(&self) -> Result<(), DirectoryError> {
        self.directory.check()
    }

    /// Waits for changes, and goes on after them. If it is dropped before it answers, nothing is lost.
    ///
    /// # Errors
    /// The store's; whoever watches resumes from where they stand.
    pub async fn next(&mut self) -> Result<Heard, DirectoryError> {
        loop {
            self.news.mark_unchanged();
            if let Some(heard) = self.page().await? {
                return Ok(heard);
            }
            if self.news.changed().await.is_err() {
                // The directory that tells is one that this holds itself.
                return Err(DirectoryError::Behind);
            }
        }
    }

    async fn page(&mut self) -> Result<Option<Heard>, DirectoryError> {
        let mut reader = self.directory.0.store.read().await?;
        let changes = reader.changes(self.cursor.seq(), PAGE).await?;
        let Some(last) = changes.last() else {
            return Ok(None);
        };
        let cursor = Cursor::of(Some(last));
        self.filter.resolve(&mut reader).await?;
        let heard = Heard {
            changes: self.chosen(changes),
            cursor,
        };
        self.cursor = cursor;
        Ok(Some(heard))
    }

    /// Those that are wanted, and for this caller.
    fn chosen(&self, changes: Vec<ChangeEvent>) -> Vec<(ChangeEvent, Cursor)> {
        let chosen = |change: &ChangeEvent| {
            let admitted = self
                .directory
                .admit(&change.recipient, self.caller.as_ref());
            self.filter.wants(&change.recipient) && admitted.is_ok()
        };
        let changes = changes.into_iter().filter(chosen);
        changes
            .map(|change| {
                let cursor = Cursor::of(Some(&change));
                (change, cursor)
            })
            .collect()
    }
}
