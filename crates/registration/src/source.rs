//! Who is behind an identifier: where registration gets it from.

use std::{fmt, pin::Pin};

use kleis_types::Identifier;

use crate::command::RegistrantEntry;

/// What a source says of an identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behind {
    /// What the register says, as it stands when a certificate is issued.
    Register,
    /// This registrant, whatever the register says: it is brought to that with the certificate.
    Registrant(RegistrantEntry),
    /// Nobody.
    Nobody,
}

/// There is no answer: that says nothing about whether anybody is behind the identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The source does not answer, or is left alone for a while because it did not.
    #[error("the source of registrants cannot be asked")]
    Unavailable,
    /// What it answers is not an answer to what it was asked.
    #[error("the source of registrants does not answer as it should")]
    Invalid,
    /// What it answers does not go together with the register: an operator must see to it.
    #[error("the source of registrants contradicts the register")]
    Contradiction,
}

/// An answer, on its way.
pub type Asked<'a> = Pin<Box<dyn Future<Output = Result<Behind, SourceError>> + Send + 'a>>;

/// Something that knows who is behind an identifier. It is asked before the transaction in which a
/// certificate is issued, and only about those who have proved to be somebody.
pub trait RegistrantSource: Send + Sync + fmt::Debug {
    /// Who is behind `identifier`, which has no application. To be answered within seconds.
    fn who_is<'a>(&'a self, identifier: &'a Identifier) -> Asked<'a>;
}

/// The register itself: the table that operators fill.
///
/// It is not read here but within the transaction: what is read before could be put back over what
/// an operator has changed meanwhile.
#[derive(Clone, Copy, Debug, Default)]
pub struct RegisterTable;

impl RegistrantSource for RegisterTable {
    fn who_is<'a>(&'a self, _identifier: &'a Identifier) -> Asked<'a> {
        Box::pin(std::future::ready(Ok(Behind::Register)))
    }
}
