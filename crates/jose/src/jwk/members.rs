//! The members around the key (RFC 7517 section 4), and the unknown ones.

use super::{Jwk, JwkError};
use crate::json::MemberError;
use data_encoding::BASE64;
use serde_json::{Map, Value};

/// Names of key material: set when a key is made, never afterwards.
const KEY_MATERIAL: [&str; 13] = [
    "kty", "crv", "x", "y", "n", "e", "d", "p", "q", "dp", "dq", "qi", "k",
];

/// The types that RFC 7517 gives to the members we use. Unknown members are free.
pub(super) fn check(members: &Map<String, Value>) -> Result<(), JwkError> {
    for name in ["kid", "alg", "use", "x5t#S256"] {
        if members.get(name).is_some_and(|value| !value.is_string()) {
            return Err(MemberError::new(name, "a string").into());
        }
    }
    if members
        .get("key_ops")
        .is_some_and(|value| !is_set_of_strings(value))
    {
        return Err(MemberError::new("key_ops", "an array of different strings").into());
    }
    certificates(members)?;
    Ok(())
}

impl Jwk {
    /// The key's identifier.
    pub fn kid(&self) -> Option<&str> {
        self.text("kid")
    }

    /// The one algorithm that the key is for.
    pub fn alg(&self) -> Option<&str> {
        self.text("alg")
    }

    /// What the public key is for, the member `use`: `sig` or `enc`.
    pub fn key_use(&self) -> Option<&str> {
        self.text("use")
    }

    /// The operations that the key is for. `None` when nothing is said.
    pub fn key_ops(&self) -> Option<Vec<&str>> {
        let operations = self.members.get("key_ops")?.as_array()?;
        Some(operations.iter().filter_map(Value::as_str).collect())
    }

    /// The certificate chain in DER, leaf first. That the leaf certifies this key is not checked
    /// here.
    pub fn x5c(&self) -> Result<Option<Vec<Vec<u8>>>, JwkError> {
        certificates(&self.members)
    }

    /// Any member that is not key material.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// Sets a member. Key material cannot be changed: such a name changes nothing.
    #[must_use]
    pub fn with_member(mut self, name: &str, value: Value) -> Self {
        if !KEY_MATERIAL.contains(&name) && name != "oth" {
            self.members.insert(name.to_owned(), value);
        }
        self
    }

    /// Removes a member that is not key material.
    #[must_use]
    pub fn without_member(mut self, name: &str) -> Self {
        self.members.remove(name);
        self
    }

    /// Sets `kid` to the thumbprint.
    #[must_use]
    pub fn with_thumbprint_kid(self) -> Self {
        let kid = Value::from(self.thumbprint().as_str());
        self.with_member("kid", kid)
    }

    /// Sets the certificate chain, leaf first, from DER.
    #[must_use]
    pub fn with_x5c(self, chain: &[Vec<u8>]) -> Self {
        self.with_member("x5c", encode_certificates(chain))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name)?.as_str()
    }
}

/// What the holder of the counterpart may do, where the operation differs (RFC 7517 section 4.3).
pub(super) fn turn_key_ops(members: &mut Map<String, Value>) {
    let Some(Value::Array(operations)) = members.get_mut("key_ops") else {
        return;
    };
    for operation in operations {
        match operation.as_str() {
            Some("sign") => *operation = "verify".into(),
            Some("decrypt") => *operation = "encrypt".into(),
            Some("unwrapKey") => *operation = "wrapKey".into(),
            _ => {}
        }
    }
    dedup(members);
}

fn dedup(members: &mut Map<String, Value>) {
    if let Some(Value::Array(operations)) = members.get_mut("key_ops") {
        let mut seen = Vec::new();
        operations.retain(|operation| {
            let new = !seen.contains(operation);
            seen.push(operation.clone());
            new
        });
    }
}

/// Standard base64 with padding: `x5c` is the one place of JOSE that is not base64url.
pub(crate) fn encode_certificates(chain: &[Vec<u8>]) -> Value {
    chain
        .iter()
        .map(|certificate| Value::from(BASE64.encode(certificate)))
        .collect()
}

/// The `x5c` of a key or of a header.
pub(crate) fn certificates(members: &Map<String, Value>) -> Result<Option<Vec<Vec<u8>>>, JwkError> {
    let expected = || MemberError::new("x5c", "an array of one or more base64 strings");
    let Some(value) = members.get("x5c") else {
        return Ok(None);
    };
    let texts = value
        .as_array()
        .filter(|texts| !texts.is_empty())
        .ok_or_else(expected)?;
    let decode = |text: &Value| BASE64.decode(text.as_str()?.as_bytes()).ok();
    let chain = texts.iter().map(decode).collect::<Option<Vec<_>>>();
    chain.map(Some).ok_or_else(|| expected().into())
}

fn is_set_of_strings(value: &Value) -> bool {
    let Some(values) = value.as_array() else {
        return false;
    };
    let distinct = (1..values.len()).all(|i| !values[..i].contains(&values[i]));
    distinct && values.iter().all(Value::is_string)
}
