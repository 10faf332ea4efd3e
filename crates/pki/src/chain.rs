//! Verifying a chain: leaf, issuing CA, pinned root.

pub(crate) mod validity;

use std::time::Duration;

use kleis_types::{ErrorCode, Timestamp};
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use crate::certificate::{Certificate, CertificateError};
use crate::identity::Identity;
use crate::profile::{self, Authority, ProfileViolation};
use crate::signature::{self, OF_AUTHORITIES};
use crate::spki::Spki;

/// Why certificates cannot be trust anchors. The fault is the operator's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnchorError {
    /// No certificate was given.
    #[error("no root certificate was given")]
    Empty,
    /// One cannot be read.
    #[error("a root certificate: {0}")]
    Certificate(#[from] CertificateError),
    /// One is not that of a root of Kleis.
    #[error("a root certificate: {0}")]
    Profile(#[from] ProfileViolation),
    /// One is not signed by its own key.
    #[error("a root certificate is not signed by its own key")]
    NotSelfSigned,
}

/// Why a chain was refused. The fault is its sender's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// Not exactly two certificates: the leaf and the issuing CA.
    #[error("a chain is the certificate and that of its issuing CA, without the root")]
    Length,
    /// A certificate cannot be read.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// No pinned root stands at the end of the chain.
    #[error("the chain does not end in a pinned root")]
    UnknownRoot,
    /// A signature in the chain does not verify.
    #[error("a signature in the chain does not verify")]
    Signature,
    /// Path validation refused the chain for another reason.
    #[error("the chain does not validate (RFC 5280 section 6)")]
    Path,
    /// The first certificate is not for clients, or is a CA's.
    #[error("the certificate is not one for an identity")]
    Usage,
    /// A certificate lies outside its profile.
    #[error(transparent)]
    Profile(#[from] ProfileViolation),
    /// A certificate's time has not come.
    #[error("a certificate of the chain is not valid yet")]
    NotYetValid,
    /// A certificate's time is over.
    #[error("a certificate of the chain has expired")]
    Expired,
}

impl ChainError {
    /// The code to answer with.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Expired => ErrorCode::CertificateExpired,
            _ => ErrorCode::CertificateInvalid,
        }
    }
}

/// The pinned roots.
#[derive(Debug, Clone)]
pub struct TrustAnchors {
    roots: Vec<Certificate>,
    anchors: Vec<TrustAnchor<'static>>,
}

/// An identity that a chain proves at a time. Revocation is another matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedIdentity {
    certificate: Certificate,
    identity: Identity,
}

impl VerifiedIdentity {
    /// The leaf.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Whom it certifies.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Both.
    pub fn into_parts(self) -> (Certificate, Identity) {
        (self.certificate, self.identity)
    }
}

