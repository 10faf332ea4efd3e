//! Object identifiers, as the content octets of their DER.

use yasna::DERWriter;

pub(crate) const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
pub(crate) const SERIAL_NUMBER: &[u8] = &[0x55, 0x04, 0x05];
pub(crate) const COUNTRY: &[u8] = &[0x55, 0x04, 0x06];
pub(crate) const ORGANISATION: &[u8] = &[0x55, 0x04, 0x0a];
pub(crate) const ORGANISATIONAL_UNIT: &[u8] = &[0x55, 0x04, 0x0b];

pub(crate) const SUBJECT_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 0x0e];
pub(crate) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
pub(crate) const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];
pub(crate) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
pub(crate) const AUTHORITY_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 0x23];
pub(crate) const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];

/// pkcs-9-at-extensionRequest, 1.2.840.113549.1.9.14 (RFC 2985 section 5.4.2).
pub(crate) const EXTENSION_REQUEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x0e];

/// ecdsa-with-SHA384, 1.2.840.10045.4.3.3 (RFC 5758 section 3.2).
pub(crate) const ECDSA_WITH_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];

/// Writes an OBJECT IDENTIFIER; `oid` is one of the constants above, all shorter than 128 bytes.
pub(crate) fn write(writer: DERWriter<'_>, oid: &[u8]) {
    let mut der = vec![0x06, u8::try_from(oid.len()).unwrap_or(u8::MAX)];
    der.extend_from_slice(oid);
    writer.write_der(&der);
}
