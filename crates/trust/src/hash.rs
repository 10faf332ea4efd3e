//! A SHA-256 hash in claims: base64url of its 32 bytes.

use kleis_types::base64url;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// The hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hash(pub(crate) [u8; 32]);

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&base64url::encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        base64url::decode_array(&text)
            .map(Self)
            .map_err(D::Error::custom)
    }
}
