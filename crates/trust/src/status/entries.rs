//! The entries, two bits each, packed and compressed.

use std::{
    fmt,
    io::{Read, Write},
};

use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};

use super::Status;

/// The largest list, inflated, in bytes: 67,108,864 entries.
pub const MAX_PACKED: usize = 16 * 1024 * 1024;

const PER_BYTE: usize = 4;
const BITS: usize = 2;
/// Four entries of [`Status::Other`]: an entry that nobody set says nothing good.
const UNSET: u8 = 0xff;

/// The statuses of every certificate and binding, by index; the first entry of a byte is in its
/// lowest bits (draft-ietf-oauth-status-list section 4.1).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct StatusEntries {
    packed: Vec<u8>,
}

/// The index lies beyond the largest list there can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the status list is full")]
pub struct StatusListFull;

/// Why bytes are not packed entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InflateError {
    TooLarge,
    Malformed,
}

impl StatusEntries {
    /// No entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// Entries that are packed already, at most [`MAX_PACKED`] bytes.
    pub fn from_packed(packed: Vec<u8>) -> Result<Self, StatusListFull> {
        if packed.len() > MAX_PACKED {
            return Err(StatusListFull);
        }
        Ok(Self { packed })
    }

    /// The packed bytes.
    pub fn packed(&self) -> &[u8] {
        &self.packed
    }

    /// How many entries there is room for; always a multiple of four.
    pub fn len(&self) -> usize {
        self.packed.len() * PER_BYTE
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.packed.is_empty()
    }

    /// The status at `index`; [`Status::Other`] beyond the end.
    pub fn get(&self, index: u32) -> Status {
        let (byte, shift) = place(index);
        self.packed
            .get(byte)
            .map_or(Status::Other, |packed| Status::from_bits(packed >> shift))
    }

    /// Sets the status at `index`; the list grows as needed, with [`Status::Other`].
    pub fn set(&mut self, index: u32, status: Status) -> Result<(), StatusListFull> {
        let (byte, shift) = place(index);
        if byte >= MAX_PACKED {
            return Err(StatusListFull);
        }
        if byte >= self.packed.len() {
            self.packed.resize(byte + 1, UNSET);
        }
        if let Some(packed) = self.packed.get_mut(byte) {
            *packed = (*packed & !(0b11 << shift)) | (status.bits() << shift);
        }
        Ok(())
    }

    /// The zlib stream (RFC 1950) of the packed bytes.
    pub(super) fn deflate(&self) -> std::io::Result<Vec<u8>> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&self.packed)?;
        encoder.finish()
    }

    /// Reads a zlib stream that inflates to at most [`MAX_PACKED`] bytes, with nothing after it.
    pub(super) fn inflate(compressed: &[u8]) -> Result<Self, InflateError> {
        let limit = MAX_PACKED as u64 + 1;
        let mut decoder = ZlibDecoder::new(compressed);
        let mut packed = Vec::new();
        decoder
            .by_ref()
            .take(limit)
            .read_to_end(&mut packed)
            .map_err(|_| InflateError::Malformed)?;
        if packed.len() > MAX_PACKED {
            return Err(InflateError::TooLarge);
        }
        if decoder.total_in() != compressed.len() as u64 {
            return Err(InflateError::Malformed);
        }
        Ok(Self { packed })
    }
}

fn place(index: u32) -> (usize, usize) {
    let index = index as usize;
    (index / PER_BYTE, index % PER_BYTE * BITS)
}

impl FromIterator<Status> for StatusEntries {
    /// Collects entries from index 0. What would not fit into the largest list is left out, and so
    /// reads as [`Status::Other`].
    fn from_iter<I: IntoIterator<Item = Status>>(statuses: I) -> Self {
        let mut entries = Self::new();
        for (index, status) in (0..).zip(statuses) {
            if entries.set(index, status).is_err() {
                break;
            }
        }
        entries
    }
}

