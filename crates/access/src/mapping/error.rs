//! Why a mapping, or a token under it, was refused.

use kleis_types::{ErrorCode, IdentifierError};

/// Why a mapping was refused at load: the operator's configuration is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MappingError {
    /// More rules, conditions, values or namespaces than a mapping may have.
    #[error("a mapping has at most {max} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        max: usize,
    },
    /// No token could ever name its holder.
    #[error("a mapping needs a rule for identifiers")]
    NoIdentifiers,
    /// A rule for identifiers does not say of which type they are, or says it twice.
    #[error(
        "the identifier rule for {0} must have exactly one of type, type_claim and urn; \
         a kind goes with the last two, an application_claim with the first two"
    )]
    Form(String),
    /// A rule speaks of a type that is not in the table, or by an alias.
    #[error("a rule of the mapping is for an identifier type that is not in the table: {0:?}")]
    UnknownType(String),
    /// A rule gives credentials in a namespace in which the issuer may not certify.
    #[error("the namespace {0:?} of a credential rule is not among the namespaces of the mapping")]
    Namespace(String),
    /// A rule is in the namespace that the identifiers alone fill.
    #[error("credentials in urn:kleis:identifier follow from the identifiers, not from a rule")]
    ReservedNamespace,
    /// A rule has neither claim nor value, or a type without a claim or with a value.
    #[error("the credential rule for {0} needs a claim, a value or both; a type only with a claim")]
    Value(String),
    /// A condition with no value never holds.
    #[error("the condition on {0} has no values")]
    Condition(String),
    /// A namespace, name, value or prefix is empty or too long.
    #[error("an empty or overlong namespace, name, value or prefix in the mapping")]
    Text,
}

/// Why the claims of a token were refused: its issuer, or the choice of the mapping, is at fault.
/// Claims are named as the configuration names them; no variant holds what is in them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MappingRefusal {
    /// A claim is not of the form that its rule reads: a text, a list of texts, or true or false.
    #[error("the claim {0} is not of the form that is expected here")]
    Claim(String),
    /// A claim that must be there is not.
    #[error("the token lacks the claim {0}")]
    Missing(String),
    /// A claim has none of the values that it must have.
    #[error("the claim {0} has none of the values that are accepted here")]
    Demand(String),
    /// A claim is to name somebody, and does not.
    #[error("the claim {claim}: {source}")]
    Identifier {
        /// Which claim.
        claim: String,
        /// What is wrong with it.
        source: IdentifierError,
    },
    /// A claim names what it may not name: a service, or a person where an organisation belongs.
    #[error("the claim {0} names what a token may not name there")]
    Kind(String),
    /// The token names nobody.
    #[error("the token names nobody whom Kleis knows to identify")]
    NoIdentifier,
}

impl MappingRefusal {
    /// The code to answer with.
    pub fn code(&self) -> ErrorCode {
        ErrorCode::TokenInvalid
    }
}
