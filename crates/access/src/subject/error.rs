//! Why a subject mapping, or a certificate under it, was refused.

use kleis_types::{ErrorCode, IdentifierError};

/// Why a subject mapping was refused at load: the operator's configuration is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubjectMappingError {
    /// More than 64 entries in a list.
    #[error("a subject mapping has at most 64 namespaces, 64 rules and 64 conclusive types")]
    TooMany,
    /// No certificate could ever name its holder.
    #[error("a subject mapping needs a rule")]
    NoRules,
    /// A namespace is empty or too long.
    #[error("an empty or overlong namespace in the subject mapping")]
    Namespace,
    /// A type that is not in the table, or an alias.
    #[error("the subject mapping speaks of an identifier type that is not in the table: {0:?}")]
    UnknownType(String),
}

/// Why a subject was refused. No variant holds any of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubjectRefusal {
    /// It does not name its holder in the form that is expected of its CA.
    #[error("the certificate's subject is not of the form that is expected of its authority")]
    Form,
    /// It names somebody who cannot be.
    #[error("the certificate's subject: {0}")]
    Identifier(#[from] IdentifierError),
}

impl SubjectRefusal {
    /// The code to answer with.
    pub fn code(&self) -> ErrorCode {
        ErrorCode::CertificateInvalid
    }
}
