//! The checkpoints of a database, from one to the next, and what they say of the chains.

use std::collections::BTreeMap;

use super::{AuditReport, Checkpoint, Finding, heads::Heads, proofs::ReadProofs};
use crate::{ChainHead, ProofRead, StoreError, StoredCheckpoint, evidence::sha256};

/// How many checkpoints are read at a time: they can be long.
pub(super) const CHECKPOINTS: u32 = 16;

/// A place in a series: a checkpoint's number and digest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// The number; 0 before the first one.
    pub seq: u64,
    /// SHA-256 of the token; zero before the first one.
    pub digest: [u8; 32],
}

impl Place {
    /// The place of the checkpoint of this number with this token.
    pub fn of(seq: u64, token: &str) -> Self {
        Self {
            seq,
            digest: sha256(token.as_bytes()),
        }
    }

    /// Whether `next` names this place as the one before it.
    pub(super) fn is_before(&self, next: &Checkpoint) -> bool {
        let digest = (self.seq > 0).then_some(self.digest);
        next.seq == self.seq + 1 && next.previous == digest
    }
}

/// Walks all checkpoints and holds every head that they name against the rows.
pub(super) async fn walk_series<R: ProofRead>(
    reader: &mut R,
    proofs: &mut (dyn ReadProofs + '_),
    report: &mut AuditReport,
) -> Result<(), StoreError> {
    let (mut place, mut heads) = (Place::default(), Heads::default());
    loop {
        let page = reader.checkpoints(place.seq, CHECKPOINTS).await?;
        if page.is_empty() {
            heads.report(report);
            return Ok(());
        }
        for stored in page {
            report.checkpoints += 1;
            match read_checkpoint(&stored, proofs) {
                Ok(checkpoint) => {
                    check_place(&place, &checkpoint, report);
                    for head in &checkpoint.heads {
                        heads.check(reader, head, checkpoint.seq).await?;
                    }
                }
                Err(finding) => report.found(finding),
            }
            place = Place::of(stored.seq, &stored.token);
        }
    }
}

/// The checkpoint that is signed, if it is the one that the row says it is.
fn read_checkpoint(
    stored: &StoredCheckpoint,
    proofs: &mut (dyn ReadProofs + '_),
) -> Result<Checkpoint, Finding> {
    let forged = |reason| Finding::CheckpointForged {
        seq: stored.seq,
        reason,
    };
    let checkpoint = proofs.checkpoint(&stored.token).map_err(forged)?;
    if (checkpoint.seq, checkpoint.full) == (stored.seq, stored.full) {
        Ok(checkpoint)
    } else {
        Err(forged(
            "the row says something else than what is signed".to_owned(),
        ))
    }
}

/// Whether a checkpoint follows the one at `place`, or says why it does not.
fn check_place(place: &Place, checkpoint: &Checkpoint, report: &mut AuditReport) {
    let seq = checkpoint.seq;
    match checkpoint.gap {
        // What lies between is lost, and somebody has answered for it.
        Some(gap) if gap <= place.seq => {}
        Some(gap) => report.found(Finding::CheckpointsMissing {
            from: place.seq + 1,
            to: gap,
        }),
        None if seq > place.seq + 1 => report.found(Finding::CheckpointsMissing {
            from: place.seq + 1,
            to: seq - 1,
        }),
        None if place.is_before(checkpoint) => {}
        None => report.found(Finding::CheckpointOutOfOrder { seq }),
    }
}

/// Where a series stands: its newest checkpoint, and what all of them together say of the heads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Newest {
    /// The newest checkpoint.
    pub place: Place,
    /// The heads of the chains, by name: position and hash.
    pub heads: BTreeMap<String, (u64, [u8; 32])>,
}

/// Reads the checkpoints from the newest full one on, and holds the heads that they leave against
/// the rows: what can be told at every start, whatever the age of the database. It grows with the
/// number of chains, not of rows.
///
/// # Errors
/// [`StoreError`] if the database cannot be read.
pub async fn verify_newest<R: ProofRead>(
    reader: &mut R,
    proofs: &mut (dyn ReadProofs + '_),
) -> Result<(Newest, AuditReport), StoreError> {
    let (mut newest, mut report) = (Newest::default(), AuditReport::default());
    let full = reader.newest_checkpoint(true).await?;
    // With a full one no link is asked for: nothing before it is read.
    let mut is_linked = full.is_none();
    newest.place.seq = full.map_or(0, |full| full.seq - 1);
    loop {
        let page = reader.checkpoints(newest.place.seq, CHECKPOINTS).await?;
        if page.is_empty() {
            break;
        }
        for stored in page {
            report.checkpoints += 1;
            match read_checkpoint(&stored, proofs) {
                Ok(checkpoint) => {
                    if is_linked {
                        check_place(&newest.place, &checkpoint, &mut report);
                    }
                    for ChainHead { chain, seq, hash } in checkpoint.heads {
                        newest.heads.insert(chain, (seq, hash));
                    }
                }
                Err(finding) => report.found(finding),
            }
            is_linked = true;
            newest.place = Place::of(stored.seq, &stored.token);
        }
    }
    let mut heads = Heads::default();
    for (chain, (seq, hash)) in &newest.heads {
        let head = ChainHead {
            chain: chain.clone(),
            seq: *seq,
            hash: *hash,
        };
        heads.check(reader, &head, newest.place.seq).await?;
    }
    heads.report(&mut report);
    Ok((newest, report))
}
