//! PKCS#12 key stores (RFC 7292), read only: those that eHealth's and other Java programs have left.
//!
//! Their old encryption (3DES, RC2, SHA-1) exists nowhere in our own formats, and aws-lc-rs does not
//! offer all of it: what opens them stays in this file, and keys leave it as JWKs.

use kleis_jose::{Jwk, KeyType};
use kleis_types::SecretBytes;
use p12_keystore::{Pkcs12Archive, error::Error};
use zeroize::Zeroizing;

/// The alias of the key that a key store authenticates with (not one to decrypt with).
const AUTHENTICATION: &str = "authentication";

/// A private key of a key store.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The name that the store knows it by.
    pub(crate) alias: Option<String>,
    /// The key, or why it is not taken.
    pub(crate) key: Result<Jwk, Skipped>,
}

/// Why a key is left where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Skipped {
    /// It is the one to authenticate with.
    Authentication,
    /// It is of no kind that is decrypted with here.
    Unsupported,
}

impl Skipped {
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Authentication => "AUTHENTICATION_KEY",
            Self::Unsupported => "KEY_UNSUPPORTED",
        }
    }
}

/// A key store that cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum P12Error {
    /// It is no PKCS#12, or broken off.
    Malformed,
    /// The passphrase is wrong, or the file was changed: the format does not tell which.
    Passphrase,
    /// It is protected in a way that is not supported.
    Unsupported,
}

/// Opens a key store.
pub(crate) fn open(bytes: &[u8], passphrase: &SecretBytes) -> Result<Vec<Entry>, P12Error> {
    let passphrase = std::str::from_utf8(passphrase.expose()).map_err(|_| P12Error::Passphrase)?;
    let archive = Pkcs12Archive::from_pkcs12(bytes, passphrase).map_err(|error| told(&error))?;
    let entries = archive.keys.into_iter().map(|bag| {
        let pkcs8 = Zeroizing::new(bag.key.as_der().to_vec());
        let alias = bag.friendly_name;
        let key = match &alias {
            Some(alias) if alias.eq_ignore_ascii_case(AUTHENTICATION) => {
                Err(Skipped::Authentication)
            }
            _ => decryption_key(&pkcs8),
        };
        Entry { alias, key }
    });
    Ok(entries.collect())
}

fn decryption_key(pkcs8: &[u8]) -> Result<Jwk, Skipped> {
    let key = Jwk::from_pkcs8_der(pkcs8).map_err(|_| Skipped::Unsupported)?;
    match key.key_type() {
        KeyType::Ed25519 | KeyType::Oct { .. } => Err(Skipped::Unsupported),
        _ => Ok(key.with_thumbprint_kid().with_member("use", "enc".into())),
    }
}

fn told(error: &Error) -> P12Error {
    match error {
        Error::MacError(_) | Error::UnpadError | Error::Pkcs5Error(_) => P12Error::Passphrase,
        Error::UnsupportedContentType
        | Error::UnsupportedEncryptionScheme
        | Error::UnsupportedMacAlgorithm
        | Error::InvalidParameters => P12Error::Unsupported,
        _ => P12Error::Malformed,
    }
}
