//! What orders say, and the policies in them.

use kleis_jose::Jwk;
use kleis_proto::custody::v1 as wire;
use kleis_trust::test_util::EPOCH;
use kleis_types::{SecretBytes, base64url};
use serde_json::{Value, json};

use crate::fixture::{Caller, LIFE};

pub(crate) fn create(by: &Caller, policy: &Value, count: u32) -> wire::CreateKeysOrder {
    wire::CreateKeysOrder {
        count,
        policy: encode(policy),
        reply_to: by.reply_to(),
    }
}

pub(crate) fn get(by: &Caller, key_id: &str) -> wire::GetKeyOrder {
    wire::GetKeyOrder {
        key_id: key_id.to_owned(),
        reply_to: by.reply_to(),
    }
}

/// A policy document as it travels.
pub(crate) fn encode(policy: &Value) -> String {
    base64url::encode(policy.to_string().as_bytes())
}

/// Lets [`PHARMACY`] read, until [`LIFE`] after the first moment.
pub(crate) fn policy() -> Value {
    json!({
        "readers": [{"allOf": [identifier("NIHII-PHARMACY", "71000436")]}],
        "expiresAt": EPOCH + LIFE,
    })
}

/// [`policy`] with a member more, or with another value.
pub(crate) fn policy_with(member: &str, value: impl Into<Value>) -> Value {
    let mut policy = policy();
    policy[member] = value.into();
    policy
}

/// The credential that the holder of an identifier has.
pub(crate) fn identifier(type_name: &str, value: &str) -> Value {
    json!({"namespace": "urn:kleis:identifier", "name": type_name, "values": [value]})
}

/// The bytes of a released key, whose `kid` must be its id.
pub(crate) fn secret(key: &wire::ReleasedKey) -> SecretBytes {
    let jwk = Jwk::from_slice(key.jwk.as_bytes()).unwrap();
    assert_eq!(jwk.kid(), Some(key.key_id.as_str()));
    SecretBytes::from(jwk.oct_bytes().unwrap())
}
