//! From columns to the values of the contract, and back.

use std::{fmt::Display, str::FromStr};

use kleis_store::StoreError;
use kleis_types::Timestamp;

/// A row under conversion: knows what to name where it is inconsistent.
///
/// The key is one that may stand in a log: never a person's identifier.
pub(crate) struct Row<'a> {
    table: &'static str,
    key: &'a dyn Display,
}

impl<'a> Row<'a> {
    pub(crate) fn new(table: &'static str, key: &'a dyn Display) -> Self {
        Self { table, key }
    }

    pub(crate) fn parse<T: FromStr>(
        &self,
        column: &'static str,
        text: &str,
    ) -> Result<T, StoreError> {
        text.parse().map_err(|_| self.inconsistent(column))
    }

    pub(crate) fn parse_optional<T: FromStr>(
        &self,
        column: &'static str,
        text: Option<&str>,
    ) -> Result<Option<T>, StoreError> {
        text.map(|text| self.parse(column, text)).transpose()
    }

    pub(crate) fn unsigned<T: TryFrom<i64>>(
        &self,
        column: &'static str,
        number: i64,
    ) -> Result<T, StoreError> {
        T::try_from(number).map_err(|_| self.inconsistent(column))
    }

    pub(crate) fn hash(&self, column: &'static str, bytes: &[u8]) -> Result<[u8; 32], StoreError> {
        bytes.try_into().map_err(|_| self.inconsistent(column))
    }

    pub(crate) fn inconsistent(&self, column: &'static str) -> StoreError {
        StoreError::Inconsistent {
            table: self.table,
            column,
            row: self.key.to_string(),
        }
    }
}

/// A time that may be absent.
pub(crate) fn time(seconds: Option<i64>) -> Option<Timestamp> {
    seconds.map(Timestamp::from_unix)
}

/// A count as SQLite keeps it. No count reaches 2^63.
pub(crate) fn integer(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The version a record must have for `version` to be the next one.
pub(crate) fn before(version: u64) -> i64 {
    integer(version).saturating_sub(1)
}

/// The texts of a list joined with their lengths in front (docs/formats.md section 1, lp), taken
/// apart.
pub(crate) fn split_lp(mut bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (field, rest) = rest.split_at_checked(length)?;
        fields.push(field.to_vec());
        bytes = rest;
    }
    Some(fields)
}

#[cfg(test)]
mod tests {
    use kleis_types::{RecordState, lp};

    use super::*;

    #[test]
    fn lists_come_apart_as_they_were_joined() {
        let fields: [&[u8]; 3] = [b"leaf", b"", b"intermediate"];
        assert_eq!(split_lp(&lp::encode(&fields)).unwrap(), fields);
        assert_eq!(split_lp(b""), Some(Vec::new()));
        for broken in [
            &b"\0\0\0"[..],
            b"\0\0\0\x02a",
            b"\xff\xff\xff\xff",
            b"\0\0\0\x01ab",
        ] {
            assert_eq!(split_lp(broken), None, "{broken:?}");
        }
    }

    #[test]
    fn what_no_row_may_say_is_named() {
        let row = Row::new("records", &"abc");
        let named = |column| StoreError::Inconsistent {
            table: "records",
            column,
            row: "abc".to_owned(),
        };
        assert_eq!(
            row.parse::<RecordState>("state", "ACTIV"),
            Err(named("state"))
        );
        assert_eq!(row.unsigned::<u64>("reads", -1), Err(named("reads")));
        assert_eq!(row.unsigned::<u32>("reads", 1 << 32), Err(named("reads")));
        assert_eq!(row.hash("mac", &[0; 31]), Err(named("mac")));
        assert_eq!(row.hash("mac", &[1; 32]), Ok([1; 32]));
        assert_eq!(row.parse_optional::<RecordState>("state", None), Ok(None));
    }

    #[test]
    fn counts_do_not_wrap() {
        assert_eq!(integer(u64::MAX), i64::MAX);
        assert_eq!((before(1), before(0)), (0, -1));
    }
}
