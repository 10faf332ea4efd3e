//! The one shape in which an error reaches a caller.

use std::fmt;

use crate::{Category, ErrorCode};

/// What went wrong, in words that may cross the wire.
///
/// `detail` is for the caller: it says what to do next, and holds nothing internal, no secret and
/// no person's identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    code: ErrorCode,
    field: Option<String>,
    detail: String,
}

impl Problem {
    /// A problem of the request as a whole.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            field: None,
            detail: detail.into(),
        }
    }

    /// Names the field at fault (`policy.readers[2].allOf`). A field named before lies inside it.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        let outer = field.into();
        self.field = Some(match self.field {
            Some(inner) if inner.starts_with('[') => format!("{outer}{inner}"),
            Some(inner) => format!("{outer}.{inner}"),
            None => outer,
        });
        self
    }

    /// The stable code.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// What kind of failure the code is.
    pub fn category(&self) -> Category {
        self.code.category()
    }

    /// The field at fault, if it is one.
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// What to do next, in a sentence.
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.code)?;
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Problem {}

impl From<ErrorCode> for Problem {
    /// The code with its standard sentence.
    fn from(code: ErrorCode) -> Self {
        Self::new(code, code.advice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_has_code_field_and_detail() {
        let problem = Problem::new(ErrorCode::PolicyInvalid, "name at least one reader");
        assert_eq!(
            problem.to_string(),
            "POLICY_INVALID: name at least one reader"
        );
        let problem = problem.at("readers");
        assert_eq!(
            problem.to_string(),
            "POLICY_INVALID: readers: name at least one reader"
        );
        assert_eq!(problem.code(), ErrorCode::PolicyInvalid);
        assert_eq!(problem.category(), Category::InvalidArgument);
        assert_eq!(problem.detail(), "name at least one reader");
    }

    #[test]
    fn fields_nest_from_the_inside_out() {
        let problem = Problem::from(ErrorCode::PolicyInvalid)
            .at("allOf")
            .at("[2]")
            .at("readers");
        assert_eq!(problem.field(), Some("readers[2].allOf"));
        assert_eq!(Problem::from(ErrorCode::Internal).field(), None);
    }

    #[test]
    fn a_bare_code_gives_its_advice() {
        let problem = Problem::from(ErrorCode::RateLimited);
        assert_eq!(problem.detail(), ErrorCode::RateLimited.advice());
    }
}
