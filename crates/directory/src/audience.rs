//! Who may look up whom.

use std::collections::BTreeMap;

use kleis_types::{Identifier, Kind, Principal, TypeTable};

/// Who may look up the keys of recipients of one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Everybody.
    Open,
    /// Whoever has said who they are.
    Authenticated,
}

/// The audience of every type: organisations and services are open, persons are for authenticated callers, where
/// nothing else is said of a type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audiences(BTreeMap<String, Audience>);

impl Audiences {
    /// The defaults, and what is said otherwise of single types, by their names in the table.
    pub fn new(of_types: impl IntoIterator<Item = (String, Audience)>) -> Self {
        Self(of_types.into_iter().collect())
    }

    /// Who may look up this recipient.
    pub fn of(&self, recipient: &Identifier, types: &TypeTable) -> Audience {
        let said = self.0.get(recipient.type_name()).copied();
        said.unwrap_or_else(|| match types.kind(recipient) {
            Kind::Organisation | Kind::Service => Audience::Open,
            Kind::Person => Audience::Authenticated,
        })
    }

    /// Whether this caller may look up this recipient.
    pub(crate) fn admit(
        &self,
        recipient: &Identifier,
        types: &TypeTable,
        caller: Option<&Principal>,
    ) -> bool {
        caller.is_some() || self.of(recipient, types) == Audience::Open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_type_stands_above_its_kind() {
        let types = TypeTable::belgian();
        let of = |audiences: &Audiences, text: &str| {
            audiences.of(&text.parse().expect("an identifier"), types)
        };
        let plain = Audiences::default();
        assert_eq!(of(&plain, "CBE:0809394427/KGSS"), Audience::Open);
        assert_eq!(of(&plain, "SERVICE:custody"), Audience::Open);
        assert_eq!(of(&plain, "SSIN:85073003328"), Audience::Authenticated);
        // A type that is not in the table is guarded like a person's.
        assert_eq!(of(&plain, "NOSUCH:1"), Audience::Authenticated);
        let said = Audiences::new([
            ("CBE".to_owned(), Audience::Authenticated),
            ("NIHII".to_owned(), Audience::Open),
        ]);
        assert_eq!(of(&said, "CBE:0809394427/KGSS"), Audience::Authenticated);
        assert_eq!(of(&said, "NIHII:18749704"), Audience::Open);
        assert_eq!(of(&said, "SSIN:85073003328"), Audience::Authenticated);
    }
}
