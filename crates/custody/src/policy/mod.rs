//! Policies: who may read a key, and when (`docs/formats.md`, section 10).
//!
//! A policy is a JSON document that the depositor wrote. Its bytes are stored and hashed as they
//! came, never written anew, and the hash is bound into the wrapping of the key: what was agreed
//! to is what decides, to the byte. Reading is strict (`parse.rs`), deciding is a short list of
//! rules in a fixed order (`evaluate.rs`).
//!
//! This module must never decide by anything but the policy, the certified principal and the
//! clock, and never let a doubt pass: what cannot be shown is refused. Why a read was refused is
//! for the audit alone; callers hear the same answer whatever the reason.
//!
//! To add a rule, give it a member of the document, a limit and an error in `parse.rs`, a place
//! in the order in `evaluate.rs`, and cases in `tests/vectors/policy/generate.py`.

mod error;
mod evaluate;
mod parse;

use kleis_types::{Credential, Timestamp, base64url};

pub use error::{PolicyError, PolicyFault};
pub use evaluate::{Decision, Refusal};

/// The longest document, in bytes.
pub const MAX_DOCUMENT: usize = 16_384;
/// The most groups of readers.
pub const MAX_GROUPS: usize = 64;
/// The most credentials in a group.
pub const MAX_CREDENTIALS: usize = 16;
/// The most exclusions.
pub const MAX_EXCLUSIONS: usize = 64;
/// The most values of a credential.
pub const MAX_VALUES: usize = 64;
/// The longest namespace or name, in bytes.
pub const MAX_NAME: usize = 256;
/// The longest value, in bytes.
pub const MAX_VALUE: usize = 128;
/// The largest number of reads that a policy can set.
pub const MAX_READS: u32 = i32::MAX.unsigned_abs();
/// How far ahead a new policy may expire, in seconds: 1,827 days, five years with two leap days.
pub const MAX_AHEAD: i64 = 1_827 * 24 * 60 * 60;

/// A policy that was read from its document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Any of these, each all of its credentials. Neither level is empty.
    readers: Vec<Vec<Credential>>,
    excluded: Vec<Credential>,
    not_before: Option<Timestamp>,
    expires_at: Timestamp,
    max_reads: Option<u32>,
    owner_may_read: bool,
    hash: [u8; 32],
}

impl Policy {
    /// Reads the document of a new policy. At `now` it must not have expired, and must expire
    /// within [`MAX_AHEAD`].
    pub fn parse(document: &[u8], now: Timestamp) -> Result<Self, PolicyError> {
        let policy = parse::document(document)?;
        let fault = if policy.expires_at <= now {
            PolicyFault::AlreadyExpired
        } else if policy.expires_at > now.plus_seconds(MAX_AHEAD) {
            PolicyFault::TooFarAhead
        } else {
            return Ok(policy);
        };
        Err(PolicyError::from(fault).at("expiresAt"))
    }

    /// Reads the document of a policy that was accepted before, and may have expired since.
    ///
    /// An error here means that the store has lost or changed a document.
    pub fn stored(document: &[u8]) -> Result<Self, PolicyError> {
        parse::document(document)
    }

    /// SHA-256 of the document.
    pub fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// The hash as it is written on the wire: base64url, 43 characters.
    pub fn hash_text(&self) -> String {
        base64url::encode(&self.hash)
    }

    /// The moment from which nobody reads any more.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// The moment before which nobody reads, if there is one.
    pub fn not_before(&self) -> Option<Timestamp> {
        self.not_before
    }

    /// How many reads there may be, if they are limited: 1 burns after reading.
    pub fn max_reads(&self) -> Option<u32> {
        self.max_reads
    }

    /// Whether the owner may read without being in a group.
    pub fn owner_may_read(&self) -> bool {
        self.owner_may_read
    }
}

#[cfg(test)]
mod tests;
