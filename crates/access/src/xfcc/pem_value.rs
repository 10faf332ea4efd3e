//! Certificates as URL-encoded PEM.

use kleis_pki::pem_text;

use super::XfccError;

/// More than any chain has.
const MAX_CERTIFICATES: usize = 8;
const LABEL: &str = "CERTIFICATE";

/// The certificates, in DER; at least one.
pub(super) fn read(value: &str) -> Result<Vec<Vec<u8>>, XfccError> {
    let text = decode(value)?;
    let blocks = pem_text::blocks(&text).ok_or(XfccError::Pem)?;
    if blocks.len() > MAX_CERTIFICATES || blocks.iter().any(|block| block.tag() != LABEL) {
        return Err(XfccError::Pem);
    }
    Ok(blocks.into_iter().map(pem::Pem::into_contents).collect())
}

/// Percent-decoding (RFC 3986 section 2.1). A plus sign is itself.
fn decode(value: &str) -> Result<Vec<u8>, XfccError> {
    let mut decoded = Vec::with_capacity(value.len());
    let mut bytes = value.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
            decoded.push(high << 4 | low);
        } else {
            decoded.push(byte);
        }
    }
    Ok(decoded)
}

fn digit(byte: Option<u8>) -> Result<u8, XfccError> {
    match byte {
        Some(byte @ b'0'..=b'9') => Ok(byte - b'0'),
        Some(byte @ b'a'..=b'f') => Ok(byte - b'a' + 10),
        Some(byte @ b'A'..=b'F') => Ok(byte - b'A' + 10),
        _ => Err(XfccError::Pem),
    }
}
