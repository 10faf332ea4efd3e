//! The name of an order.

use std::{fmt, str::FromStr};

use kleis_types::{Random, base64url, random_array};

/// 16 random bytes that make an order unique for ever; its text form is base64url, 22 characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Jti([u8; Jti::LEN]);

/// The text is not base64url of 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a jti is base64url of 16 bytes (22 characters)")]
pub struct JtiError;

impl Jti {
    /// The length in bytes.
    pub const LEN: usize = 16;

    /// A fresh one.
    pub fn random(random: &dyn Random) -> Self {
        Self(random_array(random))
    }

    /// The bytes, for a store that keeps them in place of the text.
    pub fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl From<[u8; Jti::LEN]> for Jti {
    fn from(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }
}

impl FromStr for Jti {
    type Err = JtiError;

    fn from_str(text: &str) -> Result<Self, JtiError> {
        base64url::decode_array(text)
            .map(Self)
            .map_err(|_| JtiError)
    }
}

impl fmt::Display for Jti {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base64url::encode(&self.0))
    }
}

impl fmt::Debug for Jti {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Jti({self})")
    }
}

impl serde::Serialize for Jti {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Jti {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use kleis_types::SeededRandom;

    use super::*;

    #[test]
    fn text_form_is_read_back() {
        let jti = Jti::random(&SeededRandom::new(1));
        assert_eq!(jti.to_string().len(), 22);
        assert_eq!(jti.to_string().parse(), Ok(jti));
        assert_eq!(Jti::from([0; 16]).to_string(), "AAAAAAAAAAAAAAAAAAAAAA");
    }

    #[test]
    fn other_lengths_and_spellings_are_refused() {
        for text in [
            "",
            "AAAA",
            "AAAAAAAAAAAAAAAAAAAAAB",
            "AAAAAAAAAAAAAAAAAAAAAA==",
            "AAAAAAAAAAAAAAAAAAAAAAA",
        ] {
            assert_eq!(text.parse::<Jti>(), Err(JtiError), "{text}");
        }
    }
}
