//! One identifier type: as an operator writes it, and as the table holds it.

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use super::{CheckDigits, IdentifierError, SERVICE_TYPE, TypeTableError, is_type_name, is_value};
use crate::text::named_enum;

const MAX_ALIASES: usize = 16;
const MAX_DESCRIPTION: usize = 512;
const MAX_PATTERN: usize = 256;
const MAX_PATTERN_MEMORY: usize = 64 * 1024;
const MAX_LENGTH: usize = 32;
/// Untrusted values may hold separators; more than this is no identifier in any notation.
const MAX_UNTRUSTED: usize = 64;

named_enum! {
    /// What an identifier names.
    pub enum Kind ("kind of identifier") {
        /// A natural person.
        Person = "PERSON",
        /// An organisation; may have applications.
        Organisation = "ORGANISATION",
        /// One of Kleis' own services.
        Service = "SERVICE",
    }
}

/// An identifier type as it stands in a configuration file. [`TypeTable`] checks it at load.
///
/// ```
/// use kleis_types::{TypeDefinition, TypeTable, TypeTableError};
///
/// let written = r#"{
///     "name": "LICENCE", "aliases": ["PERMIT"], "description": "Licence of a care home",
///     "length": 6, "padded_from": 5, "pattern": "[0-9]{6}", "check_digits": ["MOD97"],
///     "kind": "ORGANISATION", "application_allowed": true
/// }"#;
/// let licence: TypeDefinition = serde_json::from_str(written).expect("JSON of this form");
/// let table = TypeTable::belgian().extended(vec![licence])?;
/// let found = table.parse("PERMIT:00097/WARD").expect("check digits that hold");
/// assert_eq!(found.to_string(), "LICENCE:000097/WARD");
/// # Ok::<(), TypeTableError>(())
/// ```
///
/// [`TypeTable`]: super::TypeTable
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypeDefinition {
    /// The name, `[A-Z][A-Z0-9_-]{0,31}`.
    pub name: String,
    /// Other names under which callers may ask for it.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// What it is, for people.
    pub description: String,
    /// The number of characters of the canonical value, 1 to 32.
    pub length: usize,
    /// A shorter length that is brought to `length` by zeros on the left.
    #[serde(default)]
    pub padded_from: Option<usize>,
    /// A longer length that is brought to `length` by dropping the last characters.
    #[serde(default)]
    pub cut_from: Option<usize>,
    /// A regular expression that the whole canonical value must match.
    pub pattern: String,
    /// Check-digit rules of which one must hold; none means that every value is good.
    #[serde(default)]
    pub check_digits: Vec<CheckDigits>,
    /// Person or organisation.
    pub kind: Kind,
    /// Whether an application id may follow; organisations only.
    #[serde(default)]
    pub application_allowed: bool,
}

/// An identifier type of a loaded table.
#[derive(Clone, Debug)]
pub struct IdentifierType {
    definition: TypeDefinition,
    lengths: Vec<usize>,
    regex: Regex,
}

impl IdentifierType {
    /// The canonical name.
    pub fn name(&self) -> &str {
        &self.definition.name
    }

    /// The other names under which callers may ask for it.
    pub fn names(&self) -> &[String] {
        &self.definition.aliases
    }

    /// What it is, for people.
    pub fn description(&self) -> &str {
        &self.definition.description
    }

    /// The number of characters of the canonical value.
    pub fn length(&self) -> usize {
        self.definition.length
    }

    /// Every length that is read, the canonical one first.
    pub fn lengths(&self) -> &[usize] {
        &self.lengths
    }

    /// The regular expression that the whole canonical value matches.
    pub fn pattern(&self) -> &str {
        &self.definition.pattern
    }

    /// The check-digit rules, of which one must hold; none means that every value is good.
    pub fn check_digits(&self) -> &[CheckDigits] {
        &self.definition.check_digits
    }

    /// What it names.
    pub fn kind(&self) -> Kind {
        self.definition.kind
    }

    /// Whether an application id may follow the value.
    pub fn application_allowed(&self) -> bool {
        self.definition.application_allowed
    }

    /// The type as it would be written in a configuration file.
    pub fn definition(&self) -> &TypeDefinition {
        &self.definition
    }

