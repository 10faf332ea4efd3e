//! Octet key pairs: Ed25519 and X25519 (RFC 8037).

use super::material::{put, put_bytes};
use super::{JwkError, KeyType, curve25519};
use crate::json::{take_bytes, take_secret, take_string};
use aws_lc_rs::agreement::{PrivateKey, X25519};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use kleis_types::SecretBytes;
use serde_json::{Map, Value};

/// The length of public keys and of private keys (seeds), in bytes.
pub(crate) const OKP_LEN: usize = 32;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OkpCurve {
    Ed25519,
    X25519,
}

impl OkpCurve {
    fn from_name(name: &str) -> Result<Self, JwkError> {
        match name {
            "Ed25519" => Ok(Self::Ed25519),
            "X25519" => Ok(Self::X25519),
            _ => Err(JwkError::UnsupportedCurve),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "Ed25519",
            Self::X25519 => "X25519",
        }
    }

    pub(crate) fn key_type(self) -> KeyType {
        match self {
            Self::Ed25519 => KeyType::Ed25519,
            Self::X25519 => KeyType::X25519,
        }
    }
}

/// An encoded point and, perhaps, the seed it comes from.
#[derive(Clone)]
pub(crate) struct OkpKey {
    curve: OkpCurve,
    x: [u8; OKP_LEN],
    d: Option<SecretBytes>,
}

impl OkpKey {
    pub(super) fn take(members: &mut Map<String, Value>) -> Result<Self, JwkError> {
        let curve = take_string(members, "crv")?.ok_or(JwkError::Missing("crv"))?;
        let curve = OkpCurve::from_name(&curve)?;
        let x = take_bytes(members, "x")?.ok_or(JwkError::Missing("x"))?;
        let key = Self::from_public(curve, &x)?;
        match take_secret(members, "d")? {
            Some(d) => key.with_private(d),
            None => Ok(key),
        }
    }

    /// From the encoded point, which must be canonical and not of low order.
    pub(super) fn from_public(curve: OkpCurve, x: &[u8]) -> Result<Self, JwkError> {
        let x = <[u8; OKP_LEN]>::try_from(x).map_err(|_| JwkError::WrongLength("x"))?;
        let sound = match curve {
            OkpCurve::Ed25519 => curve25519::is_sound_ed25519(&x),
            OkpCurve::X25519 => curve25519::is_sound_x25519(&x),
        };
        if sound {
            Ok(Self { curve, x, d: None })
        } else {
            Err(JwkError::InvalidPoint)
        }
    }

    /// From the seed alone.
    pub(super) fn from_private(curve: OkpCurve, d: SecretBytes) -> Result<Self, JwkError> {
        if d.len() != OKP_LEN {
            return Err(JwkError::WrongLength("d"));
        }
        let mut x = [0; OKP_LEN];
        match curve {
            OkpCurve::Ed25519 => {
                let pair = Ed25519KeyPair::from_seed_unchecked(d.expose())
                    .map_err(|_| JwkError::KeyPairMismatch)?;
                x.copy_from_slice(pair.public_key().as_ref());
            }
            OkpCurve::X25519 => {
                let public = PrivateKey::from_private_key(&X25519, d.expose())
                    .map_err(|_| JwkError::KeyPairMismatch)?
                    .compute_public_key()
                    .map_err(|_| JwkError::KeyPairMismatch)?;
                x.copy_from_slice(public.as_ref());
            }
        }
        Ok(Self {
            curve,
            x,
            d: Some(d),
        })
    }

    /// Joins the seed, which must be that of this point.
    pub(super) fn with_private(self, d: SecretBytes) -> Result<Self, JwkError> {
        let pair = Self::from_private(self.curve, d)?;
        if pair.x == self.x {
            Ok(pair)
        } else {
            Err(JwkError::KeyPairMismatch)
        }
    }

    pub(crate) fn curve(&self) -> OkpCurve {
        self.curve
    }

    /// The encoded point.
    pub(crate) fn x(&self) -> &[u8] {
        &self.x
    }

    pub(crate) fn private(&self) -> Option<&SecretBytes> {
        self.d.as_ref()
    }

    pub(super) fn public(&self) -> Self {
        Self {
            curve: self.curve,
            x: self.x,
            d: None,
        }
    }

    pub(super) fn write_public(&self, members: &mut Map<String, Value>) {
        put(members, "kty", "OKP".to_owned());
        put(members, "crv", self.curve.name().to_owned());
        put_bytes(members, "x", &self.x);
    }

    pub(super) fn write_private(&self, members: &mut Map<String, Value>) {
        if let Some(d) = &self.d {
            put_bytes(members, "d", d.expose());
        }
    }
}
