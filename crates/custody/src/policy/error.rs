//! Why a document is no policy. Always the writer's fault.

use kleis_types::strict_json::StrictJsonError;
use kleis_types::{ErrorCode, Problem};

/// A fault and the place of it in the document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {fault}", join("policy", field))]
pub struct PolicyError {
    field: String,
    fault: PolicyFault,
}

/// What is wrong with a policy. No variant repeats what the document says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyFault {
    /// Too long, not JSON, or JSON that can be read in two ways.
    #[error(transparent)]
    Json(#[from] StrictJsonError),
    /// A member that must be there is not.
    #[error("this member is required")]
    Missing,
    /// There is a member that has no meaning here.
    #[error("there is a member that policies do not have")]
    UnknownMember,
    /// A member has another type; `null` is a type of its own.
    #[error("expected {expected}")]
    WrongType {
        /// What should stand there.
        expected: &'static str,
    },
    /// A list that must have elements has none.
    #[error("an empty list: leave it out, or say who is meant")]
    EmptyList,
    /// A list has too many elements.
    #[error("more than {max} elements")]
    TooMany {
        /// The most it may have.
        max: usize,
    },
    /// A text is empty or too long.
    #[error("a text of 1 to {max} bytes is expected")]
    TextLength {
        /// The most it may have, in bytes.
        max: usize,
    },
    /// The number of reads is not one that can be counted to.
    #[error("a number from 1 to 2147483647 is expected")]
    ReadsOutOfRange,
    /// The policy ends before it begins.
    #[error("notBefore must be earlier than expiresAt")]
    NeverOpen,
    /// A new policy has expired.
    #[error("this moment has passed")]
    AlreadyExpired,
    /// A new policy lasts too long.
    #[error("this moment is more than 1827 days ahead")]
    TooFarAhead,
}

impl PolicyFault {
    /// A stable name, for vectors and metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Json(StrictJsonError::TooLarge { .. }) => "TOO_LARGE",
            Self::Json(StrictJsonError::DuplicateName { .. }) => "DUPLICATE_NAME",
            Self::Json(StrictJsonError::TooDeep) => "TOO_DEEP",
            Self::Json(StrictJsonError::Syntax { .. } | StrictJsonError::Shape { .. }) => {
                "NOT_JSON"
            }
            Self::Missing => "MISSING",
            Self::UnknownMember => "UNKNOWN_MEMBER",
            Self::WrongType { .. } => "WRONG_TYPE",
            Self::EmptyList => "EMPTY_LIST",
            Self::TooMany { .. } => "TOO_MANY",
            Self::TextLength { .. } => "TEXT_LENGTH",
            Self::ReadsOutOfRange => "READS_OUT_OF_RANGE",
            Self::NeverOpen => "NEVER_OPEN",
            Self::AlreadyExpired => "ALREADY_EXPIRED",
            Self::TooFarAhead => "TOO_FAR_AHEAD",
        }
    }
}

impl PolicyError {
    /// Where: `readers[2].allOf[0].name`, or empty for the document as a whole.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// What is wrong there.
    pub fn fault(&self) -> &PolicyFault {
        &self.fault
    }

    /// The same fault, seen from one level further out.
    pub(super) fn at(self, outer: &str) -> Self {
        Self {
            field: join(outer, &self.field),
            ..self
        }
    }

    /// The same fault, in an element of a list.
    pub(super) fn at_index(self, index: usize) -> Self {
        self.at(&format!("[{index}]"))
    }
}

/// `readers` and `[2].allOf` make `readers[2].allOf`.
fn join(outer: &str, inner: &str) -> String {
    match inner.bytes().next() {
        None | Some(b'[') => format!("{outer}{inner}"),
        Some(_) => format!("{outer}.{inner}"),
    }
}

impl From<PolicyFault> for PolicyError {
    fn from(fault: PolicyFault) -> Self {
        Self {
            field: String::new(),
            fault,
        }
    }
}

impl From<PolicyError> for Problem {
    fn from(error: PolicyError) -> Self {
        Problem::new(ErrorCode::PolicyInvalid, error.fault.to_string())
            .at(join("policy", &error.field))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_joined_from_the_inside_out() {
        let error = PolicyError::from(PolicyFault::Missing)
            .at("name")
            .at_index(0)
            .at("allOf")
            .at_index(2)
            .at("readers");
        assert_eq!(error.field(), "readers[2].allOf[0].name");
        assert_eq!(
            error.to_string(),
            "policy.readers[2].allOf[0].name: this member is required"
        );
        let problem = Problem::from(error);
        assert_eq!(problem.field(), Some("policy.readers[2].allOf[0].name"));
        assert_eq!(problem.code(), ErrorCode::PolicyInvalid);
    }

    #[test]
    fn the_document_as_a_whole_has_a_place_too() {
        let error = PolicyError::from(PolicyFault::UnknownMember);
        assert!(error.to_string().starts_with("policy: there is a member"));
        assert_eq!(Problem::from(error).field(), Some("policy"));
    }
}
