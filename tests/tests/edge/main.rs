//! The edge turned evil: it holds all of the edge's keys, everybody's every word passes it, and it does with them what it can.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "tests: a panic is a failed test")]

mod cast;
mod deeds;
mod falsify;
mod flow;
mod forged;
mod memory;
mod orders;
mod reads;
mod repeated;
mod signed_anew;
mod tokens;

use kleis_types::base64url;
use serde_json::json;

/// A policy that lets its owner read, and whatever else is said.
fn policy(further: &serde_json::Value) -> Vec<u8> {
    let nobody = json!({"namespace": "urn:kleis:identifier", "name": "CBE", "values": ["x"]});
    let mut policy = json!({
        "readers": [{"allOf": [nobody]}],
        "expiresAt": now() + 86_400,
        "ownerMayRead": true,
    });
    let members = further.as_object().unwrap().clone();
    policy.as_object_mut().unwrap().extend(members);
    policy.to_string().into_bytes()
}

fn now() -> i64 {
    use kleis_types::Clock as _;
    kleis_types::SystemClock.now().unix()
}

/// The private value of a key.
fn private_value(key: &kleis_jose::Jwk) -> Vec<u8> {
    let json: serde_json::Value = serde_json::from_slice(key.to_private_json().expose()).unwrap();
    base64url::decode(json["d"].as_str().unwrap()).unwrap()
}

/// Says how much was tried.
#[expect(clippy::print_stdout, reason = "for whoever reads what the test did")]
fn report(what: &str, tried: usize) {
    println!("{what}: {tried} false messages");
}
