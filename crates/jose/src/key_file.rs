//! Private keys under a passphrase: encrypted JWKs (RFC 7517 section 7) with PBES2 (RFC 7518
//! section 4.8).
//!
//! A passphrase is no key, and deriving one from it is slow on purpose: so this is for files that a
//! person opens, and [`crate::jwe`] refuses the algorithm.

use crate::algorithm::{ContentEncryption, KeyAlgorithm};
use crate::json::MemberError;
use crate::jwe::compact::{Parts, seal};
use crate::jwe::{Header, JweError, ParsedHeader, key_wrap};
use crate::jwk::{Jwk, JwkError, MAX_JWK_SIZE, secret};
use aws_lc_rs::pbkdf2;
use kleis_types::{Random, SecretBytes, base64url};
use serde_json::{Map, Value};
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use zeroize::Zeroizing;

/// How often the hash is applied when a key file is written.
pub const ITERATIONS: NonZeroU32 = match NonZeroU32::new(600_000) {
    Some(iterations) => iterations,
    None => NonZeroU32::MAX,
};

/// How often it may be applied when one is read: less is no protection, more is an attack on the
/// reader.
pub const ACCEPTED_ITERATIONS: RangeInclusive<u32> = 1_000..=10_000_000;

/// The largest key file: base64url of the largest key, with room for the other parts.
const MAX_SIZE: usize = 2 * MAX_JWK_SIZE;

const ALGORITHM: KeyAlgorithm = KeyAlgorithm::Pbes2Hs512A256Kw;
const ENCRYPTION: ContentEncryption = ContentEncryption::A256Gcm;
const CONTENT_TYPE: &str = "jwk+json";
const SALT_LEN: usize = 16;
/// RFC 7518 section 4.8.1.1.
const MIN_SALT_LEN: usize = 8;

/// Why a key file was not read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFileError {
    /// Not an encrypted JWK.
    #[error("not an encrypted key file: {0}")]
    Jwe(#[from] JweError),
    /// Another algorithm than `PBES2-HS512+A256KW` with `A256GCM`, or another content type.
    #[error("the key file's member {0:?} has a value that is not supported")]
    Unsupported(&'static str),
    /// `p2c` is outside [`ACCEPTED_ITERATIONS`], or `p2s` is shorter than 8 bytes.
    #[error("the key file's member {0:?} is out of range")]
    OutOfRange(&'static str),
    /// The passphrase is wrong, or the file was changed: it cannot be told which.
    #[error("the passphrase is wrong or the key file was changed")]
    Passphrase,
    /// The passphrase is empty.
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    /// What was inside is not a key.
    #[error("the key file holds no acceptable key: {0}")]
    Key(#[from] JwkError),
    /// There is nothing private to protect.
    #[error("the key is not a private key")]
    NotPrivate,
}

/// Encrypts a private or symmetric key with [`ITERATIONS`].
pub fn encrypt(
    key: &Jwk,
    passphrase: &SecretBytes,
    random: &dyn Random,
) -> Result<String, KeyFileError> {
    if !key.is_private() {
        return Err(KeyFileError::NotPrivate);
    }
    if passphrase.is_empty() {
        return Err(KeyFileError::EmptyPassphrase);
    }
    let mut salt = [0; SALT_LEN];
    random.fill(&mut salt);
    let mut members = Header::default().with_cty(CONTENT_TYPE).to_members()?;
    members.insert("alg".to_owned(), ALGORITHM.as_str().into());
    members.insert("p2s".to_owned(), base64url::encode(&salt).into());
    members.insert("p2c".to_owned(), ITERATIONS.get().into());
    let kek = derive(&Derivation::HS512_A256KW, &salt, ITERATIONS, passphrase);
    let cek = secret(ENCRYPTION.key_len(), random);
    let wrapped = key_wrap::wrap(kek.expose(), cek.expose()).ok_or(JweError::Encryption)?;
    let plaintext = key.to_private_json();
    Ok(seal(
        members,
        ENCRYPTION,
        &cek,
        &wrapped,
        plaintext.expose(),
        random,
    )?)
}

/// Decrypts what [`encrypt`] writes, and what others write with the same algorithms.
pub fn decrypt(text: &str, passphrase: &SecretBytes) -> Result<Jwk, KeyFileError> {
    let parts = Parts::read(text.trim_ascii(), MAX_SIZE)?;
    let header = ParsedHeader::read(parts.members.clone())?;
    if header.algorithm() != ALGORITHM {
        return Err(KeyFileError::Unsupported("alg"));
    }
    if header.encryption() != ENCRYPTION {
        return Err(KeyFileError::Unsupported("enc"));
    }
    if header.header().cty().is_some_and(|cty| cty != CONTENT_TYPE) {
        return Err(KeyFileError::Unsupported("cty"));
    }
    let salt = salt(&parts.members)?;
    let iterations = iterations(&parts.members)?;
    let kek = derive(&Derivation::HS512_A256KW, &salt, iterations, passphrase);
    let cek = key_wrap::unwrap(kek.expose(), &parts.encrypted_key);
    let plaintext = parts
        .open(ENCRYPTION, cek)
        .map_err(|_| KeyFileError::Passphrase)?;
    Ok(Jwk::from_slice(plaintext.expose())?)
}

/// Whether the text looks like an encrypted key file rather than a JWK or PEM. Looking is all it
/// does.
pub fn is_encrypted(text: &str) -> bool {
    Parts::read(text.trim_ascii(), MAX_SIZE).is_ok()
}

fn salt(members: &Map<String, Value>) -> Result<Vec<u8>, KeyFileError> {
    let text = members.get("p2s").and_then(Value::as_str);
    let salt = text.and_then(|text| base64url::decode(text).ok());
    let salt = salt.ok_or_else(|| JweError::from(MemberError::new("p2s", "base64url")))?;
    if salt.len() < MIN_SALT_LEN {
        Err(KeyFileError::OutOfRange("p2s"))
    } else {
        Ok(salt)
    }
}

fn iterations(members: &Map<String, Value>) -> Result<NonZeroU32, KeyFileError> {
    let count = members.get("p2c").and_then(Value::as_u64);
    let count =
        count.ok_or_else(|| JweError::from(MemberError::new("p2c", "a positive integer")))?;
    u32::try_from(count)
        .ok()
        .filter(|count| ACCEPTED_ITERATIONS.contains(count))
        .and_then(NonZeroU32::new)
        .ok_or(KeyFileError::OutOfRange("p2c"))
}

/// One of the PBES2 algorithms.
struct Derivation {
    name: &'static str,
    prf: pbkdf2::Algorithm,
    key_len: usize,
}

impl Derivation {
    const HS512_A256KW: Self = Self {
        name: "PBES2-HS512+A256KW",
        prf: pbkdf2::PBKDF2_HMAC_SHA512,
        key_len: 32,
    };
}

/// PBKDF2 with the algorithm's name before the salt (RFC 7518 section 4.8.1.1).
fn derive(
    derivation: &Derivation,
    salt: &[u8],
    iterations: NonZeroU32,
    passphrase: &SecretBytes,
) -> SecretBytes {
    let salt = [derivation.name.as_bytes(), &[0], salt].concat();
    let mut kek = Zeroizing::new(vec![0; derivation.key_len]);
    pbkdf2::derive(
        derivation.prf,
        iterations,
        &salt,
        passphrase.expose(),
        &mut kek,
    );
    SecretBytes::from(kek)
}

#[cfg(test)]
mod tests;
