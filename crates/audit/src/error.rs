//! Why a question has no answer.

use kleis_store::StoreError;
use kleis_types::{ErrorCode, Problem};

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The caller's request is not one.
    #[error(transparent)]
    Request(#[from] Problem),
    /// The caller has not shown a certificate, or only the edge says so.
    #[error("the audit is for callers with a certificate, on a connection of their own")]
    Anonymous,
    /// There is no such event, or it was archived.
    #[error("no event")]
    NoEvent,
    /// Ours: the database, where it was read or where the row about the question was to be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<&AuditError> for Problem {
    fn from(error: &AuditError) -> Self {
        match error {
            AuditError::Request(problem) => problem.clone(),
            AuditError::Anonymous => Problem::new(
                ErrorCode::CertificateRequired,
                "the audit is for auditors: connect to the admin address with your certificate",
            ),
            AuditError::NoEvent => Problem::new(
                ErrorCode::NotFound,
                "there is no such event here; if it was archived, it is in the archive",
            ),
            AuditError::Store(error) => Problem::from(error),
        }
    }
}
