//! Checking a mapping at load, and working out what tokens under it can show.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use kleis_types::{CredentialMap, IDENTIFIER_NAMESPACE, IdentifierType, Shown, TypeTable};

use super::{Condition, CredentialRule, Demand, IdentifierRule, Mapping, MappingDefinition};
use super::{MappingError, Scalar};
use crate::derived::Derived;

const MAX_RULES: usize = 256;
const MAX_NAMESPACES: usize = 64;
const MAX_CONDITIONS: usize = 16;
const MAX_VALUES: usize = 64;
const MAX_NAME: usize = 256;
const MAX_VALUE: usize = 128;

impl Mapping {
    /// A mapping for the identifiers of `types` and the credentials that follow from them by `map`.
    pub fn new(
        definition: MappingDefinition,
        types: &TypeTable,
        map: &CredentialMap,
    ) -> Result<Self, MappingError> {
        check(&definition, types)?;
        let derived = Derived::new(types, map, definition.namespaces.iter().cloned());
        let shown = shown(&definition, types, &derived);
        Ok(Self {
            definition,
            types: types.clone(),
            derived,
            shown,
        })
    }
}

fn check(definition: &MappingDefinition, types: &TypeTable) -> Result<(), MappingError> {
    at_most(definition.namespaces.len(), MAX_NAMESPACES, "namespaces")?;
    at_most(definition.demands.len(), MAX_RULES, "demands")?;
    at_most(definition.identifiers.len(), MAX_RULES, "identifier rules")?;
    at_most(definition.credentials.len(), MAX_RULES, "credential rules")?;
    if definition.identifiers.is_empty() {
        return Err(MappingError::NoIdentifiers);
    }
    for namespace in &definition.namespaces {
        text(namespace, MAX_NAME)?;
    }
    for Demand {
        when,
        claim,
        any_of,
    } in &definition.demands
    {
        check_conditions(when)?;
        check_values(&claim.to_string(), any_of)?;
    }
    for rule in &definition.identifiers {
        check_identifier(rule, types)?;
    }
    for rule in &definition.credentials {
        check_credential(rule, &definition.namespaces, types)?;
    }
    Ok(())
}

fn check_identifier(rule: &IdentifierRule, types: &TypeTable) -> Result<(), MappingError> {
    check_conditions(&rule.when)?;
    if let Some(prefix) = &rule.prefix {
        text(prefix, MAX_VALUE)?;
    }
    let (fixed, claimed) = (rule.type_name.is_some(), rule.type_claim.is_some());
    let one = usize::from(fixed) + usize::from(claimed) + usize::from(rule.urn) == 1;
    let kind = rule.kind.is_none() || !fixed;
    let application = rule.application_claim.is_none() || !rule.urn;
    if !(one && kind && application) {
        return Err(MappingError::Form(rule.claim.to_string()));
    }
    rule.type_name
        .as_ref()
        .map_or(Ok(()), |name| check_type(name, types))
}

fn check_credential(
    rule: &CredentialRule,
    namespaces: &[String],
    types: &TypeTable,
) -> Result<(), MappingError> {
    check_conditions(&rule.when)?;
    text(&rule.name, MAX_NAME)?;
    if rule.namespace == IDENTIFIER_NAMESPACE {
        return Err(MappingError::ReservedNamespace);
    }
    if !namespaces.contains(&rule.namespace) {
        return Err(MappingError::Namespace(rule.namespace.clone()));
    }
    let has = (
        rule.claim.is_some(),
        rule.value.is_some(),
        rule.type_name.is_some(),
    );
    if !matches!(has, (true, false, _) | (_, true, false)) {
        return Err(MappingError::Value(rule.name.clone()));
    }
    if let Some(value) = &rule.value {
        text(value, MAX_VALUE)?;
    }
    rule.type_name
        .as_ref()
        .map_or(Ok(()), |name| check_type(name, types))
}

