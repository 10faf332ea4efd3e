//! Takes the rows of an archive out of the databases, once the archive is on the disk.

use std::path::Path;

use kleis_store::StoredSegment;
use kleis_trust::{Anchors, segment::Segment};
use kleis_types::Timestamp;

use super::reader::Reader;
use crate::{
    audit::{AuditStore, Ledger, Ledgers, RecordSegment, lines::Line},
    failure::Failure,
};

/// Records the segments of an archive that was just written, each with the removal of its rows.
pub(crate) async fn record(
    path: &Path,
    ledgers: &Ledgers,
    anchors: &Anchors,
    now: Timestamp,
) -> Result<(), Failure> {
    let mut reader = Reader::open(path)?;
    let mut database = String::new();
    while let Some(line) = reader.next()? {
        match line.map_err(|problem| strange(path, &reader, &problem))? {
            Line::Header(header) => database = header.database,
            Line::Segment(token) if database == ledgers.registry.name => {
                record_one(&ledgers.registry, path, anchors, token, now).await?;
            }
            Line::Segment(token) if database == ledgers.sts.name => {
                record_one(&ledgers.sts, path, anchors, token, now).await?;
            }
            Line::Segment(token) => {
                record_one(&ledgers.custody, path, anchors, token, now).await?;
            }
            Line::Row(_) | Line::Checkpoint(_) => {}
        }
    }
    Ok(())
}

async fn record_one<S: AuditStore>(
    ledger: &Ledger<S>,
    path: &Path,
    anchors: &Anchors,
    token: String,
    now: Timestamp,
) -> Result<(), Failure> {
    let verified = ledger.proofs(anchors).archived(&token);
    let segment: Segment = verified.map_err(|error| Failure::damaged(path)(&error))?;
    let act = RecordSegment {
        at: now,
        kept: segment.kept.iter().map(|(seq, _)| *seq).collect(),
        segment: StoredSegment {
            chain: segment.chain,
            first: segment.first,
            last: segment.last,
            head: segment.head,
            token,
        },
    };
    ledger.store.run(act).await.map_err(ledger.failed())
}

fn strange(path: &Path, reader: &Reader, problem: &str) -> Failure {
    Failure::damaged(path)(&format!("{} {problem}", reader.place()))
}
