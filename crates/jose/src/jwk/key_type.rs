//! Kinds and sizes of keys.

use std::fmt;

/// What kind of key, and how large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyType {
    /// RSA with a modulus of this many bits: 2048 to 8192.
    Rsa {
        /// The length of the modulus.
        bits: u16,
    },
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
    /// Ed25519, for signatures.
    Ed25519,
    /// X25519, for key agreement.
    X25519,
    /// A symmetric key of this many bytes: 1 to 1024.
    Oct {
        /// The length of the key.
        bytes: u16,
    },
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "RSA-{bits}"),
            Self::P256 => f.write_str("P-256"),
            Self::P384 => f.write_str("P-384"),
            Self::P521 => f.write_str("P-521"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::X25519 => f.write_str("X25519"),
            Self::Oct { bytes } => write!(f, "oct-{}", u32::from(*bytes) * 8),
        }
    }
}
