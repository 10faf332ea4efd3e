//! Proves that the rows of an archive are those that have left the databases.

use std::path::Path;

use kleis_jose::digest::sha256;
use kleis_store::{
    ProofRead as _, StoredAuditRow,
    audit::{AuditReport, Finding},
    audit_row_hash,
};
use kleis_trust::{
    Anchors,
    segment::{MAX_ROWS, Segment},
};

use super::reader::Reader;
use crate::{
    audit::{
        AuditStore, Ledger, Ledgers, Proofs,
        lines::{ARCHIVE, Header, Line},
    },
    failure::Failure,
};

/// What an archive has shown.
#[derive(Default)]
pub(crate) struct Proven {
    pub(crate) segments: u64,
    pub(crate) rows: u64,
    pub(crate) report: AuditReport,
}

/// Reads an archive to its end: each segment is signed, is the one that the database has, and is
/// about exactly the rows before it, whose hashes and order are good.
pub(crate) async fn prove(
    path: &Path,
    ledgers: &Ledgers,
    anchors: &Anchors,
) -> Result<Proven, Failure> {
    let Ledgers {
        registry,
        custody,
        sts,
    } = ledgers;
    let mut proofs = ledgers.proofs(anchors);
    let mut reader = Reader::open(path)?;
    let (mut proven, mut rows) = (Proven::default(), Rows::default());
    let mut header: Option<Header> = None;
    while let Some(line) = reader.next()? {
        let place = reader.place();
        let strange = |problem: &str| Finding::ArchiveStrange {
            place: place.clone(),
            problem: problem.to_owned(),
        };
        match line {
            Ok(Line::Header(found)) => {
                let known = [registry.name, custody.name, sts.name];
                let is_ours = found.format == ARCHIVE
                    && found.installation == *anchors.installation()
                    && known.contains(&found.database.as_str());
                if !is_ours {
                    let problem = "is not the header of an archive of this installation";
                    proven.report.found(strange(problem));
                }
                header = is_ours.then_some(found);
            }
            Ok(Line::Row(row)) => match StoredAuditRow::try_from(*row) {
                Ok(row) => {
                    proven.rows += 1;
                    rows.take(&row, reader.text());
                }
                Err(_) => proven.report.found(strange("is no row")),
            },
            Ok(Line::Segment(token)) => {
                proven.segments += 1;
                let rows = std::mem::take(&mut rows);
                let found = match header.as_ref().map(|header| header.database.as_str()) {
                    Some(name) if name == registry.name => {
                        check(&token, &rows, registry, &mut proofs.registry, strange).await?
                    }
                    Some(name) if name == custody.name => {
                        check(&token, &rows, custody, &mut proofs.custody, strange).await?
                    }
                    Some(_) => check(&token, &rows, sts, &mut proofs.sts, strange).await?,
                    None => Some(strange("is of no database")),
                };
                if let Some(finding) = found {
                    proven.report.found(finding);
                }
            }
            Ok(Line::Checkpoint(_)) => proven.report.found(strange("is no line of one")),
            Err(problem) => proven.report.found(strange(&problem)),
        }
    }
    if rows.count > 0 {
        proven.report.found(Finding::ArchiveStrange {
            place: "the end".to_owned(),
            problem: format!("has {} rows without a segment", rows.count),
        });
    }
    Ok(proven)
}

/// What is wrong with a segment and its rows, if anything is.
async fn check<S: AuditStore>(
    token: &str,
    rows: &Rows,
    ledger: &Ledger<S>,
    proofs: &mut Proofs,
    strange: impl Fn(&str) -> Finding,
) -> Result<Option<Finding>, Failure> {
    let segment = match proofs.archived(token) {
        Ok(segment) => segment,
        Err(reason) => return Ok(Some(strange(&format!("is no segment: {reason}")))),
    };
    if !rows.are_of(&segment) {
        return Ok(Some(Finding::ArchiveAltered {
            chain: segment.chain,
            from: segment.first,
            to: segment.last,
        }));
    }
    let mut reader = ledger.store.read().await.map_err(ledger.failed())?;
    let recorded = reader.segments(&segment.chain, segment.first - 1, 1).await;
    let recorded = recorded.map_err(ledger.failed())?;
    if recorded.first().is_some_and(|stored| stored.token == token) {
        return Ok(None);
    }
    Ok(Some(strange(
        "is a segment that the database does not know",
    )))
}

/// The rows since the last segment.
#[derive(Default)]
struct Rows {
    lines: Vec<u8>,
    count: u64,
    /// The first row's chain, position and previous hash.
    first: Option<(String, u64, [u8; 32])>,
    last: Option<(u64, [u8; 32])>,
    is_broken: bool,
}

impl Rows {
    fn take(&mut self, row: &StoredAuditRow, line: &[u8]) {
        self.count += 1;
        if self.count > MAX_ROWS {
            // Of no segment; what is kept in memory stays bounded.
            self.is_broken = true;
            self.lines.clear();
            return;
        }
        self.lines.extend_from_slice(line);
        let follows = self
            .last
            .is_none_or(|(seq, hash)| row.seq == seq + 1 && row.previous == hash);
        let first = self
            .first
            .get_or_insert_with(|| (row.chain.clone(), row.seq, row.previous));
        if !follows || first.0 != row.chain || audit_row_hash(row) != row.hash {
            self.is_broken = true;
        }
        self.last = Some((row.seq, row.hash));
    }

    fn are_of(&self, segment: &Segment) -> bool {
        let first = (segment.chain.clone(), segment.first, segment.before);
        !self.is_broken
            && self.first == Some(first)
            && self.last == Some((segment.last, segment.head))
            && sha256(&self.lines) == segment.rows
    }
}
