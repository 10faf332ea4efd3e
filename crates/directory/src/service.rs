//! The look-ups.

use kleis_jose::Thumbprint;
use kleis_proto::lookup::{KeyUse, Lookup};
use kleis_store::registry::{EncryptionKey, RegistryRead, RegistryStore};
use kleis_types::{Identifier, KeyState, Kind, Principal, TypeTable};
use serde_json::Value;

use crate::DirectoryError;

/// The most look-ups in a batch.
pub(crate) const MAX_BATCH: usize = 500;

/// The directory over a registry's database.
#[derive(Debug, Clone)]
pub struct Directory<S> {
    store: S,
    types: TypeTable,
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
    /// The JWK Set, JSON, as registration made it ready or restricted to signature keys.
    pub jwks: Vec<u8>,
    /// The strong entity tag of these bytes (RFC 9110 section 8.8.3), with its quotes.
    pub etag: String,
}

/// A key that was published at some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedKey(pub(crate) EncryptionKey);

impl<S: RegistryStore> Directory<S> {
    /// A directory over this database, for identifiers of these types.
    pub fn new(store: S, types: TypeTable) -> Self {
        Self { store, types }
    }

    /// The table that identifiers are read by.
    pub fn types(&self) -> &TypeTable {
        &self.types
    }

    /// Finds one recipient's active keys, or the candidates. With `use` `enc` the whole set is answered: the
    /// bindings of encryption keys are verified with the signature keys beside them.
    pub async fn lookup(
        &self,
        lookup: &Lookup,
        caller: Option<&Principal>,
    ) -> Result<Found, DirectoryError> {
        self.admit(lookup.identifier(), caller)?;
        let mut reader = self.store.read().await?;
        self.answer(&mut reader, lookup, caller).await
    }

    /// Looks up many on one snapshot: a result or an error for each, in the order asked for.
    ///
    /// # Errors
    /// For the batch as a whole, only that no snapshot could be had.
    pub async fn batch_lookup(
        &self,
        lookups: Vec<Result<Lookup, DirectoryError>>,
        caller: Option<&Principal>,
    ) -> Result<Vec<Result<Found, DirectoryError>>, DirectoryError> {
        let mut reader = self.store.read().await?;
        let mut results = Vec::with_capacity(lookups.len());
        for lookup in lookups {
            let admitted = lookup.and_then(|lookup| {
                self.admit(lookup.identifier(), caller)?;
                Ok(lookup)
            });
            results.push(match admitted {
                Ok(lookup) => self.answer(&mut reader, &lookup, caller).await,
                Err(error) => Err(error),
            });
        }
        Ok(results)
    }

    /// Finds a key by its `kid`, in any state but pending: for those who hold an old message.
    pub async fn key(
        &self,
        kid: &Thumbprint,
        caller: Option<&Principal>,
    ) -> Result<PublishedKey, DirectoryError> {
        let key = self
            .store
            .read()
            .await?
            .encryption_key(kid.as_str())
            .await?;
        let key = key
            .filter(|key| key.state != KeyState::PendingActivation)
            .ok_or(DirectoryError::NoKey)?;
        // A stranger learns of a person's key as little as of one that does not exist.
        self.admit(&key.owner, caller)
            .map_err(|_| DirectoryError::NoKey)?;
        Ok(PublishedKey(key))
    }

    async fn answer(
        &self,
        reader: &mut impl RegistryRead,
        lookup: &Lookup,
        caller: Option<&Principal>,
    ) -> Result<Found, DirectoryError> {
        let found = find(reader, lookup).await?;
        if let Found::Recipient(recipient) = &found {
            // Whom the alias of an organisation's type stands for may be a person all the same.
            self.admit(&recipient.identifier, caller)
                .map_err(|_| DirectoryError::NoRecipient)?;
        }
        Ok(found)
    }

    /// Persons are looked up by authenticated callers; organisations and services by everybody.
    fn admit(
        &self,
        identifier: &Identifier,
        caller: Option<&Principal>,
    ) -> Result<(), DirectoryError> {
        match (self.types.kind(identifier), caller) {
            (Kind::Organisation | Kind::Service, _) | (Kind::Person, Some(_)) => Ok(()),
            (Kind::Person, None) => Err(DirectoryError::Anonymous),
        }
    }
}

async fn find(reader: &mut impl RegistryRead, lookup: &Lookup) -> Result<Found, DirectoryError> {
    let wanted = lookup.identifier();
    if !lookup.any_application() {
        return recipient(reader, wanted, lookup.key_use()).await;
    }
    let mut candidates = reader
        .recipients(wanted.type_name(), wanted.value())
        .await?;
    match candidates.len() {
        0 => Err(DirectoryError::NoRecipient),
        1 => recipient(reader, &candidates.remove(0), lookup.key_use()).await,
        _ => Ok(Found::Candidates(candidates)),
    }
}

async fn recipient(
    reader: &mut impl RegistryRead,
    wanted: &Identifier,
    key_use: Option<KeyUse>,
) -> Result<Found, DirectoryError> {
    // The primary identity is by far the common case: it costs one probe.
    let set = match reader.jwk_set(wanted).await? {
        Some(set) => set,
        None => match reader.alias(wanted).await? {
            Some(primary) => reader
                .jwk_set(&primary)
                .await?
                .ok_or(DirectoryError::NoRecipient)?,
            None => return Err(DirectoryError::NoRecipient),
        },
    };
    let (jwks, etag, any) = match key_use {
        Some(KeyUse::Signature) => signature_keys(&set.body, &set.etag)?,
        Some(KeyUse::Encryption) => (set.body, set.etag, set.has_keys),
        None => {
            let any = has_entries(&set.body)?;
            (set.body, set.etag, any)
        }
    };
    if !any {
        return Err(DirectoryError::NoRecipient);
    }
    Ok(Found::Recipient(Recipient {
        identifier: set.recipient,
        jwks,
        etag,
    }))
}

fn has_entries(body: &[u8]) -> Result<bool, DirectoryError> {
    let set: Value = serde_json::from_slice(body)?;
    Ok(set["keys"].as_array().is_some_and(|keys| !keys.is_empty()))
}

/// The set without its encryption keys. Its tag is derived, so that it stays strong: other bytes, another tag.
fn signature_keys(body: &[u8], etag: &str) -> Result<(Vec<u8>, String, bool), DirectoryError> {
    let mut set: Value = serde_json::from_slice(body)?;
    let mut any = false;
    if let Some(keys) = set["keys"].as_array_mut() {
        keys.retain(|key| key["use"] == "sig");
        any = !keys.is_empty();
    }
    let etag = format!("{}-sig\"", etag.trim_end_matches('"'));
    Ok((serde_json::to_vec(&set)?, etag, any))
}
