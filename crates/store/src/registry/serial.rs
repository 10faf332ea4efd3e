//! Serial numbers before they are certificates.

use kleis_types::Timestamp;

use crate::shown::shows;

/// A serial number and an entry of the status list, kept for a certificate before it is signed, so
/// that a certificate that is signed and then not stored can still be revoked.
#[derive(Clone, PartialEq, Eq)]
pub struct SerialReservation {
    /// The serial number, lower-case hexadecimal, the primary key.
    pub serial: String,
    /// The entry of the status list.
    pub status_index: u32,
    /// The name in addresses of the CA that is to sign.
    pub issuer: String,
    /// When it was reserved.
    pub reserved_at: Timestamp,
    /// When it was given up: from then on it is revoked for ever.
    pub abandoned_at: Option<Timestamp>,
}

shows!(SerialReservation {
    serial,
    status_index,
    issuer,
    reserved_at,
    abandoned_at
});
