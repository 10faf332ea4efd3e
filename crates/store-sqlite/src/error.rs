//! What SQLite says, in the words of the contract.

use kleis_store::StoreError;
use sqlx::error::ErrorKind;

/// Primary result codes that a later attempt may not meet again: PERM, BUSY, LOCKED, NOMEM,
/// READONLY, INTERRUPT, IOERR, FULL and CANTOPEN (<https://www.sqlite.org/rescode.html>).
const PASSING: [i32; 9] = [3, 5, 6, 7, 8, 9, 10, 13, 14];

/// The error of a statement that no caller can bring about.
pub(crate) fn unexpected(error: &sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::Database(refusal) => {
            // SQLite names tables and columns in its messages, never values.
            let text = refusal.message().to_owned();
            if primary_code(refusal.as_ref()).is_some_and(|code| PASSING.contains(&code)) {
                StoreError::Unavailable(text)
            } else {
                StoreError::Refused(text)
            }
        }
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => StoreError::Unavailable(error.to_string()),
        other => StoreError::Refused(other.to_string()),
    }
}

/// Whether a unique value was taken; then the statement alone has failed, and nothing else.
pub(crate) fn is_taken(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(|refusal| refusal.kind() == ErrorKind::UniqueViolation)
}

fn primary_code(refusal: &dyn sqlx::error::DatabaseError) -> Option<i32> {
    // The low byte of the extended code.
    refusal.code()?.parse::<i32>().ok().map(|code| code & 0xff)
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn what_may_pass_is_unavailable() {
        for error in [
            sqlx::Error::PoolTimedOut,
            sqlx::Error::PoolClosed,
            sqlx::Error::WorkerCrashed,
            sqlx::Error::Io(io::Error::other("gone")),
        ] {
            assert!(
                matches!(unexpected(&error), StoreError::Unavailable(_)),
                "{error:?}"
            );
        }
        assert!(matches!(
            unexpected(&sqlx::Error::RowNotFound),
            StoreError::Refused(_)
        ));
        assert!(!is_taken(&sqlx::Error::RowNotFound));
    }
}
