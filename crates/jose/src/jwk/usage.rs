//! Whether a key may be used for something, by its own words (RFC 7517 sections 4.2 to 4.4).

use super::{Jwk, KeyType};
use serde_json::Value;

/// What somebody is about to do with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Make a signature.
    Sign,
    /// Verify a signature.
    Verify,
    /// Encrypt content with the key itself (`dir`).
    Encrypt,
    /// Decrypt content with the key itself (`dir`).
    Decrypt,
    /// Encrypt a content key.
    WrapKey,
    /// Decrypt a content key.
    UnwrapKey,
    /// Agree on a key.
    DeriveKey,
}

impl Operation {
    fn key_use(self) -> &'static str {
        match self {
            Self::Sign | Self::Verify => "sig",
            _ => "enc",
        }
    }

    /// The names in `key_ops` that allow the operation.
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Sign => &["sign"],
            Self::Verify => &["verify"],
            Self::Encrypt => &["encrypt"],
            Self::Decrypt => &["decrypt"],
            Self::WrapKey => &["wrapKey"],
            Self::UnwrapKey => &["unwrapKey"],
            Self::DeriveKey => &["deriveKey", "deriveBits"],
        }
    }
}

/// A key is not for what it was asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyUseError {
    /// The algorithm needs another type or size of key.
    #[error("a key of type {0} does not suit the algorithm")]
    KeyType(KeyType),
    /// The member `use` says otherwise.
    #[error("the key's member \"use\" does not allow this")]
    Use,
    /// The member `key_ops` does not list the operation.
    #[error("the key's member \"key_ops\" does not allow this")]
    KeyOps,
    /// The member `alg` names another algorithm.
    #[error("the key's member \"alg\" names another algorithm")]
    Alg,
    /// The operation needs the private part.
    #[error("the key is not a private key")]
    NotPrivate,
}

impl Jwk {
    /// Whether the key's members `use`, `key_ops` and `alg` allow an operation with one of these
    /// names of an algorithm. A member of the wrong type allows nothing.
    pub fn permits(&self, operation: Operation, algorithms: &[&str]) -> Result<(), KeyUseError> {
        if self
            .member("use")
            .is_some_and(|value| value != operation.key_use())
        {
            return Err(KeyUseError::Use);
        }
        let listed = |value: &Value| {
            let listed = value.as_array();
            listed.is_some_and(|names| {
                names
                    .iter()
                    .filter_map(Value::as_str)
                    .any(|name| operation.names().contains(&name))
            })
        };
        if self.member("key_ops").is_some_and(|value| !listed(value)) {
            return Err(KeyUseError::KeyOps);
        }
        let named = |value: &Value| {
            value
                .as_str()
                .is_some_and(|name| algorithms.contains(&name))
        };
        if self.member("alg").is_some_and(|value| !named(value)) {
            return Err(KeyUseError::Alg);
        }
        Ok(())
    }
}
