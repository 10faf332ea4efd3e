//! EC keys on P-256, P-384 and P-521 (RFC 7518 section 6.2).

use super::material::{put, put_bytes};
use super::{JwkError, KeyType};
use crate::json::{take_bytes, take_secret, take_string};
use aws_lc_rs::agreement::{self, ECDH_P256, ECDH_P384, ECDH_P521};
use kleis_types::SecretBytes;
use serde_json::{Map, Value};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum EcCurve {
    P256,
    P384,
    P521,
}

impl EcCurve {
    fn from_name(name: &str) -> Result<Self, JwkError> {
        match name {
            "P-256" => Ok(Self::P256),
            "P-384" => Ok(Self::P384),
            "P-521" => Ok(Self::P521),
            _ => Err(JwkError::UnsupportedCurve),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// The length of a coordinate and of the private scalar, in bytes.
    pub(crate) fn field_len(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    pub(crate) fn key_type(self) -> KeyType {
        match self {
            Self::P256 => KeyType::P256,
            Self::P384 => KeyType::P384,
            Self::P521 => KeyType::P521,
        }
    }

    pub(crate) fn agreement(self) -> &'static agreement::Algorithm {
        match self {
            Self::P256 => &ECDH_P256,
            Self::P384 => &ECDH_P384,
            Self::P521 => &ECDH_P521,
        }
    }
}

/// A point on its curve and, perhaps, its discrete logarithm.
#[derive(Clone)]
pub(crate) struct EcKey {
    curve: EcCurve,
    /// Uncompressed: 04, x, y (SEC 1 section 2.3.3).
    point: Vec<u8>,
    d: Option<SecretBytes>,
}

impl EcKey {
    pub(super) fn take(members: &mut Map<String, Value>) -> Result<Self, JwkError> {
        let curve = take_string(members, "crv")?.ok_or(JwkError::Missing("crv"))?;
        let curve = EcCurve::from_name(&curve)?;
        let x = take_bytes(members, "x")?.ok_or(JwkError::Missing("x"))?;
        let y = take_bytes(members, "y")?.ok_or(JwkError::Missing("y"))?;
        let d = take_secret(members, "d")?;
        if x.len() != curve.field_len() {
            return Err(JwkError::WrongLength("x"));
        }
        if y.len() != curve.field_len() {
            return Err(JwkError::WrongLength("y"));
        }
        let key = Self::from_point(curve, &[&[0x04], x.as_slice(), y.as_slice()].concat())?;
        match d {
            Some(d) => key.with_private(d),
            None => Ok(key),
        }
    }

    /// From an uncompressed point, which is proved to be on the curve.
    pub(super) fn from_point(curve: EcCurve, point: &[u8]) -> Result<Self, JwkError> {
        if point.len() != 2 * curve.field_len() + 1 || point[0] != 0x04 {
            return Err(JwkError::InvalidPoint);
        }
        let unparsed = agreement::UnparsedPublicKey::new(curve.agreement(), point);
        agreement::ParsedPublicKey::try_from(unparsed).map_err(|_| JwkError::InvalidPoint)?;
        Ok(Self {
            curve,
            point: point.to_vec(),
            d: None,
        })
    }

    /// From the private scalar alone, which must be in 1..n.
    pub(super) fn from_private(curve: EcCurve, d: SecretBytes) -> Result<Self, JwkError> {
        if d.len() != curve.field_len() {
            return Err(JwkError::WrongLength("d"));
        }
        let private = agreement::PrivateKey::from_private_key(curve.agreement(), d.expose())
            .map_err(|_| JwkError::KeyPairMismatch)?;
        let public = private
            .compute_public_key()
            .map_err(|_| JwkError::KeyPairMismatch)?;
        Ok(Self {
            curve,
            point: public.as_ref().to_vec(),
            d: Some(d),
        })
    }

    /// Joins the private scalar, which must be that of this point.
    pub(super) fn with_private(self, d: SecretBytes) -> Result<Self, JwkError> {
        let pair = Self::from_private(self.curve, d)?;
        if pair.point == self.point {
            Ok(pair)
        } else {
            Err(JwkError::KeyPairMismatch)
        }
    }

    pub(crate) fn curve(&self) -> EcCurve {
        self.curve
    }

    /// The uncompressed point.
    pub(crate) fn point(&self) -> &[u8] {
        &self.point
    }

    pub(crate) fn private(&self) -> Option<&SecretBytes> {
        self.d.as_ref()
    }

    pub(super) fn public(&self) -> Self {
        Self {
            curve: self.curve,
            point: self.point.clone(),
            d: None,
        }
    }

    pub(super) fn write_public(&self, members: &mut Map<String, Value>) {
        let (x, y) = self.point[1..].split_at(self.curve.field_len());
        put(members, "kty", "EC".to_owned());
        put(members, "crv", self.curve.name().to_owned());
        put_bytes(members, "x", x);
        put_bytes(members, "y", y);
    }

    pub(super) fn write_private(&self, members: &mut Map<String, Value>) {
        if let Some(d) = &self.d {
            put_bytes(members, "d", d.expose());
        }
    }
}
