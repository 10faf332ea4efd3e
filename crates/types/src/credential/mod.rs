//! What is certified of a caller, in the names that policies use.

mod map;
mod shown;

use serde::{Deserialize, Serialize};

pub use map::{CredentialMap, CredentialMapError, CredentialRule};
pub use shown::Shown;

/// The namespace of the credential that every identifier gives: its name is the identifier's type,
/// its value `VALUE[/APPLICATION]`.
///
/// It is exact: `CBE:0809394427` and `CBE:0809394427/KGSS` are different holders. To mean an
/// organisation with all its applications, name its enterprise number credential instead.
pub const IDENTIFIER_NAMESPACE: &str = "urn:kleis:identifier";

/// A named attribute and its values.
///
/// Held by a principal: the values it has. Demanded by a policy: the values of which one is
/// enough; none means any value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// Who vouches for it, or for what; compared as a whole.
    pub namespace: String,
    /// The name within the namespace; compared as a whole.
    pub name: String,
    /// The values.
    #[serde(default)]
    pub values: Vec<String>,
}

impl Credential {
    /// Whether this held credential is one of `demanded`: the same namespace and name, and a value
    /// in common unless every value is good.
    pub fn satisfies(&self, demanded: &Self) -> bool {
        self.namespace == demanded.namespace
            && self.name == demanded.name
            && (demanded.values.is_empty()
                || demanded
                    .values
                    .iter()
                    .any(|value| self.values.contains(value)))
    }
}

/// Shows which credential it is; the values may be those of a person.
impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} {} ({} values)",
            self.namespace,
            self.name,
            self.values.len()
        )
    }
}
