//! What the service is made of.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use kleis_jose::Jwk;
use kleis_pki::{IssuingCa, WeakModuli};
use kleis_trust::{Anchors, Signer};
use kleis_types::{Identifier, Service, TypeTable};
use kleis_wrap::RootKek;

use crate::{Contracts, Profile, RegistrantSource, profiles::Profiles};

const DAY: i64 = 86_400;

/// How long things live, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// A certificate; cut at the end of the issuing CA. Three years by default.
    pub certificate: i64,
    /// The code for the first operator. A day by default.
    pub bootstrap_code: i64,
    /// A certificate request that waits for a decision. Two weeks by default.
    pub request: i64,
    /// How long before its end a certificate can be renewed. 90 days by default.
    pub replacement: i64,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            certificate: 3 * 365 * DAY,
            bootstrap_code: DAY,
            request: 14 * DAY,
            replacement: 90 * DAY,
        }
    }
}

impl Lifetimes {
    /// The profiles of these types, and what holds for all others.
    pub(crate) fn profiles(self, by_type: BTreeMap<String, Profile>) -> Profiles {
        Profiles::new(self.others(), by_type)
    }

    fn others(self) -> Profile {
        Profile {
            certificate: self.certificate,
            replacement: self.replacement,
        }
    }
}

/// How certificates are given to those who prove no identity themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// How many operators and approvers must approve a certificate request, an enrolment code, a
    /// role: 1 or 2. The maker of a code is the first one. As long as there is but one of them, that
    /// one is enough: the first operator makes the second.
    pub approvals: u32,
    /// The issuers of access tokens, by name, whose logins prove an identity.
    pub issuers: BTreeSet<String>,
    /// The contracts that whoever asks accepts.
    pub contracts: Contracts,
}

impl Default for Admission {
    fn default() -> Self {
        Self {
            approvals: 1,
            issuers: BTreeSet::new(),
            contracts: Contracts::default(),
        }
    }
}

/// What holds for requests that wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Desk {
    /// How long a request waits, in seconds.
    pub(crate) lifetime: i64,
    /// How many may wait: anybody can send one.
    pub(crate) max_pending: u64,
    /// How many may wait for the same identity.
    pub(crate) max_pending_of_identity: u64,
}

impl Desk {
    pub(crate) fn new(lifetime: i64) -> Self {
        Self {
            lifetime,
            max_pending: 10_000,
            max_pending_of_identity: 5,
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
    /// Those that issued before it, under the same root: they go on saying what became of their
    /// certificates.
    pub former_cas: Vec<Arc<IssuingCa>>,
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
    /// Moduli that no key may share a factor with.
    pub weak_moduli: WeakModuli,
    /// How long things live.
    pub lifetimes: Lifetimes,
    /// How long certificates live, for identifier types that have a profile of their own.
    pub profiles: BTreeMap<String, Profile>,
    /// How identities are proved.
    pub admission: Admission,
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
    /// A former CA is the present one, or not of this installation.
    #[error("a former issuing CA is the present one, or does not stand under the configured root")]
    FormerCa,
    /// A lifetime is zero, negative, or longer than the profile allows.
    #[error(
        "certificates live, and are renewed within the last, 1 to 1200 days, bootstrap codes live \
         for 1 second to 30 days, certificate requests wait for 1 minute to 90 days"
    )]
    Lifetimes,
    /// More approvals than two, or none.
    #[error("certificate requests, codes and roles are approved by 1 or 2")]
    Approvals,
}

impl RegistrationConfig {
    fn is_under_our_root(&self, former: &IssuingCa) -> bool {
        let roots = self.anchors.roots();
        former.id() != self.ca.id() && roots.have_certified(former.chain_certificate())
    }

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
        if !self.former_cas.iter().all(|ca| self.is_under_our_root(ca)) {
            return Err(ConfigError::FormerCa);
        }
        let Lifetimes {
            bootstrap_code,
            request,
            ..
        } = self.lifetimes;
        let mut profiles =
            std::iter::once(self.lifetimes.others()).chain(self.profiles.values().copied());
        if !profiles.all(Profile::is_sound)
            || !(1..=30 * DAY).contains(&bootstrap_code)
            || !(60..=90 * DAY).contains(&request)
        {
            return Err(ConfigError::Lifetimes);
        }
        if !(1..=2).contains(&self.admission.approvals) {
            return Err(ConfigError::Approvals);
        }
        Ok(())
    }
}
