//! What can be wrong with a key.

use crate::json::MemberError;
use kleis_types::strict_json::StrictJsonError;
use kleis_types::{ErrorCode, Problem};

/// Why something is not a key that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwkError {
    /// Longer than [`MAX_JWK_SIZE`](super::MAX_JWK_SIZE), or than the caller's limit.
    #[error("the key is larger than {max} bytes")]
    TooLarge {
        /// The limit that was exceeded.
        max: usize,
    },
    /// Not strict JSON: syntax, duplicate names, trailing bytes, nesting.
    #[error(transparent)]
    Json(#[from] StrictJsonError),
    /// JSON, but not an object (or, for a set, not an object with `keys`).
    #[error("the key is not a JSON object")]
    NotAnObject,
    /// A member that the key type requires is absent.
    #[error("the key has no member {0:?}")]
    Missing(&'static str),
    /// A member has the wrong type or encoding.
    #[error(transparent)]
    Member(#[from] MemberError),
    /// A member that holds private key material in another key type, and has no place in this one.
    #[error("the member {0:?} does not belong to this key type")]
    Misplaced(&'static str),
    /// `kty` names none of `RSA`, `EC`, `OKP`, `oct`.
    #[error("the key type is not supported")]
    UnsupportedKeyType,
    /// `crv`, or the curve of a PKIX structure, is not one of ours.
    #[error("the curve is not supported")]
    UnsupportedCurve,
    /// A coordinate, scalar or seed has not the length of its curve.
    #[error("the member {0:?} has the wrong length")]
    WrongLength(&'static str),
    /// The point is not on the curve, not canonical, or of low order.
    #[error("the public key is not a valid point")]
    InvalidPoint,
    /// The modulus or exponent of RSA is out of range, even, or has leading zeros.
    #[error("the RSA public key is not acceptable: {0}")]
    InvalidRsa(&'static str),
    /// The private part is out of range or does not belong to the public part.
    #[error("the private key does not fit the public key")]
    KeyPairMismatch,
    /// A symmetric key that is empty or too long.
    #[error("the symmetric key is not between 1 and 1024 bytes")]
    OctLength,
    /// Not the DER of a key of ours, or not the canonical one.
    #[error("the key is not a canonical DER encoding")]
    Der,
    /// Not PEM, or PEM without exactly one key.
    #[error("the text is not PEM with exactly one key")]
    Pem,
    /// A private or symmetric key stands where only a public one may.
    #[error("the key is not a public key")]
    NotPublic,
    /// The operation needs a private key.
    #[error("the key is not a private key")]
    NotPrivate,
    /// The operation is for asymmetric keys.
    #[error("the key is symmetric")]
    Symmetric,
    /// A key of this size is not made here.
    #[error("a key of this size cannot be generated")]
    UnsupportedSize,
    /// The provider or the source of randomness failed.
    #[error("the key could not be generated")]
    Generation,
    /// `jsonwebkey` cannot represent this key, or we cannot accept its key.
    #[error("the key has no equivalent in the jsonwebkey crate")]
    NoEquivalent,
}

impl From<JwkError> for Problem {
    fn from(error: JwkError) -> Self {
        Self::new(ErrorCode::JwkInvalid, error.to_string())
    }
}
