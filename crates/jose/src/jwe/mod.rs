//! JSON Web Encryption (RFC 7516).
//!
//! The compact form is [`encrypt`] and [`decrypt`]; the general JSON form, with many recipients, is
//! [`encrypt_json`] and [`decrypt_json`]. What is wrong with the form of a message is told by name;
//! what is wrong with its cryptography is always [`JweError::Decryption`].

pub(crate) mod compact;
pub(crate) mod content;
pub(crate) mod ecdh_es;
mod header;
mod json;
mod key_management;
pub(crate) mod key_wrap;
mod message;
pub(crate) mod rsa_oaep;

pub use compact::{decrypt, encrypt, header};
pub use header::{Header, ParsedHeader};
pub use json::{MAX_ATTEMPTS, MAX_RECIPIENTS, Recipient, decrypt_json, encrypt_json};

use crate::algorithm::{ContentEncryption, KeyAlgorithm, UnsupportedAlgorithm};
use crate::json::MemberError;
use crate::jwk::{Jwk, JwkError, KeyType, KeyUseError, Thumbprint};
use kleis_types::SecretBytes;
use kleis_types::strict_json::StrictJsonError;
use std::fmt;

/// The longest protected, and the longest shared unprotected, header, in bytes. Each is read once
/// for every recipient: without a limit of its own it could be nearly all of a large message.
pub const MAX_HEADER: usize = 65_536;

/// Why a JWE was refused or not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JweError {
    /// Longer than the caller's limit.
    #[error("the JWE is longer than {max} bytes")]
    TooLarge {
        /// The limit that was exceeded.
        max: usize,
    },
    /// Not five parts, not base64url, or not the members of a JSON serialisation.
    #[error("the JWE is malformed: {0}")]
    Malformed(&'static str),
    /// The header or the JSON serialisation is not strict JSON (duplicate names among others).
    #[error(transparent)]
    Json(#[from] StrictJsonError),
    /// A header member has the wrong type or encoding, or is missing.
    #[error(transparent)]
    Member(#[from] MemberError),
    /// A name occurs in two of the protected, the shared and the recipient's header.
    #[error("the header member {0:?} occurs twice")]
    DuplicateMember(String),
    /// `alg` or `enc` names an algorithm that is not supported.
    #[error(transparent)]
    Algorithm(#[from] UnsupportedAlgorithm),
    /// `alg` takes a passphrase: see [`crate::key_file`].
    #[error("a passphrase encrypts key files and nothing else")]
    Passphrase,
    /// There is a `crit`: no extension is understood.
    #[error("the header has \"crit\", and no extension is supported")]
    Critical,
    /// There is a `zip`: the length of compressed text betrays it.
    #[error("the header has \"zip\", and compression is not supported")]
    Compressed,
    /// The header's `epk` is not a sound public key.
    #[error("the header's \"epk\" is not acceptable: {0}")]
    EphemeralKey(#[source] JwkError),
    /// A member that has its own field was given as an extra one.
    #[error("the header member {0:?} cannot be set this way")]
    ReservedMember(String),
    /// The key is not for this.
    #[error(transparent)]
    KeyUse(#[from] KeyUseError),
    /// None, or more than [`MAX_RECIPIENTS`].
    #[error("a JWE has between 1 and {MAX_RECIPIENTS} recipients")]
    Recipients,
    /// `dir` and `ECDH-ES` give the content key to one recipient.
    #[error("the algorithm {0} is for a single recipient")]
    SingleRecipient(KeyAlgorithm),
    /// More than [`MAX_ATTEMPTS`] recipients would have to be tried.
    #[error("the message has too many recipients that could be meant")]
    Attempts,
    /// No recipient of the message is one of the keys.
    #[error("the message is for none of these keys")]
    NotARecipient,
    /// The message does not decrypt under the key. Why is not told.
    #[error("the message does not decrypt")]
    Decryption,
    /// The provider failed, or the plaintext is too long for the algorithm.
    #[error("the message could not be encrypted")]
    Encryption,
}

/// A message that was decrypted.
#[derive(Clone)]
pub struct Decrypted {
    header: ParsedHeader,
    plaintext: SecretBytes,
    aad: Vec<u8>,
    recipient: Thumbprint,
}

impl Decrypted {
    /// What the header says: in the JSON form all three parts of it together.
    pub fn header(&self) -> &Header {
        self.header.header()
    }

    /// The plaintext.
    pub fn plaintext(&self) -> &SecretBytes {
        &self.plaintext
    }

    /// The plaintext, without a copy.
    pub fn into_plaintext(self) -> SecretBytes {
        self.plaintext
    }

    /// The key management algorithm.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.header.algorithm()
    }

    /// The content encryption algorithm.
    pub fn encryption(&self) -> ContentEncryption {
        self.header.encryption()
    }

    /// The names of all header members, for callers that allow only some.
    pub fn members(&self) -> impl Iterator<Item = &str> {
        self.header.members()
    }

    /// The additional authenticated data of the JSON form; empty if there was none.
    pub fn aad(&self) -> &[u8] {
        &self.aad
    }

    /// The thumbprint of the key that opened it.
    pub fn recipient(&self) -> &Thumbprint {
        &self.recipient
    }
}

impl fmt::Debug for Decrypted {
    /// The header without what came with it, which may speak of persons.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decrypted")
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

/// The algorithm to encrypt to a key with when its owner names none: `ECDH-ES+A256KW` for X25519
/// and EC, `RSA-OAEP-256` for RSA, `A256KW` and `A128KW` for symmetric keys of their length. A
/// member `alg` that names a key management algorithm goes before.
pub fn default_algorithm(key: &Jwk) -> Option<KeyAlgorithm> {
    if let Some(name) = key.alg() {
        return name.parse().ok();
    }
    match key.key_type() {
        KeyType::P256 | KeyType::P384 | KeyType::P521 | KeyType::X25519 => {
            Some(KeyAlgorithm::EcdhEsA256Kw)
        }
        KeyType::Rsa { .. } => Some(KeyAlgorithm::RsaOaep256),
        KeyType::Oct { bytes: 32 } => Some(KeyAlgorithm::A256Kw),
        KeyType::Oct { bytes: 16 } => Some(KeyAlgorithm::A128Kw),
        KeyType::Oct { .. } | KeyType::Ed25519 => None,
    }
}

#[cfg(test)]
mod tests;
