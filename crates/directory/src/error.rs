//! Why a look-up has no answer.

use kleis_store::StoreError;
use kleis_types::{ErrorCode, Problem};

/// Why a look-up has no answer.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The caller's request is not one.
    #[error(transparent)]
    Request(#[from] Problem),
    /// The caller asks about somebody whose keys are for those who have said who they are.
    #[error("these keys are for authenticated callers")]
    Anonymous,
    /// The caller asks about a time that has not come.
    #[error("that time has not come")]
    Future,
    /// What is asked about turned before such times were kept.
    #[error("when a key turned was not kept")]
    TimeUnknown,
    /// The changes after a cursor are not there any more.
    #[error("the changes after this cursor are not known any more")]
    CursorGone,
    /// There are as many watchers as there may be.
    #[error("too many watch already")]
    TooManyWatchers,
    /// Ours: a certificate that registration has issued cannot be read.
    #[error("a certificate cannot be read: {0}")]
    Certificate(#[from] kleis_pki::CertificateError),
    /// Ours: nothing has been heard of changes for too long.
    #[error("the directory does not hear of changes")]
    Behind,
    /// There is no such recipient, or it has no active key.
    #[error("no recipient")]
    NoRecipient,
    /// There is no such key.
    #[error("no key")]
    NoKey,
    /// Ours: the database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Ours: what registration published cannot be read.
    #[error("a published document is not JSON: {0}")]
    Published(#[from] serde_json::Error),
}

impl DirectoryError {
    /// In how many seconds it is worth asking again, where that is known.
    pub(crate) fn retry_after(&self) -> Option<u32> {
        matches!(self, Self::Behind).then_some(1)
    }
}

impl From<&DirectoryError> for Problem {
    fn from(error: &DirectoryError) -> Self {
        match error {
            DirectoryError::Request(problem) => problem.clone(),
            DirectoryError::Anonymous => Problem::new(
                ErrorCode::CertificateRequired,
                "these keys are for authenticated callers: connect with a client certificate",
            ),
            DirectoryError::Future => Problem::new(
                ErrorCode::RequestMalformed,
                "what will be active is not known: ask about a time that has passed, or about now",
            )
            .at("as_of"),
            DirectoryError::TimeUnknown => Problem::new(
                ErrorCode::StateConflict,
                "a key turned before such times were kept: ask about a later time, or look into the audit",
            ),
            DirectoryError::CursorGone => Problem::from(ErrorCode::CursorGone).at("cursor"),
            DirectoryError::TooManyWatchers => Problem::new(
                ErrorCode::Overloaded,
                "as many watch already as may: try again later, or at another instance",
            ),
            DirectoryError::Behind => Problem::from(ErrorCode::DirectoryBehind),
            DirectoryError::NoRecipient => Problem::new(
                ErrorCode::RecipientNotFound,
                "this recipient has no active key; check the identifier and the application",
            ),
            DirectoryError::NoKey => Problem::new(
                ErrorCode::NotFound,
                "no key was ever published under this kid",
            ),
            DirectoryError::Store(error) => Problem::from(error),
            DirectoryError::Published(_) | DirectoryError::Certificate(_) => {
                Problem::from(ErrorCode::Internal)
            }
        }
    }
}
