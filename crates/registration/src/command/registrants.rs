//! Filling the register.

use std::collections::HashSet;

use kleis_pki::{SubjectName, identity::MAX_IDENTIFIERS};
use kleis_proto::registration::v1::{ImportRegistrantsOrder, Registrant as Line};
use kleis_store::registry::Registrant;
use kleis_types::{ErrorCode, Identifier, Problem, TypeTable};

use super::fields;

/// Most registrants of one order.
const MAX_REGISTRANTS: usize = 1000;

/// Longest name of a registrant, in bytes.
const MAX_NAME: usize = 256;

/// Puts registrants into the register, or changes them.
#[derive(Debug)]
pub(crate) struct ImportRegistrants {
    /// As they shall be, each at version 1.
    pub(crate) registrants: Vec<Registrant>,
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
) -> Result<Registrant, Problem> {
    if !(1..=MAX_IDENTIFIERS).contains(&line.identifiers.len()) {
        return Err(fields::invalid(
            "identifiers",
            "a registrant has 1 to 16 identifiers",
        ));
    }
    let mut identifiers: Vec<Identifier> = Vec::with_capacity(line.identifiers.len());
    for (index, text) in line.identifiers.iter().enumerate() {
        let identifier = identifier(text, identifiers.first(), types, seen)
            .map_err(|problem| problem.at(format!("[{index}]")).at("identifiers"))?;
        identifiers.push(identifier);
    }
    let Some(id) = identifiers.first().cloned() else {
        return Err(fields::invalid(
            "identifiers",
            "a registrant has 1 to 16 identifiers",
        ));
    };
    Ok(Registrant {
        name: name(&line.name, &id)?,
        id,
        identifiers,
        active: line.active,
        version: 1,
    })
}

/// An identifier without application, of the same kind as the registrant's first one, and not in
/// the order before.
fn identifier(
    text: &str,
    first: Option<&Identifier>,
    types: &TypeTable,
    seen: &mut HashSet<Identifier>,
) -> Result<Identifier, Problem> {
    let identifier = fields::identifier(text, types)?;
    let refused = |what| Err(Problem::new(ErrorCode::IdentifierInvalid, what));
    if identifier.application().is_some() {
        return refused("the register knows identifiers without application");
    }
    if first.is_some_and(|first| types.kind(first) != types.kind(&identifier)) {
        return refused("a registrant is a person or an organisation, not both");
    }
    if !seen.insert(identifier.clone()) {
        return refused("an identifier belongs to one registrant, and stands there once");
    }
    Ok(identifier)
}

/// A name that makes a subject.
fn name(text: &str, id: &Identifier) -> Result<String, Problem> {
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
