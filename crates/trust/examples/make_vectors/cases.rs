//! The shape of a case: a name, an input, and what is to come of it.

use kleis_trust::{Signer, test_util::claims_of};
use kleis_types::base64url;
use serde_json::{Value, json};

/// A case that is to be accepted, and what is to be read from it.
pub(crate) fn accepted(name: &str, input: &Value, output: &Value) -> Value {
    json!({ "name": name, "input": input, "accepted": output })
}

/// A case that is to be refused, and why.
pub(crate) fn refused(name: &str, input: &Value, reason: &str) -> Value {
    json!({ "name": name, "input": input, "refused": reason })
}

/// base64url, for all bytes but certificates.
pub(crate) fn b64u(bytes: &[u8]) -> String {
    base64url::encode(bytes)
}

/// Standard base64, for certificates as in `x5c`.
pub(crate) fn base64(der: &[u8]) -> String {
    // The only use of it here: not worth a dependency.
    let padding = ["", "==", "="][der.len() % 3];
    base64url::encode(der).replace('-', "+").replace('_', "/") + padding
}

/// A private key in JSON.
pub(crate) fn private_jwk(key: &kleis_jose::Jwk) -> Value {
    serde_json::from_slice(key.to_private_json().expose()).unwrap()
}

/// The identifiers of a signer.
pub(crate) fn identifiers(signer: &Signer) -> Value {
    json!(signer.identity().identifiers())
}

/// A claim of a compact JWS.
pub(crate) fn claim(compact: &str, name: &str) -> Value {
    claims_of(compact)[name].clone()
}

/// The same text with one bit of the last part's first character changed.
pub(crate) fn damaged(compact: &str) -> String {
    let at = compact.rfind('.').unwrap() + 1;
    let mut text = compact.to_owned();
    let other = if text[at..].starts_with('A') {
        "B"
    } else {
        "A"
    };
    text.replace_range(at..=at, other);
    text
}
