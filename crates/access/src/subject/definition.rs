//! A subject mapping as an operator writes it.

use kleis_pki::SubjectAttribute;
use kleis_types::{IDENTIFIER_NAMESPACE, TypeTable};
use serde::{Deserialize, Deserializer, Serialize};

use super::SubjectMappingError;
use crate::name_or_table::{self, NameOrTable};

const MAX_ENTRIES: usize = 64;
const MAX_NAME: usize = 256;
const CERTIFIED: &str = "urn:be:fgov:certified-namespace:ehealth";
const IDENTIFICATION: &str = "urn:be:fgov:identification-namespace";
const EHEALTH: &str = "ehealth";
const EID: &str = "eid";

/// What the subjects of one CA's certificates mean. [`SubjectMapping`](super::SubjectMapping)
/// checks it at load.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectDefinition {
    /// The namespaces in which this CA may certify the credentials that follow from identifiers.
    pub namespaces: Vec<String>,
    /// Where the identifiers stand; each must be there. The first is the primary one.
    pub rules: Vec<SubjectRule>,
    /// The types of which nobody has two: who is certified to have one has no other.
    #[serde(default)]
    pub conclusive: Vec<String>,
}

/// How a subject names somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "form", rename_all = "kebab-case", deny_unknown_fields)]
pub enum SubjectRule {
    /// The one attribute of this type is a value of this type of identifier.
    Value {
        /// Which attribute.
        attribute: SubjectAttribute,
        /// The type, by its canonical name.
        #[serde(rename = "type")]
        type_name: String,
    },
    /// The one attribute of this type that has the form `TYPE=VALUE` is an identifier.
    Typed {
        /// Which attribute.
        attribute: SubjectAttribute,
    },
    /// The whole subject is one of the Belgian eHealth platform: `C=BE`, `O=Federal Government`,
    /// the units `TYPE=VALUE`, `eHealth-platform Belgium`, the holder's name and, if there is one,
    /// the application; and a common name that says the same, `TYPE=VALUE[, APPLICATION]`.
    Ehealth,
}

/// The subject mapping of a CA as it stands in a configuration: the name of a shipped one (`ehealth`,
/// `eid`), or a [`SubjectDefinition`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SubjectSource {
    /// [`SubjectDefinition::ehealth`].
    Ehealth,
    /// [`SubjectDefinition::eid`].
    Eid,
    /// The operator's own.
    #[serde(untagged)]
    Written(SubjectDefinition),
}

impl SubjectSource {
    /// The rules.
    pub fn definition(&self) -> SubjectDefinition {
        match self {
            Self::Ehealth => SubjectDefinition::ehealth(),
            Self::Eid => SubjectDefinition::eid(),
            Self::Written(definition) => definition.clone(),
        }
    }
}

impl<'de> Deserialize<'de> for SubjectSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(
            match name_or_table::deserialize(deserializer, &[EHEALTH, EID])? {
                NameOrTable::Name(EHEALTH) => Self::Ehealth,
                NameOrTable::Name(_) => Self::Eid,
                NameOrTable::Table(definition) => Self::Written(definition),
            },
        )
    }
}

impl SubjectDefinition {
    /// Authentication certificates of the eHealth platform. A person may have one under the SSIN
    /// and another under the NIHII, and several NIHII; but one SSIN and, as an enterprise, one CBE.
    pub fn ehealth() -> Self {
        Self {
            namespaces: [IDENTIFIER_NAMESPACE, IDENTIFICATION, CERTIFIED]
                .map(str::to_owned)
                .into(),
            rules: vec![SubjectRule::Ehealth],
            conclusive: ["SSIN", "CBE"].map(str::to_owned).into(),
        }
    }

    /// Authentication certificates of the Belgian identity card: the SSIN in serialNumber.
    pub fn eid() -> Self {
        Self {
            namespaces: [IDENTIFIER_NAMESPACE, IDENTIFICATION]
                .map(str::to_owned)
                .into(),
            rules: vec![SubjectRule::Value {
                attribute: SubjectAttribute::SerialNumber,
                type_name: "SSIN".to_owned(),
            }],
            conclusive: vec!["SSIN".to_owned()],
        }
    }

    pub(super) fn check(&self, types: &TypeTable) -> Result<(), SubjectMappingError> {
        let lists = [
            self.namespaces.len(),
            self.rules.len(),
            self.conclusive.len(),
        ];
        if lists.into_iter().any(|count| count > MAX_ENTRIES) {
            return Err(SubjectMappingError::TooMany);
        }
        if self.rules.is_empty() {
            return Err(SubjectMappingError::NoRules);
        }
        let is_sound = |it: &String| (1..=MAX_NAME).contains(&it.len());
        if !self.namespaces.iter().all(is_sound) {
            return Err(SubjectMappingError::Namespace);
        }
        let fixed = self.rules.iter().filter_map(|rule| match rule {
            SubjectRule::Value { type_name, .. } => Some(type_name),
            SubjectRule::Typed { .. } | SubjectRule::Ehealth => None,
        });
        for name in fixed.chain(&self.conclusive) {
            if types.get(name).is_none_or(|found| found.name() != name) {
                return Err(SubjectMappingError::UnknownType(name.clone()));
            }
        }
        Ok(())
    }
}
