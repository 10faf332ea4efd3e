//! What auditors ask for: rows of the audit by what they say, in the order of writing.

use kleis_types::Timestamp;

use crate::{AuditOutcome, StoredAuditRow};

/// Which rows of the audit are wanted: those that everything holds for that is given.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// The chain.
    pub chain: Option<String>,
    /// What the action begins with.
    pub action: Option<String>,
    /// Who, as it is stored: a person is a pseudonym here.
    pub actor: Option<String>,
    /// On what. Rows about no record are not found by the empty text.
    pub resource: Option<String>,
    /// How it ended.
    pub outcome: Option<AuditOutcome>,
    /// The earliest time, itself included.
    pub since: Option<Timestamp>,
    /// The latest time, itself not included.
    pub until: Option<Timestamp>,
}

/// A stretch of the audit in the order of writing, over all chains.
///
/// A place is a number that grows from row to row: whoever has seen all rows up to a place in one
/// snapshot finds no further ones there in a later snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditSpan {
    /// The place that it comes after; 0 before the first row.
    pub after: u64,
    /// The last place.
    pub to: u64,
}

impl AuditSpan {
    /// All that is written.
    pub const ALL: Self = Self {
        after: 0,
        to: u64::MAX,
    };
}

/// A row and its place in the order of writing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedAuditRow {
    /// The place.
    pub place: u64,
    /// The row.
    pub row: StoredAuditRow,
}

impl std::fmt::Debug for AuditFilter {
    /// Who and on what is left out: auditors may have asked by a person.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuditFilter")
            .field("outcome", &self.outcome)
            .field("since", &self.since)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}
