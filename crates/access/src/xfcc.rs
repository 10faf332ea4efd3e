//! `X-Forwarded-Client-Cert`: the certificate that a caller showed to the edge (Envoy).
//!
//! The header is worth what the peer is worth that sends it: read it only on a connection of the
//! edge. What comes out is a chain of bytes to be verified like one from a TLS handshake. Its
//! `Subject`, `URI` and `DNS`, by which a careless edge could name anybody, are not even returned.
//!
//! An edge that sanitises (`SANITIZE_SET`) sends one element. Two mean that one came from outside;
//! so do two header lines, which the caller of [`parse`] must refuse.

mod element;
mod pem_value;

use data_encoding::HEXLOWER_PERMISSIVE;
use kleis_jose::digest;
use kleis_types::ErrorCode;

/// Largest header value, in bytes.
pub const MAX_HEADER: usize = 64 * 1024;

/// The chain that the edge says it was shown. Nothing about it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarded {
    chain: Vec<Vec<u8>>,
}

impl Forwarded {
    /// The certificates in DER, leaf first; never empty.
    pub fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    /// The certificates in DER, leaf first; never empty.
    pub fn into_chain(self) -> Vec<Vec<u8>> {
        self.chain
    }
}

/// Why the header was refused. The edge is at fault, or whoever speaks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum XfccError {
    /// Longer than [`MAX_HEADER`].
    #[error("the forwarded certificate is larger than 64 KiB")]
    TooLarge,
    /// Not pairs of a known key and a value, quoted where need be.
    #[error("the forwarded certificate is malformed")]
    Malformed,
    /// Several elements: not all are the edge's.
    #[error("several certificates are forwarded; the edge must replace what callers send")]
    SeveralElements,
    /// A key that tells the certificate comes twice.
    #[error("the forwarded certificate is given twice")]
    Repeated,
    /// Neither `Cert` nor `Chain`.
    #[error("no certificate is forwarded; the edge must send Cert or Chain")]
    NoCertificate,
    /// `Cert` or `Chain` is not PEM of certificates alone, URL-encoded.
    #[error("the forwarded certificate is not URL-encoded PEM")]
    Pem,
    /// `Cert`, `Chain` and `Hash` do not speak of one certificate.
    #[error("the forwarded certificate is not the one that its hash or chain speaks of")]
    Disagreement,
}

impl XfccError {
    /// The code to answer with.
    pub fn code(self) -> ErrorCode {
        ErrorCode::ForwardingRefused
    }
}

/// Reads the value of the header.
pub fn parse(header: &str) -> Result<Forwarded, XfccError> {
    if header.len() > MAX_HEADER {
        return Err(XfccError::TooLarge);
    }
    let mut hash = None;
    let mut cert = None;
    let mut chain = None;
    for (key, value) in element::pairs(header)? {
        let place = match key.to_ascii_lowercase().as_str() {
            "hash" => &mut hash,
            "cert" => &mut cert,
            "chain" => &mut chain,
            "by" | "subject" | "uri" | "dns" => continue,
            _ => return Err(XfccError::Malformed),
        };
        if place.replace(value).is_some() {
            return Err(XfccError::Repeated);
        }
    }
    let cert = cert.map(|it| pem_value::read(&it)).transpose()?;
    let chain = chain.map(|it| pem_value::read(&it)).transpose()?;
    let chain = match (cert, chain) {
        (None, None) => return Err(XfccError::NoCertificate),
        (None, Some(chain)) => chain,
        (Some(cert), None) if cert.len() == 1 => cert,
        (Some(cert), Some(chain)) if cert.len() == 1 && cert.first() == chain.first() => chain,
        (Some(_), _) => return Err(XfccError::Disagreement),
    };
    if let (Some(hash), Some(leaf)) = (hash, chain.first()) {
        check_hash(&hash, leaf)?;
    }
    Ok(Forwarded { chain })
}

fn check_hash(hash: &str, leaf: &[u8]) -> Result<(), XfccError> {
    let named = HEXLOWER_PERMISSIVE
        .decode(hash.as_bytes())
        .map_err(|_| XfccError::Malformed)?;
    if named == digest::sha256(leaf) {
        Ok(())
    } else {
        Err(XfccError::Disagreement)
    }
}

#[cfg(test)]
mod tests;
