//! Recipients' sets in memory, and how far this process knows of changes.
//!
//! An entry is kept as long as no change of its recipient is known. The feed says what has changed, in commit
//! order, and how far it has come (`position`). Whoever fills says which change was the newest one of the snapshot
//! that the set was read from: one that is older than the position may lack a change that the feed has told of
//! already, and will not tell of again. Such a set is answered, since it was true when it was asked for, but
//! not kept. Both are compared under one lock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kleis_store::registry::ChangeEvent;
use kleis_types::{Identifier, Timestamp};
use quick_cache::{Weighter, unsync};

use crate::DirectoryError;
use crate::ready::Ready;

/// What a set takes up on average, in bytes: three devices.
const TYPICAL: u64 = 8 * 1024;

#[derive(Debug)]
pub(crate) struct Cache {
    known: Mutex<Known>,
    silence: Duration,
}

#[derive(Debug)]
struct Known {
    sets: unsync::Cache<Identifier, Arc<Ready>, Size>,
    /// The newest change that is known; `None` until the feed has begun.
    position: Option<u64>,
    /// When the feed last heard from the store, by the clock.
    heard_at: Option<Timestamp>,
}

#[derive(Debug, Clone)]
struct Size;

impl Weighter<Identifier, Arc<Ready>> for Size {
    fn weight(&self, _: &Identifier, ready: &Arc<Ready>) -> u64 {
        ready.size()
    }
}

impl Cache {
    /// A cache of at most so many bytes, which serves nothing once it has heard nothing for longer than `silence`.
    pub(crate) fn new(bytes: u64, silence: Duration) -> Self {
        let items = usize::try_from(bytes / TYPICAL).unwrap_or(usize::MAX);
        Self {
            known: Mutex::new(Known {
                sets: unsync::Cache::with_weighter(items, bytes, Size),
                position: None,
                heard_at: None,
            }),
            silence,
        }
    }

    /// What is kept of a recipient.
    ///
    /// # Errors
    /// [`DirectoryError::Behind`] if nothing has been heard of changes for too long.
    pub(crate) fn get(
        &self,
        recipient: &Identifier,
        now: Timestamp,
    ) -> Result<Option<Arc<Ready>>, DirectoryError> {
        let known = self.lock();
        self.heard(&known, now)?;
        Ok(known.sets.get(recipient).cloned())
    }

    /// Whether changes are heard of.
    pub(crate) fn check(&self, now: Timestamp) -> Result<(), DirectoryError> {
        self.heard(&self.lock(), now)
    }

    /// Keeps a set that was read from a snapshot whose newest change was `snapshot`.
    pub(crate) fn fill(&self, ready: &Arc<Ready>, snapshot: u64) {
        let mut known = self.lock();
        if known.position.is_some_and(|position| snapshot >= position) {
            let recipient = ready.recipient().clone();
            known.sets.insert(recipient, Arc::clone(ready));
        }
    }

    /// The newest change that is known.
    pub(crate) fn position(&self) -> Option<u64> {
        self.lock().position
    }

    /// Forgets what has changed.
    pub(crate) fn advance(&self, changes: &[ChangeEvent], position: u64) {
        let mut known = self.lock();
        for change in changes {
            known.sets.remove(&change.recipient);
        }
        known.position = Some(position);
    }

    /// Forgets everything: the changes between are not known one by one.
    pub(crate) fn restart(&self, position: u64) {
        let mut known = self.lock();
        known.sets.clear();
        known.position = Some(position);
    }

    /// The feed has come as far as the store had by `at`.
    pub(crate) fn hear(&self, at: Timestamp) {
        self.lock().heard_at = Some(at);
    }

    fn heard(&self, known: &Known, now: Timestamp) -> Result<(), DirectoryError> {
        match known.heard_at {
            Some(at) if now <= at + self.silence => Ok(()),
            _ => Err(DirectoryError::Behind),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        // Nothing that is done under it leaves it half done.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
