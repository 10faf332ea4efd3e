//! Whom a document is written to.

use std::{fmt, str::FromStr};

use kleis_types::{Identifier, base64url};

const CUSTODY_PREFIX: &str = "custody:";
const KEY_ID_LEN: usize = 16;

/// A recipient as a document names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Addressee {
    /// A known recipient.
    Identifier(Identifier),
    /// Whoever custody gives the key of this id: b64u of 16 bytes.
    CustodyKey(String),
}

/// The text names no recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a recipient is TYPE:VALUE, TYPE:VALUE/APPLICATION or custody:KEYID")]
pub struct AddresseeError;

impl FromStr for Addressee {
    type Err = AddresseeError;

    fn from_str(text: &str) -> Result<Self, AddresseeError> {
        if let Some(id) = text.strip_prefix(CUSTODY_PREFIX) {
            let bytes = base64url::decode_array::<KEY_ID_LEN>(id);
            return bytes
                .map(|_| Self::CustodyKey(id.to_owned()))
                .map_err(|_| AddresseeError);
        }
        text.parse()
            .map(Self::Identifier)
            .map_err(|_| AddresseeError)
    }
}

impl fmt::Display for Addressee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identifier(identifier) => identifier.fmt(f),
            Self::CustodyKey(id) => write!(f, "{CUSTODY_PREFIX}{id}"),
        }
    }
}

impl From<Identifier> for Addressee {
    fn from(identifier: Identifier) -> Self {
        Self::Identifier(identifier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_forms_are_read_back() {
        for text in [
            "NIHII:18749704",
            "CBE:0809394427/KGSS",
            "custody:AAAAAAAAAAAAAAAAAAAAAA",
        ] {
            let addressee: Addressee = text.parse().unwrap();
            assert_eq!(addressee.to_string(), text);
        }
        assert!(!format!("{:?}", "NIHII:18749704".parse::<Addressee>()).contains("18749704"));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "custody:",
            "custody:AAAA",
            "Custody:AAAAAAAAAAAAAAAAAAAAAA",
            "NIHII",
            "*",
        ] {
            assert_eq!(text.parse::<Addressee>(), Err(AddresseeError), "{text}");
        }
    }
}