impl TrustAnchors {
    /// Pins root certificates: self-signed and in the profile of a root, at least one.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers have the list and no more use for it"
    )]
    pub fn from_ders(roots: Vec<Vec<u8>>) -> Result<Self, AnchorError> {
        if roots.is_empty() {
            return Err(AnchorError::Empty);
        }
        let roots: Vec<Certificate> = roots
            .iter()
            .map(|der| read_root(der))
            .collect::<Result<_, _>>()?;
        let anchors = roots.iter().map(anchor).collect::<Result<_, _>>()?;
        Ok(Self { roots, anchors })
    }

    /// The pinned certificates.
    pub fn roots(&self) -> &[Certificate] {
        &self.roots
    }

    /// Whether one of these roots signed the certificate of an issuing CA. Its times are another
    /// matter.
    pub fn have_certified(&self, issuing: &Certificate) -> bool {
        self.roots.iter().any(|root| {
            let authority = Authority::Issuing(&root.as_issuer());
            let key = Spki::parse(root.spki_der());
            profile::authority(issuing.tbs_der(), authority).is_ok()
                && key.is_ok_and(|key| {
                    let (tbs, signature) = (issuing.tbs_der(), issuing.signature());
                    signature::verify_authority(&key, tbs, signature).is_ok()
                })
        })
    }

    /// Verifies a chain, leaf first and without the root, as of `at`: encodings, profile, path,
    /// signatures, extended key usage, and times with a leeway of [`kleis_types::LEEWAY`] seconds.
    ///
    /// `at` may lie in the past. The root's own times need no look: by the profile the issuing CA's
    /// lie within them.
    pub fn verify_identity(
        &self,
        chain: &[Vec<u8>],
        at: Timestamp,
    ) -> Result<VerifiedIdentity, ChainError> {
        let [leaf, issuing] = chain else {
            return Err(ChainError::Length);
        };
        let leaf = Certificate::from_der(leaf)?;
        let issuing = Certificate::from_der(issuing)?;
        let moment = validity::moment_within(&[&leaf, &issuing], at)?;
        let root = self.verify_path(&leaf, &issuing, moment)?;
        profile::authority(issuing.tbs_der(), Authority::Issuing(&root.as_issuer()))?;
        let identity = profile::identity(leaf.tbs_der(), &issuing.as_issuer())?;
        Ok(VerifiedIdentity {
            certificate: leaf,
            identity,
        })
    }

    /// Path validation by webpki; gives the root at the end.
    fn verify_path(
        &self,
        leaf: &Certificate,
        issuing: &Certificate,
        moment: Timestamp,
    ) -> Result<&Certificate, ChainError> {
        let leaf = CertificateDer::from(leaf.der());
        let intermediates = [CertificateDer::from(issuing.der())];
        let seconds = u64::try_from(moment.unix()).map_err(|_| ChainError::NotYetValid)?;
        let moment = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let usage = KeyUsage::client_auth();
        let path = EndEntityCert::try_from(&leaf).and_then(|leaf| {
            let found = leaf.verify_for_usage(
                OF_AUTHORITIES,
                &self.anchors,
                &intermediates,
                moment,
                usage,
                None,
                None,
            )?;
            let direct = found.intermediate_certificates().next().is_none();
            Ok((direct, found.anchor().clone().to_owned()))
        });
        let (direct, anchor) = path.map_err(|error| path_error(&error))?;
        if direct {
            return Err(ChainError::Path);
        }
        let root = self
            .anchors
            .iter()
            .position(|candidate| *candidate == anchor);
        root.and_then(|at| self.roots.get(at))
            .ok_or(ChainError::UnknownRoot)
    }
}

fn read_root(der: &[u8]) -> Result<Certificate, AnchorError> {
    let root = Certificate::from_der(der)?;
    profile::authority(root.tbs_der(), Authority::Root)?;
    let key = Spki::parse(root.spki_der()).map_err(|_| AnchorError::NotSelfSigned)?;
    signature::verify_authority(&key, root.tbs_der(), root.signature())
        .map_err(|_| AnchorError::NotSelfSigned)?;
    Ok(root)
}

fn anchor(root: &Certificate) -> Result<TrustAnchor<'static>, AnchorError> {
    let der = CertificateDer::from(root.der());
    let anchor = anchor_from_trusted_cert(&der).map_err(|_| CertificateError::Malformed)?;
    Ok(anchor.to_owned())
}

fn path_error(error: &webpki::Error) -> ChainError {
    match error {
        webpki::Error::UnknownIssuer => ChainError::UnknownRoot,
        webpki::Error::InvalidSignatureForPublicKey => ChainError::Signature,
        webpki::Error::RequiredEkuNotFoundContext(_) | webpki::Error::CaUsedAsEndEntity => {
            ChainError::Usage
        }
        webpki::Error::CertExpired { .. } => ChainError::Expired,
        webpki::Error::CertNotValidYet { .. } => ChainError::NotYetValid,
        _ => ChainError::Path,
    }
}

#[cfg(test)]
mod tests;
