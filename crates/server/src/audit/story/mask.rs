//! What an auditor is shown without asking for persons.
//!
//! Identifiers of persons are masked wherever they stand in a text, also in names of certificates, and
//! numbers that could be one alone, as they stand in policies. What is encoded (certificates, signed and sealed
//! objects) is abridged to its hash: it may name anybody. A type that is not in the table counts as
//! one of persons. Too much is masked rather than too little.

use kleis_jose::digest;
use kleis_types::{Kind, TypeTable, base64url, strict_json};
use serde_json::{Map, Value};

/// The longest text that is shown though it looks encoded: hashes and identifiers are shorter.
const MAX_ENCODED: usize = 96;
/// The longest JSON within JSON that is read, in bytes.
const MAX_JSON: usize = 64 * 1024;
const MASK: &str = "***";

/// How texts are shown.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mask<'a> {
    /// Without persons.
    Persons(&'a TypeTable),
    /// As they are.
    Nothing,
}

impl Mask<'_> {
    /// A text.
    pub(crate) fn text(self, text: &str) -> String {
        match self {
            Self::Nothing => text.to_owned(),
            Self::Persons(_) if is_encoded(text) => {
                let hash = base64url::encode(&digest::sha256(text.as_bytes()));
                format!("({} characters, SHA-256 {hash})", text.len())
            }
            Self::Persons(types) => numbers(types, &named(types, text)),
        }
    }

    /// A document; JSON that stands in it as text, or encoded as policies are, is shown as JSON.
    pub(super) fn value(self, value: Value) -> Value {
        match value {
            Value::String(text) => match inner(&text) {
                Some(inner) => self.value(inner),
                None => Value::String(self.text(&text)),
            },
            Value::Array(values) => values.into_iter().map(|value| self.value(value)).collect(),
            Value::Object(members) => Value::Object(self.members(members)),
            other => other,
        }
    }

    fn members(self, mut members: Map<String, Value>) -> Map<String, Value> {
        let hides_name = match self {
            Self::Persons(types) => is_person(types, members.get("identifiers")),
            Self::Nothing => false,
        };
        if hides_name && let Some(name) = members.get_mut("name") {
            *name = MASK.into();
        }
        let shown = members.into_iter();
        shown
            .map(|(name, value)| (self.text(&name), self.value(value)))
            .collect()
    }
}

/// The document in a text.
fn inner(text: &str) -> Option<Value> {
    let read = |bytes: &[u8]| strict_json::value(bytes, MAX_JSON).ok();
    let decoded = || base64url::decode(text).ok();
    let value = read(text.as_bytes()).or_else(|| read(&decoded()?))?;
    (value.is_object() || value.is_array()).then_some(value)
}

/// Whether these are identifiers of a person: one is enough.
fn is_person(types: &TypeTable, identifiers: Option<&Value>) -> bool {
    let identifiers = identifiers.and_then(Value::as_array).into_iter().flatten();
    let mut names = identifiers.filter_map(|text| text.as_str()?.split(':').next());
    names.any(|name| names_persons(types, name))
}

fn is_encoded(text: &str) -> bool {
    let encodes = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.+/=".contains(&byte);
    text.len() > MAX_ENCODED && text.bytes().all(encodes)
}

/// Whether an identifier of this type may be a person's.
fn names_persons(types: &TypeTable, name: &str) -> bool {
    if let Some(known) = types.get(name) {
        return known.kind() == Kind::Person;
    }
    let looks_so = name.starts_with(|first: char| first.is_ascii_uppercase())
        && !name.contains(|letter: char| letter.is_ascii_lowercase());
    looks_so && name != "SERVICE"
}

/// `TYPE:VALUE` with the value masked, wherever it stands.
fn named(types: &TypeTable, text: &str) -> String {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let is_value = |letter: char| is_name(letter) || letter == '.';
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(start) = rest.find(is_name) {
        let (before, from) = rest.split_at(start);
        let (name, after) = from.split_at(from.find(|c| !is_name(c)).unwrap_or(from.len()));
        shown.extend([before, name]);
        rest = after;
        let Some(value) = after.strip_prefix(':') else {
            continue;
        };
        if value.starts_with(is_value) && names_persons(types, name) {
            shown.extend([":", MASK]);
            let end = value.find(|c| !is_value(c));
            rest = &value[end.unwrap_or(value.len())..];
        }
    }
    shown + rest
}

