//! Records: symmetric keys wrapped so that they open in their own row alone.

use std::fmt;
use std::str::FromStr;

use kleis_types::{RecordState, SecretBytes, Timestamp};

use crate::derive::{Key, Label, sha256};
use crate::{Keyring, WrapError, WrappingKeyId, key_wrap};

/// What kind of symmetric key a record holds, named after its length in bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordAlgorithm {
    /// 16 bytes: `oct-128`.
    Oct128,
    /// 24 bytes: `oct-192`.
    Oct192,
    /// 32 bytes: `oct-256`.
    Oct256,
    /// 48 bytes: `oct-384`.
    Oct384,
    /// 64 bytes: `oct-512`.
    Oct512,
}

/// Not one of the algorithms of [`RecordAlgorithm`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a record algorithm is oct-128, oct-192, oct-256, oct-384 or oct-512")]
pub struct UnknownAlgorithm;

impl RecordAlgorithm {
    /// Every algorithm, shortest key first.
    pub const ALL: [Self; 5] = [
        Self::Oct128,
        Self::Oct192,
        Self::Oct256,
        Self::Oct384,
        Self::Oct512,
    ];

    /// The algorithm of keys of this many bytes.
    pub fn for_length(bytes: usize) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.bytes() == bytes)
    }

    /// The length of its keys, in bytes.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Oct128 => 16,
            Self::Oct192 => 24,
            Self::Oct256 => 32,
            Self::Oct384 => 48,
            Self::Oct512 => 64,
        }
    }

    /// The text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Oct128 => "oct-128",
            Self::Oct192 => "oct-192",
            Self::Oct256 => "oct-256",
            Self::Oct384 => "oct-384",
            Self::Oct512 => "oct-512",
        }
    }
}

impl fmt::Display for RecordAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RecordAlgorithm {
    type Err = UnknownAlgorithm;

    fn from_str(text: &str) -> Result<Self, UnknownAlgorithm> {
        let mut all = Self::ALL.into_iter();
        all.find(|algorithm| algorithm.as_str() == text)
            .ok_or(UnknownAlgorithm)
    }
}

/// What a record is, for good: a key wrapped for one context opens in no other.
#[derive(Clone, Copy)]
pub struct RecordContext<'a> {
    /// Which kind of key it holds.
    pub algorithm: RecordAlgorithm,
    /// Its id, in text form.
    pub key_id: &'a str,
    /// Its owner's identifier, in text form.
    pub owner: &'a str,
    /// SHA-256 of its policy's bytes, as stored.
    pub policy_hash: &'a [u8; 32],
}

impl fmt::Debug for RecordContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordContext")
            .field("algorithm", &self.algorithm)
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

/// Everything in a record's row that its state MAC covers.
#[derive(Clone, Copy, Debug)]
pub struct StateFields<'a> {
    /// What the record is.
    pub context: RecordContext<'a>,
    /// The wrapped key as stored: empty once it was destroyed.
    pub wrapped: &'a [u8],
    /// When the record was made.
    pub created: Timestamp,
    /// Where it stands.
    pub state: RecordState,
    /// How often it has changed.
    pub version: u64,
    /// How many reads were counted.
    pub reads: u64,
    /// When the wrapped key is to be destroyed, if that is fixed.
    pub destroy_at: Option<Timestamp>,
}

impl Keyring {
    /// Wraps a symmetric key for one record, under a current wrapping key.
    ///
    /// `secret` must have the length that its algorithm demands. Equal inputs give equal bytes.
    pub fn wrap(
        &self,
        id: &WrappingKeyId,
        context: &RecordContext<'_>,
        secret: &SecretBytes,
    ) -> Result<Vec<u8>, WrapError> {
        let refused = WrapError::SecretLength {
            actual: secret.len(),
        };
        if secret.len() != context.algorithm.bytes() {
            return Err(refused);
        }
        let key = self.record_key(self.current_key(id)?, context);
        self.counter().wrap();
        key_wrap::wrap(&key, secret.expose()).map_err(|_| refused)
    }

    /// Unwraps a record's key.
    ///
    /// Whether the wrapping key is open, whether the bytes have a sensible length and whether
    /// they verify, the work is the same: one derivation and one unwrapping. So a caller that has
    /// no record to unwrap may ask for [`WrappingKeyId::none`] and give nothing away.
    pub fn unwrap(
        &self,
        id: &WrappingKeyId,
        context: &RecordContext<'_>,
        wrapped: &[u8],
    ) -> Result<SecretBytes, WrapError> {
        let known = self.key(id);
        let key = self.record_key(known.unwrap_or(self.decoy()), context);
        let plain = context.algorithm.bytes();
        let blank = vec![0; key_wrap::wrapped_len(plain)];
        let input = if wrapped.len() == blank.len() {
            wrapped
        } else {
            &blank
        };
        self.counter().unwrap();
        let secret = key_wrap::unwrap(&key, input, plain);
        if known.is_none() {
            return Err(WrapError::UnknownWrappingKey(id.clone()));
        }
        secret.map_err(|_| WrapError::RecordTampered)
    }

