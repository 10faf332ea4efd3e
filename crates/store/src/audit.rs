//! The proof of the audit: walks every chain and holds every record against what the audit says of
//! it.
//!
//! What a database alone can show is shown here. What it cannot: that rows were cut off the end of
//! a chain, or a whole chain, together with the records they speak of. That takes the heads of the
//! chains, kept outside the database.

use crate::{EvidenceRead, StoreError, StoredAuditRow, audit_row_hash};

/// How many rows are read at a time.
const PAGE: u32 = 500;
/// How many findings are listed; the others are counted.
const MAX_FINDINGS: usize = 1000;

/// What a walk through the audit has shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// The chains that were walked.
    pub chains: u64,
    /// The rows that were read.
    pub rows: u64,
    /// The records that were compared.
    pub records: u64,
    /// What is wrong, at most 1000 of it, in the order in which it was found.
    pub findings: Vec<Finding>,
    /// How many more findings there are.
    pub unlisted: u64,
}

impl AuditReport {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    fn found(&mut self, finding: Finding) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        } else {
            self.unlisted += 1;
        }
    }
}

/// A thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// A row's contents do not give its hash.
    #[error("row {seq} of chain {chain} was edited")]
    Edited {
        /// The chain.
        chain: String,
        /// The row.
        seq: u64,
    },
    /// There is no row at a position that a later row shows to have been taken.
    #[error("rows {from} to {to} of chain {chain} are missing")]
    Missing {
        /// The chain.
        chain: String,
        /// The first missing row.
        from: u64,
        /// The last missing row.
        to: u64,
    },
    /// A row does not follow the one before it.
    #[error("row {seq} of chain {chain} does not follow the row before it")]
    OutOfOrder {
        /// The chain.
        chain: String,
        /// The row.
        seq: u64,
    },
    /// A record is older than the audit knows it: somebody put an earlier state back.
    #[error("{resource} is at version {version}, the audit has seen version {audited}")]
    RolledBack {
        /// The record.
        resource: String,
        /// Its version.
        version: u64,
        /// The newest version in the audit.
        audited: u64,
    },
    /// A record is newer than the audit knows it, or the audit does not know it at all.
    #[error("{resource} is at version {version}, which the audit has never seen")]
    Unaudited {
        /// The record.
        resource: String,
        /// Its version.
        version: u64,
    },
    /// A record's contents are not those that the audit saw at this version.
    #[error("{resource} was altered at version {version}")]
    Altered {
        /// The record.
        resource: String,
        /// Its version.
        version: u64,
    },
    /// The audit speaks of a record that is no more.
    #[error("{resource} has vanished")]
    Vanished {
        /// The record.
        resource: String,
    },
}

/// Walks all chains (hashes, order, gaps), then compares every audited record with the newest audit
/// row that carries its state, in both directions. Memory does not grow with the database.
///
/// # Errors
/// [`StoreError`] if the database cannot be read, or holds a row that is no record at all.
pub async fn verify<R: EvidenceRead>(reader: &mut R) -> Result<AuditReport, StoreError> {
    let mut report = AuditReport::default();
    for chain in reader.chains().await? {
        walk_chain(reader, &chain, &mut report).await?;
        report.chains += 1;
    }
    compare_records(reader, &mut report).await?;
    find_vanished(reader, &mut report).await?;
    Ok(report)
}

async fn walk_chain<R: EvidenceRead>(
    reader: &mut R,
    chain: &str,
    report: &mut AuditReport,
) -> Result<(), StoreError> {
    let (mut last, mut head) = (0, [0; 32]);
    loop {
        let rows = reader.audit_rows(chain, last, PAGE).await?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in rows {
            check_row(&row, last, &head, report);
            report.rows += 1;
            (last, head) = (row.seq, row.hash);
        }
    }
}

fn check_row(row: &StoredAuditRow, last: u64, head: &[u8; 32], report: &mut AuditReport) {
    let chain = || row.chain.clone();
    if audit_row_hash(row) != row.hash {
        report.found(Finding::Edited {
            chain: chain(),
            seq: row.seq,
        });
    }
    if row.seq != last + 1 {
        report.found(Finding::Missing {
            chain: chain(),
            from: last + 1,
            to: row.seq - 1,
        });
    } else if row.previous != *head {
        report.found(Finding::OutOfOrder {
            chain: chain(),
            seq: row.seq,
        });
    }
}

async fn compare_records<R: EvidenceRead>(
    reader: &mut R,
    report: &mut AuditReport,
) -> Result<(), StoreError> {
    let mut after = String::new();
    loop {
        let states = reader.audited_states(&after, PAGE).await?;
        let Some((last, ..)) = states.last() else {
            return Ok(());
        };
        after.clone_from(last);
        for (resource, version, digest) in states {
            let newest = reader.newest_audit_row(&resource).await?;
            report.records += 1;
            if let Some(finding) = compare(resource, version, &digest, newest.as_ref()) {
                report.found(finding);
            }
        }
    }
}

fn compare(
    resource: String,
    version: u64,
    digest: &[u8; 32],
    newest: Option<&StoredAuditRow>,
) -> Option<Finding> {
    match newest {
        Some(row) if row.resource_version > version => Some(Finding::RolledBack {
            resource,
            version,
            audited: row.resource_version,
        }),
        Some(row) if row.resource_version == version => {
            (row.resource_digest != digest).then_some(Finding::Altered { resource, version })
        }
        _ => Some(Finding::Unaudited { resource, version }),
    }
}

/// Both lists are in the order of names, so one pass over each is enough.
async fn find_vanished<R: EvidenceRead>(
    reader: &mut R,
    report: &mut AuditReport,
) -> Result<(), StoreError> {
    let mut after = String::new();
    loop {
        let audited = reader.audited_resources(&after, PAGE).await?;
        let Some(last) = audited.last() else {
            return Ok(());
        };
        let present = records_among(reader, &audited, &after).await?;
        after.clone_from(last);
        for resource in audited {
            if present.binary_search(&resource).is_err() {
                report.found(Finding::Vanished { resource });
            }
        }
    }
}

/// Which of the names in `wanted` (in order, all after `after`) are names of records, in order.
async fn records_among<R: EvidenceRead>(
    reader: &mut R,
    wanted: &[String],
    after: &str,
) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    let mut after = after.to_owned();
    loop {
        let states = reader.audited_states(&after, PAGE).await?;
        let Some((newest, ..)) = states.last() else {
            return Ok(found);
        };
        after.clone_from(newest);
        found.extend(
            states
                .into_iter()
                .map(|(name, ..)| name)
                .filter(|name| wanted.binary_search(name).is_ok()),
        );
        if wanted.last().is_none_or(|last| *last <= after) {
            return Ok(found);
        }
    }
}
