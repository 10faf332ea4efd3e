//! Wrapping keys as they are stored: wrapped under the root KEK, with a MAC over the whole row.

use std::fmt;
use std::str::FromStr;

use kleis_types::{InstallationId, Random, base64url, random_array};

use crate::derive::{Key, Label, sha256};
use crate::{KekId, Period, RootKek, WrapError, key_wrap};

/// The name of a wrapping key: base64url of 16 random bytes (22 characters).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WrappingKeyId(String);

/// Not base64url of 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a wrapping key id is 22 characters of base64url")]
pub struct WrappingKeyIdError;

impl WrappingKeyId {
    /// The length of the id, in bytes before encoding.
    pub const LEN: usize = 16;

    /// A new id.
    pub fn random(random: &dyn Random) -> Self {
        Self(base64url::encode(&random_array::<{ Self::LEN }>(random)))
    }

    /// The id that no wrapping key has: 16 zero bytes.
    ///
    /// Asking a [`crate::Keyring`] to unwrap under it takes the work of a real unwrapping and
    /// fails: the answer for records that are not there.
    pub fn none() -> Self {
        Self(base64url::encode(&[0; Self::LEN]))
    }

    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for WrappingKeyId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WrappingKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for WrappingKeyId {
    type Err = WrappingKeyIdError;

    fn from_str(text: &str) -> Result<Self, WrappingKeyIdError> {
        match base64url::decode(text) {
            Ok(bytes) if bytes.len() == Self::LEN => Ok(Self(text.to_owned())),
            _ => Err(WrappingKeyIdError),
        }
    }
}

/// The row of a wrapping key, as read from or written to the database.
///
/// The fields are open because a row promises nothing: [`crate::Keyring`] believes it once its
/// MAC has been verified.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredWrappingKey {
    /// Its name.
    pub id: WrappingKeyId,
    /// The month in which the records under it expire.
    pub period: Period,
    /// 1 for the first key of the period, and so on.
    pub version: u32,
    /// Whether new records of the period go under this key.
    pub current: bool,
    /// The root KEK that it is wrapped under.
    pub kek: KekId,
    /// AES-256-KW of the key: 40 bytes.
    pub wrapped: Vec<u8>,
    /// HMAC-SHA-256 over all of the above.
    pub mac: [u8; 32],
}

impl fmt::Debug for StoredWrappingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredWrappingKey")
            .field("id", &self.id)
            .field("period", &self.period)
            .field("version", &self.version)
            .field("current", &self.current)
            .field("kek", &self.kek)
            .finish_non_exhaustive()
    }
}

impl StoredWrappingKey {
    /// The row of a wrapping key under `kek`.
    pub(crate) fn seal(
        kek: &RootKek,
        installation: &InstallationId,
        name: (WrappingKeyId, Period, u32),
        current: bool,
        key: &Key,
    ) -> Self {
        let (id, period, version) = name;
        let over = wrapper(kek, installation, &id, period, version);
        // Unwrap safety: KW takes 32 bytes.
        let wrapped = key_wrap::wrap_kw(&over, key.bytes()).expect("KW of 32 bytes");
        let kek_id = kek.id().clone();
        let mut row = Self {
            id,
            period,
            version,
            current,
            kek: kek_id,
            wrapped,
            mac: [0; 32],
        };
        row.mac = row.with_mac_fields(|fields| mac_key(kek, installation).mac(fields));
        row
    }

    /// Verifies the row and unwraps its key.
    pub(crate) fn open(
        &self,
        kek: &RootKek,
        installation: &InstallationId,
    ) -> Result<Key, WrapError> {
        let tampered = || WrapError::WrappingKeyTampered(self.id.clone());
        if self.kek != *kek.id() {
            return Err(WrapError::OtherKek {
                id: self.id.clone(),
                stored: self.kek.clone(),
                loaded: kek.id().clone(),
            });
        }
        let mac_key = mac_key(kek, installation);
        if !self.with_mac_fields(|fields| mac_key.verifies(fields, &self.mac)) {
            return Err(tampered());
        }
        let over = wrapper(kek, installation, &self.id, self.period, self.version);
        let key = key_wrap::unwrap_kw(&over, &self.wrapped).map_err(|_| tampered())?;
        Key::copied_from(key.expose()).ok_or_else(tampered)
    }

    fn with_mac_fields<T>(&self, then: impl FnOnce(&[&[u8]]) -> T) -> T {
        then(&[
            self.id.as_str().as_bytes(),
            self.period.to_string().as_bytes(),
            &u64::from(self.version).to_be_bytes(),
            &u64::from(self.current).to_be_bytes(),
            self.kek.as_str().as_bytes(),
            &sha256(&self.wrapped),
        ])
    }
}

