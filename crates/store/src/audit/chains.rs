//! One chain, from its first row to its last, archived ones included.

use super::{AuditReport, Finding, PAGE, Segment, proofs::ReadProofs};
use crate::{ProofRead, StoreError, StoredAuditRow, StoredSegment, audit_row_hash};

/// How many segments are read at a time: they can be long.
const SEGMENTS: u32 = 4;

/// How far a walk has come: the position of the last row and its hash.
#[derive(Clone, Copy)]
struct Walked {
    last: u64,
    head: [u8; 32],
}

/// Walks a chain. Without `proofs` what was archived is missing.
pub(super) async fn walk_chain<R: ProofRead>(
    reader: &mut R,
    chain: &str,
    proofs: Option<&mut (dyn ReadProofs + '_)>,
    report: &mut AuditReport,
) -> Result<(), StoreError> {
    let mut walked = Walked {
        last: 0,
        head: [0; 32],
    };
    if let Some(proofs) = proofs {
        walk_segments(reader, chain, proofs, &mut walked, report).await?;
    }
    loop {
        let rows = reader.audit_rows(chain, walked.last, PAGE).await?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in rows {
            check_row(&row, &walked, report);
            report.rows += 1;
            walked = Walked {
                last: row.seq,
                head: row.hash,
            };
        }
    }
}

fn check_row(row: &StoredAuditRow, before: &Walked, report: &mut AuditReport) {
    let chain = || row.chain.clone();
    check_hash(row, report);
    if row.seq != before.last + 1 {
        report.found(Finding::Missing {
            chain: chain(),
            from: before.last + 1,
            to: row.seq - 1,
        });
    } else if row.previous != before.head {
        report.found(Finding::OutOfOrder {
            chain: chain(),
            seq: row.seq,
        });
    }
}

fn check_hash(row: &StoredAuditRow, report: &mut AuditReport) {
    if audit_row_hash(row) != row.hash {
        report.found(Finding::Edited {
            chain: row.chain.clone(),
            seq: row.seq,
        });
    }
}

async fn walk_segments<R: ProofRead>(
    reader: &mut R,
    chain: &str,
    proofs: &mut (dyn ReadProofs + '_),
    walked: &mut Walked,
    report: &mut AuditReport,
) -> Result<(), StoreError> {
    let mut after = 0;
    loop {
        let segments = reader.segments(chain, after, SEGMENTS).await?;
        if segments.is_empty() {
            return Ok(());
        }
        for stored in segments {
            after = stored.last;
            match read_segment(&stored, proofs) {
                Ok(segment) => {
                    check_place(&segment, walked, report);
                    check_kept(reader, &segment, report).await?;
                    *walked = Walked {
                        last: segment.last,
                        head: segment.head,
                    };
                }
                // The rows that it stands for are missing, then.
                Err(reason) => report.found(Finding::SegmentForged {
                    chain: stored.chain,
                    first: stored.first,
                    reason,
                }),
            }
        }
    }
}

/// The segment that is signed, if it is the one that the row says it is.
pub(super) fn read_segment(
    stored: &StoredSegment,
    proofs: &mut (dyn ReadProofs + '_),
) -> Result<Segment, String> {
    let segment = proofs.segment(&stored.token)?;
    let says = (&segment.chain, segment.first, segment.last, segment.head);
    if says == (&stored.chain, stored.first, stored.last, stored.head) {
        Ok(segment)
    } else {
        Err("the row says something else than what is signed".to_owned())
    }
}

fn check_place(segment: &Segment, before: &Walked, report: &mut AuditReport) {
    let chain = || segment.chain.clone();
    if segment.first > before.last + 1 {
        report.found(Finding::Missing {
            chain: chain(),
            from: before.last + 1,
            to: segment.first - 1,
        });
    } else if segment.first != before.last + 1 || segment.before != before.head {
        report.found(Finding::OutOfOrder {
            chain: chain(),
            seq: segment.first,
        });
    }
}

/// The rows of a segment that are there are those that have stayed, all of them and no other.
async fn check_kept<R: ProofRead>(
    reader: &mut R,
    segment: &Segment,
    report: &mut AuditReport,
) -> Result<(), StoreError> {
    let mut kept = segment.kept.iter().peekable();
    let mut after = segment.first - 1;
    'pages: loop {
        let rows = reader.audit_rows(&segment.chain, after, PAGE).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            if row.seq > segment.last {
                break 'pages;
            }
            after = row.seq;
            report.rows += 1;
            check_hash(&row, report);
            while let Some((seq, _)) = kept.next_if(|(seq, _)| *seq < row.seq) {
                report.found(missing_one(segment, *seq));
            }
            let stayed = kept.next_if(|(seq, _)| *seq == row.seq);
            if stayed.is_none_or(|(_, hash)| *hash != row.hash) {
                report.found(Finding::NotKept {
                    chain: row.chain,
                    seq: row.seq,
                });
            }
        }
    }
    for (seq, _) in kept {
        report.found(missing_one(segment, *seq));
    }
    Ok(())
}

fn missing_one(segment: &Segment, seq: u64) -> Finding {
    Finding::Missing {
        chain: segment.chain.clone(),
        from: seq,
        to: seq,
    }
}
