//! All that a caller may show, put together.

use std::{fmt, sync::Arc};

use kleis_access::token::Unverified;
use kleis_trust::{Anchors, SignerError};
use kleis_types::{CertificateProof, Clock, CredentialMap, Principal, Problem, Random};
use rustls::pki_types::CertificateDer;

use super::{
    Authenticate, Authentication, ForeignCa, Presented, Refused, Standing, VerifiedPeer,
    certificate::{Certificates, unknown_ca},
    forwarded::{self, is_edge},
    known::Known,
    token::{self, Possession},
};
use crate::Issuers;

/// Knows the holders of certificates of this installation and of the foreign CAs, and the bearers
/// of access tokens of the issuers.
pub struct CallerAuthenticator<S> {
    certificates: Certificates<S>,
    forwarded: Known<VerifiedPeer>,
    foreign: Vec<Arc<ForeignCa>>,
    issuers: Issuers,
    possession: Possession,
    clock: Arc<dyn Clock>,
}

impl<S: Standing> CallerAuthenticator<S> {
    /// Takes certificates that chain to `anchors` and that `status` calls in use; `credentials` says
    /// what follows from their identifiers. Nobody else is known yet.
    pub fn new(
        anchors: Anchors,
        credentials: CredentialMap,
        status: S,
        clock: Arc<dyn Clock>,
        random: &dyn Random,
    ) -> Self {
        Self {
            certificates: Certificates::new(anchors, credentials, status, Arc::clone(&clock)),
            forwarded: Known::default(),
            foreign: Vec::new(),
            issuers: Issuers::default(),
            possession: Possession::new(random, Arc::clone(&clock)),
            clock,
        }
    }

    /// Also takes access tokens of these issuers.
    #[must_use]
    pub fn with_issuers(self, issuers: Issuers) -> Self {
        Self { issuers, ..self }
    }

    /// Also takes certificates of these CAs.
    #[must_use]
    pub fn with_foreign(self, foreign: Vec<Arc<ForeignCa>>) -> Self {
        Self { foreign, ..self }
    }

    async fn principal(&self, presented: Presented<'_>) -> Result<Option<Principal>, Refused> {
        let holder = self.holder(&presented).await?;
        let Some((scheme, text)) = token::of(&presented)? else {
            return Ok(holder);
        };
        let unverified = Unverified::parse(text).map_err(Problem::from)?;
        let (token, named) = self.issuers.verify(&unverified, self.clock.now()).await?;
        let certificate = holder.as_ref().and_then(Principal::certificate);
        let proof = self
            .possession
            .prove(&presented, (scheme, text), &token, certificate)?;
        // The token says who calls; a certificate that is shown besides is what it may be bound to.
        let principal = named.with_token(Arc::new(proof));
        Ok(Some(match certificate {
            Some(certificate) => principal.with_certificate(certificate.clone()),
            None => principal,
        }))
    }

    /// Who holds the certificate that was shown: to us, or to the edge.
    async fn holder(&self, presented: &Presented<'_>) -> Result<Option<Principal>, Problem> {
        let sender = self.shown(presented).await?;
        if let Some(chain) = forwarded::chain(presented, sender.as_ref())? {
            return self.forwarded(chain).await.map(Some);
        }
        // The edge by itself is nobody.
        Ok(sender.filter(|sender| !is_edge(sender)))
    }

    async fn shown(&self, presented: &Presented<'_>) -> Result<Option<Principal>, Problem> {
        let peer = presented.peer;
        if peer.chain().is_empty() {
            return Ok(None);
        }
        if let Some(verified) = peer.verified().get() {
            self.certificates.check(verified).await?;
            return Ok(Some(verified.principal.clone()));
        }
        match self.certificates.verify(peer.chain()) {
            Ok(verified) => {
                let verified = peer.verified().get_or_init(|| verified);
                self.certificates.check(verified).await?;
                Ok(Some(verified.principal.clone()))
            }
            Err(refusal) => self.of_foreign_ca(peer.chain(), refusal).map(Some),
        }
    }

    async fn forwarded(&self, chain: Vec<CertificateDer<'static>>) -> Result<Principal, Problem> {
        let principal = match self.verified(&chain) {
            Ok(verified) => {
                self.certificates.check(&verified).await?;
                verified.principal.clone()
            }
            Err(refusal) => self.of_foreign_ca(&chain, refusal)?,
        };
        if is_edge(&principal) {
            return Err(unknown_ca());
        }
        let proof = principal.certificate().ok_or_else(unknown_ca)?.clone();
        Ok(principal.with_certificate(CertificateProof {
            forwarded: true,
            ..proof
        }))
    }

    fn verified(
        &self,
        chain: &[CertificateDer<'static>],
    ) -> Result<Arc<VerifiedPeer>, SignerError> {
        if let Some(known) = self.forwarded.get(chain) {
            return Ok(known);
        }
        let verified = Arc::new(self.certificates.verify(chain)?);
        self.forwarded.put(chain.to_vec(), Arc::clone(&verified));
        Ok(verified)
    }

    /// Who holds a certificate that is not ours, for this reason; or else that is the refusal.
    fn of_foreign_ca(
        &self,
        chain: &[CertificateDer<'static>],
        refusal: SignerError,
    ) -> Result<Principal, Problem> {
        if !matches!(
            refusal,
            SignerError::ForeignCa | SignerError::ChainLength | SignerError::Profile
        ) {
            return Err(refusal.into());
        }
        let now = self.clock.now();
        for ca in &self.foreign {
            if let Some(principal) = ca.principal(chain, now)? {
                return Ok(principal);
            }
        }
        Err(refusal.into())
    }
}

impl<S> fmt::Debug for CallerAuthenticator<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallerAuthenticator")
            .field("foreign", &self.foreign)
            .field("issuers", &self.issuers)
            .finish_non_exhaustive()
    }
}

impl<S: Standing> Authenticate for CallerAuthenticator<S> {
    fn authenticate<'a>(&'a self, presented: Presented<'a>) -> Authentication<'a> {
        Box::pin(self.principal(presented))
    }
}
