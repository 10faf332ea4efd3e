//! What can be asked without an order.

use std::sync::Arc;

use kleis_store::registry::{
    Certificate, EncryptionKey, Registrant, RegistryRead as _, RegistryStore,
};
use kleis_trust::status::{StatusList, StatusSource, StatusUnavailable};
use kleis_types::{Identifier, InstallationId, Principal, Timestamp};

use super::{Parts, Registration};
use crate::{
    Call, RegistrationError, StatusBoard,
    status::{self, Published},
};

/// A page of the register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrantPage {
    /// The registrants, in the order of their first identifier.
    pub registrants: Vec<Registrant>,
    /// The first identifier of the last one, if there may be more.
    pub next: Option<Identifier>,
}

impl<S: RegistryStore> Registration<S> {
    /// The installation, for everybody: its id, its root certificate in DER, the service's clock.
    /// Nothing of it is proof of anything.
    pub fn installation(&self) -> (&InstallationId, &[u8], Timestamp) {
        let root = self.parts.anchors.roots().roots().first();
        (
            self.parts.anchors.installation(),
            root.map_or(&[], |root| root.der()),
            self.now(),
        )
    }

    /// The caller's encryption keys, of all devices and states, newest first.
    pub async fn keys(&self, call: &Call) -> Result<Vec<EncryptionKey>, RegistrationError> {
        let owner = caller(call)?.primary();
        Ok(self.store.read().await?.encryption_keys_of(owner).await?)
    }

    /// The caller's certificates, newest first.
    pub async fn certificates(&self, call: &Call) -> Result<Vec<Certificate>, RegistrationError> {
        let owner = caller(call)?.primary();
        Ok(self.store.read().await?.certificates_of(owner).await?)
    }

    /// A page of the register after `after` (empty: from the beginning), for operators.
    pub async fn registrants(
        &self,
        call: &Call,
        after: &str,
        limit: u32,
    ) -> Result<RegistrantPage, RegistrationError> {
        let mut reader = self.operators_view(call).await?;
        let registrants = reader.registrants(after, limit).await?;
        let is_full = u32::try_from(registrants.len()).is_ok_and(|length| length == limit);
        let next = registrants
            .last()
            .filter(|_| is_full)
            .map(|last| last.id.clone());
        Ok(RegistrantPage { registrants, next })
    }

    /// The statuses as of the newest commit: what orders are verified by.
    pub fn status_board(&self) -> Arc<StatusBoard> {
        Arc::clone(&self.parts.board)
    }

    /// The signed status list of the newest commit, at most 300 seconds old.
    pub async fn status_token(&self) -> Result<Arc<str>, RegistrationError> {
        Ok(self.published().await?.token)
    }

    async fn published(&self) -> Result<Published, RegistrationError> {
        let now = self.now();
        self.parts
            .board
            .published(now, || self.make_list(now))
            .await
    }

    /// Signs what is committed, and reads it as everybody will.
    async fn make_list(&self, now: Timestamp) -> Result<(String, StatusList), RegistrationError> {
        let Parts {
            status_signer,
            anchors,
            ..
        } = &*self.parts;
        let (version, bytes) = self.store.read().await?.status_entries().await?;
        let entries = status::entries(&bytes);
        let installation = anchors.installation();
        let token = StatusList::sign(status_signer, installation, version, &entries, now)?;
        let list = StatusList::verify(&token, anchors, now).map_err(|error| {
            tracing::error!(%error, "the status list that was made is not one that holds");
            StatusUnavailable
        })?;
        Ok((token, list))
    }
}

impl<S: RegistryStore> StatusSource for Registration<S> {
    async fn current(&self) -> Result<Arc<StatusList>, StatusUnavailable> {
        let published = self.published().await.map_err(|error| {
            tracing::error!(%error, "there is no status list");
            StatusUnavailable
        })?;
        Ok(published.list)
    }
}

pub(super) fn caller(call: &Call) -> Result<&Principal, RegistrationError> {
    call.principal()
        .ok_or(RegistrationError::CertificateRequired)
}
