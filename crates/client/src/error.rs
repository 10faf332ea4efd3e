//! Why a call to Kleis had no result.

use kleis_types::{Category, ErrorCode, Problem};

use crate::HomeError;

/// Why a call had no result. The variants say whose move is next.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The service refused. The problem says why and what to do next.
    #[error("{problem}{}", trace.as_ref().map(|id| format!(" (trace {id})")).unwrap_or_default())]
    Refused {
        /// What the service said.
        problem: Problem,
        /// The trace to quote to the operators.
        trace: Option<String>,
    },
    /// What somebody sent (a key set, a reply, a document, a status list) does not stand up to verification: do not use it.
    #[error("{what}: {detail} [{reason}]")]
    NotVerified {
        /// What was to be verified.
        what: String,
        /// A stable name of the check that failed.
        reason: &'static str,
        /// What failed, for people.
        detail: String,
    },
    /// The service cannot be reached, or did not answer in time. Trying again may help.
    #[error("the service cannot be reached: {0}")]
    Unreachable(String),
    /// What the caller gave is not usable.
    #[error("{0}")]
    Input(String),
    /// There is nothing of that name: no key here opens it, no device is called that.
    #[error("{0}")]
    NotFound(String),
    /// The home directory.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// A fault of this program.
    #[error("this should not have happened: {0}")]
    Internal(String),
}

impl ClientError {
    /// What failed verification, and the stable name of the check.
    pub fn not_verified(
        what: impl Into<String>,
        reason: &'static str,
        detail: impl std::fmt::Display,
    ) -> Self {
        Self::NotVerified {
            what: what.into(),
            reason,
            detail: detail.to_string(),
        }
    }

    /// The stable name of the failure.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Refused { problem, .. } => problem.code().reason(),
            Self::NotVerified { reason, .. } => reason,
            Self::Unreachable(_) => "UNREACHABLE",
            Self::Input(_) => "INPUT",
            Self::NotFound(_) => ErrorCode::NotFound.reason(),
            Self::Home(error) => error.reason(),
            Self::Internal(_) => ErrorCode::Internal.reason(),
        }
    }

    /// The field at fault, where the service named one.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Refused { problem, .. } => problem.field(),
            _ => None,
        }
    }

    /// Whether the service has answered, and said no: the same request will not succeed later.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused { .. }) && !self.is_transient()
    }

    /// Whether the same request may succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused { problem, .. } => {
                matches!(
                    problem.category(),
                    Category::Unavailable | Category::DeadlineExceeded
                )
            }
            _ => false,
        }
    }
}

impl From<tonic::Status> for ClientError {
    fn from(status: tonic::Status) -> Self {
        let trace = kleis_proto::status::trace_id(&status);
        match kleis_proto::status::from_status(&status) {
            Ok(problem) => Self::Refused { problem, trace },
            // Not ours: the transport, or something in between.
            Err(status) => match status.code() {
                tonic::Code::Unavailable
                | tonic::Code::DeadlineExceeded
                | tonic::Code::Cancelled
                | tonic::Code::Unknown => Self::Unreachable(transport_cause(&status)),
                code => {
                    Self::Unreachable(format!("unexpected answer: {code}: {}", status.message()))
                }
            },
        }
    }
}

/// The innermost cause of a transport failure: the outer ones say only "transport error".
fn transport_cause(status: &tonic::Status) -> String {
    let mut cause: &dyn std::error::Error = status;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
