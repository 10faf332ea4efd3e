//! Which credentials follow from certified identifiers: data, like the identifier types.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, LazyLock},
};

use serde::{Deserialize, Serialize};

use super::{Credential, IDENTIFIER_NAMESPACE, Shown};
use crate::identifier::{Identifier, TypeTable};

const MAX_RULES: usize = 1024;
const MAX_NAME: usize = 256;
const MAX_VALUE: usize = 128;

/// A credential that an identifier of one type gives its holder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialRule {
    /// The type of the identifier, by its canonical name.
    pub identifier_type: String,
    /// The digit with which the value must begin, where that tells the profession.
    #[serde(default)]
    pub first_digit: Option<char>,
    /// The namespace of the credential.
    pub namespace: String,
    /// The name of the credential.
    pub name: String,
    /// The value of the credential; absent means the value of the identifier.
    #[serde(default)]
    pub value: Option<String>,
    /// Whether the credential tells its full value. One that does not may open a door that asks
    /// for no value, but can never show that its holder is *not* the one excluded.
    #[serde(default = "conclusive")]
    pub conclusive: bool,
}

fn conclusive() -> bool {
    true
}

/// Why a list of rules was refused at load: the operator's configuration is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialMapError {
    /// More rules than a map may hold.
    #[error("more than {MAX_RULES} credential rules")]
    TooManyRules,
    /// A rule speaks of a type that is not in the table, or by an alias.
    #[error("credential rule for an identifier type that is not in the table: {0:?}")]
    UnknownType(String),
    /// A rule is in the namespace that every identifier fills.
    #[error("the namespace {IDENTIFIER_NAMESPACE} is filled from the identifiers themselves")]
    ReservedNamespace,
    /// A namespace, name or value is empty or too long, or the first digit is none.
    #[error("credential rule for {0}: an empty or overlong namespace, name or value, or no digit")]
    Text(String),
}

/// The rules by which identifiers in a certificate become credentials.
#[derive(Clone, Debug)]
pub struct CredentialMap {
    rules: Vec<CredentialRule>,
    shown: Arc<Shown>,
}

static BELGIAN: LazyLock<CredentialMap> = LazyLock::new(|| {
    // Unwrap safety: the text is part of the program, and a test loads it.
    let rules = serde_json::from_str(include_str!("belgian.json")).expect("built-in rules parse");
    CredentialMap::new(rules, TypeTable::belgian()).expect("the built-in rules are valid")
});

impl CredentialMap {
    /// The names used by the Belgian eHealth platform.
    pub fn belgian() -> &'static Self {
        &BELGIAN
    }

    /// A map for the types of `types`. Whatever the rules, an identifier of each of these types
    /// also gives the credential (`urn:kleis:identifier`, its type, `VALUE[/APPLICATION]`).
    pub fn new(rules: Vec<CredentialRule>, types: &TypeTable) -> Result<Self, CredentialMapError> {
        if rules.len() > MAX_RULES {
            return Err(CredentialMapError::TooManyRules);
        }
        for rule in &rules {
            check(rule, types)?;
        }
        let shown = Arc::new(shown(&rules, types));
        Ok(Self { rules, shown })
    }

    /// The credentials of whoever is certified to hold all of `identifiers`. Each namespace and
    /// name comes once, with every value.
    pub fn credentials(&self, identifiers: &[Identifier]) -> Vec<Credential> {
        let mut values: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
        for identifier in identifiers {
            values
                .entry((IDENTIFIER_NAMESPACE, identifier.type_name()))
                .or_default()
                .insert(identifier.qualified_value());
            for rule in self.rules.iter().filter(|rule| rule.applies_to(identifier)) {
                let value = rule.value.as_deref().unwrap_or(identifier.value());
                values
                    .entry((&rule.namespace, &rule.name))
                    .or_default()
                    .insert(value.to_owned());
            }
        }
        values
            .into_iter()
            .map(|((namespace, name), values)| Credential {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
                values: values.into_iter().collect(),
            })
            .collect()
    }

    /// The rules, as they were given.
    pub fn rules(&self) -> &[CredentialRule] {
        &self.rules
    }

    /// Whether certificates under this map can show at all who holds the named credential, and
    /// with which value. Where they cannot, an exclusion by it must refuse everyone.
    pub fn shows(&self, namespace: &str, name: &str) -> bool {
        self.shown.contains(namespace, name)
    }

    /// All that certificates under this map can show.
    pub fn shown(&self) -> Arc<Shown> {
        Arc::clone(&self.shown)
    }
}

impl CredentialRule {
    fn applies_to(&self, identifier: &Identifier) -> bool {
        self.identifier_type == identifier.type_name()
            && self
                .first_digit
                .is_none_or(|digit| identifier.value().starts_with(digit))
    }
}

fn check(rule: &CredentialRule, types: &TypeTable) -> Result<(), CredentialMapError> {
    let named = types.get(&rule.identifier_type);
    if named.is_none_or(|found| found.name() != rule.identifier_type) {
        return Err(CredentialMapError::UnknownType(
            rule.identifier_type.clone(),
        ));
    }
    if rule.namespace == IDENTIFIER_NAMESPACE {
        return Err(CredentialMapError::ReservedNamespace);
    }
    let within = |text: &str, max: usize| (1..=max).contains(&text.len());
    let sound = within(&rule.namespace, MAX_NAME)
        && within(&rule.name, MAX_NAME)
        && rule
            .value
            .as_ref()
            .is_none_or(|value| within(value, MAX_VALUE))
        && rule.first_digit.is_none_or(|digit| digit.is_ascii_digit());
    if sound {
        Ok(())
    } else {
        Err(CredentialMapError::Text(rule.identifier_type.clone()))
    }
}

fn shown(rules: &[CredentialRule], types: &TypeTable) -> Shown {
    let mut shown = Shown::default();
    for identifier_type in types.iter() {
        shown.insert(IDENTIFIER_NAMESPACE, identifier_type.name());
    }
    // One inconclusive rule is enough to make its credential so.
    let inconclusive: BTreeSet<_> = rules
        .iter()
        .filter(|rule| !rule.conclusive)
        .map(|rule| (&rule.namespace, &rule.name))
        .collect();
    for rule in rules {
        if !inconclusive.contains(&(&rule.namespace, &rule.name)) {
            shown.insert(&rule.namespace, &rule.name);
        }
    }
    shown
}

#[cfg(test)]
mod tests;
