//! The key itself, by type.

use super::ec::EcKey;
use super::okp::OkpKey;
use super::rsa::RsaKey;
use super::thumbprint::Thumbprint;
use super::{JwkError, KeyType, MAX_OCT_SIZE};
use crate::json::{take_secret, take_string};
use kleis_types::{SecretBytes, base64url};
use serde_json::{Map, Value};

/// Every name under which some key type has private material (RFC 7518 section 6, RFC 8037). One of
/// them in a key of another type would be kept as an unknown member and shown with the public key.
const PRIVATE_NAMES: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Key material that was checked.
#[derive(Clone)]
pub(crate) enum Material {
    Rsa(RsaKey),
    Ec(EcKey),
    Okp(OkpKey),
    /// `None` once the secret was taken away.
    Oct(Option<SecretBytes>),
}

impl Material {
    /// Takes the members of the key material out of a JWK and checks them.
    pub(super) fn take(members: &mut Map<String, Value>) -> Result<Self, JwkError> {
        let kty = take_string(members, "kty")?.ok_or(JwkError::Missing("kty"))?;
        let material = match kty.as_str() {
            "RSA" => Self::Rsa(RsaKey::take(members)?),
            "EC" => Self::Ec(EcKey::take(members)?),
            "OKP" => Self::Okp(OkpKey::take(members)?),
            "oct" => Self::oct(take_secret(members, "k")?.ok_or(JwkError::Missing("k"))?)?,
            _ => return Err(JwkError::UnsupportedKeyType),
        };
        match PRIVATE_NAMES
            .into_iter()
            .find(|name| members.contains_key(*name))
        {
            Some(name) => Err(JwkError::Misplaced(name)),
            None => Ok(material),
        }
    }

    pub(super) fn oct(key: SecretBytes) -> Result<Self, JwkError> {
        if (1..=MAX_OCT_SIZE).contains(&key.len()) {
            Ok(Self::Oct(Some(key)))
        } else {
            Err(JwkError::OctLength)
        }
    }

    pub(super) fn key_type(&self) -> KeyType {
        match self {
            Self::Rsa(key) => KeyType::Rsa { bits: key.bits() },
            Self::Ec(key) => key.curve().key_type(),
            Self::Okp(key) => key.curve().key_type(),
            Self::Oct(key) => {
                let length = key.as_ref().map_or(0, SecretBytes::len);
                KeyType::Oct {
                    bytes: u16::try_from(length).unwrap_or(u16::MAX),
                }
            }
        }
    }

    pub(super) fn is_private(&self) -> bool {
        match self {
            Self::Rsa(key) => key.private().is_some(),
            Self::Ec(key) => key.private().is_some(),
            Self::Okp(key) => key.private().is_some(),
            Self::Oct(key) => key.is_some(),
        }
    }

    pub(super) fn public(&self) -> Self {
        match self {
            Self::Rsa(key) => Self::Rsa(key.public()),
            Self::Ec(key) => Self::Ec(key.public()),
            Self::Okp(key) => Self::Okp(key.public()),
            Self::Oct(_) => Self::Oct(None),
        }
    }

    pub(super) fn write_public(&self, members: &mut Map<String, Value>) {
        match self {
            Self::Rsa(key) => key.write_public(members),
            Self::Ec(key) => key.write_public(members),
            Self::Okp(key) => key.write_public(members),
            Self::Oct(_) => put(members, "kty", "oct".to_owned()),
        }
    }

    pub(super) fn write_private(&self, members: &mut Map<String, Value>) {
        match self {
            Self::Rsa(key) => key.write_private(members),
            Self::Ec(key) => key.write_private(members),
            Self::Okp(key) => key.write_private(members),
            Self::Oct(Some(key)) => put_bytes(members, "k", key.expose()),
            Self::Oct(None) => {}
        }
    }

    /// RFC 7638 section 3.2: the required members, in the order of their names.
    pub(super) fn thumbprint(&self) -> Thumbprint {
        let mut required = Map::new();
        self.write_public(&mut required);
        if matches!(self, Self::Oct(_)) {
            self.write_private(&mut required);
        }
        let json = crate::json::to_secret(&required);
        super::wipe(required);
        Thumbprint::of(json.expose())
    }
}

pub(super) fn put(members: &mut Map<String, Value>, name: &str, text: String) {
    members.insert(name.to_owned(), Value::String(text));
}

pub(super) fn put_bytes(members: &mut Map<String, Value>, name: &str, bytes: &[u8]) {
    put(members, name, base64url::encode(bytes));
}
