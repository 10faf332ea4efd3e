//! The algorithms that exist for us (RFC 7518, RFC 8037). Any other name is
//! [`UnsupportedAlgorithm`].

use crate::json::shown;
use std::fmt;
use std::str::FromStr;

/// The name of an algorithm that is not supported, shortened and stripped of unprintable
/// characters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the algorithm {name:?} is not supported")]
pub struct UnsupportedAlgorithm {
    name: String,
}

impl UnsupportedAlgorithm {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: shown(name) }
    }

    /// The name as far as it is safe to show.
    pub fn name(&self) -> &str {
        &self.name
    }
}

macro_rules! algorithms {
    ($(#[$meta:meta])* $type:ident { $($(#[$doc:meta])* $variant:ident => $name:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $type { $($(#[$doc])* $variant,)+ }

        impl $type {
            /// All of them, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The registered name (IANA "JSON Web Signature and Encryption Algorithms").
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }

        impl FromStr for $type {
            type Err = UnsupportedAlgorithm;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                match name {
                    $($name => Ok(Self::$variant),)+
                    _ => Err(UnsupportedAlgorithm::new(name)),
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

algorithms! {
    /// A digital signature algorithm, the `alg` of a JWS (RFC 7518 section 3.1). There are no MACs
    /// among them: whoever can verify a MAC can make one.
    SignatureAlgorithm {
        /// ECDSA with P-256 and SHA-256.
        Es256 => "ES256",
        /// ECDSA with P-384 and SHA-384.
        Es384 => "ES384",
        /// ECDSA with P-521 and SHA-512.
        Es512 => "ES512",
        /// Ed25519 (RFC 8037).
        EdDsa => "EdDSA",
        /// RSASSA-PSS with SHA-256 and a salt of 32 bytes.
        Ps256 => "PS256",
        /// RSASSA-PKCS1-v1_5 with SHA-256.
        Rs256 => "RS256",
    }
}

algorithms! {
    /// A key management algorithm, the `alg` of a JWE (RFC 7518 section 4.1).
    KeyAlgorithm {
        /// ECDH-ES, the agreed key encrypts the content.
        EcdhEs => "ECDH-ES",
        /// ECDH-ES, the agreed key wraps the content key with AES-128-KW.
        EcdhEsA128Kw => "ECDH-ES+A128KW",
        /// ECDH-ES, the agreed key wraps the content key with AES-256-KW.
        EcdhEsA256Kw => "ECDH-ES+A256KW",
        /// RSAES-OAEP with SHA-256 and MGF1 with SHA-256.
        RsaOaep256 => "RSA-OAEP-256",
        /// AES-128 key wrap (RFC 3394).
        A128Kw => "A128KW",
        /// AES-256 key wrap (RFC 3394).
        A256Kw => "A256KW",
        /// A shared symmetric key encrypts the content.
        Dir => "dir",
        /// A passphrase (PBES2, HMAC-SHA-512) wraps the content key: for [`crate::key_file`] alone.
        Pbes2Hs512A256Kw => "PBES2-HS512+A256KW",
    }
}

impl KeyAlgorithm {
    /// Whether there is no encrypted content key: the key, or the agreed key, encrypts the content.
    pub fn is_direct(self) -> bool {
        matches!(self, Self::EcdhEs | Self::Dir)
    }
}

algorithms! {
    /// A content encryption algorithm, the `enc` of a JWE (RFC 7518 section 5.1).
    ContentEncryption {
        /// AES-GCM, 128-bit key.
        A128Gcm => "A128GCM",
        /// AES-GCM, 256-bit key.
        A256Gcm => "A256GCM",
        /// AES-128-CBC and HMAC-SHA-256, 256-bit key.
        A128CbcHs256 => "A128CBC-HS256",
        /// AES-256-CBC and HMAC-SHA-512, 512-bit key.
        A256CbcHs512 => "A256CBC-HS512",
    }
}

impl ContentEncryption {
    /// The length of the content encryption key in bytes.
    pub fn key_len(self) -> usize {
        match self {
            Self::A128Gcm => 16,
            Self::A256Gcm | Self::A128CbcHs256 => 32,
            Self::A256CbcHs512 => 64,
        }
    }

    /// The length of the initialisation vector in bytes.
    pub fn iv_len(self) -> usize {
        match self {
            Self::A128Gcm | Self::A256Gcm => 12,
            Self::A128CbcHs256 | Self::A256CbcHs512 => 16,
        }
    }

    /// The length of the authentication tag in bytes.
    pub fn tag_len(self) -> usize {
        match self {
            Self::A128Gcm | Self::A256Gcm | Self::A128CbcHs256 => 16,
            Self::A256CbcHs512 => 32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for algorithm in SignatureAlgorithm::ALL {
            assert_eq!(algorithm.as_str().parse(), Ok(*algorithm));
        }
        for algorithm in KeyAlgorithm::ALL {
            assert_eq!(algorithm.as_str().parse(), Ok(*algorithm));
        }
        for algorithm in ContentEncryption::ALL {
            assert_eq!(algorithm.to_string().parse(), Ok(*algorithm));
        }
    }

    #[test]
    fn the_names_left_out_are_refused_by_name() {
        for name in [
            "none", "NONE", "HS256", "HS512", "RS384", "PS512", "ES256K", "es256", "",
        ] {
            let error = name.parse::<SignatureAlgorithm>().unwrap_err();
            assert_eq!(error.name(), name);
        }
        for name in [
            "RSA1_5",
            "RSA-OAEP",
            "A192KW",
            "A256GCMKW",
            "PBES2-HS256+A128KW",
        ] {
            assert_eq!(name.parse::<KeyAlgorithm>().unwrap_err().name(), name);
        }
        for name in ["A192GCM", "A192CBC-HS384", "C20P"] {
            assert_eq!(name.parse::<ContentEncryption>().unwrap_err().name(), name);
        }
    }

    #[test]
    fn a_hostile_name_is_shortened_and_cleaned() {
        let hostile = format!("\u{1b}[31m\n{}", "x".repeat(1000));
        let error = hostile.parse::<SignatureAlgorithm>().unwrap_err();
        assert_eq!(error.name().len(), 32);
        assert!(error.name().chars().all(|c| c.is_ascii_graphic()));
    }
}
