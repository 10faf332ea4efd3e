mod compact;
mod json;
mod keys;

use super::{Header, default_algorithm, encrypt};
use crate::{ContentEncryption, Jwk, KeyType};
use kleis_types::SeededRandom;

fn random() -> SeededRandom {
    SeededRandom::new(11)
}

fn key(key_type: KeyType) -> Jwk {
    Jwk::generate(key_type, &random()).unwrap()
}

/// A message to the key with its default algorithm.
fn encrypted(key: &Jwk) -> String {
    let alg = default_algorithm(key).unwrap();
    let enc = ContentEncryption::A256Gcm;
    encrypt(key, alg, enc, &Header::default(), b"secret", &random()).unwrap()
}