/// The key that wraps one wrapping key.
fn wrapper(
    kek: &RootKek,
    installation: &InstallationId,
    id: &WrappingKeyId,
    period: Period,
    version: u32,
) -> Key {
    kek.derive(
        Label::WrappingKey,
        &[
            installation.as_str().as_bytes(),
            id.as_str().as_bytes(),
            period.to_string().as_bytes(),
            &u64::from(version).to_be_bytes(),
        ],
    )
}

/// The key of the MACs over all rows of an installation.
fn mac_key(kek: &RootKek, installation: &InstallationId) -> Key {
    kek.derive(Label::WrappingKeyMac, &[installation.as_str().as_bytes()])
}

#[cfg(test)]
mod tests {
    use kleis_types::SeededRandom;
    use proptest::prelude::*;

    use super::*;

    fn kek() -> RootKek {
        RootKek::generate(&SeededRandom::new(1))
    }

    fn installation() -> InstallationId {
        InstallationId::random(&SeededRandom::new(2))
    }

    fn key() -> Key {
        Key::filled_by(|key| SeededRandom::new(3).fill(key))
    }

    fn row() -> StoredWrappingKey {
        let name = (
            WrappingKeyId::random(&SeededRandom::new(4)),
            "2027-03".parse().unwrap(),
            7,
        );
        StoredWrappingKey::seal(&kek(), &installation(), name, true, &key())
    }

    fn open(row: &StoredWrappingKey) -> Result<[u8; 32], WrapError> {
        row.open(&kek(), &installation()).map(|key| *key.bytes())
    }

    #[test]
    fn a_row_opens_as_it_was_sealed() {
        assert_eq!(open(&row()).unwrap(), *key().bytes());
        assert_eq!(row().wrapped.len(), 40);
    }

    #[test]
    fn every_field_is_bound() {
        let edits: [fn(&mut StoredWrappingKey); 6] = [
            |row| row.id = WrappingKeyId::random(&SeededRandom::new(5)),
            |row| row.period = "2027-04".parse().unwrap(),
            |row| row.version += 1,
            |row| row.current = false,
            |row| row.wrapped.truncate(32),
            |row| row.mac = [0; 32],
        ];
        for edit in edits {
            let mut row = row();
            edit(&mut row);
            assert_eq!(
                open(&row),
                Err(WrapError::WrappingKeyTampered(row.id.clone()))
            );
        }
    }

    #[test]
    fn another_kek_is_named_and_another_installation_refused() {
        let other = RootKek::generate(&SeededRandom::new(6));
        let refused = row().open(&other, &installation()).err().unwrap();
        let (stored, loaded) = (kek().id().clone(), other.id().clone());
        assert_eq!(
            refused,
            WrapError::OtherKek {
                id: row().id,
                stored,
                loaded
            }
        );

        let mut renamed = row();
        renamed.kek = other.id().clone();
        let refused = renamed.open(&other, &installation()).err().unwrap();
        assert_eq!(refused, WrapError::WrappingKeyTampered(row().id));

        let elsewhere = InstallationId::random(&SeededRandom::new(7));
        let refused = row().open(&kek(), &elsewhere).err().unwrap();
        assert_eq!(refused, WrapError::WrappingKeyTampered(row().id));
    }

    #[test]
    fn ids_are_22_characters_of_base64url() {
        let id = WrappingKeyId::random(&SeededRandom::new(1));
        assert_eq!(id.as_str().parse::<WrappingKeyId>().unwrap(), id);
        assert_eq!(WrappingKeyId::none().to_string(), "A".repeat(22));
        for text in [
            "",
            "AAAA",
            &"A".repeat(21),
            &"A".repeat(23),
            "AAAAAAAAAAAAAAAAAAAAAB",
        ] {
            assert_eq!(
                text.parse::<WrappingKeyId>(),
                Err(WrappingKeyIdError),
                "{text}"
            );
        }
    }

    #[test]
    fn debug_shows_neither_key_nor_mac() {
        let shown = format!("{:?}", row());
        assert!(
            shown.contains(row().id.as_str()) && shown.ends_with(", .. }"),
            "{shown}"
        );
        assert!(
            !shown.contains("wrapped") && !shown.contains("mac"),
            "{shown}"
        );
    }

    proptest! {
        #[test]
        fn any_flipped_bit_is_refused(bit in 0..(40 + 32) * 8_usize) {
            let mut row = row();
            let mask = 1 << (bit % 8);
            match bit / 8 {
                byte @ 0..40 => row.wrapped[byte] ^= mask,
                byte => row.mac[byte - 40] ^= mask,
            }
            prop_assert_eq!(open(&row), Err(WrapError::WrappingKeyTampered(row.id.clone())));
        }
    }
}
