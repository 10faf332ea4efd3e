//! The root KEK: the one key that everything at rest hangs from.

use std::fmt;

use data_encoding::HEXLOWER;
use kleis_types::{InstallationId, Random, SecretBytes};

use crate::derive::{Key, Label};
use crate::{KekError, WrapError, key_wrap};

/// The name of a root KEK: 16 lower-case hexadecimal characters, derived from the key.
///
/// It says which KEK a row needs without saying anything about the key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KekId(String);

impl KekId {
    /// The length of the text form, in characters.
    pub const LEN: usize = 16;

    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for KekId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KekId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Not 16 lower-case hexadecimal characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a KEK id is 16 lower-case hexadecimal characters")]
pub struct KekIdError;

impl std::str::FromStr for KekId {
    type Err = KekIdError;

    fn from_str(text: &str) -> Result<Self, KekIdError> {
        let hexadecimal = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() == Self::LEN && text.bytes().all(hexadecimal) {
            Ok(Self(text.to_owned()))
        } else {
            Err(KekIdError)
        }
    }
}

/// Where a root KEK comes from.
///
/// There is no default source: without one, a service does not start.
pub trait KekSource {
    /// Loads the key. Called at start, and again when the operator rotates it.
    fn load(&self) -> Result<RootKek, KekError>;
}

/// A root KEK: 32 random bytes that never stand in a database.
pub struct RootKek {
    key: Key,
    id: KekId,
}

impl RootKek {
    /// The length of the key, in bytes.
    pub const LEN: usize = Key::LEN;

    /// The longest secret that [`RootKek::wrap_secret`] takes, in bytes.
    pub const MAX_SECRET_LEN: usize = 64 * 1024;

    /// Takes 32 bytes as the root KEK. One byte repeated is refused as a placeholder.
    pub fn from_bytes(bytes: &SecretBytes) -> Result<Self, KekError> {
        let bytes = bytes.expose();
        let key = Key::copied_from(bytes).ok_or(KekError::Length {
            actual: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        })?;
        if bytes.iter().all(|byte| *byte == bytes[0]) {
            return Err(KekError::Placeholder);
        }
        Ok(Self::from_key(key))
    }

    /// Makes a new one.
    pub fn generate(random: &dyn Random) -> Self {
        Self::from_key(Key::filled_by(|key| random.fill(key)))
    }

    fn from_key(key: Key) -> Self {
        let name = key.derive(Label::KekId, &[]);
        let id = KekId(HEXLOWER.encode(&name.bytes()[..KekId::LEN / 2]));
        Self { key, id }
    }

    /// Its name, which rows wrapped under it carry.
    pub fn id(&self) -> &KekId {
        &self.id
    }

    /// Wraps a secret of a service, say its private key, by AES-256-KWP.
    ///
    /// `purpose` and `name` are bound to the result: [`RootKek::unwrap_secret`] needs the same
    /// ones. `purpose` is a constant of the code, `name` tells secrets of one purpose apart.
    /// Fails on an empty secret and on one of more than [`RootKek::MAX_SECRET_LEN`] bytes.
    pub fn wrap_secret(
        &self,
        installation: &InstallationId,
        purpose: &str,
        name: &str,
        secret: &SecretBytes,
    ) -> Result<Vec<u8>, WrapError> {
        let secret = secret.expose();
        let refused = WrapError::SecretLength {
            actual: secret.len(),
        };
        if secret.len() > Self::MAX_SECRET_LEN {
            return Err(refused);
        }
        let key = self.secret_key(installation, purpose, name);
        key_wrap::wrap_kwp(&key, secret).map_err(|_| refused)
    }

    /// Unwraps what [`RootKek::wrap_secret`] made for the same installation, purpose and name.
    pub fn unwrap_secret(
        &self,
        installation: &InstallationId,
        purpose: &str,
        name: &str,
        wrapped: &[u8],
    ) -> Result<SecretBytes, WrapError> {
        if wrapped.len() > key_wrap::wrapped_len(Self::MAX_SECRET_LEN) {
            return Err(WrapError::SecretTampered);
        }
        let key = self.secret_key(installation, purpose, name);
        key_wrap::unwrap_kwp(&key, wrapped).map_err(|_| WrapError::SecretTampered)
    }

    fn secret_key(&self, installation: &InstallationId, purpose: &str, name: &str) -> Key {
        let fields = [
            installation.as_str().as_bytes(),
            purpose.as_bytes(),
            name.as_bytes(),
        ];
        self.key.derive(Label::Secret, &fields)
    }

    pub(crate) fn derive(&self, label: Label, fields: &[&[u8]]) -> Key {
        self.key.derive(label, fields)
    }

    pub(crate) fn bytes(&self) -> &[u8; Self::LEN] {
        self.key.bytes()
    }
}

impl fmt::Debug for RootKek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RootKek")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use kleis_types::{OsRandom, SeededRandom};
    use proptest::prelude::*;

