//! Arguments that several commands take, read into what they mean.

use std::path::PathBuf;

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use kleis_jose::KeyType;
use kleis_types::{
    Identifier, IdentifierError, RevocationReason, Role, Timestamp, TypeTable, base64url,
};

/// The length of RSA keys that are made here, in bits.
const RSA_BITS: u16 = 3072;

/// The kind of an authentication key.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SigningKey {
    /// NIST P-256: ES256.
    #[value(name = "P-256")]
    P256,
    /// NIST P-384: ES384.
    #[value(name = "P-384")]
    P384,
    /// Ed25519: EdDSA.
    #[value(name = "Ed25519")]
    Ed25519,
    /// RSA of 3072 bits: PS256.
    #[value(name = "RSA")]
    Rsa,
}

impl From<SigningKey> for KeyType {
    fn from(key: SigningKey) -> Self {
        match key {
            SigningKey::P256 => Self::P256,
            SigningKey::P384 => Self::P384,
            SigningKey::Ed25519 => Self::Ed25519,
            SigningKey::Rsa => Self::Rsa { bits: RSA_BITS },
        }
    }
}

/// The kind of an encryption key.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum EncryptionKey {
    /// X25519: ECDH-ES+A256KW.
    #[value(name = "X25519")]
    X25519,
    /// NIST P-256: ECDH-ES+A256KW.
    #[value(name = "P-256")]
    P256,
    /// NIST P-384: ECDH-ES+A256KW.
    #[value(name = "P-384")]
    P384,
    /// NIST P-521: ECDH-ES+A256KW.
    #[value(name = "P-521")]
    P521,
    /// RSA of 3072 bits: RSA-OAEP-256.
    #[value(name = "RSA")]
    Rsa,
}

impl From<EncryptionKey> for KeyType {
    fn from(key: EncryptionKey) -> Self {
        match key {
            EncryptionKey::X25519 => Self::X25519,
            EncryptionKey::P256 => Self::P256,
            EncryptionKey::P384 => Self::P384,
            EncryptionKey::P521 => Self::P521,
            EncryptionKey::Rsa => Self::Rsa { bits: RSA_BITS },
        }
    }
}

/// A document: a file, or standard input.
#[derive(Debug, clap::Args)]
pub(crate) struct Input {
    /// The file to read; `-`, or none, is standard input
    #[arg(value_name = "FILE", default_value = "-", hide_default_value = true)]
    pub(crate) file: PathBuf,
}

/// Where a result goes.
#[derive(Debug, clap::Args)]
pub(crate) struct Out {
    /// Write the result to FILE instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// Reads an identifier. A type that is not built in is left to the installation, which may know it.
pub(crate) fn identifier(text: &str) -> Result<Identifier, IdentifierError> {
    match TypeTable::belgian().parse(text) {
        Err(IdentifierError::UnknownType) => text.parse(),
        result => result,
    }
}

/// Reads the id of a key in custody.
pub(crate) fn key_id(text: &str) -> Result<String, &'static str> {
    match base64url::decode_array::<16>(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err("a key id in custody is 22 characters of base64url"),
    }
}

/// Reads a SHA-256 fingerprint in hexadecimal, with or without colons.
pub(crate) fn fingerprint(text: &str) -> Result<String, &'static str> {
    let digits = text.replace(':', "").to_ascii_lowercase();
    if digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        Ok(digits)
    } else {
        Err("a SHA-256 fingerprint is 64 hexadecimal digits")
    }
}

/// Reads the thumbprint of a certificate.
pub(crate) fn x5t(text: &str) -> Result<String, &'static str> {
    match base64url::decode_array::<32>(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err("a thumbprint (x5t#S256) is 43 characters of base64url"),
    }
}

/// Reads a moment.
pub(crate) fn time(text: &str) -> Result<Timestamp, &'static str> {
    Timestamp::from_rfc3339(text).ok_or("a time is written as in 2026-11-23T22:10:00Z (RFC 3339)")
}

/// Reads a reason for a revocation.
pub(crate) fn revocation_reason() -> impl TypedValueParser<Value = RevocationReason> {
    let names = RevocationReason::ALL.iter().map(|reason| reason.as_str());
    PossibleValuesParser::new(names).try_map(|name| name.parse::<RevocationReason>())
}

/// A role, by its name.
pub(crate) fn role() -> impl TypedValueParser<Value = Role> {
    let names = Role::ALL.iter().map(|role| role.as_str());
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Role>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_any_offset() {
        let at = time("2026-11-23T23:15:30+01:00");
        assert_eq!(at, time("2026-11-23T22:15:30Z"));
        assert_eq!(at, Ok(Timestamp::from_unix(1_795_472_130)));
        for wrong in ["yesterday", "2026-11-23", "1795472130", ""] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn identifiers_are_brought_to_their_canonical_form() {
        let read = |text| identifier(text).map(|identifier| identifier.to_string());
        assert_eq!(read("NISS:85.07.30-033.28").unwrap(), "SSIN:85073003328");
        assert_eq!(read("cbe:809394427/kgss").unwrap(), "CBE:0809394427/KGSS");
        assert_eq!(read("LOCAL-TYPE:17").unwrap(), "LOCAL-TYPE:17");
        assert!(matches!(
            read("CBE:0425222333"),
            Err(IdentifierError::CheckDigits { .. })
        ));
        assert!(matches!(
            read("report.pdf"),
            Err(IdentifierError::Malformed)
        ));
    }

    #[test]
    fn thumbprints_and_times_are_checked() {
        assert!(x5t(&"A".repeat(43)).is_ok());
        assert!(x5t(&"A".repeat(42)).is_err());
        assert!(x5t(&format!("{}B", "A".repeat(42))).is_err());
        assert_eq!(time("1970-01-01T01:00:00+01:00").unwrap().unix(), 0);
        assert!(time("2026-11-23").is_err() && time("yesterday").is_err());
    }

    #[test]
    fn key_ids_and_fingerprints_are_checked() {
        assert!(key_id("AAAAAAAAAAAAAAAAAAAAAA").is_ok());
        assert!(key_id("AAAA").is_err());
        let hex = "0123456789abcdef".repeat(4);
        let colons = "01:23:45:67:89:AB:CD:EF:".repeat(4);
        assert_eq!(fingerprint(&hex).unwrap(), hex);
        assert_eq!(fingerprint(colons.trim_end_matches(':')).unwrap(), hex);
        assert!(fingerprint(&hex[1..]).is_err());
        assert!(fingerprint(&hex.replace('0', "g")).is_err());
    }
}
