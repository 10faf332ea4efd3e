//! Who signs: a private key with its certificate, and what a verifier knows of it afterwards.

use std::fmt;

use kleis_jose::Jwk;
use kleis_pki::{Certificate, Identity};
use kleis_types::{Confirmation, CredentialMap, Identifier, NoIdentifier, Principal, Timestamp};

use crate::{
    anchors::SignerError,
    status::{Status, StatusView},
};

/// The certificates of a chain as it travels: the leaf and the intermediate, never the root.
pub(crate) const CHAIN_LENGTH: usize = 2;

/// A private key with its certificate chain.
#[derive(Clone)]
pub struct Signer {
    key: Jwk,
    chain: Vec<Vec<u8>>,
    certificate: Certificate,
    identity: Identity,
}

/// Why a key and a chain are not a signer: whoever configured them is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignerMaterialError {
    /// The key has no private part, or is of a type that does not sign.
    #[error("the key is not a private signing key")]
    NotASigningKey,
    /// The chain is not the leaf and the intermediate.
    #[error("the chain must be the certificate and the intermediate, without the root")]
    Chain,
    /// A certificate of the chain cannot be read, or the first has no identity.
    #[error("the certificate is malformed or has no identity")]
    Certificate,
    /// The certificate is for another key.
    #[error("the certificate is not for this key")]
    KeyMismatch,
}

impl Signer {
    /// A signer of a private key and its chain in DER, leaf first. The chain is not verified here:
    /// those who read the signature do that.
    pub fn new(key: Jwk, chain: Vec<Vec<u8>>) -> Result<Self, SignerMaterialError> {
        if !key.is_private() || key.signature_algorithm().is_none() {
            return Err(SignerMaterialError::NotASigningKey);
        }
        let [leaf, issuer] = chain.as_slice() else {
            return Err(SignerMaterialError::Chain);
        };
        let read =
            |der: &[u8]| Certificate::from_der(der).map_err(|_| SignerMaterialError::Certificate);
        read(issuer)?;
        let certificate = read(leaf)?;
        let identity = certificate
            .identity()
            .map_err(|_| SignerMaterialError::Certificate)?;
        if certificate.public_key().thumbprint() != key.thumbprint() {
            return Err(SignerMaterialError::KeyMismatch);
        }
        Ok(Self {
            key,
            chain,
            certificate,
            identity,
        })
    }

    pub(crate) fn key(&self) -> &Jwk {
        &self.key
    }

    /// The certified public key.
    pub fn public_key(&self) -> &Jwk {
        self.certificate.public_key()
    }

    /// The chain in DER: the certificate, then the intermediate.
    pub fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    /// The certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The identity that the certificate names.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}

/// The holder of a certificate whose chain ended in the pinned root of this installation.
///
/// Only [`Anchors`](crate::Anchors) makes one.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifiedSigner {
    pub(crate) certificate: Certificate,
    pub(crate) identity: Identity,
    pub(crate) chain: Vec<Vec<u8>>,
}

impl VerifiedSigner {
    /// The certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The identity in the certificate's subjectAltName.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Whether the certificate names `identifier`, application included.
    pub fn is(&self, identifier: &Identifier) -> bool {
        self.identity.includes(identifier)
    }

    /// The chain in DER: the certificate, then the intermediate.
    pub fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    /// What the status list says of the certificate.
    pub fn status(&self, view: &dyn StatusView) -> Status {
        view.status(self.identity.status_index())
    }

    /// Refuses a certificate that the list does not call valid, and a list that is stale.
    pub fn check_status(&self, view: &dyn StatusView, now: Timestamp) -> Result<(), SignerError> {
        if !view.is_fresh(now) {
            return Err(SignerError::StatusStale);
        }
        match self.status(view) {
            Status::Valid => Ok(()),
            Status::Invalid => Err(SignerError::Revoked),
            Status::Suspended => Err(SignerError::Suspended),
            Status::Other => Err(SignerError::NotInUse),
        }
    }

    /// Whether a caller is the one who signed: by the certificate that it showed, or by an access
    /// token that is bound to this certificate or its key and whose hash is `access_token`.
    pub fn is_caller(&self, caller: &Principal, access_token: Option<&str>) -> bool {
        let x5t = self.certificate.x5t_s256();
        let by_token = caller.token().is_some_and(|token| {
            access_token == Some(&token.hash)
                && match &token.confirmation {
                    Some(Confirmation::Certificate(bound)) => bound == x5t,
                    Some(Confirmation::Key(bound)) => {
                        *bound == self.certificate.public_key().thumbprint().to_string()
                    }
                    None => false,
                }
        });
        match (caller.thumbprint(), caller.token(), access_token) {
            // What was shown must fit, each part of it.
            (Some(shown), None, None) => shown == x5t,
            (None, Some(_), Some(_)) => by_token,
            (Some(shown), Some(_), Some(_)) => shown == x5t && by_token,
            // A token that the order does not name, or an order that names one that is not there.
            _ => false,
        }
    }

    /// The holder as a caller, with the credentials that its identifiers give.
    pub fn principal(&self, map: &CredentialMap) -> Result<Principal, NoIdentifier> {
        let identity = &self.identity;
        Principal::from_certificate(
            identity.identifiers(),
            identity.device().clone(),
            self.certificate.x5t_s256(),
            map,
        )
    }
}

impl fmt::Debug for VerifiedSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedSigner")
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod caller_tests;
#[cfg(test)]
mod tests;
