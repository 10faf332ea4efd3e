//! From a connection's certificate to a [`Principal`].

use std::{fmt, pin::Pin, sync::Arc};

use kleis_trust::{Anchors, SignerError, VerifiedSigner, status::StatusSource};
use kleis_types::{Clock, CredentialMap, ErrorCode, LEEWAY, Principal, Problem, Timestamp};

use crate::{Peer, peer::VerifiedPeer};

/// The answer to "who is this?", on its way: nobody in particular, a principal, or a refusal.
pub type Authentication<'a> =
    Pin<Box<dyn Future<Output = Result<Option<Principal>, Problem>> + Send + 'a>>;

/// Says who a peer is.
pub trait Authenticate: Send + Sync + fmt::Debug {
    /// The principal of a peer; `None` if it shows no certificate.
    ///
    /// # Errors
    /// The refusal, if it shows one that is not good, or whose status cannot be told.
    fn authenticate<'a>(&'a self, peer: &'a Peer) -> Authentication<'a>;
}

/// Knows the holders of certificates of this installation: chain, profile, time and status must all
/// hold.
pub struct PeerAuthenticator<S> {
    anchors: Anchors,
    credentials: CredentialMap,
    status: S,
    clock: Arc<dyn Clock>,
}

impl<S: StatusSource> PeerAuthenticator<S> {
    /// Takes certificates that chain to `anchors` and that `status` calls valid; `credentials` says
    /// what follows from their identifiers.
    pub fn new(
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

    async fn principal(&self, peer: &Peer) -> Result<Option<Principal>, Problem> {
        if peer.chain().is_empty() {
            return Ok(None);
        }
        let now = self.clock.now();
        let verified = if let Some(verified) = peer.verified().get() {
            verified
        } else {
            let verified = self.verify(peer, now)?;
            peer.verified().get_or_init(|| verified)
        };
        check_times(verified, now)?;
        self.check_status(&verified.signer, now).await?;
        Ok(Some(verified.principal.clone()))
    }

    /// A certificate may be younger than the list at hand: whoever has just enrolled is not turned
    /// away for that.
    async fn check_status(&self, signer: &VerifiedSigner, now: Timestamp) -> Result<(), Problem> {
        let list = self.status.current().await?;
        match signer.check_status(&*list, now) {
            Err(SignerError::NotInUse) => {
                let list = self.status.newer_than(&list).await?;
                Ok(signer.check_status(&*list, now)?)
            }
            result => Ok(result?),
        }
    }

    fn verify(&self, peer: &Peer, now: Timestamp) -> Result<VerifiedPeer, Problem> {
        let chain: Vec<Vec<u8>> = peer.chain().iter().map(|der| der.to_vec()).collect();
        let signer = self.anchors.verify(&chain, now)?;
        let principal = signer
            .principal(&self.credentials)
            .map_err(|_| Problem::from(ErrorCode::CertificateInvalid))?;
        Ok(VerifiedPeer { signer, principal })
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

impl<S> fmt::Debug for PeerAuthenticator<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerAuthenticator")
            .field("anchors", &self.anchors)
            .finish_non_exhaustive()
    }
}

impl<S: StatusSource> Authenticate for PeerAuthenticator<S> {
    fn authenticate<'a>(&'a self, peer: &'a Peer) -> Authentication<'a> {
        Box::pin(self.principal(peer))
    }
}

/// Takes everybody as nobody in particular: for servers whose peers are services of the same
/// process. A peer with a certificate is refused, because nobody looked at it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anonymous;

impl Authenticate for Anonymous {
    fn authenticate<'a>(&'a self, peer: &'a Peer) -> Authentication<'a> {
        let answer = if peer.chain().is_empty() {
            Ok(None)
        } else {
            Err(Problem::from(ErrorCode::CertificateInvalid))
        };
        Box::pin(std::future::ready(answer))
    }
}

#[cfg(test)]
mod tests;
