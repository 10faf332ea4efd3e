//! The status list: which certificates and bindings hold (`docs/formats.md` section 8).
//!
//! One small signed document says of every certificate and every binding whether it is valid.
//! Clients refuse a stale one, and one older than they have seen; services look at the same entries
//! through [`StatusView`].

mod entries;
mod list;
mod source;

pub use entries::{MAX_PACKED, StatusEntries, StatusListFull};
pub use list::{LIFETIME, StatusError, StatusList, StatusMemory, TTL};
pub use source::{StatusSource, StatusUnavailable};

use kleis_types::Timestamp;

/// What the list says of one certificate or binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Status {
    /// In use.
    Valid = 0,
    /// Revoked, for good.
    Invalid = 1,
    /// Not valid for now.
    Suspended = 2,
    /// Reserved, pending, superseded or expired; also what lies beyond the end of a list.
    Other = 3,
}

impl Status {
    /// Every status, in the order of its value.
    pub const ALL: [Self; 4] = [Self::Valid, Self::Invalid, Self::Suspended, Self::Other];

    /// The two bits that stand for it.
    pub const fn bits(self) -> u8 {
        self as u8
    }

    /// The status that the two lowest bits stand for; the others are ignored.
    pub const fn from_bits(bits: u8) -> Self {
        match bits & 0b11 {
            0 => Self::Valid,
            1 => Self::Invalid,
            2 => Self::Suspended,
            _ => Self::Other,
        }
    }
}

/// Something that knows the status of certificates and bindings: a verified [`StatusList`], or the
/// registry itself.
pub trait StatusView: Send + Sync {
    /// The status at `index`; [`Status::Other`] where nothing is known.
    fn status(&self, index: u32) -> Status;

    /// Whether the view may still be decided by at `now`. A registry that reads its own entries
    /// always answers yes, a list until its end.
    fn is_fresh(&self, now: Timestamp) -> bool;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_both_ways() {
        for status in Status::ALL {
            assert_eq!(Status::from_bits(status.bits()), status);
            assert_eq!(Status::from_bits(status.bits() | 0b100), status);
        }
    }
}