fn check_conditions(conditions: &[Condition]) -> Result<(), MappingError> {
    at_most(conditions.len(), MAX_CONDITIONS, "conditions on a rule")?;
    conditions
        .iter()
        .try_for_each(|it| check_values(&it.claim.to_string(), &it.any_of))
}

fn check_values(claim: &str, values: &[Scalar]) -> Result<(), MappingError> {
    at_most(values.len(), MAX_VALUES, "values of a condition")?;
    if values.is_empty() {
        return Err(MappingError::Condition(claim.to_owned()));
    }
    values.iter().try_for_each(|value| match value {
        Scalar::Flag(_) => Ok(()),
        Scalar::Text(value) => text(value, MAX_VALUE),
    })
}

fn check_type(name: &str, types: &TypeTable) -> Result<(), MappingError> {
    match types.get(name) {
        Some(found) if found.name() == name => Ok(()),
        _ => Err(MappingError::UnknownType(name.to_owned())),
    }
}

fn at_most(count: usize, max: usize, what: &'static str) -> Result<(), MappingError> {
    if count > max {
        return Err(MappingError::TooMany { what, max });
    }
    Ok(())
}

fn text(text: &str, max: usize) -> Result<(), MappingError> {
    if (1..=max).contains(&text.len()) {
        Ok(())
    } else {
        Err(MappingError::Text)
    }
}

/// The credentials that tokens can show, by the rules that must be decided for it.
fn shown(
    definition: &MappingDefinition,
    types: &TypeTable,
    derived: &Derived,
) -> Vec<(BTreeSet<usize>, Arc<Shown>)> {
    let mut needed: BTreeMap<(&str, &str), Option<BTreeSet<usize>>> = BTreeMap::new();
    for ((namespace, name), sources) in derived.sources() {
        let rules = rules_giving(sources, &definition.identifiers, types);
        needed.insert((namespace, name), rules);
    }
    let first = definition.identifiers.len();
    for (index, rule) in definition.credentials.iter().enumerate() {
        let key = (rule.namespace.as_str(), rule.name.as_str());
        // What follows from identifiers, but never shows anything, shows nothing here either.
        let hidden = derived.gives(key.0, key.1);
        let rules = needed
            .entry(key)
            .or_insert_with(|| (!hidden).then(BTreeSet::new));
        match rules {
            Some(rules) if rule.conclusive => {
                rules.insert(first + index);
            }
            _ => *rules = None,
        }
    }
    let mut groups: BTreeMap<BTreeSet<usize>, Shown> = BTreeMap::new();
    for ((namespace, name), rules) in needed {
        if let Some(rules) = rules {
            groups.entry(rules).or_default().insert(namespace, name);
        }
    }
    let groups = groups.into_iter();
    groups
        .map(|(rules, shown)| (rules, Arc::new(shown)))
        .collect()
}

/// All rules that can give an identifier of one of these types: none if one of the types has no
/// rule, or one of the rules is not conclusive.
fn rules_giving(
    wanted: &BTreeSet<String>,
    rules: &[IdentifierRule],
    types: &TypeTable,
) -> Option<BTreeSet<usize>> {
    let mut all = BTreeSet::new();
    for name in wanted {
        let given = types.get(name)?;
        let mut giving = rules.iter().enumerate().filter(|(_, it)| it.gives(given));
        let (first, rule) = giving.next()?;
        let conclusive = rule.conclusive && giving.clone().all(|(_, it)| it.conclusive);
        if !conclusive {
            return None;
        }
        all.insert(first);
        all.extend(giving.map(|(index, _)| index));
    }
    Some(all)
}

impl IdentifierRule {
    /// Whether the rule can give an identifier of this type.
    fn gives(&self, given: &IdentifierType) -> bool {
        match &self.type_name {
            Some(name) => name == given.name(),
            None => self.kind.is_none_or(|kind| kind == given.kind()),
        }
    }
}
