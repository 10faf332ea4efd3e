//! The private key of a CA, wherever it is, and the gate before it.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use kleis_types::SecretBytes;
use rcgen::{PKCS_ECDSA_P384_SHA384, PublicKeyData, SignatureAlgorithm, SigningKey};

use super::CaError;
use crate::profile::ProfileViolation;

/// A CA's P-384 key, wherever it is: in memory, or in hardware that does not give it out.
///
/// It is asked to sign nothing but what has passed [`crate::profile`], and every signature of it is
/// verified before it leaves.
pub trait CaSigner: Send + Sync + fmt::Debug {
    /// The public key: an uncompressed point of 97 octets (SEC 1 section 2.3.3).
    fn public_point(&self) -> &[u8];

    /// An ECDSA signature over the SHA-384 of `message`, in DER (RFC 3279 section 2.2.3).
    ///
    /// # Errors
    /// [`CaSigningError`] if the key cannot be used now.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CaSigningError>;
}

/// The key of a CA cannot be used. The text is for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the CA's key cannot be used: {0}")]
pub struct CaSigningError(pub String);

/// A key in memory.
pub(super) struct CaKey(EcdsaKeyPair);

impl CaKey {
    pub(super) fn from_pkcs8(pkcs8: &SecretBytes) -> Result<Self, CaError> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_ASN1_SIGNING, pkcs8.expose());
        pair.map(Self).map_err(|_| CaError::Key)
    }
}

impl CaSigner for CaKey {
    fn public_point(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CaSigningError> {
        // The provider draws ECDSA's nonce from its own generator, whatever it is handed here.
        let signature = self.0.sign(&SystemRandom::new(), message);
        let signature = signature.map_err(|error| CaSigningError(error.to_string()))?;
        Ok(signature.as_ref().to_vec())
    }
}

/// A public key as rcgen sees it: the point of one that may be elsewhere.
pub(super) struct PublicPoint<'a>(pub(super) &'a [u8]);

impl PublicKeyData for PublicPoint<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P384_SHA384
    }
}

impl fmt::Debug for CaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CaKey(..)")
    }
}

impl PublicKeyData for CaKey {
    fn der_bytes(&self) -> &[u8] {
        self.public_point()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P384_SHA384
    }
}

/// The key as rcgen sees it: it signs only what passes the check.
pub(super) struct LintingKey<'a, F> {
    key: &'a CaKey,
    lint: F,
}

impl<'a, F: Fn(&[u8]) -> Result<(), ProfileViolation>> LintingKey<'a, F> {
    pub(super) fn new(key: &'a CaKey, lint: F) -> Self {
        Self { key, lint }
    }
}

impl<F> PublicKeyData for LintingKey<'_, F> {
    fn der_bytes(&self) -> &[u8] {
        self.key.der_bytes()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.key.algorithm()
    }
}

impl<F: Fn(&[u8]) -> Result<(), ProfileViolation>> SigningKey for LintingKey<'_, F> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        (self.lint)(message).map_err(|_| rcgen::Error::RemoteKeyError)?;
        self.key
            .sign(message)
            .map_err(|_| rcgen::Error::RemoteKeyError)
    }
}
