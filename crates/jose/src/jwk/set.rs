//! JWK Sets (RFC 7517 section 5).

use super::{Jwk, JwkError};
use crate::json::MemberError;
use kleis_types::strict_json;
use serde_json::{Value, json};

/// A list of keys. Unlike RFC 7517, which lets a reader skip keys it does not understand, a set
/// with one bad key is refused whole: a sender must not encrypt to a part of what the owner
/// published.
#[derive(Clone, Debug, Default)]
pub struct JwkSet {
    keys: Vec<Jwk>,
}

impl JwkSet {
    /// A set of these keys, in this order.
    pub fn new(keys: Vec<Jwk>) -> Self {
        Self { keys }
    }

    /// Reads a set of at most `max` bytes. Members other than `keys` are ignored.
    pub fn from_slice(json: &[u8], max: usize) -> Result<Self, JwkError> {
        let keys = values(json, max)?.into_iter().map(Jwk::from_value);
        keys.collect()
    }

    /// Reads those keys of a set of at most `max` bytes that are understood here, as RFC 7517
    /// section 5 asks of readers: for the keys of an issuer, who publishes some for others too. Of
    /// these one is enough to verify with, and one more or less changes nothing.
    pub fn understood_of_slice(json: &[u8], max: usize) -> Result<Self, JwkError> {
        let keys = values(json, max)?.into_iter().map(Jwk::from_value);
        Ok(keys.filter_map(Result::ok).collect())
    }

    /// The keys, in the order of the set.
    pub fn keys(&self) -> &[Jwk] {
        &self.keys
    }

    /// The keys, in the order of the set.
    pub fn into_keys(self) -> Vec<Jwk> {
        self.keys
    }

    /// The set with the public part of each key.
    pub fn to_value(&self) -> Value {
        json!({ "keys": self.keys.iter().map(Jwk::to_value).collect::<Vec<_>>() })
    }
}

/// The values of the member `keys`.
fn values(json: &[u8], max: usize) -> Result<Vec<Value>, JwkError> {
    if json.len() > max {
        return Err(JwkError::TooLarge { max });
    }
    let value = strict_json::value(json, max)?;
    let Value::Object(mut members) = value else {
        return Err(JwkError::NotAnObject);
    };
    match members.remove("keys") {
        Some(Value::Array(keys)) => Ok(keys),
        Some(_) => Err(MemberError::new("keys", "an array").into()),
        None => Err(JwkError::Missing("keys")),
    }
}

impl FromIterator<Jwk> for JwkSet {
    fn from_iter<I: IntoIterator<Item = Jwk>>(keys: I) -> Self {
        Self::new(keys.into_iter().collect())
    }
}
