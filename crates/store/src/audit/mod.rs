//! The proof of the audit: walks every chain, holds every record against what the audit says of it,
//! and both against signed checkpoints.
//!
//! | what | shows |
//! |---|---|
//! | the chains | rows that were edited, removed or reordered |
//! | the records | states that were put back, altered, added or removed past the audit |
//! | the checkpoints | the end of a chain cut off, a chain computed anew |
//! | the sink | the whole database put back from an older copy |
//! | segments | that rows which are not there were archived, and where the chain goes on |
//!
//! [`verify`] does the first two and needs nothing but the database. [`prove`] does all of it, with
//! somebody who can verify signatures ([`ReadProofs`]): the store knows no key.

mod chains;
mod finding;
mod heads;
mod proofs;
mod records;
mod series;
mod sink;

pub use finding::{AuditReport, Finding};
pub use proofs::{Checkpoint, ReadProofs, Segment, SinkLines};
pub use series::{Newest, Place, verify_newest};
pub use sink::{SinkReport, compare_sink};

use crate::{ProofRead, StoreError};

/// How many rows are read at a time.
const PAGE: u32 = 500;

/// Why the audit could not be walked to its end.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The database cannot be read, or holds a row that is no record at all.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The sink cannot be read.
    #[error("the sink cannot be read: {0}")]
    Sink(#[from] std::io::Error),
}

/// Walks all chains (hashes, order, gaps), then compares every audited record with the newest audit
/// row that carries its state, in both directions. Memory does not grow with the database. Rows that
/// were archived are missing to it.
///
/// # Errors
/// [`StoreError`] if the database cannot be read, or holds a row that is no record at all.
pub async fn verify<R: ProofRead>(reader: &mut R) -> Result<AuditReport, StoreError> {
    let mut report = AuditReport::default();
    for chain in reader.chains().await? {
        chains::walk_chain(reader, &chain, None, &mut report).await?;
        report.chains += 1;
    }
    records::compare_records(reader, &mut report).await?;
    records::find_vanished(reader, &mut report).await?;
    Ok(report)
}

/// Does what [`verify`] does, takes the segments for the rows that were archived, and holds the
/// chains against all checkpoints, and these against the sink, if there is one. Memory does not grow
/// with the database, but for what is wrong.
///
/// # Errors
/// [`VerifyError`] if the database or the sink cannot be read.
pub async fn prove<R: ProofRead>(
    reader: &mut R,
    proofs: &mut (dyn ReadProofs + '_),
    sink: Option<&mut (dyn SinkLines + '_)>,
) -> Result<AuditReport, VerifyError> {
    let mut report = AuditReport::default();
    for chain in reader.chains().await? {
        chains::walk_chain(reader, &chain, Some(proofs), &mut report).await?;
        report.chains += 1;
    }
    series::walk_series(reader, proofs, &mut report).await?;
    if let Some(lines) = sink {
        sink::compare_sink(reader, proofs, lines, &mut report).await?;
    }
    records::compare_records(reader, &mut report).await?;
    records::find_vanished(reader, &mut report).await?;
    Ok(report)
}
