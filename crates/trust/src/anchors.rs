//! What a verifier pins: the roots and the installation.

use kleis_pki::{ChainError, TrustAnchors};
use kleis_types::{InstallationId, Timestamp};

use crate::{
    refusal::refusals,
    signer::{CHAIN_LENGTH, VerifiedSigner},
    status::StatusView,
};

refusals! {
    /// Why the certificate of a signer was refused.
    pub enum SignerError {
        ChainLength = "CERTIFICATE_CHAIN_LENGTH", CertificateInvalid,
            "the chain must be the certificate and the intermediate, without the root";
        ForeignCa = "CERTIFICATE_FOREIGN_CA", CertificateInvalid,
            "the certificate was not issued by the CA of this installation";
        Profile = "CERTIFICATE_PROFILE", CertificateInvalid,
            "the certificate is malformed or not of the profile of an identity";
        OtherInstallation = "CERTIFICATE_OTHER_INSTALLATION", CertificateInvalid,
            "the certificate is of another installation";
        NotYetValid = "CERTIFICATE_NOT_YET_VALID", CertificateInvalid,
            "the certificate is not valid yet: compare the clocks";
        Expired = "CERTIFICATE_EXPIRED", CertificateExpired,
            "the certificate has expired: ask for a new one";
        Revoked = "CERTIFICATE_REVOKED", CertificateRevoked,
            "the certificate is revoked";
        Suspended = "CERTIFICATE_SUSPENDED", CertificateRevoked,
            "the certificate is suspended: ask the operator why";
        NotInUse = "CERTIFICATE_NOT_IN_USE", CertificateRevoked,
            "the certificate is superseded, expired or not yet in use";
        StatusStale = "STATUS_STALE", StatusUnavailable,
            "there is no status list fresh enough to decide by: fetch it again";
    }
}

/// The roots and the installation that a verifier trusts, and nothing besides.
#[derive(Clone, Debug)]
pub struct Anchors {
    roots: TrustAnchors,
    installation: InstallationId,
}

impl Anchors {
    /// Anchors of these roots for this installation.
    pub fn new(roots: TrustAnchors, installation: InstallationId) -> Self {
        Self {
            roots,
            installation,
        }
    }

    /// The roots.
    pub fn roots(&self) -> &TrustAnchors {
        &self.roots
    }

    /// The installation.
    pub fn installation(&self) -> &InstallationId {
        &self.installation
    }

    /// Verifies a chain as of `at`: path, signatures, times, profile and installation. The status
    /// is left to the caller: see [`verify_in_use`](Self::verify_in_use).
    pub fn verify(&self, chain: &[Vec<u8>], at: Timestamp) -> Result<VerifiedSigner, SignerError> {
        if chain.len() != CHAIN_LENGTH {
            return Err(SignerError::ChainLength);
        }
        let verified = self
            .roots
            .verify_identity(chain, at)
            .map_err(|error| refusal(&error))?;
        if verified.identity().installation() != &self.installation {
            return Err(SignerError::OtherInstallation);
        }
        let (certificate, identity) = verified.into_parts();
        Ok(VerifiedSigner {
            certificate,
            identity,
            chain: chain.to_vec(),
        })
    }

    /// Verifies a chain as of `now`, and that the status list calls the certificate valid.
    pub fn verify_in_use(
        &self,
        chain: &[Vec<u8>],
        status: &dyn StatusView,
        now: Timestamp,
    ) -> Result<VerifiedSigner, SignerError> {
        let signer = self.verify(chain, now)?;
        signer.check_status(status, now)?;
        Ok(signer)
    }
}

fn refusal(error: &ChainError) -> SignerError {
    match error {
        ChainError::Length => SignerError::ChainLength,
        ChainError::NotYetValid => SignerError::NotYetValid,
        ChainError::Expired => SignerError::Expired,
        ChainError::Certificate(_) | ChainError::Profile(_) | ChainError::Usage => {
            SignerError::Profile
        }
        // No path, a bad signature in it, and whatever path validation may find besides.
        _ => SignerError::ForeignCa,
    }
}

#[cfg(test)]
mod tests;
