//! What the JWEs of the protocol have in common: a compact JWE of one `typ` to one public key.

use kleis_jose::{
    ContentEncryption, Jwk, KeyType,
    jwe::{self, Header, JweError},
};
use kleis_types::{Random, SecretBytes, strict_json};
use serde::{Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

/// Why something could not be sealed: the key is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealingError {
    /// The key is symmetric, or of a type that nothing is encrypted to.
    #[error("nothing can be encrypted to a key of this type")]
    KeyType,
    /// The claims cannot be written as JSON.
    #[error("the claims cannot be written as JSON")]
    Claims,
    /// The key does not allow it, or the provider failed.
    #[error(transparent)]
    Key(#[from] JweError),
}

/// What can be wrong with any of them. Each kind has these among its own refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpeningFault {
    Malformed,
    WrongType,
    HeaderForbidden,
    Unreadable,
    ClaimsMalformed,
}

/// Lets `?` turn an [`OpeningFault`] into the refusal of the same name of each list.
macro_rules! from_opening_fault {
    ($list:ty) => {
        impl From<$crate::sealed_claims::OpeningFault> for $list {
            fn from(fault: $crate::sealed_claims::OpeningFault) -> Self {
                use $crate::sealed_claims::OpeningFault;
                match fault {
                    OpeningFault::Malformed => Self::Malformed,
                    OpeningFault::WrongType => Self::WrongType,
                    OpeningFault::HeaderForbidden => Self::HeaderForbidden,
                    OpeningFault::Unreadable => Self::Unreadable,
                    OpeningFault::ClaimsMalformed => Self::ClaimsMalformed,
                }
            }
        }
    };
}

pub(crate) use from_opening_fault;

/// The kind of a JWE: its `typ`, and its `cty` if it has one.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) typ: &'static str,
    pub(crate) cty: Option<&'static str>,
    /// The longest compact serialisation, in bytes.
    pub(crate) max: usize,
}

/// Room for the largest plaintext: a hundred deposited keys of 64 bytes.
const ROOM: usize = 16_384;

const MEMBERS: [&str; 6] = ["alg", "enc", "typ", "cty", "kid", "epk"];

/// Seals claims to the holder of a key.
pub(crate) fn seal<C: Serialize>(
    to: &Jwk,
    kind: Kind,
    claims: &C,
    random: &dyn Random,
) -> Result<String, SealingError> {
    // Large enough not to be moved while it grows, which would leave pieces of secrets behind.
    let mut plaintext = Zeroizing::new(Vec::with_capacity(ROOM));
    serde_json::to_writer(&mut *plaintext, claims).map_err(|_| SealingError::Claims)?;
    seal_bytes(to, kind, &SecretBytes::from(plaintext), random)
}

/// Seals bytes to the holder of a key.
pub(crate) fn seal_bytes(
    to: &Jwk,
    kind: Kind,
    plaintext: &SecretBytes,
    random: &dyn Random,
) -> Result<String, SealingError> {
    if matches!(to.key_type(), KeyType::Oct { .. }) {
        return Err(SealingError::KeyType);
    }
    let algorithm = jwe::default_algorithm(to).ok_or(SealingError::KeyType)?;
    let header = Header::default()
        .with_typ(kind.typ)
        .with_kid(to.thumbprint().as_str());
    let header = match kind.cty {
        Some(cty) => header.with_cty(cty),
        None => header,
    };
    let encryption = ContentEncryption::A256Gcm;
    Ok(jwe::encrypt(
        to,
        algorithm,
        encryption,
        &header,
        plaintext.expose(),
        random,
    )?)
}

/// Opens a JWE of this kind and reads the claims.
pub(crate) fn open<C: DeserializeOwned>(
    key: &Jwk,
    kind: Kind,
    compact: &str,
) -> Result<C, OpeningFault> {
    let plaintext = open_bytes(key, kind, compact)?;
    strict_json::from_slice(plaintext.expose(), kind.max).map_err(|_| OpeningFault::ClaimsMalformed)
}

/// Opens a JWE of this kind. The header is looked at before the key is used.
pub(crate) fn open_bytes(
    key: &Jwk,
    kind: Kind,
    compact: &str,
) -> Result<SecretBytes, OpeningFault> {
    if compact.len() > kind.max {
        return Err(OpeningFault::Malformed);
    }
    let parsed = jwe::header(compact).map_err(|_| OpeningFault::Malformed)?;
    let header = parsed.header();
    if header.typ() != Some(kind.typ) {
        return Err(OpeningFault::WrongType);
    }
    if header.cty() != kind.cty || !parsed.members().all(|name| MEMBERS.contains(&name)) {
        return Err(OpeningFault::HeaderForbidden);
    }
    let opened = jwe::decrypt(key, compact, kind.max).map_err(|error| match error {
        JweError::TooLarge { .. } | JweError::Malformed(_) => OpeningFault::Malformed,
        _ => OpeningFault::Unreadable,
    })?;
    Ok(opened.into_plaintext())
}
