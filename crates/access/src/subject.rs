//! Whom the subject of a foreign certificate names: identifiers and credentials, by rules for each
//! CA, like the claims of tokens ([`crate::mapping`]).
//!
//! Subjects were made for people, and there is more than one way to read them, so the rules are
//! strict: an attribute that is to name somebody stands there once, and what the subject says twice
//! it says alike. Only certificates of the CA that a rule is for may come here, verified
//! ([`kleis_pki::ForeignAnchors`]): any CA can write any name.
//!
//! A certificate names its holder by one number, and need not name the others that the holder has.
//! That it lacks one therefore proves something (`kleis_types::Shown`) only where the certificate
//! has another number of the same type, and the type is `conclusive`: nobody has two.

mod definition;
mod ehealth;
mod error;

use std::sync::Arc;

use kleis_pki::{Certificate, SubjectAttribute};
use kleis_types::{CredentialMap, Identifier, Shown, TypeTable};

use crate::{derived::Derived, mapped::Mapped};

pub use definition::{SubjectDefinition, SubjectRule, SubjectSource};
pub use error::{SubjectMappingError, SubjectRefusal};

/// The attributes of a subject.
type Attributes<'a> = [(SubjectAttribute, &'a str)];

/// The rules for one CA's certificates, checked.
#[derive(Clone, Debug)]
pub struct SubjectMapping {
    definition: SubjectDefinition,
    types: TypeTable,
    derived: Derived,
}

impl SubjectMapping {
    /// A mapping for the identifiers of `types` and the credentials that follow from them by `map`.
    pub fn new(
        definition: SubjectDefinition,
        types: &TypeTable,
        map: &CredentialMap,
    ) -> Result<Self, SubjectMappingError> {
        definition.check(types)?;
        let derived = Derived::new(types, map, definition.namespaces.iter().cloned());
        Ok(Self {
            definition,
            types: types.clone(),
            derived,
        })
    }

    /// The identifiers and credentials of the holder of a verified certificate.
    pub fn apply(&self, certificate: &Certificate) -> Result<Mapped, SubjectRefusal> {
        let attributes: Vec<_> = certificate.subject_attributes().collect();
        self.read(&attributes)
    }

    fn read(&self, attributes: &Attributes<'_>) -> Result<Mapped, SubjectRefusal> {
        let rules = self.definition.rules.iter();
        let identifiers: Vec<_> = rules
            .map(|rule| rule.identifier(attributes, &self.types))
            .collect::<Result<_, _>>()?;
        let credentials = self.derived.credentials(&identifiers);
        let shown = self.shown(&identifiers);
        Mapped::new(identifiers, credentials, Arc::new(shown)).ok_or(SubjectRefusal::Form)
    }

    fn shown(&self, identifiers: &[Identifier]) -> Shown {
        let decided = |type_name: &String| {
            let named = identifiers.iter().any(|it| it.type_name() == type_name);
            named && self.definition.conclusive.contains(type_name)
        };
        let mut shown = Shown::default();
        for ((namespace, name), types) in self.derived.sources() {
            if types.iter().all(decided) {
                shown.insert(namespace, name);
            }
        }
        shown
    }
}

impl SubjectRule {
    fn identifier(
        &self,
        attributes: &Attributes<'_>,
        types: &TypeTable,
    ) -> Result<Identifier, SubjectRefusal> {
        let identifier = match self {
            Self::Value {
                attribute,
                type_name,
            } => {
                let value = only(attributes, |it, _| it == *attribute)?;
                types.resolve(type_name, value, None)?
            }
            Self::Typed { attribute } => {
                let text = only(attributes, |it, text| {
                    it == *attribute && typed(text).is_some()
                })?;
                let (type_name, value) = typed(text).ok_or(SubjectRefusal::Form)?;
                types.resolve(type_name, value, None)?
            }
            Self::Ehealth => ehealth::identifier(attributes, types)?,
        };
        // The names of our own services are not another CA's to give.
        match types.get(identifier.type_name()) {
            Some(_) => Ok(identifier),
            None => Err(SubjectRefusal::Form),
        }
    }
}

/// The value of the one attribute that is wanted.
fn only<'a>(
    attributes: &Attributes<'a>,
    wanted: impl Fn(SubjectAttribute, &str) -> bool,
) -> Result<&'a str, SubjectRefusal> {
    let mut found = attributes.iter().filter(|(it, text)| wanted(*it, text));
    match (found.next(), found.next()) {
        (Some((_, text)), None) => Ok(text),
        _ => Err(SubjectRefusal::Form),
    }
}

/// The parts of `TYPE=VALUE`.
fn typed(text: &str) -> Option<(&str, &str)> {
    let (type_name, value) = text.split_once('=')?;
    let is_type = |b: u8| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-');
    (!type_name.is_empty() && type_name.bytes().all(is_type)).then_some((type_name, value))
}

#[cfg(test)]
mod tests;
