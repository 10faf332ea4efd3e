//! Bytes that must not be shown, compared in variable time, or left behind in memory.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Secret bytes: wiped on drop, compared in constant time, never shown by `Debug`.
///
/// There is no `Display`, no serde and no `Deref`: each use of the bytes says [`expose`] aloud.
///
/// [`expose`]: SecretBytes::expose
#[derive(Clone)]
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// The bytes themselves.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The number of bytes; a length is not a secret.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no bytes at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Vec<u8>> for SecretBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl From<Zeroizing<Vec<u8>>> for SecretBytes {
    fn from(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }
}

impl<const N: usize> From<Zeroizing<[u8; N]>> for SecretBytes {
    fn from(bytes: Zeroizing<[u8; N]>) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }
}

impl From<&[u8]> for SecretBytes {
    fn from(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }
}

impl PartialEq for SecretBytes {
    fn eq(&self, other: &Self) -> bool {
        self.expose().ct_eq(other.expose()).into()
    }
}

impl Eq for SecretBytes {}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        let secret = SecretBytes::from(b"hunter2".as_slice());
        assert_eq!(
            format!("{secret:?} {secret:#?}"),
            "SecretBytes(..) SecretBytes(..)"
        );
    }

    #[test]
    fn equality_is_of_the_bytes_and_their_number() {
        let secret = SecretBytes::from(vec![1, 2, 3]);
        assert_eq!(secret, secret.clone());
        assert_eq!(secret, SecretBytes::from(Zeroizing::new([1, 2, 3])));
        assert_ne!(secret, SecretBytes::from(vec![1, 2, 4]));
        assert_ne!(secret, SecretBytes::from(vec![1, 2]));
        assert_ne!(secret, SecretBytes::from(Vec::new()));
        assert_eq!(secret.len(), 3);
        assert!(SecretBytes::from(Vec::new()).is_empty());
    }
}