impl fmt::Debug for StatusEntries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StatusEntries({} entries)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The example of draft-ietf-oauth-status-list, two bits an entry.
    const EXAMPLE: [u8; 12] = [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3];

    #[test]
    fn the_drafts_example() {
        let entries: StatusEntries = EXAMPLE
            .iter()
            .map(|bits| Status::from_bits(*bits))
            .collect();
        assert_eq!(entries.packed(), [0xc9, 0x44, 0xf9]);
        let inflated = kleis_types::base64url::decode("eNo76fITAAPfAgc").unwrap();
        assert_eq!(StatusEntries::inflate(&inflated), Ok(entries));
    }

    #[test]
    fn beyond_the_end_nothing_is_valid() {
        let mut entries = StatusEntries::new();
        assert_eq!(entries.get(0), Status::Other);
        entries.set(5, Status::Valid).unwrap();
        assert_eq!(entries.len(), 8);
        for index in [0, 4, 6, 7, 8, u32::MAX] {
            assert_eq!(entries.get(index), Status::Other, "{index}");
        }
        assert_eq!(entries.get(5), Status::Valid);
    }

    #[test]
    fn the_list_has_an_end() {
        let last = u32::try_from(MAX_PACKED * PER_BYTE - 1).unwrap();
        let mut entries = StatusEntries::new();
        assert_eq!(entries.set(last + 1, Status::Valid), Err(StatusListFull));
        assert!(entries.is_empty());
        entries.set(last, Status::Valid).unwrap();
        assert_eq!(entries.packed().len(), MAX_PACKED);
        assert!(StatusEntries::from_packed(vec![0; MAX_PACKED + 1]).is_err());
    }

    #[test]
    fn a_bomb_is_refused_and_the_largest_list_is_not() {
        let zeros = |len| {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&vec![0; len]).unwrap();
            encoder.finish().unwrap()
        };
        assert_eq!(
            StatusEntries::inflate(&zeros(MAX_PACKED))
                .unwrap()
                .packed()
                .len(),
            MAX_PACKED
        );
        let bomb = StatusEntries::inflate(&zeros(MAX_PACKED + 1));
        assert_eq!(bomb, Err(InflateError::TooLarge));
    }

    #[test]
    fn a_damaged_stream_is_refused() {
        let entries: StatusEntries = Status::ALL.into_iter().cycle().take(1000).collect();
        let stream = entries.deflate().unwrap();
        assert_eq!(StatusEntries::inflate(&stream), Ok(entries));
        let mut longer = stream.clone();
        longer.push(0);
        for damaged in [&longer[..], &stream[..stream.len() - 1], &stream[1..], &[]] {
            assert_eq!(
                StatusEntries::inflate(damaged),
                Err(InflateError::Malformed)
            );
        }
    }

    proptest! {
        #[test]
        fn entries_are_read_back(bits in prop::collection::vec(0_u8..4, 0..100)) {
            let statuses: Vec<_> = bits.iter().map(|bits| Status::from_bits(*bits)).collect();
            let entries: StatusEntries = statuses.iter().copied().collect();
            let entries = StatusEntries::inflate(&entries.deflate().unwrap()).unwrap();
            for (index, status) in (0..).zip(&statuses) {
                prop_assert_eq!(entries.get(index), *status);
            }
        }

        #[test]
        fn setting_one_entry_changes_no_other(index in 0_u32..64, bits in 0_u8..4) {
            let before: StatusEntries = Status::ALL.into_iter().cycle().take(64).collect();
            let mut after = before.clone();
            after.set(index, Status::from_bits(bits)).unwrap();
            for other in (0..64).filter(|other| *other != index) {
                prop_assert_eq!(after.get(other), before.get(other));
            }
            prop_assert_eq!(after.get(index), Status::from_bits(bits));
        }

        #[test]
        fn any_bytes_inflate_or_are_refused(bytes: Vec<u8>) {
            let _ = StatusEntries::inflate(&bytes);
        }
    }
}