    /// The canonical value of an untrusted one.
    ///
    /// A text that has the pattern already is taken as it is. From any other, the dots, hyphens and
    /// spaces with which people write these numbers are dropped, and it is padded or cut:
    /// `85.07.30-033.28` is `85073003328`.
    pub fn normalise(&self, untrusted: &str) -> Result<String, IdentifierError> {
        let value = self
            .bring_to_form(untrusted)
            .ok_or_else(|| self.value_error())?;
        let rules = self.check_digits();
        if !rules.is_empty() && !rules.iter().any(|rule| rule.holds(&value)) {
            return Err(IdentifierError::CheckDigits {
                type_name: self.name().to_owned(),
            });
        }
        Ok(value)
    }

    fn bring_to_form(&self, untrusted: &str) -> Option<String> {
        // Characters and bytes are the same from here on: a cut cannot split a character.
        if untrusted.len() > MAX_UNTRUSTED || !untrusted.is_ascii() {
            return None;
        }
        if self.has_form(untrusted) {
            return Some(untrusted.to_owned());
        }
        let mut value = untrusted.replace(['.', '-', ' '], "");
        let length = self.length();
        if self.definition.padded_from == Some(value.len()) {
            value = format!("{value:0>length$}");
        } else if self.definition.cut_from == Some(value.len()) {
            // What is dropped is a number too: nothing else hides behind a cut.
            let dropped = value.split_off(length);
            if !dropped.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
        }
        self.has_form(&value).then_some(value)
    }

    fn has_form(&self, value: &str) -> bool {
        value.len() == self.length() && is_value(value) && self.regex.is_match(value)
    }

    fn value_error(&self) -> IdentifierError {
        IdentifierError::Value {
            type_name: self.name().to_owned(),
        }
    }
}

impl TryFrom<TypeDefinition> for IdentifierType {
    type Error = TypeTableError;

    fn try_from(definition: TypeDefinition) -> Result<Self, TypeTableError> {
        for name in std::iter::once(&definition.name).chain(&definition.aliases) {
            if !is_type_name(name) || name == SERVICE_TYPE {
                return Err(TypeTableError::Name(name.clone()));
            }
        }
        let fault = |fault| TypeTableError::Definition {
            type_name: definition.name.clone(),
            fault,
        };
        check_limits(&definition).map_err(fault)?;
        let regex = whole(&definition.pattern)
            .ok_or_else(|| fault("the pattern is not a regular expression, or is too large"))?;
        let lengths = std::iter::once(definition.length)
            .chain(definition.padded_from)
            .chain(definition.cut_from)
            .collect();
        Ok(Self {
            definition,
            lengths,
            regex,
        })
    }
}

/// The pattern, to be matched by the whole of a value.
fn whole(pattern: &str) -> Option<Regex> {
    let compile = |text: &str| {
        RegexBuilder::new(text)
            .size_limit(MAX_PATTERN_MEMORY)
            .dfa_size_limit(MAX_PATTERN_MEMORY)
            .build()
            .ok()
    };
    // First alone: a stray `)` must not reach out of the group around it.
    compile(pattern)?;
    compile(&format!("^(?:{pattern})$"))
}

fn check_limits(definition: &TypeDefinition) -> Result<(), &'static str> {
    let length = definition.length;
    let demand = |holds: bool, fault: &'static str| if holds { Ok(()) } else { Err(fault) };
    demand(
        definition.aliases.len() <= MAX_ALIASES,
        "more than 16 aliases",
    )?;
    demand(
        definition.description.len() <= MAX_DESCRIPTION,
        "a description above 512 bytes",
    )?;
    demand(
        definition.pattern.len() <= MAX_PATTERN,
        "a pattern above 256 bytes",
    )?;
    demand(
        (1..=MAX_LENGTH).contains(&length),
        "the length must be 1 to 32",
    )?;
    demand(
        definition
            .padded_from
            .is_none_or(|short| (1..length).contains(&short)),
        "padded_from must be shorter than the length",
    )?;
    demand(
        definition
            .cut_from
            .is_none_or(|long| (length + 1..=MAX_LENGTH).contains(&long)),
        "cut_from must be longer than the length, and at most 32",
    )?;
    demand(
        definition.check_digits.is_empty() || length >= 3,
        "check digits need a length of at least 3",
    )?;
    demand(
        definition.check_digits.iter().all(|rule| {
            rule.required_length()
                .is_none_or(|required| required == length)
        }),
        "the check-digit rule is for another length",
    )?;
    demand(
        definition.kind != Kind::Service,
        "the kind SERVICE is Kleis' own",
    )?;
    demand(
        !definition.application_allowed || definition.kind == Kind::Organisation,
        "only organisations have applications",
    )
}

#[cfg(test)]
mod tests;
