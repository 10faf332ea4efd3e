//! Filling the register.

use std::collections::HashSet;

use kleis_pki::{SubjectName, identity::MAX_IDENTIFIERS};
use kleis_proto::registration::v1::{ImportRegistrantsOrder, Registrant as Line};
use kleis_store::registry::Registrant;
use kleis_types::{
    Contact, ErrorCode, Identifier, Kind, MailAddress, Problem, TypeTable, WebhookUrl,
};

use super::fields;

/// Most registrants of one order.
const MAX_REGISTRANTS: usize = 1000;

/// Longest name of a registrant, in bytes.
const MAX_NAME: usize = 256;

/// Puts registrants into the register, or changes them.
#[derive(Debug)]
pub(crate) struct ImportRegistrants {
    /// As they shall be.
    pub(crate) registrants: Vec<RegistrantEntry>,
}

/// A registrant as it shall be: one whom certificates can be issued to.
#[derive(Clone, PartialEq, Eq)]
pub struct RegistrantEntry {
    pub(crate) id: Identifier,
    pub(crate) name: String,
    pub(crate) identifiers: Vec<Identifier>,
    pub(crate) active: bool,
    /// `None` within: that part stays as it is.
    pub(crate) contact: ContactChange,
}

/// What becomes of a contact: each part stays as it is (`None`), goes (`Some(None)`) or is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactChange {
    /// The mail address.
    pub mail: Option<Option<MailAddress>>,
    /// The webhook.
    pub webhook: Option<Option<WebhookUrl>>,
}

impl ContactChange {
    /// Sets both parts.
    pub fn to(contact: Contact) -> Self {
        Self {
            mail: Some(contact.mail),
            webhook: Some(contact.webhook),
        }
    }

    /// The contact afterwards.
    fn applied_to(&self, former: &Contact) -> Contact {
        Contact {
            mail: self.mail.clone().unwrap_or_else(|| former.mail.clone()),
            webhook: self
                .webhook
                .clone()
                .unwrap_or_else(|| former.webhook.clone()),
        }
    }
}

impl RegistrantEntry {
    /// The registrant with this name and these identifiers, of which it is known by the first.
    ///
    /// # Errors
    /// What the register does not take, with its field: `name`, or `identifiers`.
    pub fn new(
        name: &str,
        identifiers: Vec<Identifier>,
        active: bool,
        contact: ContactChange,
        types: &TypeTable,
    ) -> Result<Self, Problem> {
        let first = identifiers
            .first()
            .filter(|_| identifiers.len() <= MAX_IDENTIFIERS);
        let Some(id) = first.cloned() else {
            let what = "a registrant has 1 to 16 identifiers";
            return Err(fields::invalid("identifiers", what));
        };
        for (index, identifier) in identifiers.iter().enumerate() {
            check(identifier, &identifiers[..index], types)
                .map_err(|problem| problem.at(format!("[{index}]")).at("identifiers"))?;
        }
        Ok(Self {
            name: checked_name(name, &id)?,
            id,
            identifiers,
            active,
            contact,
        })
    }

    /// The identifier that it is known by.
    pub fn id(&self) -> &Identifier {
        &self.id
    }

    /// All identifiers, that one first.
    pub fn identifiers(&self) -> &[Identifier] {
        &self.identifiers
    }

    /// The record after `former`, which is none for a new one.
    pub(crate) fn record(&self, former: Option<&Registrant>) -> Registrant {
        let none = Contact::default();
        let contact = former.map_or(&none, |former| &former.contact);
        Registrant {
            id: self.id.clone(),
            name: self.name.clone(),
            identifiers: self.identifiers.clone(),
            active: self.active,
            contact: self.contact.applied_to(contact),
            version: former.map_or(1, |former| former.version + 1),
        }
    }
}

impl std::fmt::Debug for RegistrantEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RegistrantEntry")
            .field("active", &self.active)
            .finish_non_exhaustive()
    }
}

