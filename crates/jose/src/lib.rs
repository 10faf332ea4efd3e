//! JSON Object Signing and Encryption: [`Jwk`], [`jws`] and [`jwe`] over aws-lc-rs.
//!
//! What is here is an allow-list. A key is checked when it is read (lengths, canonical encodings,
//! the point on its curve, the private part against the public one), so that a [`Jwk`] in hand is a
//! sound key; and it is checked again when it is used, against its own `use`, `key_ops` and `alg`
//! (RFC 7517 section 4). The algorithm of a message must be one of [`algorithm`] and must suit the
//! key: the key decides, never the message alone.
//!
//! # What it must never do
//!
//! - accept `none`, a MAC in the place of a signature, `zip`, any `crit` (no extension is
//!   understood), `b64`, or a header with a duplicate name, also across its protected and
//!   unprotected parts;
//! - fetch `jku` or `x5u`, or take a key from a header: the caller decides which key verifies;
//! - say why a decryption failed, beyond that it failed;
//! - show private key material in `Debug`, in errors or in the public JSON form.
//!
//! Randomness is a parameter ([`kleis_types::Random`]) wherever the provider lets us choose it:
//! content keys, initialisation vectors, ephemeral and generated EC, OKP and oct keys, salts. RSA
//! primes, OAEP seeds, PSS salts and ECDSA nonces come from the provider's own generator.
//!
//! # Example
//!
//! ```
//! use kleis_jose::{ContentEncryption, Jwk, KeyType, jwe, jws};
//! use kleis_types::OsRandom;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let signer = Jwk::generate(KeyType::P256, &OsRandom)?;
//! let token = jws::sign(&signer, &jws::Header::default().with_typ("example+jwt"), b"{}")?;
//! let read = jws::Compact::parse(&token, 4096)?;
//! assert_eq!(read.header().typ(), Some("example+jwt"));
//! assert_eq!(read.verify(&signer.public())?, b"{}");
//!
//! let recipient = Jwk::generate(KeyType::X25519, &OsRandom)?;
//! let alg = jwe::default_algorithm(&recipient).ok_or("a key that cannot be encrypted to")?;
//! let recipients = [jwe::Recipient { key: &recipient.public(), alg }];
//! let enc = ContentEncryption::A256Gcm;
//! let header = jwe::Header::default().with_cty("text/plain");
//! let sealed = jwe::encrypt_json(&recipients, enc, &header, b"for you", &OsRandom)?;
//! let opened = jwe::decrypt_json(&[recipient], sealed.as_bytes(), 4096)?;
//! assert_eq!(opened.plaintext().expose(), b"for you");
//! # Ok(())
//! # }
//! ```
//!
//! # How to add an algorithm
//!
//! Name it in [`algorithm`]; for a signature give it an arm in `signature.rs`, for key management
//! one in `jwe/key_management.rs`, for content encryption one in `jwe/content.rs`, each next to the
//! rule of which keys suit it. Then add the vectors of its specification under `tests/vectors` and
//! its Wycheproof set in `src/wycheproof`.
#![forbid(unsafe_code)]

pub mod algorithm;
mod der;
pub mod digest;
mod json;
pub mod jwe;
mod jwk;
pub mod jws;
pub mod key_file;
mod signature;
#[cfg(test)]
mod wycheproof;

pub use algorithm::{ContentEncryption, KeyAlgorithm, SignatureAlgorithm, UnsupportedAlgorithm};
pub use json::MemberError;
pub use jwk::{
    Jwk, JwkError, JwkSet, KeyType, KeyUseError, MAX_JWK_SIZE, Operation, Thumbprint,
    ThumbprintError,
};
