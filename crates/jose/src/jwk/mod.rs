//! JSON Web Keys (RFC 7517, RFC 7518 section 6, RFC 8037): read, checked, made and written.
//!
//! A [`Jwk`] is key material and the members around it. The material is parsed into types and
//! proved sound at once; the other members are kept as they came, unknown ones too, for they may be
//! somebody else's and a binding may lie in one of them.

mod curve25519;
mod ec;
mod edwards;
mod error;
mod generate;
mod interop;
mod key_type;
mod material;
mod members;
mod okp;
mod pem;
mod pkcs8;
mod pkix;
mod rsa;
mod set;
mod thumbprint;
mod usage;

pub(crate) use ec::EcCurve;
pub use error::JwkError;
pub(crate) use generate::secret;
pub use key_type::KeyType;
pub(crate) use material::Material;
pub(crate) use members::{certificates, encode_certificates};
pub(crate) use okp::OkpCurve;
pub(crate) use rsa::RsaKey;
pub use set::JwkSet;
pub use thumbprint::{Thumbprint, ThumbprintError};
pub use usage::{KeyUseError, Operation};

use crate::algorithm::SignatureAlgorithm;
use kleis_types::{SecretBytes, strict_json};
use serde_json::{Map, Value};
use std::fmt;
use zeroize::Zeroize;

/// The largest JWK that is read, in bytes.
pub const MAX_JWK_SIZE: usize = 65_536;

/// The largest symmetric key, in bytes.
const MAX_OCT_SIZE: usize = 1024;

/// A public, private or symmetric key with the members around it.
#[derive(Clone)]
pub struct Jwk {
    material: Material,
    members: Map<String, Value>,
}

impl Jwk {
    /// Reads a JWK of at most [`MAX_JWK_SIZE`] bytes.
    pub fn from_slice(json: &[u8]) -> Result<Self, JwkError> {
        if json.len() > MAX_JWK_SIZE {
            return Err(JwkError::TooLarge { max: MAX_JWK_SIZE });
        }
        let value = strict_json::value(json, MAX_JWK_SIZE)?;
        Self::from_value(value)
    }

    /// Reads a JWK that is part of a larger document, whose size and names were checked there.
    pub fn from_value(value: Value) -> Result<Self, JwkError> {
        let Value::Object(mut members) = value else {
            return Err(JwkError::NotAnObject);
        };
        let material = Material::take(&mut members)?;
        members::check(&members)?;
        Ok(Self { material, members })
    }

    /// A symmetric key of 1 to 1024 bytes, without other members.
    pub fn oct(key: SecretBytes) -> Result<Self, JwkError> {
        Material::oct(key).map(Self::from)
    }

    /// The public part: what may be shown to anybody. `key_ops` become those of the counterpart. A
    /// symmetric key has no public part; it keeps its members and loses its key (and is of no use).
    #[must_use]
    pub fn public(&self) -> Self {
        let mut members = self.members.clone();
        members::turn_key_ops(&mut members);
        Self {
            material: self.material.public(),
            members,
        }
    }

    /// Whether there is a private or symmetric key.
    pub fn is_private(&self) -> bool {
        self.material.is_private()
    }

    /// Whether both have the same public key (or are the same symmetric key).
    pub fn is_same_key(&self, other: &Self) -> bool {
        self.thumbprint() == other.thumbprint()
    }

    /// The kind and size of the key.
    pub fn key_type(&self) -> KeyType {
        self.material.key_type()
    }

    /// The thumbprint with SHA-256 (RFC 7638). That of a symmetric key is a hash of the secret.
    pub fn thumbprint(&self) -> Thumbprint {
        self.material.thumbprint()
    }

    /// The bytes of a symmetric key.
    pub fn oct_bytes(&self) -> Option<&[u8]> {
        match &self.material {
            Material::Oct(Some(key)) => Some(key.expose()),
            _ => None,
        }
    }

    /// The algorithm that this key signs with: fixed by the curve, or for RSA `PS256` unless the
    /// member `alg` says `RS256`. `None` for keys that cannot sign.
    pub fn signature_algorithm(&self) -> Option<SignatureAlgorithm> {
        match self.key_type() {
            KeyType::P256 => Some(SignatureAlgorithm::Es256),
            KeyType::P384 => Some(SignatureAlgorithm::Es384),
            KeyType::P521 => Some(SignatureAlgorithm::Es512),
            KeyType::Ed25519 => Some(SignatureAlgorithm::EdDsa),
            KeyType::Rsa { .. } if self.alg() == Some(SignatureAlgorithm::Rs256.as_str()) => {
                Some(SignatureAlgorithm::Rs256)
            }
            KeyType::Rsa { .. } => Some(SignatureAlgorithm::Ps256),
            KeyType::X25519 | KeyType::Oct { .. } => None,
        }
    }

    /// The public JSON form. A symmetric key is written without `k`.
    pub fn to_value(&self) -> Value {
        let mut members = self.public().members;
        self.material.write_public(&mut members);
        Value::Object(members)
    }

    /// The whole JSON form, private parts included.
    pub fn to_private_json(&self) -> SecretBytes {
        let mut members = self.members.clone();
        self.material.write_public(&mut members);
        self.material.write_private(&mut members);
        let json = crate::json::to_secret(&members);
        wipe(members);
        json
    }

    pub(crate) fn material(&self) -> &Material {
        &self.material
    }
}

impl From<Material> for Jwk {
    fn from(material: Material) -> Self {
        Self {
            material,
            members: Map::new(),
        }
    }
}

impl fmt::Debug for Jwk {
    /// The type, the `kid` and whether it is private: no key material, and no member that may hold
    /// any.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwk")
            .field("type", &self.key_type())
            .field("kid", &self.kid())
            .field("private", &self.is_private())
            .finish_non_exhaustive()
    }
}

/// Overwrites the strings of an object that held private parts.
fn wipe(members: Map<String, Value>) {
    for (_, value) in members {
        if let Value::String(mut text) = value {
            text.zeroize();
        }
    }
}

#[cfg(test)]
mod tests;
