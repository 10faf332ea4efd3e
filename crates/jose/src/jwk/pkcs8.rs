//! Private keys in DER: PKCS#8 (RFC 5958) and what stands in it or alone, RFC 8017, RFC 5915, RFC
//! 8410.

use super::ec::{EcCurve, EcKey};
use super::okp::OkpKey;
use super::pkix::{Algorithm, read_curve};
use super::rsa::{RsaKey, RsaPrivate};
use super::{Jwk, JwkError, MAX_JWK_SIZE, Material};
use crate::der::{
    self, CONTEXT_0, CONTEXT_1, CONTEXT_1_PRIMITIVE, OCTET_STRING, OID, Reader, SEQUENCE, write,
    write_bit_string, write_unsigned,
};
use kleis_types::SecretBytes;
use zeroize::Zeroizing;

impl Jwk {
    /// Reads an unencrypted PKCS#8 PrivateKeyInfo, version 1 or 2. Attributes are ignored; a public
    /// key inside must be the right one.
    pub fn from_pkcs8_der(pkcs8: &[u8]) -> Result<Self, JwkError> {
        if pkcs8.len() > MAX_JWK_SIZE {
            return Err(JwkError::TooLarge { max: MAX_JWK_SIZE });
        }
        let mut outer = Reader::new(pkcs8);
        let mut fields = outer.sequence()?;
        outer.finish()?;
        let version = fields.unsigned()?;
        if !matches!(version, [] | [1]) {
            return Err(JwkError::Der);
        }
        let algorithm = Algorithm::read(fields.sequence()?)?;
        let private = fields.read(OCTET_STRING)?;
        let _attributes = fields.optional(CONTEXT_0)?;
        let public = fields
            .optional(CONTEXT_1_PRIMITIVE)?
            .map(der::whole_bytes)
            .transpose()?;
        fields.finish()?;
        let key = Self::from(algorithm.private_key(private)?);
        match public {
            Some(public) if !key.is_same_key(&Self::from(algorithm.public_key(public)?)) => {
                Err(JwkError::KeyPairMismatch)
            }
            _ => Ok(key),
        }
    }

    /// The PKCS#8 PrivateKeyInfo (version 1) of an asymmetric private key.
    pub fn to_pkcs8_der(&self) -> Result<SecretBytes, JwkError> {
        let private = match self.material() {
            Material::Rsa(key) => write_rsa_private(key)?,
            Material::Ec(key) => write_ec_private(key)?,
            Material::Okp(key) => write(
                OCTET_STRING,
                &[key.private().ok_or(JwkError::NotPrivate)?.expose()],
            ),
            Material::Oct(_) => return Err(JwkError::Symmetric),
        };
        let fields = [write_unsigned(&[]), Algorithm::of(self)?.write()];
        let private = write(OCTET_STRING, &[&private]);
        Ok(SecretBytes::from(write(
            SEQUENCE,
            &[&fields[0], &fields[1], &private],
        )))
    }

    /// An RSAPrivateKey (RFC 8017 appendix A.1.2) without PKCS#8 around it.
    pub(super) fn from_pkcs1_der(der: &[u8]) -> Result<Self, JwkError> {
        Algorithm::Rsa.private_key(der).map(Self::from)
    }

    /// An ECPrivateKey (RFC 5915) without PKCS#8 around it, so with its curve inside.
    pub(super) fn from_sec1_der(der: &[u8]) -> Result<Self, JwkError> {
        let curve = EcPrivate::read(der)?.curve.ok_or(JwkError::Der)?;
        Algorithm::Ec(curve).private_key(der).map(Self::from)
    }
}

