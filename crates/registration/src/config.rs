//! What the service is made of.

use std::sync::Arc;

use kleis_jose::Jwk;
use kleis_pki::IssuingCa;
use kleis_trust::{Anchors, Signer};
use kleis_types::{Identifier, Service, TypeTable};
use kleis_wrap::RootKek;

use crate::RegistrantSource;

const DAY: i64 = 86_400;

/// How long things live, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// A certificate; cut at the end of the issuing CA. Three years by default.
    pub certificate: i64,
    /// The code for the first operator. A day by default.
    pub bootstrap_code: i64,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            certificate: 3 * 365 * DAY,
            bootstrap_code: DAY,
        }
    }
}

/// The keys and tables of a registration service.
#[derive(Debug)]
pub struct RegistrationConfig {
    /// The roots and the installation.
    pub anchors: Anchors,
    /// The CA that issues.
    pub ca: Arc<IssuingCa>,
    /// Signs replies; certified as `SERVICE:registration`.
    pub signer: Signer,
    /// Signs the status list; certified as `SERVICE:status`.
    pub status_signer: Signer,
    /// The private encryption key of `SERVICE:registration`, to which verifiers of enrolment codes
    /// are sealed.
    pub transport_key: Jwk,
    /// Wraps those verifiers at rest.
    pub kek: Arc<RootKek>,
    /// The identifier types.
    pub types: TypeTable,
    /// How long things live.
    pub lifetimes: Lifetimes,
    /// Who exists: the register itself, or whoever is asked before.
    pub source: Arc<dyn RegistrantSource>,
}

/// Why a configuration is not one. Whoever made it is at fault; the service does not start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The signer of replies is certified as somebody else.
    #[error("the signer of replies is not certified as SERVICE:registration")]
    Signer,
    /// The signer of the status list is certified as somebody else.
    #[error("the signer of the status list is not certified as SERVICE:status")]
    StatusSigner,
    /// A signer's certificate was not issued by this CA, or is not in its time.
    #[error("a signer's certificate does not verify under the configured root at this time")]
    SignerChain,
    /// The transport key has no private part.
    #[error("the transport key is not a private key")]
    TransportKey,
    /// The CA is not the one that certified the signers.
    #[error("the issuing CA is not the one that certified the service's own keys")]
    Ca,
    /// A lifetime is zero, negative, or longer than the profile allows.
    #[error("certificates live for 1 to 1200 days, bootstrap codes for 1 second to 30 days")]
    Lifetimes,
}

impl RegistrationConfig {
    /// Refuses what could not work: better at start than in the first reply.
    pub(crate) fn check(&self, now: kleis_types::Timestamp) -> Result<(), ConfigError> {
        let certified_as =
            |signer: &Signer, service| signer.identity().primary() == &Identifier::service(service);
        if !certified_as(&self.signer, Service::Registration) {
            return Err(ConfigError::Signer);
        }
        if !certified_as(&self.status_signer, Service::Status) {
            return Err(ConfigError::StatusSigner);
        }
        for signer in [&self.signer, &self.status_signer] {
            self.anchors
                .verify(signer.chain(), now)
                .map_err(|_| ConfigError::SignerChain)?;
            if signer.chain().last().map(Vec::as_slice) != Some(self.ca.chain_certificate().der()) {
                return Err(ConfigError::Ca);
            }
        }
        if !self.transport_key.is_private() {
            return Err(ConfigError::TransportKey);
        }
        let Lifetimes {
            certificate,
            bootstrap_code,
        } = self.lifetimes;
        if !(1..=1200 * DAY).contains(&certificate) || !(1..=30 * DAY).contains(&bootstrap_code) {
            return Err(ConfigError::Lifetimes);
        }
        Ok(())
    }
}