/// Numbers that stand alone and could be a person's.
fn numbers(types: &TypeTable, text: &str) -> String {
    let is_part = |letter: char| letter.is_ascii_digit() || matches!(letter, '.' | '-' | ' ');
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        let part = &from[..from.find(|c| !is_part(c)).unwrap_or(from.len())];
        let number = part.trim_end_matches(|c: char| !c.is_ascii_digit());
        shown.push_str(before);
        rest = &from[number.len()..];
        let touches = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
        let alone = !touches(shown.chars().last())
            && !touches(rest.chars().next())
            && !names_another(types, &shown);
        shown.push_str(if alone && could_be_a_person(types, number) {
            MASK
        } else {
            number
        });
    }
    shown + rest
}

/// Whether a text ends in the type of what is no person, so that its value follows.
fn names_another(types: &TypeTable, text: &str) -> bool {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let name = text
        .strip_suffix(':')
        .and_then(|text| text.rsplit(|c| !is_name(c)).next());
    let known = name.and_then(|name| types.get(name));
    known.is_some_and(|known| known.kind() != Kind::Person)
}

fn could_be_a_person(types: &TypeTable, number: &str) -> bool {
    let mut persons = types.iter().filter(|one| one.kind() == Kind::Person);
    persons.any(|one| one.normalise(number).is_ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn mask() -> Mask<'static> {
        Mask::Persons(TypeTable::belgian())
    }

    #[test]
    fn persons_are_masked_wherever_they_stand() {
        let table = [
            ("SSIN:85073003328", "SSIN:***"),
            ("niss:85.07.30-033.28", "niss:***"),
            ("urn:kleis:id:SSIN:85073003328", "urn:kleis:id:SSIN:***"),
            (
                "urn:kleis:id:CBE:0123456749:MAILBOX",
                "urn:kleis:id:CBE:0123456749:MAILBOX",
            ),
            (
                "of NIHII:18749704, SSIN:93051822361.",
                "of NIHII:***, SSIN:***",
            ),
            ("NIHII-PHARMACY:71000436", "NIHII-PHARMACY:71000436"),
            ("SERVICE:custody", "SERVICE:custody"),
            ("UNHEARD-OF:17", "UNHEARD-OF:***"),
            ("85073003328", "***"),
            ("85.07.30-033.28 is", "*** is"),
            ("x85073003328", "x85073003328"),
            ("certificate:4123", "certificate:4123"),
            ("é SSIN:85073003328 é", "é SSIN:*** é"),
            ("", ""),
        ];
        for (text, expected) in table {
            assert_eq!(mask().text(text), expected, "{text}");
            assert_eq!(Mask::Nothing.text(text), text);
        }
    }

    #[test]
    fn documents_are_masked_to_their_depth_and_what_is_encoded_is_abridged() {
        let policy = json!({"readers": [{"allOf": [{"name": "ssin", "values": ["85073003328"]}]}]});
        let body = json!({
            "policy": policy.to_string(),
            "encoded": base64url::encode(policy.to_string().as_bytes()),
            "binding": "a".repeat(200),
            "registrants": [
                {"name": "Jane Doe", "identifiers": ["SSIN:85073003328"]},
                {"name": "Platform", "identifiers": ["CBE:0809394427"]},
            ],
            "count": 85_073_003_328_u64,
        });
        let shown = mask().value(body.clone());
        assert_eq!(
            shown["policy"]["readers"][0]["allOf"][0]["values"],
            json!(["***"])
        );
        assert_eq!(shown["encoded"], shown["policy"]);
        assert_eq!(
            shown["registrants"],
            json!([
                {"name": "***", "identifiers": ["SSIN:***"]},
                {"name": "Platform", "identifiers": ["CBE:0809394427"]},
            ])
        );
        let abridged = shown["binding"].as_str().unwrap();
        assert!(
            abridged.starts_with("(200 characters, SHA-256 "),
            "{abridged}"
        );
        let whole = Mask::Nothing.value(body);
        assert_eq!(whole["policy"], policy);
        assert_eq!(whole["binding"], "a".repeat(200));
        assert_eq!(whole["registrants"][0]["name"], "Jane Doe");
    }

    proptest! {
        #[test]
        fn no_text_hides_a_person(before in "[^A-Za-z0-9-]{0,9}", after in "[^A-Za-z0-9.-]?.{0,9}") {
            let text = format!("{before}SSIN:85073003328{after}");
            prop_assert!(!mask().text(&text).contains("85073003328"));
        }

        #[test]
        fn any_text_can_be_masked(text in ".{0,60}") {
            mask().text(&text);
        }
    }
}
