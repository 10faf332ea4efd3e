//! Checkpoints and segments as the walk needs them: read, and verified, by somebody who knows how
//! they are signed.

use crate::ChainHead;

/// A verified checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Its number, from 1.
    pub seq: u64,
    /// The digest of the checkpoint before; `None` for the first.
    pub previous: Option<[u8; 32]>,
    /// Whether it lists every chain.
    pub full: bool,
    /// The last checkpoint before those that an operator has accepted as lost.
    pub gap: Option<u64>,
    /// The heads that it lists.
    pub heads: Vec<ChainHead>,
}

/// A verified segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The chain.
    pub chain: String,
    /// The first row.
    pub first: u64,
    /// The last row.
    pub last: u64,
    /// The hash of the row before the first.
    pub before: [u8; 32],
    /// The hash of the last row.
    pub head: [u8; 32],
    /// Position and hash of the rows that have stayed, in order.
    pub kept: Vec<(u64, [u8; 32])>,
}

/// Reads and verifies tokens: signature, certificate as of their time, service, installation, form.
pub trait ReadProofs: Send {
    /// Reads a checkpoint.
    ///
    /// # Errors
    /// Why it is not one, in words for an operator.
    fn checkpoint(&mut self, token: &str) -> Result<Checkpoint, String>;

    /// Reads a segment.
    ///
    /// # Errors
    /// Why it is not one, in words for an operator.
    fn segment(&mut self, token: &str) -> Result<Segment, String>;
}

/// The lines of a sink, one checkpoint each, in the order in which they were written.
pub trait SinkLines: Send {
    /// The next line without its line feed; `None` after the last whole one.
    ///
    /// # Errors
    /// The sink cannot be read.
    fn next_line(&mut self) -> std::io::Result<Option<String>>;
}
