//! What checkpoints say of the heads of chains, against the rows.

use std::collections::BTreeMap;

use super::{AuditReport, Finding};
use crate::{ChainHead, ProofRead, StoreError};

/// What was found wrong with heads: one entry for each chain, however many checkpoints name it.
#[derive(Default)]
pub(super) struct Heads {
    cut: BTreeMap<String, (u64, u64, u64)>,
    rewritten: BTreeMap<String, (u64, u64)>,
}

impl Heads {
    /// Holds a head against the rows as they are.
    pub(super) async fn check<R: ProofRead>(
        &mut self,
        reader: &mut R,
        head: &ChainHead,
        checkpoint: u64,
    ) -> Result<(), StoreError> {
        let ChainHead { chain, seq, hash } = head;
        match standing(reader, chain, *seq).await? {
            Standing::There(found) if found != *hash => {
                self.rewritten
                    .entry(chain.clone())
                    .or_insert((*seq, checkpoint));
            }
            Standing::There(_) | Standing::Archived => {}
            Standing::Gone => {
                let length = reader.chain_length(chain).await?;
                // Within the chain it is a gap, and the walk has named it.
                if length < *seq {
                    let cut = (length + 1, *seq, checkpoint);
                    let known = self.cut.entry(chain.clone()).or_insert(cut);
                    if known.1 < *seq {
                        *known = cut;
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) fn report(self, report: &mut AuditReport) {
        for (chain, (seq, checkpoint)) in self.rewritten {
            report.found(Finding::Rewritten {
                chain,
                seq,
                checkpoint,
            });
        }
        for (chain, (from, to, checkpoint)) in self.cut {
            report.found(Finding::CutOff {
                chain,
                from,
                to,
                checkpoint,
            });
        }
    }
}

enum Standing {
    There([u8; 32]),
    Archived,
    Gone,
}

/// How a row stands: as itself, as the end of a segment, within one, or not at all.
async fn standing<R: ProofRead>(
    reader: &mut R,
    chain: &str,
    seq: u64,
) -> Result<Standing, StoreError> {
    if let Some(hash) = reader.row_hash(chain, seq).await? {
        return Ok(Standing::There(hash));
    }
    let covering = reader
        .segments(chain, seq.saturating_sub(1), 1)
        .await?
        .pop();
    Ok(match covering.filter(|segment| segment.first <= seq) {
        Some(segment) if segment.last == seq => Standing::There(segment.head),
        Some(_) => Standing::Archived,
        None => Standing::Gone,
    })
}
