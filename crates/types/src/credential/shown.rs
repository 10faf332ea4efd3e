//! What an issuer of credentials can speak of at all.

use std::collections::{BTreeMap, BTreeSet};

/// The credentials, by namespace and name, of which an issuer says for everybody whether they hold
/// them and with which values.
///
/// That a caller does not hold one of these proves something. That it does not hold any other one
/// proves nothing, so an exclusion by it must refuse.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown(BTreeMap<String, BTreeSet<String>>);

impl Shown {
    /// Adds a credential.
    pub fn insert(&mut self, namespace: impl Into<String>, name: impl Into<String>) {
        let names = self.0.entry(namespace.into()).or_default();
        names.insert(name.into());
    }

    /// Whether the named credential is among them.
    pub fn contains(&self, namespace: &str, name: &str) -> bool {
        self.0
            .get(namespace)
            .is_some_and(|names| names.contains(name))
    }

    /// What two issuers together can speak of.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut both = self.clone();
        for (namespace, names) in &other.0 {
            let ours = both.0.entry(namespace.clone()).or_default();
            ours.extend(names.iter().cloned());
        }
        both
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_union_speaks_of_what_either_does() {
        let (mut one, mut two) = (Shown::default(), Shown::default());
        one.insert("a", "x");
        two.insert("a", "y");
        two.insert("b", "z");
        let both = one.union(&two);
        for (namespace, name, is_in) in [
            ("a", "x", true),
            ("a", "y", true),
            ("b", "z", true),
            ("b", "x", false),
        ] {
            assert_eq!(both.contains(namespace, name), is_in);
        }
        assert!(!one.contains("a", "y"));
    }
}
