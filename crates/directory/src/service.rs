//! The look-ups.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use kleis_jose::Thumbprint;
use kleis_proto::lookup::Lookup;
use kleis_store::registry::{EncryptionKey, RegistryRead as _, RegistryStore};
use kleis_types::{Clock, Identifier, KeyState, Principal, Timestamp, TypeTable};
use tokio::sync::{Semaphore, watch};

use crate::cache::Cache;
use crate::source::Source;
use crate::{DirectoryError, Settings, history};

/// The most look-ups in a batch.
pub(crate) const MAX_BATCH: usize = 500;

/// The directory over a registry's database. Clones share the cache: there is one for a process.
///
/// It answers once it hears of changes: [`Directory::catch_up`] is called once before anything is served, and
/// [`Directory::follow`] for as long as something is.
#[derive(Debug)]
pub struct Directory<S>(pub(crate) Arc<Shared<S>>);

#[derive(Debug)]
pub(crate) struct Shared<S> {
    pub(crate) store: S,
    pub(crate) types: TypeTable,
    pub(crate) settings: Settings,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) cache: Cache,
    /// The newest change that the feed knows of.
    pub(crate) news: watch::Sender<u64>,
    /// How many commits of this very process the feed has read after.
    pub(crate) own: AtomicU64,
    /// A place for each who watches.
    pub(crate) places: Arc<Semaphore>,
}

impl<S> Clone for Directory<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// What a look-up found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The one recipient.
    Recipient(Recipient),
    /// Those who could be meant, when the application was left open: identifiers alone, in order.
    Candidates(Vec<Identifier>),
}

/// A recipient's published keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The primary identity, where an alias was asked for.
    pub identifier: Identifier,
    /// The JWK Set, JSON, as registration made it ready or restricted to keys for one use.
    pub jwks: Vec<u8>,
    /// The strong entity tag of these bytes (RFC 9110 section 8.8.3), with its quotes.
    pub etag: String,
}

/// A key that was published at some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedKey(pub(crate) EncryptionKey);

impl<S: RegistryStore> Directory<S> {
    /// A directory over this database, for identifiers of these types.
    pub fn new(store: S, types: TypeTable, settings: Settings, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Shared {
            cache: Cache::new(settings.cache_bytes, settings.silence),
            news: watch::Sender::new(0),
            own: AtomicU64::new(0),
            places: Arc::new(Semaphore::new(
                settings.watch.watchers.min(Semaphore::MAX_PERMITS),
            )),
            store,
            types,
            settings,
            clock,
        }))
    }

    /// The table that identifiers are read by.
    pub fn types(&self) -> &TypeTable {
        &self.0.types
    }

    /// Finds one recipient's active keys, or the candidates. With `use` `enc` the whole set is answered: the
    /// bindings of encryption keys are verified with the signature keys beside them.
    pub async fn lookup(
        &self,
        lookup: &Lookup,
        caller: Option<&Principal>,
    ) -> Result<Found, DirectoryError> {
        self.admit(lookup.identifier(), caller)?;
        self.answer(&mut Source::new(self), lookup, caller).await
    }

    /// Looks up many, those that are not in memory on one snapshot: a result or an error for each, in the order asked
    /// for.
    pub async fn batch_lookup(
        &self,
        lookups: Vec<Result<Lookup, DirectoryError>>,
        caller: Option<&Principal>,
    ) -> Vec<Result<Found, DirectoryError>> {
        let mut source = Source::new(self);
        let mut results = Vec::with_capacity(lookups.len());
        for lookup in lookups {
            let admitted = lookup.and_then(|lookup| {
                self.admit(lookup.identifier(), caller)?;
                Ok(lookup)
            });
            results.push(match admitted {
                Ok(lookup) => self.answer(&mut source, &lookup, caller).await,
                Err(error) => Err(error),
            });
        }
        results
    }

    /// The encryption keys of one recipient and no others, for clients that verify no binding.
    pub(crate) async fn encryption_keys(
        &self,
        wanted: &Identifier,
        caller: Option<&Principal>,
    ) -> Result<Recipient, DirectoryError> {
        self.admit(wanted, caller)?;
        let ready = Source::new(self).recipient(wanted).await?;
        self.admit_found(ready.recipient(), caller)?;
        ready.encryption_keys()
    }

    /// Finds a key by its `kid`, in any state but pending: for those who hold an old message. With a time, in the state
    /// that it had then.
    pub async fn key(
        &self,
        kid: &Thumbprint,
        as_of: Option<Timestamp>,
        caller: Option<&Principal>,
    ) -> Result<PublishedKey, DirectoryError> {
        self.check()?;
        let mut reader = self.0.store.read().await?;
        let key = reader.encryption_key(kid.as_str()).await?;
        let key = key
            .filter(|key| key.state != KeyState::PendingActivation)
            .ok_or(DirectoryError::NoKey)?;
        // A stranger learns of a person's key as little as of one that does not exist.
        self.admit(&key.owner, caller)
            .map_err(|_| DirectoryError::NoKey)?;
        let state = match as_of {
            Some(at) => history::state_at(&key, self.past(at)?)?,
            None => key.state,
        };
        Ok(PublishedKey(EncryptionKey { state, ..key }))
    }

    fn past(&self, at: Timestamp) -> Result<Timestamp, DirectoryError> {
        if at <= self.0.clock.now() {
            Ok(at)
        } else {
            Err(DirectoryError::Future)
        }
    }

    /// Refuses where nothing is heard of changes.
    pub(crate) fn check(&self) -> Result<(), DirectoryError> {
        self.0.cache.check(self.0.clock.now())
    }

    async fn answer(
        &self,
        source: &mut Source<'_, S>,
        lookup: &Lookup,
        caller: Option<&Principal>,
    ) -> Result<Found, DirectoryError> {
        let wanted = lookup.identifier();
        if let Some(at) = lookup.time() {
            let recipient = source.recipient_at(wanted, self.past(at)?).await?;
            self.admit_found(&recipient.identifier, caller)?;
            return Ok(Found::Recipient(recipient));
        }
        let ready = if lookup.any_application() {
            let mut candidates = source.candidates(wanted).await?;
            match candidates.len() {
                0 => return Err(DirectoryError::NoRecipient),
                1 => source.recipient(&candidates.remove(0)).await?,
                _ => return Ok(Found::Candidates(candidates)),
            }
        } else {
            source.recipient(wanted).await?
        };
        self.admit_found(ready.recipient(), caller)?;
        ready.answer(lookup.key_use()).map(Found::Recipient)
    }

    /// Refuses callers who may not look up this recipient.
    pub(crate) fn admit(
        &self,
        identifier: &Identifier,
        caller: Option<&Principal>,
    ) -> Result<(), DirectoryError> {
        let audiences = &self.0.settings.audiences;
        if audiences.admit(identifier, &self.0.types, caller) {
            Ok(())
        } else {
            Err(DirectoryError::Anonymous)
        }
    }

    /// Whom the alias of an organisation's type stands for may be a person all the same.
    pub(crate) fn admit_found(
        &self,
        identifier: &Identifier,
        caller: Option<&Principal>,
    ) -> Result<(), DirectoryError> {
        let admitted = self.admit(identifier, caller);
        admitted.map_err(|_| DirectoryError::NoRecipient)
    }
}
