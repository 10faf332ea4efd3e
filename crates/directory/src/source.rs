//! Where one look-up finds things: in memory, or on one snapshot of the database, which is taken when it is needed.

use std::sync::Arc;

use kleis_store::registry::{RegistryRead as _, RegistryStore};
use kleis_types::{Identifier, Timestamp};

use crate::ready::Ready;
use crate::service::Shared;
use crate::{Directory, DirectoryError, Recipient, history};

pub(crate) struct Source<'a, S: RegistryStore> {
    directory: &'a Directory<S>,
    snapshot: Option<Snapshot<S::Reader>>,
}

struct Snapshot<R> {
    reader: R,
    /// Its newest change, once it was asked for.
    newest: Option<u64>,
}

impl<'a, S: RegistryStore> Source<'a, S> {
    pub(crate) fn new(directory: &'a Directory<S>) -> Self {
        Self {
            directory,
            snapshot: None,
        }
    }

    /// The set of this recipient, or of whom it is an alias of.
    ///
    /// # Errors
    /// [`DirectoryError::NoRecipient`] and what keeps the directory from knowing.
    pub(crate) async fn recipient(
        &mut self,
        wanted: &Identifier,
    ) -> Result<Arc<Ready>, DirectoryError> {
        // The primary identity is by far the common case: it costs one probe at most.
        if let Some(ready) = self.set(wanted).await? {
            return Ok(ready);
        }
        let primary = self.snapshot().await?.reader.alias(wanted).await?;
        let ready = match primary {
            Some(primary) => self.set(&primary).await?,
            None => None,
        };
        ready.ok_or(DirectoryError::NoRecipient)
    }

    /// What this recipient, or whom it is an alias of, had active at a time.
    ///
    /// # Errors
    /// [`DirectoryError::NoRecipient`] and what keeps the directory from knowing.
    pub(crate) async fn recipient_at(
        &mut self,
        wanted: &Identifier,
        at: Timestamp,
    ) -> Result<Recipient, DirectoryError> {
        self.directory.check()?;
        let reader = &mut self.snapshot().await?.reader;
        match history::recipient_at(reader, wanted, at).await {
            Err(DirectoryError::NoRecipient) => {
                let primary = reader.alias(wanted).await?;
                let primary = primary.ok_or(DirectoryError::NoRecipient)?;
                history::recipient_at(reader, &primary, at).await
            }
            found => found,
        }
    }

    /// The recipients of this type and value that have an encryption key.
    pub(crate) async fn candidates(
        &mut self,
        wanted: &Identifier,
    ) -> Result<Vec<Identifier>, DirectoryError> {
        self.directory.check()?;
        let reader = &mut self.snapshot().await?.reader;
        Ok(reader
            .recipients(wanted.type_name(), wanted.value())
            .await?)
    }

    async fn set(&mut self, recipient: &Identifier) -> Result<Option<Arc<Ready>>, DirectoryError> {
        self.directory.keep_up().await?;
        let Shared { cache, clock, .. } = &*self.directory.0;
        if let Some(ready) = cache.get(recipient, clock.now())? {
            return Ok(Some(ready));
        }
        let snapshot = self.snapshot().await?;
        let Some(set) = snapshot.reader.jwk_set(recipient).await? else {
            return Ok(None);
        };
        let newest = snapshot.newest().await?;
        let ready = Arc::new(Ready::new(set)?);
        cache.fill(&ready, newest);
        Ok(Some(ready))
    }

    async fn snapshot(&mut self) -> Result<&mut Snapshot<S::Reader>, DirectoryError> {
        let snapshot = match self.snapshot.take() {
            Some(snapshot) => snapshot,
            None => Snapshot {
                reader: self.directory.0.store.read().await?,
                newest: None,
            },
        };
        Ok(self.snapshot.insert(snapshot))
    }
}

impl<R: kleis_store::registry::RegistryRead> Snapshot<R> {
    async fn newest(&mut self) -> Result<u64, DirectoryError> {
        if let Some(newest) = self.newest {
            return Ok(newest);
        }
        let newest = self.reader.newest_change().await?;
        Ok(*self.newest.insert(newest.map_or(0, |change| change.seq)))
    }
}
