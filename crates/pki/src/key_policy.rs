//! Which public keys Kleis certifies or registers.

mod rsa;
mod shared;

use kleis_jose::{Jwk, KeyType};
use kleis_types::{ErrorCode, base64url};

pub use rsa::RsaWeakness;
pub use shared::{InvalidWeakModuli, WeakModuli};

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Signature,
    Encryption,
}

/// The allow-list of key types and strengths for one purpose.
///
/// | purpose | keys |
/// |---|---|
/// | signature (the default) | P-256, P-384, Ed25519, RSA |
/// | encryption | P-256, P-384, P-521, X25519, RSA |
///
/// RSA: 2048 to 4096 bits, an odd exponent between 2^16 and 2^256 (FIPS 186-5 section A.1.1), no
/// prime factor below 752, no fingerprint of the ROCA weakness (CVE-2017-15361), no primes so close
/// that 100 rounds of Fermat's method find them (CVE-2022-26320). Factors shared with other keys are
/// for [`WeakModuli`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyPolicy(Purpose);

/// Why a key was refused. The fault is its owner's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyPolicyError {
    /// The type of key is not one for this purpose.
    #[error("this type of key is not accepted here; use P-256, P-384, or Ed25519 or X25519")]
    Unsupported,
    /// An RSA key that is too short, too long or badly made.
    #[error("the RSA key is weak: {0}; make a new one")]
    Rsa(#[from] RsaWeakness),
}

impl KeyPolicyError {
    /// The code to answer with.
    pub fn code(self) -> ErrorCode {
        match self {
            Self::Unsupported => ErrorCode::KeyAlgorithmUnsupported,
            Self::Rsa(_) => ErrorCode::KeyWeak,
        }
    }
}

/// The policy for keys that sign.
impl Default for KeyPolicy {
    fn default() -> Self {
        Self::signature()
    }
}

impl KeyPolicy {
    /// For keys that sign, which certificates are made for.
    pub fn signature() -> Self {
        Self(Purpose::Signature)
    }

    /// For keys that others encrypt to.
    pub fn encryption() -> Self {
        Self(Purpose::Encryption)
    }

    /// Checks the public half of `key`.
    pub fn check(self, key: &Jwk) -> Result<(), KeyPolicyError> {
        match (key.key_type(), self.0) {
            (KeyType::P256 | KeyType::P384, _)
            | (KeyType::Ed25519, Purpose::Signature)
            | (KeyType::P521 | KeyType::X25519, Purpose::Encryption) => Ok(()),
            (KeyType::Rsa { .. }, _) => check_rsa(key),
            _ => Err(KeyPolicyError::Unsupported),
        }
    }
}

fn check_rsa(key: &Jwk) -> Result<(), KeyPolicyError> {
    rsa::check(&modulus_of(key)?, &number(key, "e")?)?;
    Ok(())
}

/// The modulus of a key of RSA, big-endian.
fn modulus_of(key: &Jwk) -> Result<Vec<u8>, KeyPolicyError> {
    number(key, "n")
}

fn number(key: &Jwk, member: &str) -> Result<Vec<u8>, KeyPolicyError> {
    let public = key.to_value();
    let text = public.get(member).and_then(|value| value.as_str());
    text.and_then(|text| base64url::decode(text).ok())
        .ok_or(KeyPolicyError::Unsupported)
}

#[cfg(test)]
mod tests {
    use kleis_types::SeededRandom;

    use super::*;

    fn verdicts(key_type: KeyType) -> (bool, bool) {
        let key = Jwk::generate(key_type, &SeededRandom::new(3))
            .unwrap()
            .public();
        (
            KeyPolicy::signature().check(&key).is_ok(),
            KeyPolicy::encryption().check(&key).is_ok(),
        )
    }

    #[test]
    fn each_purpose_has_its_own_list() {
        assert_eq!(verdicts(KeyType::P256), (true, true));
        assert_eq!(verdicts(KeyType::P384), (true, true));
        assert_eq!(verdicts(KeyType::P521), (false, true));
        assert_eq!(verdicts(KeyType::Ed25519), (true, false));
        assert_eq!(verdicts(KeyType::X25519), (false, true));
        assert_eq!(verdicts(KeyType::Rsa { bits: 2048 }), (true, true));
        assert_eq!(KeyPolicy::default(), KeyPolicy::signature());
    }

    #[test]
    fn symmetric_keys_are_for_neither() {
        let key = Jwk::oct(vec![7; 32].into()).unwrap();
        for policy in [KeyPolicy::signature(), KeyPolicy::encryption()] {
            assert_eq!(policy.check(&key), Err(KeyPolicyError::Unsupported));
        }
        assert_eq!(
            KeyPolicyError::Unsupported.code(),
            ErrorCode::KeyAlgorithmUnsupported
        );
        assert_eq!(
            KeyPolicyError::Rsa(RsaWeakness::Roca).code(),
            ErrorCode::KeyWeak
        );
    }
}
