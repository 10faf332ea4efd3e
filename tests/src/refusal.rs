//! A refusal as it comes over the wire.

use kleis_proto::status;
use tonic::{Code, Status};

/// What a service said, in what a program may rely on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The gRPC code.
    pub code: Code,
    /// The stable reason; empty if the answer is not one of Kleis.
    pub reason: String,
    /// The field at fault; empty if none was named.
    pub field: String,
    /// The text for people.
    pub detail: String,
}

impl Refusal {
    /// Reason and field, for tables.
    pub fn named(&self) -> (&str, &str) {
        (&self.reason, &self.field)
    }
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        let (code, detail) = (status.code(), status.message().to_owned());
        let Ok(problem) = status::from_status(&status) else {
            return Self {
                code,
                reason: String::new(),
                field: String::new(),
                detail,
            };
        };
        assert!(
            code == Code::Ok || status::trace_id(&status).is_some(),
            "a refusal names the trace to quote"
        );
        Self {
            code,
            reason: problem.code().reason().to_owned(),
            field: problem.field().unwrap_or_default().to_owned(),
            detail,
        }
    }
}
