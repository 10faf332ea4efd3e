//! What can be wrong with a certificate request.

use kleis_jose::JwkError;
use kleis_types::{ErrorCode, Problem};

use crate::der::DerError;
use crate::key_policy::KeyPolicyError;
use crate::signature::SignatureError;

/// Why a request was refused. The fault is always the sender's; no variant repeats its content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CsrError {
    /// Larger than [`super::MAX_CSR`].
    #[error("the request is larger than 16 KiB")]
    TooLarge,
    /// Not exactly one PEM block labelled CERTIFICATE REQUEST.
    #[error("send one PEM block labelled CERTIFICATE REQUEST, or its DER")]
    Pem,
    /// Not strict DER, or not a CertificationRequest.
    #[error("the request is not a DER CertificationRequest: {0}")]
    Der(#[from] DerError),
    /// Not version 1, which is written as 0.
    #[error("the request is not of version 1")]
    Version,
    /// The public key is malformed, of an unknown type, or an RSA key outside 2048 to 8192 bits.
    #[error(transparent)]
    Key(#[from] JwkError),
    /// The public key is of a type or strength that is not accepted.
    #[error(transparent)]
    KeyPolicy(#[from] KeyPolicyError),
    /// The signature algorithm is not accepted, or not one of this key's.
    #[error(
        "the request's signature algorithm is not accepted for its key; use SHA-256, -384 or \
         -512, and for RSASSA-PSS a salt as long as the hash"
    )]
    SignatureAlgorithm,
    /// The signature does not verify under the request's own key.
    #[error("the request's signature does not verify; sign it with the key it names")]
    SignatureInvalid,
    /// An attribute other than one extensionRequest.
    #[error("the request carries an attribute that is not accepted: {oid}")]
    AttributeForbidden {
        /// Its dotted object identifier.
        oid: String,
    },
    /// An extension outside the profile, every subjectAltName included.
    #[error("the request asks for an extension that is not accepted: {oid}")]
    ExtensionForbidden {
        /// Its dotted object identifier.
        oid: String,
    },
    /// The subject is neither empty nor the one that the certificate will have.
    #[error("leave the request's subject empty, or make it exactly the registered one")]
    SubjectMismatch,
    /// The private key handed in to make a request cannot sign one.
    #[error("the private key cannot sign a certificate request")]
    CannotSign,
}

impl CsrError {
    /// The code to answer with.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::TooLarge => ErrorCode::RequestTooLarge,
            Self::Key(JwkError::InvalidRsa(_) | JwkError::InvalidPoint) => ErrorCode::KeyWeak,
            Self::KeyPolicy(error) => error.code(),
            Self::Key(JwkError::UnsupportedKeyType | JwkError::UnsupportedCurve)
            | Self::SignatureAlgorithm
            | Self::CannotSign => ErrorCode::KeyAlgorithmUnsupported,
            Self::Pem | Self::Der(_) | Self::Version | Self::Key(_) => ErrorCode::CsrMalformed,
            Self::SignatureInvalid => ErrorCode::CsrSignatureInvalid,
            Self::AttributeForbidden { .. } | Self::ExtensionForbidden { .. } => {
                ErrorCode::CsrExtensionForbidden
            }
            Self::SubjectMismatch => ErrorCode::CsrSubjectMismatch,
        }
    }
}

impl From<CsrError> for Problem {
    fn from(error: CsrError) -> Self {
        Self::new(error.code(), error.to_string()).at("csr")
    }
}

impl From<SignatureError> for CsrError {
    fn from(error: SignatureError) -> Self {
        match error {
            SignatureError::Algorithm => Self::SignatureAlgorithm,
            SignatureError::Invalid => Self::SignatureInvalid,
        }
    }
}
