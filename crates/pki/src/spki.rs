//! SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).

use kleis_jose::digest;

use crate::der::{self, BIT_STRING, DerError};

/// The parts of a SubjectPublicKeyInfo.
pub(crate) struct Spki<'a> {
    /// The content of the AlgorithmIdentifier.
    pub(crate) algorithm: &'a [u8],
    /// The public key: the BIT STRING without its count of unused bits.
    pub(crate) key: &'a [u8],
}

impl<'a> Spki<'a> {
    pub(crate) fn parse(der: &'a [u8]) -> Result<Self, DerError> {
        let [algorithm, key] = der::sequence::<2>(der)?;
        match key.value {
            [0, bytes @ ..] if key.tag == BIT_STRING => Ok(Self {
                algorithm: algorithm.value,
                key: bytes,
            }),
            _ => Err(DerError::BitString),
        }
    }

    /// The key identifier: the leftmost 160 bits of the SHA-256 of the key (RFC 7093 section 2,
    /// method 1). The SHA-1 of RFC 5280 section 4.2.1.2 is not used anywhere.
    pub(crate) fn key_identifier(&self) -> [u8; 20] {
        let mut identifier = [0; 20];
        for (to, from) in identifier.iter_mut().zip(digest::sha256(self.key)) {
            *to = from;
        }
        identifier
    }
}
