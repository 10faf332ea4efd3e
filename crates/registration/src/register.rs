//! The register as the local administrator changes it: in the databases of an installation that is
//! not running. Operators change it over the network, by orders.
//!
//! A file is imported in one transaction, however long it is: all of it or nothing. It is read line
//! by line, so that a million lines take no more memory than one, and read a second time for that:
//! whoever calls has read it once before, and told every line that is bad by itself.

use kleis_store::{Actor, StoreError, registry::RegistryStore};
use kleis_types::{Clock, Identifier, Problem};

pub use crate::command::{ContactChange, RegistrantEntry};
use crate::{
    RegistrationError,
    acts::{
        Account,
        register_file::{ImportFile, SetActive},
    },
};

/// After so many bad lines the rest is not looked at.
pub const MAX_PROBLEMS: usize = 1_000;

/// The lines of a register, with their numbers.
pub type Lines<'a> =
    Box<dyn Iterator<Item = Result<(u64, RegistrantEntry), RegisterError>> + Send + 'a>;

/// A file of registrants, each identifier of which stands in it once.
pub trait RegisterFile: Send + Sync + 'static {
    /// Its lines, from the first one.
    ///
    /// # Errors
    /// [`RegisterError::File`] if it cannot be read.
    fn lines(&self) -> Result<Lines<'_>, RegisterError>;
}

/// What an import has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Registrants that are new.
    pub created: u64,
    /// Registrants that were changed.
    pub updated: u64,
    /// Registrants that stood so already.
    pub unchanged: u64,
}

/// What is wrong with a line, seen beside what is registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineProblem {
    /// The line.
    pub number: u64,
    /// What is wrong with it, and in which field.
    pub problem: Problem,
}

/// Why a file was not imported: the register stands as before.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The caller's: these lines do not go together with the register.
    #[error("{} lines do not go together with the register", .0.len())]
    Lines(Vec<LineProblem>),
    /// The caller's: the file cannot be read, or has changed meanwhile.
    #[error("{0}")]
    File(String),
    /// Ours.
    #[error(transparent)]
    Registration(#[from] RegistrationError),
}

impl From<StoreError> for RegisterError {
    fn from(error: StoreError) -> Self {
        Self::Registration(error.into())
    }
}

/// Brings the register to what a file says, all or nothing.
///
/// # Errors
/// [`RegisterError`]: then nothing has changed.
pub async fn import<S: RegistryStore>(
    store: &S,
    file: impl RegisterFile,
    clock: &dyn Clock,
) -> Result<Imported, RegisterError> {
    let account = Account::unordered(clock.now(), "registration.import_register", Actor::Local);
    store.run(ImportFile { file, account }).await
}

/// Suspends (`active` is false) or restores the registrant who holds an identifier, and all that
/// was issued to it. Answers whether anything changed; `None` if nobody holds the identifier.
///
/// # Errors
/// If the records cannot be read or written.
pub async fn set_active<S: RegistryStore>(
    store: &S,
    identifier: &Identifier,
    active: bool,
    clock: &dyn Clock,
) -> Result<Option<bool>, RegistrationError> {
    let action = if active {
        "registration.restore_registrant"
    } else {
        "registration.suspend_registrant"
    };
    let act = SetActive {
        identifier: identifier.clone(),
        active,
        account: Account::unordered(clock.now(), action, Actor::Local),
    };
    store.run(act).await
}
