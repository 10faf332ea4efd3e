//! What is asked.

use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256};

use super::{MAX_IDS, MAX_NONCE, MAX_REQUEST};
use crate::certificate::Certificate;
use crate::der::{self, DerError, OCTET_STRING, Tlv};
use crate::oid;
use crate::serial::SerialNumber;
use crate::spki::Spki;

/// Why a request cannot be answered. The fault is the sender's: `malformedRequest`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OcspRequestError {
    /// Larger than [`MAX_REQUEST`].
    #[error("the request is larger than 8 KiB")]
    TooLarge,
    /// Not strict DER, or not an OCSPRequest of version 1.
    #[error("the request is not a DER OCSPRequest: {0}")]
    Der(#[from] DerError),
    /// Asks about nothing, or about more than [`MAX_IDS`] certificates.
    #[error("the request asks about no certificate, or about more than 32")]
    Count,
    /// Has a critical extension that is not known here.
    #[error("the request has a critical extension that is not known here")]
    CriticalExtension,
    /// The nonce is empty, longer than 128 octets, or there twice.
    #[error("the nonce is not one of 1 to 128 octets")]
    Nonce,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OcspRequest {
    ids: Vec<CertId>,
    nonce: Option<Vec<u8>>,
}

/// Which certificate is asked about (RFC 6960 section 4.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertId {
    raw: Vec<u8>,
    hash: Option<Hash>,
    name_hash: Vec<u8>,
    key_hash: Vec<u8>,
    serial: Option<SerialNumber>,
}

/// The hashes by which a CA can be named. SHA-1 names here, and proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hash {
    Sha1,
    Sha256,
}

impl OcspRequest {
    /// Reads a request in DER. A signature in it is not verified, because nobody is refused an
    /// answer.
    pub fn parse(der: &[u8]) -> Result<Self, OcspRequestError> {
        if der.len() > MAX_REQUEST {
            return Err(OcspRequestError::TooLarge);
        }
        der::check(der)?;
        let outer = der::members(der::single(der)?)?;
        let ([tbs] | [tbs, Tlv { tag: 0xa0, .. }]) = outer.as_slice() else {
            return Err(DerError::Structure.into());
        };
        // Version 1 is the default, which DER leaves out: a [0] is another version.
        let tbs = der::members(*tbs)?;
        let tbs = match tbs.as_slice() {
            [Tlv { tag: 0xa1, .. }, rest @ ..] | rest => rest,
        };
        let (list, extensions) = match tbs {
            [list] => (list, None),
            [list, extensions] if extensions.tag == 0xa2 => (list, Some(extensions)),
            _ => return Err(DerError::Structure.into()),
        };
        let requests = der::members(*list)?;
        if !(1..=MAX_IDS).contains(&requests.len()) {
            return Err(OcspRequestError::Count);
        }
        let ids = requests.into_iter().map(read_request);
        Ok(Self {
            ids: ids.collect::<Result<_, _>>()?,
            nonce: extensions.map_or(Ok(None), |it| read_extensions(it.value))?,
        })
    }

    /// The certificates asked about, in their order.
    pub fn ids(&self) -> &[CertId] {
        &self.ids
    }

    /// The nonce, to be repeated in the answer.
    pub fn nonce(&self) -> Option<&[u8]> {
        self.nonce.as_deref()
    }
}

impl CertId {
    fn parse(tlv: Tlv<'_>) -> Result<Self, OcspRequestError> {
        let [algorithm, name, key, serial] = der::sequence::<4>(tlv.raw)?;
        if name.tag != OCTET_STRING || key.tag != OCTET_STRING || serial.tag != 0x02 {
            return Err(DerError::Structure.into());
        }
        let algorithm = der::members(algorithm)?;
        // The parameters of a hash are NULL or absent, and both are in use (RFC 4055 section 2.1).
        let ([kind] | [kind, Tlv { tag: 0x05, .. }]) = algorithm.as_slice() else {
            return Err(DerError::Structure.into());
        };
        let hash = match (kind.tag, kind.value) {
            (0x06, oid::SHA1) => Some(Hash::Sha1),
            (0x06, oid::SHA256) => Some(Hash::Sha256),
            (0x06, _) => None,
            _ => return Err(DerError::Structure.into()),
        };
        Ok(Self {
            raw: tlv.raw.to_vec(),
            hash,
            name_hash: name.value.to_vec(),
            key_hash: key.value.to_vec(),
            serial: SerialNumber::from_der_integer(serial.value).ok(),
        })
    }

    /// The DER as it was received, to be repeated in the answer.
    pub(crate) fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The serial number, if it is one that a certificate can have.
    pub fn serial(&self) -> Option<&SerialNumber> {
        self.serial.as_ref()
    }

    /// Whether it is about a certificate of this CA.
    pub fn names(&self, ca: &Certificate) -> bool {
        let algorithm = match self.hash {
            Some(Hash::Sha1) => &SHA1_FOR_LEGACY_USE_ONLY,
            Some(Hash::Sha256) => &SHA256,
            None => return false,
        };
        let Ok(key) = Spki::parse(ca.spki_der()) else {
            return false;
        };
        let is = |hash: &[u8], what: &[u8]| digest::digest(algorithm, what).as_ref() == hash;
        is(&self.name_hash, ca.as_issuer().subject_der) && is(&self.key_hash, key.key)
    }
}

fn read_request(request: Tlv<'_>) -> Result<CertId, OcspRequestError> {
    let parts = der::members(request)?;
    let (id, extensions) = match parts.as_slice() {
        [id] => (id, None),
        [id, extensions] if extensions.tag == 0xa0 => (id, Some(extensions)),
        _ => return Err(DerError::Structure.into()),
    };
    if let Some(extensions) = extensions {
        for (kind, critical, _) in extensions_of(extensions.value)? {
            // A nonce is for the whole request.
            if critical || kind == oid::OCSP_NONCE {
                return Err(OcspRequestError::CriticalExtension);
            }
        }
    }
    CertId::parse(*id)
}

/// The nonce among the extensions of a request. Others that are not critical say nothing to us.
fn read_extensions(content: &[u8]) -> Result<Option<Vec<u8>>, OcspRequestError> {
    let mut nonce = None;
    for (kind, critical, value) in extensions_of(content)? {
        if kind == oid::OCSP_NONCE {
            let octets = der::single(value).map_err(|_| OcspRequestError::Nonce)?;
            let fits = octets.tag == OCTET_STRING && (1..=MAX_NONCE).contains(&octets.value.len());
            if !fits || nonce.is_some() {
                return Err(OcspRequestError::Nonce);
            }
            nonce = Some(octets.value.to_vec());
        } else if critical {
            return Err(OcspRequestError::CriticalExtension);
        }
    }
    Ok(nonce)
}

type Extension<'a> = (&'a [u8], bool, &'a [u8]);

fn extensions_of(content: &[u8]) -> Result<Vec<Extension<'_>>, DerError> {
    let mut found = Vec::new();
    for extension in der::members(der::single(content)?)? {
        let parts = der::members(extension)?;
        let (kind, critical, value) = match parts.as_slice() {
            [kind, value] => (kind, false, value),
            [kind, Tlv { tag: 0x01, .. }, value] => (kind, true, value),
            _ => return Err(DerError::Structure),
        };
        if kind.tag != 0x06 || value.tag != OCTET_STRING {
            return Err(DerError::Structure);
        }
        found.push((kind.value, critical, value.value));
    }
    Ok(found)
}
