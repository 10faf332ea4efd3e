//! What a proof certifies of its holder.

use std::{fmt, sync::Arc};

use kleis_types::{Credential, Identifier, Principal, Shown};

/// The identifiers and credentials that a verified token or certificate gives its holder, and what
/// its issuer shows by it.
#[derive(Clone, PartialEq, Eq)]
pub struct Mapped {
    identifiers: Vec<Identifier>,
    credentials: Vec<Credential>,
    shown: Arc<Shown>,
}

impl Mapped {
    /// None if there is no identifier. An identifier that comes twice counts once, where it came
    /// first.
    pub(crate) fn new(
        found: Vec<Identifier>,
        credentials: Vec<Credential>,
        shown: Arc<Shown>,
    ) -> Option<Self> {
        let mut identifiers: Vec<Identifier> = Vec::with_capacity(found.len());
        for identifier in found {
            if !identifiers.contains(&identifier) {
                identifiers.push(identifier);
            }
        }
        (!identifiers.is_empty()).then_some(Self {
            identifiers,
            credentials,
            shown,
        })
    }

    /// The identifiers, the primary one first; never empty.
    pub fn identifiers(&self) -> &[Identifier] {
        &self.identifiers
    }

    /// The credentials, each namespace and name once.
    pub fn credentials(&self) -> &[Credential] {
        &self.credentials
    }

    /// The credentials whose absence from this proof means that the holder has them not.
    pub fn shown(&self) -> &Arc<Shown> {
        &self.shown
    }

    /// The caller whom the proof names; it has shown neither certificate nor token yet.
    pub fn into_principal(self) -> Principal {
        // Unwrap safety: `new`, the only constructor, makes nothing without an identifier.
        Principal::new(&self.identifiers, self.credentials, self.shown)
            .expect("there is an identifier")
    }
}

impl fmt::Debug for Mapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mapped")
            .field("identifiers", &self.identifiers)
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}