    /// Wraps a record's key again under another wrapping key, the current one of its period.
    pub fn rewrap(
        &self,
        from: &WrappingKeyId,
        to: &WrappingKeyId,
        context: &RecordContext<'_>,
        wrapped: &[u8],
    ) -> Result<Vec<u8>, WrapError> {
        self.wrap(to, context, &self.unwrap(from, context, wrapped)?)
    }

    /// The MAC over a record's state, to be stored beside it. Also the digest that stands for the
    /// record in the audit chain.
    pub fn state_mac(
        &self,
        id: &WrappingKeyId,
        state: &StateFields<'_>,
    ) -> Result<[u8; 32], WrapError> {
        let unknown = || WrapError::UnknownWrappingKey(id.clone());
        let key = self.state_key(self.key(id).ok_or_else(unknown)?, state.context.key_id);
        self.counter().mac();
        Ok(state.with_mac_fields(id, |fields| key.mac(fields)))
    }

    /// Verifies the MAC over a record's state, in constant time and, as [`Keyring::unwrap`] does,
    /// with the same work for a wrapping key that is not open.
    pub fn verify_state_mac(
        &self,
        id: &WrappingKeyId,
        state: &StateFields<'_>,
        mac: &[u8; 32],
    ) -> Result<(), WrapError> {
        let known = self.key(id);
        let key = self.state_key(known.unwrap_or(self.decoy()), state.context.key_id);
        self.counter().mac();
        let verified = state.with_mac_fields(id, |fields| key.verifies(fields, mac));
        match (known, verified) {
            (None, _) => Err(WrapError::UnknownWrappingKey(id.clone())),
            (Some(_), false) => Err(WrapError::StateTampered),
            (Some(_), true) => Ok(()),
        }
    }

    fn record_key(&self, wrapping_key: &Key, context: &RecordContext<'_>) -> Key {
        self.counter().derivation();
        let fields = [
            self.installation().as_str().as_bytes(),
            context.algorithm.as_str().as_bytes(),
            context.key_id.as_bytes(),
            context.owner.as_bytes(),
            context.policy_hash,
        ];
        wrapping_key.derive(Label::Record, &fields)
    }

    fn state_key(&self, wrapping_key: &Key, key_id: &str) -> Key {
        self.counter().derivation();
        let fields = [self.installation().as_str().as_bytes(), key_id.as_bytes()];
        wrapping_key.derive(Label::RecordMac, &fields)
    }
}

impl StateFields<'_> {
    fn with_mac_fields<T>(&self, id: &WrappingKeyId, then: impl FnOnce(&[&[u8]]) -> T) -> T {
        let destroy_at = self.destroy_at.map_or(0, Timestamp::unix);
        then(&[
            id.as_str().as_bytes(),
            self.context.owner.as_bytes(),
            self.context.algorithm.as_str().as_bytes(),
            self.context.policy_hash,
            &sha256(self.wrapped),
            &self.created.unix().to_be_bytes(),
            self.state.to_string().as_bytes(),
            &self.version.to_be_bytes(),
            &self.reads.to_be_bytes(),
            &destroy_at.to_be_bytes(),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn algorithms_are_known_by_text_and_by_length() {
        for algorithm in RecordAlgorithm::ALL {
            assert_eq!(algorithm.to_string().parse(), Ok(algorithm));
            assert_eq!(
                RecordAlgorithm::for_length(algorithm.bytes()),
                Some(algorithm)
            );
            assert_eq!(algorithm.as_str(), format!("oct-{}", 8 * algorithm.bytes()));
        }
        for text in ["", "oct-64", "OCT-128", "oct-128 ", "oct128"] {
            assert_eq!(
                text.parse::<RecordAlgorithm>(),
                Err(UnknownAlgorithm),
                "{text}"
            );
        }
        for length in [0, 8, 15, 17, 40, 65] {
            assert_eq!(RecordAlgorithm::for_length(length), None);
        }
    }

    #[test]
    fn debug_does_not_name_the_owner() {
        let context = RecordContext {
            algorithm: RecordAlgorithm::Oct256,
            key_id: "AAAAAAAAAAAAAAAAAAAAAA",
            owner: "SSIN:85073003328",
            policy_hash: &[0; 32],
        };
        assert!(!format!("{context:?}").contains("85073003328"));
    }
}
