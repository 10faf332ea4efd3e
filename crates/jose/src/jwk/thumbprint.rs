//! Thumbprints of keys (RFC 7638).

use crate::digest::{LEN, sha256};
use kleis_types::base64url;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The SHA-256 thumbprint of a key: base64url, 43 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Thumbprint(String);

/// The text is not base64url of 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a thumbprint: base64url of 32 bytes is expected")]
pub struct ThumbprintError;

impl Thumbprint {
    /// From the JSON of the required members.
    pub(super) fn of(required_members: &[u8]) -> Self {
        Self(base64url::encode(&sha256(required_members)))
    }

    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Thumbprint {
    type Err = ThumbprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match base64url::decode(text) {
            Ok(bytes) if bytes.len() == LEN => Ok(Self(text.to_owned())),
            _ => Err(ThumbprintError),
        }
    }
}

impl TryFrom<String> for Thumbprint {
    type Error = ThumbprintError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Thumbprint> for String {
    fn from(thumbprint: Thumbprint) -> Self {
        thumbprint.0
    }
}

impl AsRef<str> for Thumbprint {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_encoding_of_32_bytes_is_read() {
        let text = base64url::encode(&[7; 32]);
        assert_eq!(text.parse::<Thumbprint>().unwrap().as_str(), text);
        assert_eq!(format!("{text}="), format!("{text}="));
        for wrong in [
            String::new(),
            format!("{text}="),
            base64url::encode(&[7; 31]),
            "é".repeat(43),
        ] {
            assert_eq!(wrong.parse::<Thumbprint>(), Err(ThumbprintError));
            assert!(serde_json::from_value::<Thumbprint>(wrong.into()).is_err());
        }
    }
}