impl Algorithm {
    /// The content of the OCTET STRING of a PrivateKeyInfo.
    fn private_key(self, key: &[u8]) -> Result<Material, JwkError> {
        match self {
            Self::Rsa => read_rsa_private(key).map(Material::Rsa),
            Self::Ec(curve) => EcPrivate::read(key)?.into_key(curve).map(Material::Ec),
            Self::Okp(curve) => {
                let mut reader = Reader::new(key);
                let seed = SecretBytes::from(reader.read(OCTET_STRING)?);
                reader.finish()?;
                OkpKey::from_private(curve, seed).map(Material::Okp)
            }
        }
    }
}

fn read_rsa_private(key: &[u8]) -> Result<RsaKey, JwkError> {
    let mut outer = Reader::new(key);
    let mut numbers = outer.sequence()?;
    outer.finish()?;
    // Version 0: two primes.
    if !numbers.unsigned()?.is_empty() {
        return Err(JwkError::Der);
    }
    let public = RsaKey::from_public(numbers.unsigned()?.to_vec(), numbers.unsigned()?.to_vec())?;
    let mut secret = || numbers.unsigned().map(SecretBytes::from);
    let private = RsaPrivate {
        d: secret()?,
        p: secret()?,
        q: secret()?,
        dp: secret()?,
        dq: secret()?,
        qi: secret()?,
    };
    numbers.finish()?;
    public.with_private(private)
}

pub(super) fn write_rsa_private(key: &RsaKey) -> Result<Zeroizing<Vec<u8>>, JwkError> {
    let private = key.private().ok_or(JwkError::NotPrivate)?;
    let secrets = [
        &private.d,
        &private.p,
        &private.q,
        &private.dp,
        &private.dq,
        &private.qi,
    ];
    let mut numbers = vec![
        write_unsigned(&[]),
        write_unsigned(key.n()),
        write_unsigned(key.e()),
    ];
    numbers.extend(secrets.map(|number| write_unsigned(number.expose())));
    let numbers = numbers
        .iter()
        .map(|number| number.as_slice())
        .collect::<Vec<_>>();
    Ok(write(SEQUENCE, &numbers))
}

/// The fields of an ECPrivateKey (RFC 5915 section 3).
struct EcPrivate<'a> {
    d: &'a [u8],
    curve: Option<EcCurve>,
    point: Option<&'a [u8]>,
}

impl<'a> EcPrivate<'a> {
    fn read(key: &'a [u8]) -> Result<Self, JwkError> {
        let mut outer = Reader::new(key);
        let mut fields = outer.sequence()?;
        outer.finish()?;
        if fields.unsigned()? != [1] {
            return Err(JwkError::Der);
        }
        let d = fields.read(OCTET_STRING)?;
        let curve = fields.optional(CONTEXT_0)?.map(|parameters| {
            let mut parameters = Reader::new(parameters);
            let curve = read_curve(parameters.read(OID)?)?;
            parameters.finish()?;
            Ok::<_, JwkError>(curve)
        });
        let point = fields.optional(CONTEXT_1)?.map(|public| {
            let mut public = Reader::new(public);
            let point = public.bit_string()?;
            public.finish()?;
            Ok::<_, JwkError>(point)
        });
        fields.finish()?;
        Ok(Self {
            d,
            curve: curve.transpose()?,
            point: point.transpose()?,
        })
    }

    fn into_key(self, curve: EcCurve) -> Result<EcKey, JwkError> {
        if self.curve.is_some_and(|named| named != curve) {
            return Err(JwkError::Der);
        }
        let d = SecretBytes::from(self.d);
        match self.point {
            Some(point) => EcKey::from_point(curve, point)?.with_private(d),
            None => EcKey::from_private(curve, d),
        }
    }
}

fn write_ec_private(key: &EcKey) -> Result<Zeroizing<Vec<u8>>, JwkError> {
    let d = key.private().ok_or(JwkError::NotPrivate)?;
    let d = write(OCTET_STRING, &[d.expose()]);
    let public = write(CONTEXT_1, &[&write_bit_string(key.point())]);
    Ok(write(SEQUENCE, &[&write_unsigned(&[1]), &d, &public]))
}
