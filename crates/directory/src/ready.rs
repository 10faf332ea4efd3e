//! A recipient's published set, as it is answered.

use kleis_proto::lookup::KeyUse;
use kleis_store::registry::StoredJwkSet;
use kleis_types::Identifier;
use serde_json::Value;

use crate::{DirectoryError, Recipient};

/// A set as registration has made it ready, looked through once.
#[derive(Debug)]
pub(crate) struct Ready {
    set: StoredJwkSet,
    /// Whether there is any key in it, for whatever use.
    any: bool,
}

impl Ready {
    pub(crate) fn new(set: StoredJwkSet) -> Result<Self, DirectoryError> {
        let document: Value = serde_json::from_slice(&set.body)?;
        let any = document["keys"]
            .as_array()
            .is_some_and(|keys| !keys.is_empty());
        Ok(Self { set, any })
    }

    pub(crate) fn recipient(&self) -> &Identifier {
        &self.set.recipient
    }

    #[cfg(test)]
    pub(crate) fn etag(&self) -> &str {
        &self.set.etag
    }

    /// The bytes that it takes up, more or less.
    pub(crate) fn size(&self) -> u64 {
        /// What the names, the tag and the entry itself take beside the body.
        const REST: usize = 512;
        u64::try_from(self.set.body.len() + REST).unwrap_or(u64::MAX)
    }

    /// What is answered for this use; nothing, if there is no such key. With `enc` the whole set is: bindings
    /// are verified with the signature keys beside them.
    pub(crate) fn answer(&self, key_use: Option<KeyUse>) -> Result<Recipient, DirectoryError> {
        let whole = |any: bool| any.then(|| (self.set.body.clone(), self.set.etag.clone()));
        let answer = match key_use {
            Some(KeyUse::Signature) => self.of_use("sig")?,
            Some(KeyUse::Encryption) => whole(self.set.has_keys),
            None => whole(self.any),
        };
        self.found(answer)
    }

    /// The encryption keys alone: for clients that verify no binding, and take any key that they find.
    pub(crate) fn encryption_keys(&self) -> Result<Recipient, DirectoryError> {
        let answer = self.of_use("enc")?;
        self.found(answer)
    }

    fn found(&self, answer: Option<(Vec<u8>, String)>) -> Result<Recipient, DirectoryError> {
        let (jwks, etag) = answer.ok_or(DirectoryError::NoRecipient)?;
        Ok(Recipient {
            identifier: self.set.recipient.clone(),
            jwks,
            etag,
        })
    }

    /// The set without keys for another use. Its tag is derived, so that it stays strong: other bytes, another
    /// tag.
    fn of_use(&self, key_use: &str) -> Result<Option<(Vec<u8>, String)>, DirectoryError> {
        let mut document: Value = serde_json::from_slice(&self.set.body)?;
        let Some(keys) = document["keys"].as_array_mut() else {
            return Ok(None);
        };
        keys.retain(|key| key["use"] == key_use);
        if keys.is_empty() {
            return Ok(None);
        }
        let etag = format!("{}-{key_use}\"", self.set.etag.trim_end_matches('"'));
        Ok(Some((serde_json::to_vec(&document)?, etag)))
    }
}
