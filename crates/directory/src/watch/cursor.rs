//! Where in the order of changes somebody stands.

use kleis_store::registry::{ChangeEvent, RegistryRead};
use kleis_types::{Timestamp, base64url};

use crate::DirectoryError;

/// The first byte of the form below; another form has another one.
const FORM: u8 = 1;
const LENGTH: usize = 17;

/// The last change that was told of: its number, and its time, by which a database that was put back from an older
/// copy, and has gone on otherwise, is told from the one that gave the cursor. Opaque to whoever keeps it: b64u of
/// a byte 1 and both as 64-bit big-endian integers. It names nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    seq: u64,
    at: Timestamp,
}

impl Cursor {
    /// Before every change.
    const START: Self = Self {
        seq: 0,
        at: Timestamp::from_unix(0),
    };

    pub(crate) fn of(change: Option<&ChangeEvent>) -> Self {
        change.map_or(Self::START, |change| Self {
            seq: change.seq,
            at: change.at,
        })
    }

    pub(crate) fn seq(self) -> u64 {
        self.seq
    }

    /// Reads what [`Cursor::to_text`] wrote.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; LENGTH] = base64url::decode(text).ok()?.try_into().ok()?;
        let (form, rest) = bytes.split_first()?;
        let (seq, at) = rest.split_first_chunk()?;
        let cursor = Self {
            seq: u64::from_be_bytes(*seq),
            at: Timestamp::from_unix(i64::from_be_bytes(at.try_into().ok()?)),
        };
        (*form == FORM && i64::try_from(cursor.seq).is_ok()).then_some(cursor)
    }

    pub(crate) fn to_text(self) -> String {
        let (seq, at) = (self.seq.to_be_bytes(), self.at.unix().to_be_bytes());
        base64url::encode(&[&[FORM], &seq[..], &at[..]].concat())
    }

    /// Makes sure that the changes after it are all there.
    ///
    /// # Errors
    /// [`DirectoryError::CursorGone`].
    pub(crate) async fn check(self, reader: &mut impl RegistryRead) -> Result<(), DirectoryError> {
        let before = self.seq.saturating_sub(1);
        let there = reader.changes(before, 1).await?.into_iter().next();
        let fits = match there {
            // Its own change, or the very first.
            Some(there) if self.seq > 0 => Self::of(Some(&there)) == self,
            Some(first) => self == Self::START && first.seq == 1,
            None => self == Self::START,
        };
        if fits {
            Ok(())
        } else {
            Err(DirectoryError::CursorGone)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn cursors_are_read_as_they_were_written(seq in 0..=i64::MAX.unsigned_abs(), at: i64) {
            let cursor = Cursor { seq, at: Timestamp::from_unix(at) };
            prop_assert_eq!(Cursor::parse(&cursor.to_text()), Some(cursor));
        }

        #[test]
        fn what_is_read_is_in_its_one_form(text in "[A-Za-z0-9_-]{0,30}") {
            if let Some(cursor) = Cursor::parse(&text) {
                prop_assert_eq!(cursor.to_text(), text);
            }
        }
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        let good = Cursor::START.to_text();
        assert!(Cursor::parse(&good).is_some());
        let other_form = base64url::encode(&[2; LENGTH]);
        let beyond = base64url::encode(&[&[FORM][..], &[0xff; 16]].concat());
        for bad in [
            "",
            "1",
            &good[1..],
            &format!("{good}A"),
            &other_form,
            &beyond,
        ] {
            assert_eq!(Cursor::parse(bad), None, "{bad}");
        }
    }
}
