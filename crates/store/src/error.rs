//! What can go wrong in a store.

use kleis_types::{ErrorCode, Problem};

/// Why a store could not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Ours to bear: the database cannot be reached, is locked for too long, or is full. Trying
    /// again may help.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The caller's view is old: the record has another version than the one expected.
    #[error("the record has changed since it was read")]
    VersionConflict,
    /// The caller asks for something twice: a unique value is taken already.
    #[error("{0} exists already")]
    AlreadyExists(&'static str),
    /// Ours to mend: a row says what no row may say.
    #[error("the database is inconsistent at {table}, row {row}, column {column}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's key.
        row: String,
    },
    /// Ours to mend: the database's schema is not the one of this program.
    #[error("the database needs `kleisd migrate`: {0}")]
    Schema(String),
    /// Ours to mend: an act was refused because it left something unsaid in the audit.
    #[error("the act {act} does not account in the audit for {resource:?}")]
    Unaudited {
        /// The act's name.
        act: &'static str,
        /// The record, empty where it wrote without any audit row.
        resource: String,
    },
    /// Ours to mend: anything else the database refused.
    #[error("the database refused a statement: {0}")]
    Refused(String),
}

impl From<&StoreError> for Problem {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Problem::new(
                ErrorCode::StoreUnavailable,
                "the service cannot reach its database now; send the same request again later",
            ),
            StoreError::VersionConflict => Problem::new(
                ErrorCode::VersionMismatch,
                "the record has changed since you read it; read it again and decide anew",
            ),
            StoreError::AlreadyExists(what) => {
                Problem::new(ErrorCode::AlreadyExists, format!("{what} exists already"))
            }
            StoreError::Inconsistent { .. }
            | StoreError::Schema(_)
            | StoreError::Unaudited { .. }
            | StoreError::Refused(_) => Problem::new(
                ErrorCode::Internal,
                "the service failed; tell its operators the trace id",
            ),
        }
    }
}
