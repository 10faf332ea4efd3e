//! What a custody service is made of, and why it may refuse to start.

use std::sync::Arc;

use kleis_jose::Jwk;
use kleis_store::StoreError;
use kleis_trust::{Anchors, Signer};
use kleis_types::{CredentialMap, Identifier, Service, Timestamp, TypeTable};
use kleis_wrap::{RootKek, WrapError};

use crate::replies::Replies;

/// What a custody service is made of.
#[derive(Debug)]
pub struct CustodyConfig {
    /// The installation and its roots.
    pub anchors: Anchors,
    /// What replies are signed with: the certified key of `SERVICE:custody`.
    pub signer: Signer,
    /// The private key that deposits are sealed to.
    pub transport_key: Jwk,
    /// The root KEK. There is no default: without one there is no custody.
    pub root_kek: RootKek,
    /// Which credentials follow from a certified identifier.
    pub credentials: CredentialMap,
    /// Which identifiers are persons', for the audit.
    pub types: TypeTable,
}

/// Why the service does not start. The operator's to mend.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The signer is not custody of this installation, or its certificate is not in its time.
    #[error(
        "the signing certificate does not verify as that of SERVICE:custody of this installation"
    )]
    Signer,
    /// The transport key cannot open deposits.
    #[error("the transport key is not a private encryption key")]
    TransportKey,
    /// The database was written under another root KEK.
    #[error(
        "the wrapping keys in the database are under the root KEK {needed}, but {loaded} is \
         loaded: start with the KEK {needed}"
    )]
    OtherKek {
        /// The id of the KEK that the rows name.
        needed: String,
        /// The id of the KEK at hand.
        loaded: String,
    },
    /// A wrapping key's row does not verify, or one is missing.
    #[error(
        "the wrapping keys in the database do not verify under the root KEK {loaded}: {fault}; \
         restore the table from a backup, and find out who changed it"
    )]
    WrappingKeys {
        /// The id of the KEK at hand.
        loaded: String,
        /// What is wrong.
        fault: WrapError,
    },
    /// The database cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OpenError {
    /// Why the wrapping keys do not open under the KEK `loaded`.
    pub(crate) fn of(fault: WrapError, loaded: &str) -> Self {
        let loaded = loaded.to_owned();
        match fault {
            WrapError::OtherKek { stored, .. } => Self::OtherKek {
                needed: stored.to_string(),
                loaded,
            },
            fault => Self::WrappingKeys { loaded, fault },
        }
    }
}

/// The configuration without the KEK, which goes into the keyring.
pub(crate) struct Settings {
    pub(crate) anchors: Anchors,
    pub(crate) replies: Arc<Replies>,
    pub(crate) transport_key: Jwk,
    pub(crate) credentials: CredentialMap,
    pub(crate) types: TypeTable,
}

impl CustodyConfig {
    /// Refuses parts that do not fit together, before anything is answered with them.
    pub(crate) fn into_parts(self, now: Timestamp) -> Result<(Settings, RootKek), OpenError> {
        self.check(now)?;
        let settings = Settings {
            replies: Arc::new(Replies::new(self.signer, &self.anchors)),
            anchors: self.anchors,
            transport_key: self.transport_key,
            credentials: self.credentials,
            types: self.types,
        };
        Ok((settings, self.root_kek))
    }

    fn check(&self, now: Timestamp) -> Result<(), OpenError> {
        let verified = self.anchors.verify(self.signer.chain(), now);
        let custody = Identifier::service(Service::Custody);
        if verified
            .map_err(|_| OpenError::Signer)?
            .identity()
            .primary()
            != &custody
        {
            return Err(OpenError::Signer);
        }
        let key = &self.transport_key;
        let encrypts = kleis_jose::jwe::default_algorithm(key).is_some();
        if !key.is_private() || key.oct_bytes().is_some() || !encrypts {
            return Err(OpenError::TransportKey);
        }
        Ok(())
    }
}
