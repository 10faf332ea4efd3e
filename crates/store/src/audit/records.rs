//! Every record against the newest row that carries its state, in both directions.

use super::{AuditReport, Finding, PAGE};
use crate::{EvidenceRead, StoreError, StoredAuditRow};

/// Compares the records with the audit.
pub(super) async fn compare_records<R: EvidenceRead>(
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

/// Names the records that the audit knows and that are no more. Both lists are in the order of names,
/// so one pass over each is enough.
pub(super) async fn find_vanished<R: EvidenceRead>(
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