    use super::*;

    fn kek() -> RootKek {
        RootKek::generate(&SeededRandom::new(1))
    }

    fn installation(seed: u64) -> InstallationId {
        InstallationId::random(&SeededRandom::new(seed))
    }

    fn secret(bytes: &[u8]) -> SecretBytes {
        SecretBytes::from(bytes.to_vec())
    }

    #[test]
    fn only_32_bytes_are_a_kek() {
        for length in [0, 16, 31, 33, 64] {
            let bytes: Vec<u8> = (0..length).collect();
            let refused = RootKek::from_bytes(&secret(&bytes)).unwrap_err();
            let expected = u64::from(length);
            assert!(matches!(refused, KekError::Length { actual } if actual == expected));
        }
    }

    #[test]
    fn placeholders_are_refused() {
        for byte in [0, b'x', 0xff] {
            let refused = RootKek::from_bytes(&secret(&[byte; 32])).unwrap_err();
            assert!(matches!(refused, KekError::Placeholder));
        }
    }

    #[test]
    fn the_id_names_the_key_and_parses() {
        let kek = kek();
        let same = RootKek::from_bytes(&secret(kek.bytes())).unwrap();
        assert_eq!(same.id(), kek.id());
        assert_ne!(RootKek::generate(&OsRandom).id(), kek.id());
        assert_eq!(kek.id().to_string().parse::<KekId>().unwrap(), *kek.id());
        for text in [
            "",
            "0123456789abcde",
            "0123456789abcdef0",
            "0123456789ABCDEF",
            "0123456789abcdeg",
        ] {
            assert_eq!(text.parse::<KekId>(), Err(KekIdError), "{text}");
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let kek = kek();
        let shown = format!("{kek:?}");
        assert_eq!(shown, format!("RootKek {{ id: {:?}, .. }}", kek.id()));
        assert!(!shown.contains(&HEXLOWER.encode(&kek.bytes()[..4])));
    }

    #[test]
    fn secrets_open_for_their_own_context_only() {
        let (kek, here) = (kek(), installation(2));
        let wrapped = kek
            .wrap_secret(&here, "service-key", "custody", &secret(b"sesame"))
            .unwrap();
        let open = |kek: &RootKek, at: &InstallationId, purpose: &str, name: &str| {
            kek.unwrap_secret(at, purpose, name, &wrapped)
        };
        assert_eq!(
            open(&kek, &here, "service-key", "custody")
                .unwrap()
                .expose(),
            b"sesame"
        );
        let other = RootKek::generate(&SeededRandom::new(3));
        for refused in [
            open(&kek, &installation(4), "service-key", "custody"),
            open(&kek, &here, "service-ke", "ycustody"),
            open(&kek, &here, "code-verifier", "custody"),
            open(&kek, &here, "service-key", "status"),
            open(&other, &here, "service-key", "custody"),
        ] {
            assert_eq!(refused.unwrap_err(), WrapError::SecretTampered);
        }
    }

    #[test]
    fn secrets_have_a_length_between_one_byte_and_the_limit() {
        let (kek, here) = (kek(), installation(2));
        let longest = vec![7; RootKek::MAX_SECRET_LEN];
        let wrapped = kek.wrap_secret(&here, "p", "n", &secret(&longest)).unwrap();
        assert_eq!(
            kek.unwrap_secret(&here, "p", "n", &wrapped)
                .unwrap()
                .expose(),
            longest
        );
        for bytes in [vec![], vec![7; RootKek::MAX_SECRET_LEN + 1]] {
            let refused = kek
                .wrap_secret(&here, "p", "n", &secret(&bytes))
                .unwrap_err();
            assert_eq!(
                refused,
                WrapError::SecretLength {
                    actual: bytes.len()
                }
            );
        }
        for length in [0, 8, 15, RootKek::MAX_SECRET_LEN + 16] {
            let refused = kek
                .unwrap_secret(&here, "p", "n", &vec![0; length])
                .unwrap_err();
            assert_eq!(refused, WrapError::SecretTampered);
        }
    }

    proptest! {
        #[test]
        fn a_flipped_bit_of_a_secret_is_refused(
            bytes in proptest::collection::vec(any::<u8>(), 1..100),
            bit in any::<proptest::sample::Index>(),
        ) {
            let (kek, here) = (kek(), installation(2));
            let mut wrapped = kek.wrap_secret(&here, "p", "n", &secret(&bytes)).unwrap();
            let bit = bit.index(wrapped.len() * 8);
            wrapped[bit / 8] ^= 1 << (bit % 8);
            let refused = kek.unwrap_secret(&here, "p", "n", &wrapped).unwrap_err();
            prop_assert_eq!(refused, WrapError::SecretTampered);
        }
    }
}
