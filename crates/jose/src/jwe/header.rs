//! The JOSE header of a JWE (RFC 7516 section 4).

use super::JweError;
use crate::algorithm::{ContentEncryption, KeyAlgorithm};
use crate::json::{MemberError, take_bytes, take_string};
use crate::jwk::{Jwk, JwkError};
use kleis_types::base64url;
use serde_json::{Map, Value};
use std::fmt;

/// Names with a field of their own, set by the algorithm, or with a meaning that we refuse.
const RESERVED: [&str; 15] = [
    "alg", "enc", "typ", "cty", "kid", "epk", "apu", "apv", "crit", "zip", "b64", "iv", "tag",
    "p2s", "p2c",
];

/// The header of a JWE apart from what the algorithms put there.
#[derive(Clone, Default)]
pub struct Header {
    typ: Option<String>,
    cty: Option<String>,
    kid: Option<String>,
    apu: Option<Vec<u8>>,
    apv: Option<Vec<u8>>,
    extra: Map<String, Value>,
}

impl Header {
    /// With this media type of the whole JWE (without `application/`).
    #[must_use]
    pub fn with_typ(mut self, typ: impl Into<String>) -> Self {
        self.typ = Some(typ.into());
        self
    }

    /// With this media type of the plaintext.
    #[must_use]
    pub fn with_cty(mut self, cty: impl Into<String>) -> Self {
        self.cty = Some(cty.into());
        self
    }

    /// With this identifier of the recipient's key. (The general JSON form sets it for each
    /// recipient.)
    #[must_use]
    pub fn with_kid(mut self, kid: impl Into<String>) -> Self {
        self.kid = Some(kid.into());
        self
    }

    /// With this information about the producer, which ECDH-ES binds into the key.
    #[must_use]
    pub fn with_apu(mut self, apu: impl Into<Vec<u8>>) -> Self {
        self.apu = Some(apu.into());
        self
    }

    /// With this information about the recipient, which ECDH-ES binds into the key.
    #[must_use]
    pub fn with_apv(mut self, apv: impl Into<Vec<u8>>) -> Self {
        self.apv = Some(apv.into());
        self
    }

    /// With a member of the caller's own. Encrypting refuses the names that have a field, that
    /// belong to an algorithm, or that no reader here accepts.
    #[must_use]
    pub fn with_member(mut self, name: impl Into<String>, value: Value) -> Self {
        self.extra.insert(name.into(), value);
        self
    }

    /// The media type of the whole JWE.
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// The media type of the plaintext.
    pub fn cty(&self) -> Option<&str> {
        self.cty.as_deref()
    }

    /// The identifier of the recipient's key.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The producer's information, empty if absent.
    pub fn apu(&self) -> &[u8] {
        self.apu.as_deref().unwrap_or_default()
    }

    /// The recipient's information, empty if absent.
    pub fn apv(&self) -> &[u8] {
        self.apv.as_deref().unwrap_or_default()
    }

    /// A member without a field of its own.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.extra.get(name)
    }

    /// The JSON members, to which the algorithms add theirs.
    pub(crate) fn to_members(&self) -> Result<Map<String, Value>, JweError> {
        if let Some(name) = self
            .extra
            .keys()
            .find(|name| RESERVED.contains(&name.as_str()))
        {
            return Err(JweError::ReservedMember(name.clone()));
        }
        let mut members = self.extra.clone();
        let encode = |bytes: &Option<Vec<u8>>| bytes.as_deref().map(base64url::encode);
        let texts = [
            ("typ", self.typ.clone()),
            ("cty", self.cty.clone()),
            ("kid", self.kid.clone()),
            ("apu", encode(&self.apu)),
            ("apv", encode(&self.apv)),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                members.insert(name.to_owned(), text.into());
            }
        }
        Ok(members)
    }
}

impl fmt::Debug for Header {
    /// Types and names: the caller's own members may speak of persons.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Header")
            .field("typ", &self.typ)
            .field("cty", &self.cty)
            .field("members", &self.extra.keys())
            .finish_non_exhaustive()
    }
}

/// A header that was read.
#[derive(Clone, Debug)]
pub struct ParsedHeader {
    header: Header,
    algorithm: KeyAlgorithm,
    encryption: ContentEncryption,
    epk: Option<Jwk>,
    names: Vec<String>,
}

impl ParsedHeader {
    pub(crate) fn read(mut members: Map<String, Value>) -> Result<Self, JweError> {
        let names = members.keys().cloned().collect();
        if members.contains_key("crit") {
            return Err(JweError::Critical);
        }
        if members.contains_key("zip") {
            return Err(JweError::Compressed);
        }
        let mut required = |name| {
            take_string(&mut members, name)?.ok_or_else(|| MemberError::new(name, "present"))
        };
        let algorithm = required("alg")?.parse()?;
        let encryption = required("enc")?.parse()?;
        let epk = members.remove("epk").map(ephemeral_key).transpose()?;
        let header = Header {
            typ: take_string(&mut members, "typ")?,
            cty: take_string(&mut members, "cty")?,
            kid: take_string(&mut members, "kid")?,
            apu: take_bytes(&mut members, "apu")?,
            apv: take_bytes(&mut members, "apv")?,
            extra: members,
        };
        Ok(Self {
            header,
            algorithm,
            encryption,
            epk,
            names,
        })
    }

    /// What the header says besides its algorithms.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The key management algorithm.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The content encryption algorithm.
    pub fn encryption(&self) -> ContentEncryption {
        self.encryption
    }

    /// The names of all members.
    pub fn members(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    pub(super) fn epk(&self) -> Option<&Jwk> {
        self.epk.as_ref()
    }
}

/// RFC 7518 section 4.6.1.1: a public key.
fn ephemeral_key(value: Value) -> Result<Jwk, JweError> {
    match Jwk::from_value(value) {
        Ok(key) if key.is_private() => Err(JweError::EphemeralKey(JwkError::NotPublic)),
        Ok(key) => Ok(key),
        Err(error) => Err(JweError::EphemeralKey(error)),
    }
}
