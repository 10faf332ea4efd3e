//! To and from the `jsonwebkey` crate, for callers who hold its type: RSA, EC P-256 and oct.
//!
//! That type refuses every `alg` but three, drops unknown members, and shows private material in
//! its `Debug` and `Display`: so `alg` and unknown members stay behind, and nothing here prints
//! one.

use super::{Jwk, JwkError, KeyType};
use jsonwebkey::JsonWebKey;
use zeroize::Zeroizing;

impl TryFrom<&Jwk> for JsonWebKey {
    type Error = JwkError;

    /// Carries over the key, `use`, `key_ops`, `kid` and the X.509 members.
    fn try_from(key: &Jwk) -> Result<Self, JwkError> {
        let representable = matches!(
            key.key_type(),
            KeyType::Rsa { .. } | KeyType::P256 | KeyType::Oct { bytes: 1.. }
        );
        if !representable {
            return Err(JwkError::NoEquivalent);
        }
        let json = key.clone().without_member("alg").to_private_json();
        Self::try_from_slice(json.expose()).map_err(|_| JwkError::NoEquivalent)
    }
}

impl TryFrom<&JsonWebKey> for Jwk {
    type Error = JwkError;

    fn try_from(key: &JsonWebKey) -> Result<Self, JwkError> {
        let json = serde_json::to_vec(key)
            .map(Zeroizing::new)
            .map_err(|_| JwkError::NoEquivalent)?;
        Self::from_slice(&json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kleis_types::SeededRandom;
    use serde_json::Value;

    #[test]
    fn keys_survive_the_way_there_and_back() {
        let random = SeededRandom::new(1);
        for key_type in [
            KeyType::P256,
            KeyType::Rsa { bits: 2048 },
            KeyType::Oct { bytes: 32 },
        ] {
            let key = Jwk::generate(key_type, &random)
                .unwrap()
                .with_member("alg", "ECDH-ES+A256KW".into())
                .with_member("kid", "k".into())
                .with_member("https://example.org/unknown", Value::from(1));
            let theirs = JsonWebKey::try_from(&key).unwrap();
            assert_eq!(theirs.key_id.as_deref(), Some("k"));
            assert!(theirs.algorithm.is_none());
            // Two implementations of RFC 7638 agree.
            assert_eq!(theirs.key.thumbprint(), key.thumbprint().as_str());
            let ours = Jwk::try_from(&theirs).unwrap();
            assert!(ours.is_private());
            assert_eq!(ours.thumbprint(), key.thumbprint());

            if !matches!(key_type, KeyType::Oct { .. }) {
                let theirs = JsonWebKey::try_from(&key.public()).unwrap();
                assert!(!theirs.key.is_private());
            }
        }
    }

    #[test]
    fn keys_it_cannot_hold_are_refused() {
        let random = SeededRandom::new(2);
        for key_type in [
            KeyType::P384,
            KeyType::P521,
            KeyType::Ed25519,
            KeyType::X25519,
        ] {
            let key = Jwk::generate(key_type, &random).unwrap();
            assert_eq!(JsonWebKey::try_from(&key), Err(JwkError::NoEquivalent));
        }
    }
}
