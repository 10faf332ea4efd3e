//! What a sender may encrypt to.

use kleis_jose::{Jwk, KeyAlgorithm, Thumbprint};
use kleis_types::{DeviceId, Identifier, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    binding::Binding,
    status::{Status, StatusView},
};

/// What a sender remembers of a recipient: the newest binding it has seen, so that nobody goes back
/// behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    sequence: u64,
    idx: u32,
}

impl Seen {
    /// The binding with this sequence and this entry in the status list.
    pub fn new(sequence: u64, status_index: u32) -> Self {
        Self {
            sequence,
            idx: status_index,
        }
    }

    /// The sequence of the binding.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Whether a set whose newest binding is `newest` has gone back behind this one. It may be older only if the status
    /// list says that this binding is no longer in use: a lost device was revoked, say.
    pub fn is_ahead_of(&self, newest: &Self, status: &dyn StatusView) -> bool {
        newest.sequence < self.sequence && status.status(self.idx) == Status::Valid
    }
}

/// A recipient whose keys are all verified. A sender encrypts to every one of them.
#[derive(Clone, Debug)]
pub struct VerifiedRecipient {
    identifier: Identifier,
    keys: Vec<VerifiedKey>,
    newest: Seen,
    recovered: bool,
}

impl VerifiedRecipient {
    pub(super) fn new(
        identifier: Identifier,
        keys: Vec<VerifiedKey>,
        newest: Seen,
        recovered: bool,
    ) -> Self {
        Self {
            identifier,
            keys,
            newest,
            recovered,
        }
    }

    /// Who was asked for, and is certified to be the owner.
    pub fn identifier(&self) -> &Identifier {
        &self.identifier
    }

    /// The keys, one or more for each device; never empty.
    pub fn keys(&self) -> &[VerifiedKey] {
        &self.keys
    }

    /// The largest sequence of the bindings.
    pub fn sequence(&self) -> u64 {
        self.newest.sequence()
    }

    /// The newest binding, to be remembered and given as `seen` the next time.
    pub fn newest(&self) -> Seen {
        self.newest
    }

    /// Whether operators approved one of the devices in place of its siblings. The sender may want
    /// to ask the recipient about it.
    pub fn is_recovered(&self) -> bool {
        self.recovered
    }

    /// The first moment at which a key or its certificate has ended: no cache may keep the
    /// recipient longer.
    pub fn expires_at(&self) -> Timestamp {
        let ends = self.keys.iter().map(VerifiedKey::expires_at).min();
        ends.unwrap_or(Timestamp::from_unix(0))
    }
}

/// A verified encryption key.
#[derive(Clone, Debug)]
pub struct VerifiedKey {
    jwk: Jwk,
    algorithm: KeyAlgorithm,
    device: DeviceId,
    kid: Thumbprint,
    expires_at: Timestamp,
}

impl VerifiedKey {
    pub(super) fn new(key: &Jwk, binding: &Binding, certificate_end: Timestamp) -> Self {
        Self {
            jwk: key.public(),
            algorithm: binding.algorithm(),
            device: binding.device().clone(),
            kid: binding.thumbprint().clone(),
            expires_at: binding.expires_at().min(certificate_end),
        }
    }

    /// The public key.
    pub fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// The key management algorithm that the owner wants most.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The device that holds the private key.
    pub fn device(&self) -> &DeviceId {
        &self.device
    }

    /// The key's thumbprint.
    pub fn kid(&self) -> &Thumbprint {
        &self.kid
    }

    /// When the binding, or the certificate behind it, ends.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}
