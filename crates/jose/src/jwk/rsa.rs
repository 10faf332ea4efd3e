//! RSA keys of 2048 to 8192 bits with two primes (RFC 7518 section 6.3).

use super::JwkError;
use super::material::{put, put_bytes};
use crate::json::{take_bytes, take_secret};
use aws_lc_rs::rsa::{KeyPair, KeyPairComponents, PublicKeyComponents};
use kleis_types::SecretBytes;
use serde_json::{Map, Value};

const MIN_BITS: usize = 2048;
const MAX_BITS: usize = 8192;
/// What the provider takes: up to 33 bits, so five bytes.
const MAX_EXPONENT_BYTES: usize = 5;

/// Modulus and exponent and, perhaps, the private numbers.
#[derive(Clone)]
pub(crate) struct RsaKey {
    n: Vec<u8>,
    e: Vec<u8>,
    private: Option<RsaPrivate>,
}

/// The private exponent, the primes and the CRT numbers (RFC 8017 section 3.2).
#[derive(Clone)]
pub(crate) struct RsaPrivate {
    pub(crate) d: SecretBytes,
    pub(crate) p: SecretBytes,
    pub(crate) q: SecretBytes,
    pub(crate) dp: SecretBytes,
    pub(crate) dq: SecretBytes,
    pub(crate) qi: SecretBytes,
}

impl RsaKey {
    pub(super) fn take(members: &mut Map<String, Value>) -> Result<Self, JwkError> {
        let n = take_bytes(members, "n")?.ok_or(JwkError::Missing("n"))?;
        let e = take_bytes(members, "e")?.ok_or(JwkError::Missing("e"))?;
        let key = Self::from_public(n, e)?;
        match take_secret(members, "d")? {
            Some(d) => key.with_private(RsaPrivate::take(members, d)?),
            None => Ok(key),
        }
    }

    /// From modulus and exponent, big endian without leading zeros.
    pub(super) fn from_public(n: Vec<u8>, e: Vec<u8>) -> Result<Self, JwkError> {
        if n.first().is_none_or(|byte| *byte == 0) || e.first().is_none_or(|byte| *byte == 0) {
            return Err(JwkError::InvalidRsa(
                "a number is empty or has leading zeros",
            ));
        }
        if !(MIN_BITS..=MAX_BITS).contains(&bit_length(&n)) {
            return Err(JwkError::InvalidRsa(
                "the modulus is not of 2048 to 8192 bits",
            ));
        }
        if n.last().is_none_or(|byte| byte % 2 == 0) {
            return Err(JwkError::InvalidRsa("the modulus is even"));
        }
        if e.last().is_none_or(|byte| byte % 2 == 0) || e == [1] {
            return Err(JwkError::InvalidRsa("the exponent is even or 1"));
        }
        if e.len() > MAX_EXPONENT_BYTES || bit_length(&e) > 33 {
            return Err(JwkError::InvalidRsa("the exponent is longer than 33 bits"));
        }
        Ok(Self {
            n,
            e,
            private: None,
        })
    }

    /// Joins the private numbers, all of which must agree with each other and with the public ones.
    pub(super) fn with_private(self, private: RsaPrivate) -> Result<Self, JwkError> {
        let key = Self {
            private: Some(private),
            ..self
        };
        key.key_pair().ok_or(JwkError::KeyPairMismatch)?;
        Ok(key)
    }

    /// The length of the modulus.
    pub(crate) fn bits(&self) -> u16 {
        u16::try_from(bit_length(&self.n)).unwrap_or(u16::MAX)
    }

    pub(crate) fn n(&self) -> &[u8] {
        &self.n
    }

    pub(crate) fn e(&self) -> &[u8] {
        &self.e
    }

    pub(crate) fn private(&self) -> Option<&RsaPrivate> {
        self.private.as_ref()
    }

    pub(super) fn public(&self) -> Self {
        Self {
            n: self.n.clone(),
            e: self.e.clone(),
            private: None,
        }
    }

    pub(crate) fn components(&self) -> PublicKeyComponents<&[u8]> {
        PublicKeyComponents {
            n: &self.n,
            e: &self.e,
        }
    }

    /// The provider's form of the private key, which checks it. `None` without a sound private
    /// part.
    pub(crate) fn key_pair(&self) -> Option<KeyPair> {
        let private = self.private.as_ref()?;
        KeyPair::from_components(&KeyPairComponents {
            public_key: self.components(),
            d: private.d.expose(),
            p: private.p.expose(),
            q: private.q.expose(),
            dP: private.dp.expose(),
            dQ: private.dq.expose(),
            qInv: private.qi.expose(),
        })
        .ok()
    }

    pub(super) fn write_public(&self, members: &mut Map<String, Value>) {
        put(members, "kty", "RSA".to_owned());
        put_bytes(members, "n", &self.n);
        put_bytes(members, "e", &self.e);
    }

    pub(super) fn write_private(&self, members: &mut Map<String, Value>) {
        let Some(private) = &self.private else { return };
        for (name, number) in private.named() {
            put_bytes(members, name, number.expose());
        }
    }
}

impl RsaPrivate {
    /// A key with `d` alone, or with more than two primes (`oth`), is not supported.
    fn take(members: &mut Map<String, Value>, d: SecretBytes) -> Result<Self, JwkError> {
        let mut take = |name| take_secret(members, name)?.ok_or(JwkError::Missing(name));
        Ok(Self {
            d,
            p: take("p")?,
            q: take("q")?,
            dp: take("dp")?,
            dq: take("dq")?,
            qi: take("qi")?,
        })
    }

    fn named(&self) -> [(&'static str, &SecretBytes); 6] {
        [
            ("d", &self.d),
            ("p", &self.p),
            ("q", &self.q),
            ("dp", &self.dp),
            ("dq", &self.dq),
            ("qi", &self.qi),
        ]
    }
}

/// The number of bits of a big-endian number without leading zero bytes.
fn bit_length(number: &[u8]) -> usize {
    number
        .first()
        .map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}
