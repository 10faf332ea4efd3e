//! JSON Web Signature (RFC 7515).
//!
//! The compact form is [`sign`] and [`Compact`]; the JSON forms are in [`json`]. Parsing checks the
//! form and the header; it does not verify. Callers that allow only certain header members compare
//! [`Compact::members`] with their list.

mod compact;
mod header;
pub mod json;

pub use compact::{Compact, sign};
pub use header::Header;
pub use json::{sign_json, verify_json};

use crate::algorithm::UnsupportedAlgorithm;
use crate::json::MemberError;
use crate::jwk::{JwkError, KeyUseError};
use crate::signature::SignatureError;
use kleis_types::strict_json::StrictJsonError;

/// Why a JWS was refused or not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    /// Longer than the caller's limit.
    #[error("the JWS is longer than {max} bytes")]
    TooLarge {
        /// The limit that was exceeded.
        max: usize,
    },
    /// Not three parts, not base64url, or not the members of a JSON serialisation.
    #[error("the JWS is malformed: {0}")]
    Malformed(&'static str),
    /// The header or the JSON serialisation is not strict JSON (duplicate names among others).
    #[error(transparent)]
    Json(#[from] StrictJsonError),
    /// A header member has the wrong type or encoding.
    #[error(transparent)]
    Member(#[from] MemberError),
    /// A name occurs in both the protected and the unprotected header.
    #[error("the header member {0:?} occurs twice")]
    DuplicateMember(String),
    /// `alg` is `none`.
    #[error("the JWS is not signed (alg \"none\")")]
    Unsecured,
    /// `alg` names an algorithm that is not supported; every MAC is among them.
    #[error(transparent)]
    Algorithm(#[from] UnsupportedAlgorithm),
    /// There is a `crit`: no extension is understood.
    #[error("the header has \"crit\", and no extension is supported")]
    Critical,
    /// There is a `b64` (RFC 7797).
    #[error("the header has \"b64\", which is not supported")]
    UnencodedPayload,
    /// The header's `jwk` is not a sound public key.
    #[error("the header's \"jwk\" is not acceptable: {0}")]
    HeaderKey(#[source] JwkError),
    /// A member that has its own field was given as an extra one.
    #[error("the header member {0:?} cannot be set this way")]
    ReservedMember(String),
    /// The key is not for this.
    #[error(transparent)]
    KeyUse(#[from] KeyUseError),
    /// The signature does not verify under the key.
    #[error("the signature is not valid")]
    InvalidSignature,
    /// No signature of a JSON serialisation is by this key.
    #[error("no signature of the document is by this key")]
    NoSignature,
    /// The provider failed.
    #[error("the signature could not be made")]
    Signing,
}

impl From<SignatureError> for JwsError {
    fn from(error: SignatureError) -> Self {
        match error {
            SignatureError::KeyUse(error) => Self::KeyUse(error),
            SignatureError::Invalid => Self::InvalidSignature,
            SignatureError::Signing => Self::Signing,
        }
    }
}

#[cfg(test)]
mod tests;
