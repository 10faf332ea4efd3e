//! The list of audited states, which spans several tables.

use kleis_store::{Audited, StoreError};

use crate::schema::AuditedState;

/// What a key of the kind named `prefix` must come after, so that its name comes after `after`;
/// none if no name of that kind does.
pub(crate) fn key_after<'a>(prefix: &str, after: &'a str) -> Option<&'a str> {
    match after.strip_prefix(prefix) {
        Some(key) => Some(key),
        None => (after < prefix).then_some(""),
    }
}

/// Adds the states of `rows` and takes them off what is `left` of the limit.
pub(crate) fn add_states<T: Audited + TryFrom<Row, Error = StoreError>, Row>(
    states: &mut Vec<AuditedState>,
    left: &mut u32,
    rows: Vec<Row>,
) -> Result<(), StoreError> {
    for row in rows {
        let record = T::try_from(row)?;
        states.push((record.resource(), record.version(), record.digest()));
        *left = left.saturating_sub(1);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::key_after;

    #[test]
    fn kinds_follow_each_other() {
        assert_eq!(key_after("record:", ""), Some(""));
        assert_eq!(key_after("record:", "record:ab"), Some("ab"));
        assert_eq!(key_after("wrapping-key:", "record:ab"), Some(""));
        assert_eq!(key_after("record:", "wrapping-key:ab"), None);
    }
}
