//! Checkpoints: where the chains of an audit stood, signed (`docs/formats.md` section 11).
//!
//! A hash chain shows that a row was edited, but not that its end was cut off, nor that all of it
//! was computed anew. A checkpoint names the heads of the chains, is signed with a key that is not
//! in the database, names the checkpoint before it by its hash, and is also kept elsewhere.

mod error;

pub use error::CheckpointError;

use kleis_jose::digest;
use kleis_types::{Identifier, InstallationId, Service, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Anchors, Signer, SigningError,
    as_of::{AsOf, Said},
    envelope,
    hash::Hash,
    typ,
};

/// The longest checkpoint that is read, in bytes of its compact serialisation: some hundred thousand
/// heads.
pub const MAX_SIZE: usize = 16 * 1024 * 1024;

/// The longest name of a chain, in bytes.
pub const MAX_CHAIN: usize = 256;

/// The last row of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The chain.
    pub chain: String,
    /// The row's position, from 1.
    pub seq: u64,
    /// The row's hash.
    pub hash: [u8; 32],
}

/// What a checkpoint is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Its number in the series of its database, from 1.
    pub seq: u64,
    /// The [`digest`](Checkpoint::digest) of the checkpoint before; `None` for the first.
    pub previous: Option<[u8; 32]>,
    /// Whether `heads` lists every chain of the database.
    pub full: bool,
    /// Where an operator has accepted that checkpoints are lost to the database: the last one
    /// before those. What lies between that one and this one is no longer asked for.
    pub gap: Option<u64>,
    /// The heads that have moved since the checkpoint before, or all of them.
    pub heads: Vec<Head>,
}

/// A verified checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    issued_at: Timestamp,
    digest: [u8; 32],
    draft: Draft,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: Identifier,
    #[serde(with = "envelope::audience")]
    aud: InstallationId,
    seq: u64,
    iat: Timestamp,
    #[serde(
        default,
        deserialize_with = "envelope::present::deserialize",
        skip_serializing_if = "Option::is_none"
    )]
    prev: Option<Hash>,
    #[serde(
        default,
        with = "envelope::only_true",
        skip_serializing_if = "envelope::only_true::is_false"
    )]
    full: bool,
    #[serde(
        default,
        deserialize_with = "envelope::present::deserialize",
        skip_serializing_if = "Option::is_none"
    )]
    gap: Option<u64>,
    heads: Vec<HeadClaim>,
}

impl Claims {
    fn said(&self) -> Said<'_> {
        (&self.iss, &self.aud, self.iat)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadClaim {
    chain: String,
    seq: u64,
    hash: Hash,
}

/// Signs a checkpoint. The heads are put in the order of the bytes of their chains' names.
pub fn sign(signer: &Signer, draft: &Draft, now: Timestamp) -> Result<String, SigningError> {
    let mut heads: Vec<HeadClaim> = draft.heads.iter().map(HeadClaim::from).collect();
    heads.sort_by(|one, other| one.chain.cmp(&other.chain));
    let claims = Claims {
        iss: signer.identity().primary().clone(),
        aud: signer.identity().installation().clone(),
        seq: draft.seq,
        iat: now,
        prev: draft.previous.map(Hash),
        full: draft.full,
        gap: draft.gap,
        heads,
    };
    check_form(&claims).map_err(|_| SigningError::Claims("they are not those of a checkpoint"))?;
    let compact = envelope::sign_with_chain(signer, typ::CHECKPOINT, &claims)?;
    if compact.len() > MAX_SIZE {
        return Err(SigningError::Claims(
            "there are more chains than a checkpoint can name; archive some",
        ));
    }
    Ok(compact)
}

/// Verifies the checkpoints of one service.
#[derive(Clone, Debug)]
pub struct Verifier(AsOf);

impl Verifier {
    /// A verifier of what `service` of the installation of these anchors has signed.
    pub fn new(anchors: &Anchors, service: Service) -> Self {
        Self(AsOf::new(anchors, service))
    }

    /// Verifies a checkpoint as of its own time: chain, identity, signature, installation and form.
    /// Whether it follows the one before it is for whoever has that one.
    pub fn verify(&mut self, compact: &str) -> Result<Checkpoint, CheckpointError> {
        let claims = self
            .0
            .claims(compact, MAX_SIZE, typ::CHECKPOINT, Claims::said)?;
        check_form(&claims)?;
        Ok(Checkpoint {
            issued_at: claims.iat,
            digest: digest::sha256(compact.as_bytes()),
            draft: Draft {
                seq: claims.seq,
                previous: claims.prev.map(|hash| hash.0),
                full: claims.full,
                gap: claims.gap,
                heads: claims.heads.into_iter().map(Head::from).collect(),
            },
        })
    }
}

impl Checkpoint {
    /// When it was signed, by the service's clock.
    pub fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// SHA-256 of its compact serialisation.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// What it says.
    pub fn content(&self) -> &Draft {
        &self.draft
    }

    /// What it says, to keep.
    pub fn into_content(self) -> Draft {
        self.draft
    }
}

/// What holds of every checkpoint by itself.
fn check_form(claims: &Claims) -> Result<(), CheckpointError> {
    let is_first = claims.seq == 1;
    let follows = claims.prev.is_some() != is_first;
    // The first one, and one after a gap, has to name every chain: nothing before it does.
    let is_whole = claims.full || (!is_first && claims.gap.is_none());
    let gap_is_before = claims.gap.is_none_or(|last| !is_first && last < claims.seq);
    if claims.seq == 0 || !follows || !is_whole || !gap_is_before {
        return Err(CheckpointError::Sequence);
    }
    let is_head = |head: &HeadClaim| (1..=MAX_CHAIN).contains(&head.chain.len()) && head.seq > 0;
    let in_order = claims
        .heads
        .windows(2)
        .all(|pair| matches!(pair, [one, other] if one.chain < other.chain));
    if claims.heads.is_empty() || !claims.heads.iter().all(is_head) || !in_order {
        return Err(CheckpointError::Heads);
    }
    Ok(())
}

impl From<&Head> for HeadClaim {
    fn from(head: &Head) -> Self {
        Self {
            chain: head.chain.clone(),
            seq: head.seq,
            hash: Hash(head.hash),
        }
    }
}

impl From<HeadClaim> for Head {
    fn from(claim: HeadClaim) -> Self {
        Self {
            chain: claim.chain,
            seq: claim.seq,
            hash: claim.hash.0,
        }
    }
}

#[cfg(test)]
mod tests;
