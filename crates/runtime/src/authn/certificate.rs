//! Certificates of this installation: chain, profile, time and status must all hold.

use std::sync::Arc;

use kleis_trust::{Anchors, SignerError, VerifiedSigner};
use kleis_types::{Clock, CredentialMap, ErrorCode, LEEWAY, Principal, Problem, Timestamp};
use rustls::pki_types::CertificateDer;

use super::Standing;

/// What verifying a chain gave. That is done once for each chain that is at hand; times and status,
/// which change, are looked at with every request.
#[derive(Debug)]
pub(crate) struct VerifiedPeer {
    pub(crate) signer: VerifiedSigner,
    pub(crate) principal: Principal,
}

/// Knows the holders of certificates of this installation.
pub(super) struct Certificates<S> {
    anchors: Anchors,
    credentials: CredentialMap,
    status: S,
    clock: Arc<dyn Clock>,
}

impl<S: Standing> Certificates<S> {
    pub(super) fn new(
        anchors: Anchors,
        credentials: CredentialMap,
        status: S,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            anchors,
            credentials,
            status,
            clock,
        }
    }

    /// Whether a chain has the length of ours, and ends in our root.
    pub(super) fn verify(&self, chain: &[CertificateDer<'_>]) -> Result<VerifiedPeer, SignerError> {
        let chain: Vec<Vec<u8>> = chain.iter().map(|der| der.to_vec()).collect();
        let signer = self.anchors.verify(&chain, self.clock.now())?;
        let principal = signer
            .principal(&self.credentials)
            .map_err(|_| SignerError::Profile)?;
        Ok(VerifiedPeer { signer, principal })
    }

    /// Whether a verified chain still holds now: by its times, and by its status.
    pub(super) async fn check(&self, verified: &VerifiedPeer) -> Result<(), Problem> {
        let now = self.clock.now();
        check_times(verified, now)?;
        self.status.check(&verified.signer, now).await
    }
}

/// A connection may outlive the certificate that opened it.
fn check_times(verified: &VerifiedPeer, now: Timestamp) -> Result<(), SignerError> {
    let certificate = verified.signer.certificate();
    if now.plus_seconds(LEEWAY) < certificate.not_before() {
        return Err(SignerError::NotYetValid);
    }
    if now.plus_seconds(-LEEWAY) > certificate.not_after() {
        return Err(SignerError::Expired);
    }
    Ok(())
}

/// The refusal of a chain that neither we nor a configured CA have issued.
pub(super) fn unknown_ca() -> Problem {
    Problem::from(ErrorCode::CertificateInvalid)
}
