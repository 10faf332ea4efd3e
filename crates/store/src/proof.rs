//! What proves the audit beyond its own chains: checkpoints and segments (docs/formats.md section
//! 11). The store keeps them as tokens; it does not know how they are signed.

use std::future::Future;

use kleis_types::Identifier;

use crate::{EvidenceRead, EvidenceTx, StoreError};

/// The last row of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainHead {
    /// The chain.
    pub chain: String,
    /// The row's position, from 1.
    pub seq: u64,
    /// The row's hash.
    pub hash: [u8; 32],
}

/// A checkpoint as it stands in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// Its number in the series of the database, from 1, the primary key.
    pub seq: u64,
    /// Whether it lists every chain. A hint where to begin; the token itself says so, signed.
    pub full: bool,
    /// The compact JWS.
    pub token: String,
}

/// A segment as it stands in the database: rows of a chain that were archived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSegment {
    /// The chain.
    pub chain: String,
    /// The first row.
    pub first: u64,
    /// The last row.
    pub last: u64,
    /// The hash of the last row.
    pub head: [u8; 32],
    /// The compact JWS.
    pub token: String,
}

/// What is read to prove the audit.
pub trait ProofRead: EvidenceRead {
    /// The heads of the chains that have rows written after `mark`, in the order of the bytes of
    /// their names, and the mark to go on from. From the mark 0 it is every chain that has rows.
    fn heads_since(
        &mut self,
        mark: u64,
    ) -> impl Future<Output = Result<(Vec<ChainHead>, u64), StoreError>> + Send;

    /// The hash of a row, as it stands there.
    fn row_hash(
        &mut self,
        chain: &str,
        seq: u64,
    ) -> impl Future<Output = Result<Option<[u8; 32]>, StoreError>> + Send;

    /// The position of the last row that the chain has, archived or not; 0 if it has none.
    fn chain_length(&mut self, chain: &str)
    -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// The checkpoints after `after`, at most `limit` of them, in order.
    fn checkpoints(
        &mut self,
        after: u64,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<StoredCheckpoint>, StoreError>> + Send;

    /// The newest checkpoint, or the newest that calls itself full.
    fn newest_checkpoint(
        &mut self,
        full: bool,
    ) -> impl Future<Output = Result<Option<StoredCheckpoint>, StoreError>> + Send;

    /// The segments of a chain whose last row is after `after`, at most `limit` of them, in order.
    fn segments(
        &mut self,
        chain: &str,
        after: u64,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<StoredSegment>, StoreError>> + Send;
}

/// What is written to prove the audit, and what may be taken out of it.
pub trait ProofTx: ProofRead + EvidenceTx {
    /// Appends a checkpoint. It owes no row of the audit: it is signed and numbered itself, and a
    /// row about every checkpoint would need a checkpoint for every row.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if there is one of this number.
    fn append_checkpoint(
        &mut self,
        checkpoint: &StoredCheckpoint,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Records that rows were archived, and removes them but for the `kept` ones, which are in
    /// order.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if the chain has a segment that begins there.
    fn record_segment(
        &mut self,
        segment: &StoredSegment,
        kept: &[u64],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Destroys the pseudonym of a person, and gives it; `None` if the audit does not know the
    /// person. Whoever it was can be told from the audit no more; if they act again, they get
    /// another one.
    fn forget_person(
        &mut self,
        person: &Identifier,
    ) -> impl Future<Output = Result<Option<String>, StoreError>> + Send;
}
