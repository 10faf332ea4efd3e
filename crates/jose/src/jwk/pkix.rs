//! Public keys in DER: SubjectPublicKeyInfo (RFC 5280) and the AlgorithmIdentifiers of keys.

use super::ec::{EcCurve, EcKey};
use super::okp::{OkpCurve, OkpKey};
use super::rsa::RsaKey;
use super::{Jwk, JwkError, MAX_JWK_SIZE, Material};
use crate::der::{self, NotDer, OID, Reader, SEQUENCE, write, write_bit_string, write_unsigned};
use zeroize::Zeroizing;

// The contents of OBJECT IDENTIFIERs.
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
const X25519: &[u8] = &[0x2b, 0x65, 0x6e];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

impl From<NotDer> for JwkError {
    fn from(NotDer: NotDer) -> Self {
        Self::Der
    }
}

impl Jwk {
    /// Reads a SubjectPublicKeyInfo. Only the canonical encoding is taken: it must equal what
    /// [`Jwk::to_spki_der`] writes.
    pub fn from_spki_der(spki: &[u8]) -> Result<Self, JwkError> {
        if spki.len() > MAX_JWK_SIZE {
            return Err(JwkError::TooLarge { max: MAX_JWK_SIZE });
        }
        let mut outer = Reader::new(spki);
        let mut fields = outer.sequence()?;
        outer.finish()?;
        let algorithm = Algorithm::read(fields.sequence()?)?;
        let key = fields.bit_string()?;
        fields.finish()?;
        let key = Self::from(algorithm.public_key(key)?);
        if key.to_spki_der()? == spki {
            Ok(key)
        } else {
            Err(JwkError::Der)
        }
    }

    /// The SubjectPublicKeyInfo of an asymmetric key.
    pub fn to_spki_der(&self) -> Result<Vec<u8>, JwkError> {
        let key = match self.material() {
            Material::Rsa(key) => {
                let numbers = [write_unsigned(key.n()), write_unsigned(key.e())];
                write_bit_string(&write(SEQUENCE, &[&numbers[0], &numbers[1]]))
            }
            Material::Ec(key) => write_bit_string(key.point()),
            Material::Okp(key) => write_bit_string(key.x()),
            Material::Oct(_) => return Err(JwkError::Symmetric),
        };
        Ok(write(SEQUENCE, &[&Algorithm::of(self)?.write(), &key]).to_vec())
    }
}

/// An AlgorithmIdentifier of ours.
#[derive(Clone, Copy)]
pub(super) enum Algorithm {
    Rsa,
    Ec(EcCurve),
    Okp(OkpCurve),
}

impl Algorithm {
    pub(super) fn of(key: &Jwk) -> Result<Self, JwkError> {
        match key.material() {
            Material::Rsa(_) => Ok(Self::Rsa),
            Material::Ec(key) => Ok(Self::Ec(key.curve())),
            Material::Okp(key) => Ok(Self::Okp(key.curve())),
            Material::Oct(_) => Err(JwkError::Symmetric),
        }
    }

    pub(super) fn read(mut fields: Reader<'_>) -> Result<Self, JwkError> {
        let algorithm = match fields.read(OID)? {
            RSA_ENCRYPTION if fields.read(der::NULL)?.is_empty() => Self::Rsa,
            EC_PUBLIC_KEY => Self::Ec(read_curve(fields.read(OID)?)?),
            ED25519 => Self::Okp(OkpCurve::Ed25519),
            X25519 => Self::Okp(OkpCurve::X25519),
            _ => return Err(JwkError::UnsupportedKeyType),
        };
        fields.finish()?;
        Ok(algorithm)
    }

    pub(super) fn write(self) -> Zeroizing<Vec<u8>> {
        let (oid, parameters) = match self {
            Self::Rsa => (RSA_ENCRYPTION, write(der::NULL, &[])),
            Self::Ec(EcCurve::P256) => (EC_PUBLIC_KEY, write(OID, &[P256])),
            Self::Ec(EcCurve::P384) => (EC_PUBLIC_KEY, write(OID, &[P384])),
            Self::Ec(EcCurve::P521) => (EC_PUBLIC_KEY, write(OID, &[P521])),
            Self::Okp(OkpCurve::Ed25519) => (ED25519, Zeroizing::default()),
            Self::Okp(OkpCurve::X25519) => (X25519, Zeroizing::default()),
        };
        write(SEQUENCE, &[&write(OID, &[oid]), &parameters])
    }

    /// The content of the BIT STRING of a SubjectPublicKeyInfo.
    pub(super) fn public_key(self, key: &[u8]) -> Result<Material, JwkError> {
        match self {
            Self::Rsa => {
                let mut outer = Reader::new(key);
                let mut numbers = outer.sequence()?;
                outer.finish()?;
                let (n, e) = (numbers.unsigned()?.to_vec(), numbers.unsigned()?.to_vec());
                numbers.finish()?;
                RsaKey::from_public(n, e).map(Material::Rsa)
            }
            Self::Ec(curve) => EcKey::from_point(curve, key).map(Material::Ec),
            Self::Okp(curve) => OkpKey::from_public(curve, key).map(Material::Okp),
        }
    }
}

pub(super) fn read_curve(oid: &[u8]) -> Result<EcCurve, JwkError> {
    match oid {
        P256 => Ok(EcCurve::P256),
        P384 => Ok(EcCurve::P384),
        P521 => Ok(EcCurve::P521),
        _ => Err(JwkError::UnsupportedCurve),
    }
}

#[cfg(test)]
mod tests;
