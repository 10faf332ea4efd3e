//! The credentials that follow from identifiers, cut down to what an issuer may certify.

use std::collections::{BTreeMap, BTreeSet};

use kleis_types::{Credential, CredentialMap, IDENTIFIER_NAMESPACE, Identifier, TypeTable};

/// The name of a credential within its namespace.
pub(crate) type CredentialName = (String, String);

/// A [`CredentialMap`] as far as the namespaces of one issuer reach.
#[derive(Clone, Debug)]
pub(crate) struct Derived {
    map: CredentialMap,
    namespaces: BTreeSet<String>,
    /// From which types of identifier each credential follows that a map can show at all.
    sources: BTreeMap<CredentialName, BTreeSet<String>>,
}

impl Derived {
    pub(crate) fn new(
        types: &TypeTable,
        map: &CredentialMap,
        namespaces: impl IntoIterator<Item = String>,
    ) -> Self {
        let namespaces: BTreeSet<_> = namespaces.into_iter().collect();
        let own = types
            .iter()
            .map(|it| (IDENTIFIER_NAMESPACE, it.name(), it.name()));
        let ruled = map.rules().iter().map(|rule| {
            let (namespace, name) = (rule.namespace.as_str(), rule.name.as_str());
            (namespace, name, rule.identifier_type.as_str())
        });
        let mut sources: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for (namespace, name, type_name) in own.chain(ruled) {
            if namespaces.contains(namespace) && map.shows(namespace, name) {
                sources
                    .entry((namespace.to_owned(), name.to_owned()))
                    .or_default()
                    .insert(type_name.to_owned());
            }
        }
        Self {
            map: map.clone(),
            namespaces,
            sources,
        }
    }

    /// The credentials of whoever holds all of `identifiers`.
    pub(crate) fn credentials(&self, identifiers: &[Identifier]) -> Vec<Credential> {
        let mut credentials = self.map.credentials(identifiers);
        credentials.retain(|it| self.namespaces.contains(&it.namespace));
        credentials
    }

    /// Whether a credential follows from identifiers at all, conclusively or not.
    pub(crate) fn gives(&self, namespace: &str, name: &str) -> bool {
        let named = |it: &kleis_types::CredentialRule| it.namespace == namespace && it.name == name;
        namespace == IDENTIFIER_NAMESPACE || self.map.rules().iter().any(named)
    }

    /// The credentials whose absence can be shown, each with all the types of identifier from
    /// which it follows.
    pub(crate) fn sources(&self) -> impl Iterator<Item = (&CredentialName, &BTreeSet<String>)> {
        self.sources.iter()
    }
}
