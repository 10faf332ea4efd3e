//! Why foreign CAs or certificates were refused.

use kleis_types::ErrorCode;

use crate::certificate::CertificateError;
use crate::chain::ChainError;
use crate::key_policy::KeyPolicyError;

/// Why CAs cannot be trusted as configured. The fault is the operator's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ForeignAnchorError {
    /// No certificate was given.
    #[error("no CA certificate was given")]
    Empty,
    /// One cannot be read.
    #[error("a CA certificate is malformed, larger than 16 KiB or not of version 3")]
    Certificate,
    /// One is not that of a CA.
    #[error("a certificate that was given as that of a CA is not one")]
    NotACa,
    /// A revocation list cannot be read, or there are too many.
    #[error(
        "a revocation list is malformed, larger than 32 MiB, without nextUpdate, \
         a delta or an indirect one, or there are more than 256"
    )]
    Crl,
}

/// Why a foreign chain was refused. The fault is its sender's, unless a revocation list is missing
/// or stale: then it is ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ForeignError {
    /// No certificate, more than [`super::MAX_CHAIN`], or an oversized one.
    #[error("a chain is 1 to 6 certificates of at most 16 KiB, the client's first")]
    Length,
    /// The leaf cannot be read.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The leaf's key is weak or of another type than is accepted.
    #[error(transparent)]
    Key(#[from] KeyPolicyError),
    /// No configured CA stands at the end of the chain.
    #[error("the certificate is not one of an accepted authority")]
    UnknownIssuer,
    /// Path validation refused the chain for another reason.
    #[error("the chain does not validate (RFC 5280 section 6)")]
    Path,
    /// The leaf is not for clients, its key is not for signatures, or it is a CA's.
    #[error("the certificate is not one for clients: use the one for authentication")]
    Usage,
    /// A certificate's time has not come.
    #[error("a certificate of the chain is not valid yet")]
    NotYetValid,
    /// A certificate's time is over.
    #[error("a certificate of the chain has expired")]
    Expired,
    /// A certificate of the chain was revoked.
    #[error("a certificate of the chain was revoked")]
    Revoked,
    /// There is no revocation list of an issuer.
    #[error("it cannot be told whether the certificate was revoked; try again later")]
    CrlMissing,
    /// The newest revocation list of the issuer is too old.
    #[error("it cannot be told whether the certificate was revoked lately; try again later")]
    CrlStale,
}

impl ForeignError {
    /// The code to answer with.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Expired => ErrorCode::CertificateExpired,
            Self::Revoked => ErrorCode::CertificateRevoked,
            Self::CrlMissing | Self::CrlStale => ErrorCode::StatusUnavailable,
            _ => ErrorCode::CertificateInvalid,
        }
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "it is an adapter for map_err"
    )]
    pub(super) fn of_validity(error: ChainError) -> Self {
        match error {
            ChainError::Expired => Self::Expired,
            ChainError::NotYetValid => Self::NotYetValid,
            _ => Self::Path,
        }
    }

    pub(super) fn of_path(error: &webpki::Error) -> Self {
        match error {
            webpki::Error::UnknownIssuer => Self::UnknownIssuer,
            webpki::Error::RequiredEkuNotFoundContext(_)
            | webpki::Error::EmptyEkuExtension
            | webpki::Error::CaUsedAsEndEntity => Self::Usage,
            webpki::Error::CertExpired { .. } => Self::Expired,
            webpki::Error::CertNotValidYet { .. } => Self::NotYetValid,
            webpki::Error::CertRevoked => Self::Revoked,
            webpki::Error::UnknownRevocationStatus => Self::CrlMissing,
            _ => Self::Path,
        }
    }
}
