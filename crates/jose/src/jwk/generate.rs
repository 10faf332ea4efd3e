//! New keys.

use super::ec::{EcCurve, EcKey};
use super::okp::{OKP_LEN, OkpCurve, OkpKey};
use super::{Jwk, JwkError, KeyType, Material};
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use kleis_types::{Random, SecretBytes};

/// A scalar is out of range with a chance of less than 2^-16 (P-521 after masking: about 2^-260),
/// so a source that fails this often is broken.
const ATTEMPTS: usize = 16;

impl Jwk {
    /// Makes a key without other members. RSA of 2048, 3072 or 4096 bits; its primes come from the
    /// provider's own generator, everything else from `random`.
    pub fn generate(key_type: KeyType, random: &dyn Random) -> Result<Self, JwkError> {
        match key_type {
            KeyType::Rsa { bits } => rsa(bits),
            KeyType::P256 => ec(EcCurve::P256, random),
            KeyType::P384 => ec(EcCurve::P384, random),
            KeyType::P521 => ec(EcCurve::P521, random),
            KeyType::Ed25519 => okp(OkpCurve::Ed25519, random),
            KeyType::X25519 => okp(OkpCurve::X25519, random),
            KeyType::Oct { bytes } => Self::oct(secret(usize::from(bytes), random)),
        }
    }
}

fn rsa(bits: u16) -> Result<Jwk, JwkError> {
    let size = match bits {
        2048 => KeySize::Rsa2048,
        3072 => KeySize::Rsa3072,
        4096 => KeySize::Rsa4096,
        _ => return Err(JwkError::UnsupportedSize),
    };
    let pair = KeyPair::generate(size).map_err(|_| JwkError::Generation)?;
    let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| JwkError::Generation)?;
    Jwk::from_pkcs8_der(der.as_ref())
}

fn ec(curve: EcCurve, random: &dyn Random) -> Result<Jwk, JwkError> {
    let candidate = || {
        let mut bytes = zeroize::Zeroizing::new(vec![0; curve.field_len()]);
        random.fill(&mut bytes);
        if curve == EcCurve::P521 {
            // 521 bits are 65 bytes and one bit.
            bytes[0] &= 1;
        }
        SecretBytes::from(bytes)
    };
    let key = (0..ATTEMPTS).find_map(|_| EcKey::from_private(curve, candidate()).ok());
    key.map(|key| Material::Ec(key).into())
        .ok_or(JwkError::Generation)
}

fn okp(curve: OkpCurve, random: &dyn Random) -> Result<Jwk, JwkError> {
    let key = OkpKey::from_private(curve, secret(OKP_LEN, random))?;
    Ok(Material::Okp(key).into())
}

/// This many random bytes.
pub(crate) fn secret(length: usize, random: &dyn Random) -> SecretBytes {
    let mut bytes = vec![0; length];
    random.fill(&mut bytes);
    SecretBytes::from(bytes)
}
