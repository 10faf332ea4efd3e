mod material;
mod members;

use super::*;
use kleis_types::SeededRandom;
use serde_json::Value;

const ASYMMETRIC: [KeyType; 6] = [
    KeyType::Rsa { bits: 2048 },
    KeyType::P256,
    KeyType::P384,
    KeyType::P521,
    KeyType::Ed25519,
    KeyType::X25519,
];

fn key(key_type: KeyType) -> Jwk {
    Jwk::generate(key_type, &SeededRandom::new(3)).unwrap()
}

/// The private JSON of a key, to be spoilt.
fn json_of(key: &Jwk) -> Value {
    serde_json::from_slice(key.to_private_json().expose()).unwrap()
}

fn with(mut json: Value, name: &str, value: impl Into<Value>) -> Value {
    json[name] = value.into();
    json
}

fn without(mut json: Value, name: &str) -> Value {
    json.as_object_mut().unwrap().remove(name);
    json
}

fn error(json: Value) -> JwkError {
    Jwk::from_value(json).unwrap_err()
}
