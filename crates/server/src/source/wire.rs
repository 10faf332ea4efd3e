//! Question and answer (docs/formats.md section 18.2).

use kleis_registration::{
    Behind, SourceError,
    register::{ContactChange, RegistrantEntry},
};
use kleis_types::{Identifier, MailAddress, TypeTable, WebhookUrl, strict_json};
use serde::{Deserialize, Deserializer, Serialize};

/// Who is it?
#[derive(Serialize)]
struct Question<'a> {
    identifier: &'a str,
}

/// It is this one, or nobody. A document without the member is no answer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    #[serde(deserialize_with = "present")]
    registrant: Option<Registrant>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registrant {
    name: String,
    identifiers: Vec<String>,
    active: bool,
    mail: Option<String>,
    webhook: Option<String>,
}

/// With this, `null` is a value and absence is an error.
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Registrant>, D::Error> {
    Option::deserialize(from)
}

pub(super) fn question(identifier: &Identifier) -> Vec<u8> {
    let identifier = identifier.to_string();
    let question = Question {
        identifier: &identifier,
    };
    // Infallible: a text.
    serde_json::to_vec(&question).unwrap_or_default()
}

/// The answer to a question about `asked`.
pub(super) fn answer(
    bytes: &[u8],
    longest: usize,
    asked: &Identifier,
    types: &TypeTable,
) -> Result<Behind, SourceError> {
    let invalid = SourceError::Invalid;
    let answer: Answer = strict_json::from_slice(bytes, longest).map_err(|_| invalid)?;
    let Some(registrant) = answer.registrant else {
        return Ok(Behind::Nobody);
    };
    let identifiers: Result<Vec<_>, _> = registrant
        .identifiers
        .iter()
        .map(|text| types.parse(text))
        .collect();
    let identifiers = identifiers.map_err(|_| invalid)?;
    // An answer about somebody else.
    if !identifiers.contains(asked) {
        return Err(invalid);
    }
    let contact = ContactChange {
        mail: registrant
            .mail
            .map(|text| MailAddress::parse(&text).map(Some))
            .transpose()
            .map_err(|_| invalid)?,
        webhook: registrant
            .webhook
            .map(|text| WebhookUrl::parse(&text).map(Some))
            .transpose()
            .map_err(|_| invalid)?,
    };
    let Registrant { name, active, .. } = registrant;
    RegistrantEntry::new(&name, identifiers, active, contact, types)
        .map(Behind::Registrant)
        .map_err(|_| invalid)
}
