//! The private key of a CA, and the gate before it.

use std::fmt;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use kleis_types::SecretBytes;
use rcgen::{PKCS_ECDSA_P384_SHA384, PublicKeyData, SignatureAlgorithm, SigningKey};

use super::CaError;
use crate::profile::ProfileViolation;

/// A P-384 key that signs with SHA-384.
pub(super) struct CaKey(EcdsaKeyPair);

impl CaKey {
    pub(super) fn from_pkcs8(pkcs8: &SecretBytes) -> Result<Self, CaError> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_ASN1_SIGNING, pkcs8.expose());
        pair.map(Self).map_err(|_| CaError::Key)
    }

    /// The public key: an uncompressed point.
    pub(super) fn public_point(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        // The provider draws ECDSA's nonce from its own generator, whatever it is handed here.
        Ok(self
            .0
            .sign(&SystemRandom::new(), message)?
            .as_ref()
            .to_vec())
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
