//! Certificates for whoever asks.

use kleis_pki::{Certificate, IssuingCa};
use kleis_store::{
    Actor,
    registry::{RegistryRead as _, RegistryStore},
};
use kleis_types::Principal;

use super::Registration;
use crate::RegistrationError;

/// A certificate and its issuer's, without the root.
#[derive(Clone, Debug)]
pub(crate) struct PublishedChain {
    /// Leaf first.
    pub(crate) certificates: Vec<Certificate>,
    /// Whether everybody may see it: it names no person.
    pub(crate) is_public: bool,
}

impl<S: RegistryStore> Registration<S> {
    /// The CAs whose certificates can hold, the one that issues first.
    pub(crate) fn issuing_cas(&self) -> impl Iterator<Item = &IssuingCa> {
        let alive = self.parts.authorities.alive(self.now());
        alive.map(|ca| &**ca)
    }

    /// The roots.
    pub(crate) fn roots(&self) -> &[Certificate] {
        self.parts.anchors.roots().roots()
    }

    /// The chain of a certificate by its serial number, of whatever state. Those of persons are
    /// shown to known callers alone; to others they are not there.
    pub(crate) async fn published_chain(
        &self,
        serial: &str,
        caller: Option<&Principal>,
    ) -> Result<Option<PublishedChain>, RegistrationError> {
        let found = self.store.read().await?.certificate(serial).await?;
        let Some(record) = found else {
            return Ok(None);
        };
        let types = &self.parts.types;
        let names_a_person = |identifier| matches!(Actor::of(identifier, types), Actor::Person(_));
        let certificates = record.chain.iter().map(|der| Certificate::from_der(der));
        let certificates = certificates.collect::<Result<Vec<_>, _>>()?;
        // By all that stands in it, not by what it is called by first.
        let is_public = match certificates.first() {
            Some(leaf) => !leaf.identity()?.identifiers().iter().any(names_a_person),
            None => false,
        };
        if !is_public && caller.is_none() {
            return Ok(None);
        }
        Ok(Some(PublishedChain {
            certificates,
            is_public,
        }))
    }
}
