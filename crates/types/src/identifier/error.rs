//! Why an identifier, or a table of types, was refused.

use crate::{ErrorCode, Problem};

/// Why a text is not an identifier. No variant holds the text: it may name a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierError {
    /// Not of the form that every identifier has.
    #[error("an identifier is TYPE:VALUE or TYPE:VALUE/APPLICATION")]
    Malformed,
    /// The type is neither in the table nor another name of one that is.
    #[error("the identifier type is unknown; ListIdentifierTypes names those in use")]
    UnknownType,
    /// The value has not the length or the pattern of its type.
    #[error("the value is not one of type {type_name}: check its length and characters")]
    Value {
        /// The type, as the table names it.
        type_name: String,
    },
    /// No check-digit rule of the type holds for the value, or the date in it does not exist.
    #[error("the check digits of the {type_name} do not hold: look for a typing error")]
    CheckDigits {
        /// The type, as the table names it.
        type_name: String,
    },
    /// The application id does not follow its grammar.
    #[error("an application id is 1 to 30 of 0-9, A-Z, underscore and hyphen")]
    ApplicationMalformed,
    /// The type has no applications: it is not one of organisations.
    #[error("an identifier of type {type_name} has no application: leave it out")]
    ApplicationNotAllowed {
        /// The type, as the table names it.
        type_name: String,
    },
}

impl IdentifierError {
    /// The stable code of this refusal.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Malformed | Self::Value { .. } => ErrorCode::IdentifierInvalid,
            Self::UnknownType => ErrorCode::IdentifierTypeUnknown,
            Self::CheckDigits { .. } => ErrorCode::IdentifierCheckDigit,
            Self::ApplicationMalformed | Self::ApplicationNotAllowed { .. } => {
                ErrorCode::ApplicationInvalid
            }
        }
    }
}

impl From<IdentifierError> for Problem {
    fn from(error: IdentifierError) -> Self {
        Problem::new(error.code(), error.to_string())
    }
}

/// Why a table of types was refused at load: the operator's configuration is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TypeTableError {
    /// More types than a table may hold.
    #[error("more than {max} identifier types")]
    TooManyTypes {
        /// The limit.
        max: usize,
    },
    /// Two types, or a type and an alias, have one name.
    #[error("the identifier type name {0:?} is given twice")]
    DuplicateName(String),
    /// A name that does not follow the grammar, or that is kept for Kleis itself.
    #[error("{0:?} cannot be the name of an identifier type")]
    Name(String),
    /// A definition contradicts itself or a limit.
    #[error("identifier type {type_name}: {fault}")]
    Definition {
        /// The type.
        type_name: String,
        /// What is wrong with it.
        fault: &'static str,
    },
}
