//! The JOSE header of a JWS (RFC 7515 section 4).

use super::JwsError;
use crate::algorithm::SignatureAlgorithm;
use crate::json::{MemberError, take_string};
use crate::jwk::{Jwk, JwkError, certificates, encode_certificates};
use serde_json::{Map, Value};
use std::fmt;

/// Names with a field of their own, or with a meaning that we refuse.
const RESERVED: [&str; 10] = [
    "alg", "typ", "cty", "kid", "x5c", "x5t#S256", "jwk", "crit", "b64", "zip",
];

/// The header of a JWS apart from `alg`, which follows from the key.
#[derive(Clone, Default)]
pub struct Header {
    typ: Option<String>,
    cty: Option<String>,
    kid: Option<String>,
    x5c: Vec<Vec<u8>>,
    x5t_s256: Option<String>,
    jwk: Option<Jwk>,
    extra: Map<String, Value>,
}

impl Header {
    /// With this media type of the whole JWS (without `application/`).
    #[must_use]
    pub fn with_typ(mut self, typ: impl Into<String>) -> Self {
        self.typ = Some(typ.into());
        self
    }

    /// With this media type of the payload.
    #[must_use]
    pub fn with_cty(mut self, cty: impl Into<String>) -> Self {
        self.cty = Some(cty.into());
        self
    }

    /// With this key identifier.
    #[must_use]
    pub fn with_kid(mut self, kid: impl Into<String>) -> Self {
        self.kid = Some(kid.into());
        self
    }

    /// With this certificate chain in DER, leaf first.
    #[must_use]
    pub fn with_x5c(mut self, chain: Vec<Vec<u8>>) -> Self {
        self.x5c = chain;
        self
    }

    /// With this thumbprint of the certificate (base64url of its SHA-256).
    #[must_use]
    pub fn with_x5t_s256(mut self, thumbprint: impl Into<String>) -> Self {
        self.x5t_s256 = Some(thumbprint.into());
        self
    }

    /// With the public part of this key.
    #[must_use]
    pub fn with_jwk(mut self, key: &Jwk) -> Self {
        self.jwk = Some(key.public());
        self
    }

    /// With a member of the caller's own. Signing refuses the names that have a field or that no
    /// reader here accepts.
    #[must_use]
    pub fn with_member(mut self, name: impl Into<String>, value: Value) -> Self {
        self.extra.insert(name.into(), value);
        self
    }

    /// The media type of the whole JWS.
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// The media type of the payload.
    pub fn cty(&self) -> Option<&str> {
        self.cty.as_deref()
    }

    /// The key identifier. A hint: it proves nothing about the key.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The certificate chain in DER, leaf first; empty if there is none. Not verified here.
    pub fn x5c(&self) -> &[Vec<u8>] {
        &self.x5c
    }

    /// The thumbprint of the certificate.
    pub fn x5t_s256(&self) -> Option<&str> {
        self.x5t_s256.as_deref()
    }

    /// The public key in the header. Its place in a signed header makes it no more trustworthy.
    pub fn jwk(&self) -> Option<&Jwk> {
        self.jwk.as_ref()
    }

    /// A member without a field of its own.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.extra.get(name)
    }

    /// The JSON of the header with `alg`.
    pub(super) fn to_members(
        &self,
        algorithm: SignatureAlgorithm,
    ) -> Result<Map<String, Value>, JwsError> {
        if let Some(name) = self
            .extra
            .keys()
            .find(|name| RESERVED.contains(&name.as_str()))
        {
            return Err(JwsError::ReservedMember(name.clone()));
        }
        let mut members = self.extra.clone();
        let texts = [
            ("typ", &self.typ),
            ("cty", &self.cty),
            ("kid", &self.kid),
            ("x5t#S256", &self.x5t_s256),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                members.insert(name.to_owned(), text.as_str().into());
            }
        }
        members.insert("alg".to_owned(), algorithm.as_str().into());
        if !self.x5c.is_empty() {
            members.insert("x5c".to_owned(), encode_certificates(&self.x5c));
        }
        if let Some(key) = &self.jwk {
            members.insert("jwk".to_owned(), key.to_value());
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

/// A header that was read: what it says, and which names it has.
#[derive(Clone, Debug)]
pub(super) struct ParsedHeader {
    pub(super) header: Header,
    pub(super) algorithm: SignatureAlgorithm,
    pub(super) names: Vec<String>,
}

impl ParsedHeader {
    pub(super) fn read(mut members: Map<String, Value>) -> Result<Self, JwsError> {
        let names = members.keys().cloned().collect();
        if members.contains_key("crit") {
            return Err(JwsError::Critical);
        }
        if members.contains_key("b64") {
            return Err(JwsError::UnencodedPayload);
        }
        let algorithm =
            take_string(&mut members, "alg")?.ok_or_else(|| MemberError::new("alg", "present"))?;
        if algorithm == "none" {
            return Err(JwsError::Unsecured);
        }
        let algorithm = algorithm.parse()?;
        let x5c = match certificates(&members) {
            Ok(chain) => chain.unwrap_or_default(),
            Err(_) => return Err(MemberError::new("x5c", "a list of certificates").into()),
        };
        members.remove("x5c");
        let header = Header {
            typ: take_string(&mut members, "typ")?,
            cty: take_string(&mut members, "cty")?,
            kid: take_string(&mut members, "kid")?,
            x5t_s256: take_string(&mut members, "x5t#S256")?,
            jwk: members.remove("jwk").map(public_key).transpose()?,
            x5c,
            extra: members,
        };
        Ok(Self {
            header,
            algorithm,
            names,
        })
    }
}

/// RFC 7515 section 4.1.3: a public key.
fn public_key(value: Value) -> Result<Jwk, JwsError> {
    match Jwk::from_value(value) {
        Ok(key) if key.is_private() => Err(JwsError::HeaderKey(JwkError::NotPublic)),
        Ok(key) => Ok(key),
        Err(error) => Err(JwsError::HeaderKey(error)),
    }
}