impl ImportRegistrants {
    pub(crate) fn parse(body: &ImportRegistrantsOrder, types: &TypeTable) -> Result<Self, Problem> {
        if !(1..=MAX_REGISTRANTS).contains(&body.registrants.len()) {
            return Err(fields::invalid(
                "registrants",
                "send 1 to 1,000 registrants at a time",
            ));
        }
        let mut seen = HashSet::new();
        let mut registrants = Vec::with_capacity(body.registrants.len());
        for (index, line) in body.registrants.iter().enumerate() {
            let registrant = registrant(line, types, &mut seen)
                .map_err(|problem| problem.at(format!("[{index}]")).at("registrants"))?;
            registrants.push(registrant);
        }
        Ok(Self { registrants })
    }
}

fn registrant(
    line: &Line,
    types: &TypeTable,
    seen: &mut HashSet<Identifier>,
) -> Result<RegistrantEntry, Problem> {
    if line.identifiers.len() > MAX_IDENTIFIERS {
        let what = "a registrant has 1 to 16 identifiers";
        return Err(fields::invalid("identifiers", what));
    }
    let at =
        |index: usize| move |problem: Problem| problem.at(format!("[{index}]")).at("identifiers");
    let mut identifiers: Vec<Identifier> = Vec::with_capacity(line.identifiers.len());
    for (index, text) in line.identifiers.iter().enumerate() {
        identifiers.push(fields::identifier(text, types).map_err(at(index))?);
    }
    let entry = RegistrantEntry::new(&line.name, identifiers, line.active, contact(line)?, types)?;
    for (index, identifier) in entry.identifiers.iter().enumerate() {
        if !seen.insert(identifier.clone()) {
            return Err(at(index)(repeated()));
        }
    }
    Ok(entry)
}

fn contact(line: &Line) -> Result<ContactChange, Problem> {
    let mail = |text: &String| match text.as_str() {
        "" => Ok(None),
        text => MailAddress::parse(text).map(Some),
    };
    let webhook = |text: &String| match text.as_str() {
        "" => Ok(None),
        text => WebhookUrl::parse(text).map(Some),
    };
    Ok(ContactChange {
        mail: (line.mail.as_ref().map(mail).transpose())
            .map_err(|error| fields::invalid("mail", &error.to_string()))?,
        webhook: (line.webhook.as_ref().map(webhook).transpose())
            .map_err(|error| fields::invalid("webhook", &error.to_string()))?,
    })
}

/// An identifier without application, of the same kind as the registrant's first one, and not
/// among those before it.
fn check(identifier: &Identifier, before: &[Identifier], types: &TypeTable) -> Result<(), Problem> {
    let refused = |what| Err(Problem::new(ErrorCode::IdentifierInvalid, what));
    if identifier.application().is_some() {
        return refused("the register knows identifiers without application");
    }
    if types.kind(identifier) == Kind::Service {
        return refused("the type SERVICE is Kleis' own: name a person or an organisation");
    }
    if (before.first()).is_some_and(|first| types.kind(first) != types.kind(identifier)) {
        return refused("a registrant is a person or an organisation, not both");
    }
    if before.contains(identifier) {
        return Err(repeated());
    }
    Ok(())
}

fn repeated() -> Problem {
    let what = "an identifier belongs to one registrant, and stands there once";
    Problem::new(ErrorCode::IdentifierInvalid, what)
}

/// A name that makes a subject.
fn checked_name(text: &str, id: &Identifier) -> Result<String, Problem> {
    if text.len() > MAX_NAME || text.chars().any(char::is_control) {
        return Err(fields::invalid(
            "name",
            "a name is one line of at most 256 bytes",
        ));
    }
    SubjectName::new(id, text).map_err(|error| fields::invalid("name", &error.to_string()))?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_has_1_to_1000_registrants() {
        let line = |index: usize| Line {
            name: "Name".into(),
            identifiers: vec![format!("SITE:{index:04}")],
            active: true,
            ..Line::default()
        };
        let parse = |count| {
            let body = ImportRegistrantsOrder {
                registrants: (0..count).map(line).collect(),
            };
            ImportRegistrants::parse(&body, TypeTable::belgian())
        };
        assert_eq!(parse(1000).unwrap().registrants.len(), 1000);
        for count in [0, 1001] {
            assert_eq!(parse(count).unwrap_err().field(), Some("registrants"));
        }
    }
}
