//! The table of identifier types as messages.
//!
//! There is no way back. Nothing signs the served table, so whoever rewrites it on the way could
//! make a client read one recipient's identifier as another's: it is for people, never for parsing.

use kleis_types::{CheckDigits, IdentifierType, TypeTable};

use crate::registration::v1::{self, ListIdentifierTypesResponse};

impl From<&IdentifierType> for v1::IdentifierType {
    fn from(known: &IdentifierType) -> Self {
        // The table holds no length above 32.
        let number = |length: &usize| u32::try_from(*length).unwrap_or(u32::MAX);
        Self {
            name: known.name().to_owned(),
            aliases: known.names().to_vec(),
            description: known.description().to_owned(),
            lengths: known.lengths().iter().map(number).collect(),
            pattern: known.pattern().to_owned(),
            check_digits: known
                .check_digits()
                .iter()
                .map(CheckDigits::to_string)
                .collect(),
            kind: known.kind().to_string(),
            application_allowed: known.application_allowed(),
        }
    }
}

impl From<&TypeTable> for ListIdentifierTypesResponse {
    fn from(table: &TypeTable) -> Self {
        Self {
            types: table.iter().map(Into::into).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_shown_in_its_order() {
        let table = TypeTable::belgian();
        let shown = ListIdentifierTypesResponse::from(table).types;
        let names: Vec<_> = shown.iter().map(|t| t.name.as_str()).collect();
        let expected: Vec<_> = table.iter().map(IdentifierType::name).collect();
        assert_eq!(names, expected);
    }

    #[test]
    fn a_type_is_shown_whole() {
        let shown = ListIdentifierTypesResponse::from(TypeTable::belgian()).types;
        let nihii = shown
            .iter()
            .find(|t| t.name == "NIHII")
            .expect("in the table");
        assert_eq!(nihii.aliases, ["NIHII11"]);
        assert_eq!(nihii.lengths, [8, 11]);
        assert_eq!(nihii.pattern, "[0-9]{8}");
        assert_eq!(nihii.check_digits, ["MOD97", "MOD89"]);
        assert_eq!(nihii.kind, "PERSON");
        assert!(!nihii.application_allowed);
        assert!(nihii.description.contains("health care professional"));
        let cbe = shown
            .iter()
            .find(|t| t.name == "CBE")
            .expect("in the table");
        assert!(cbe.application_allowed);
    }
}
