//! Takes the rows of an archive out of the databases, once the archive is on the disk.

use std::path::Path;

use kleis_store::StoredSegment;
use kleis_trust::{Anchors, segment::Segment};
use kleis_types::Timestamp;

use super::reader::Reader;
use crate::{
    audit::{AuditStore, Ledger, Ledgers, Proofs, RecordSegment, lines::Line},
    failure::Failure,
};

/// Records the segments of an archive that was just written, each with the removal of its rows.
pub(crate) async fn record(
    path: &Path,
    ledgers: &Ledgers,
    anchors: &Anchors,
    now: Timestamp,
) -> Result<(), Failure> {
    let Ledgers {
        registry,
        custody,
        sts,
    } = ledgers;
    let mut proofs = ledgers.proofs(anchors);
    let mut reader = Reader::open(path)?;
    let mut database = String::new();
    while let Some(line) = reader.next()? {
        match line.map_err(|problem| strange(path, &reader, &problem))? {
            Line::Header(header) => database = header.database,
            Line::Segment(token) if database == registry.name => {
                record_one(registry, path, &mut proofs.registry, token, now).await?;
            }
            Line::Segment(token) if database == custody.name => {
                record_one(custody, path, &mut proofs.custody, token, now).await?;
            }
            Line::Segment(token) if database == sts.name => {
                record_one(sts, path, &mut proofs.sts, token, now).await?;
            }
            Line::Segment(_) => return Err(strange(path, &reader, "is of no database")),
            Line::Row(_) | Line::Checkpoint(_) => {}
        }
    }
    Ok(())
}

async fn record_one<S: AuditStore>(
    ledger: &Ledger<S>,
    path: &Path,
    proofs: &mut Proofs,
    token: String,
    now: Timestamp,
) -> Result<(), Failure> {
    let verified = proofs.archived(&token);
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
