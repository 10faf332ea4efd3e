//! Raw requests to single RPCs: what is refused, under which name, and that nothing came of it.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "tests: a panic is a failed test")]

mod attempts;
mod bodies;
mod envelopes;
mod in_between;
mod raw;
mod reads;
mod replay;

use kleis_jose::{Jwk, KeyType};
use kleis_types::{Clock as _, OsRandom, SystemClock, base64url};
use serde_json::{Value, json};

/// A policy that lets its owner read, in the form in which orders carry it.
fn own_policy() -> String {
    let nobody = json!({"namespace": "urn:kleis:identifier", "name": "CBE", "values": ["x"]});
    let policy = json!({
        "readers": [{"allOf": [nobody]}],
        "expiresAt": now() + 86_400,
        "ownerMayRead": true,
    });
    encoded(&policy)
}

/// A policy document as orders carry it.
fn encoded(policy: &Value) -> String {
    base64url::encode(policy.to_string().as_bytes())
}

/// A fresh public key, as orders carry it.
fn public_key(key_type: KeyType) -> String {
    let key = Jwk::generate(key_type, &OsRandom).unwrap();
    key.to_value().to_string()
}

fn now() -> i64 {
    SystemClock.now().unix()
}
