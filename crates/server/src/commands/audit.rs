//! `kleisd audit verify`

use std::path::Path;

use kleis_runtime::Config;
use kleis_store::{
    EvidenceRead, Store, StoreError,
    audit::{self, AuditReport},
};

use super::say;
use crate::{
    data_dir::DataDir, databases::Databases, failure::Failure, premises::Record, services::Basics,
};

/// Walks the audit of both databases and says what is wrong. It reads one snapshot of each, beside
/// a running server.
pub(super) async fn verify(data_dir: &DataDir) -> Result<(), Failure> {
    let record = Record::read(data_dir)?;
    let basics = Basics::new(&Config::default())?;
    let databases = Databases::open(data_dir, record.installation(), &basics).await?;
    let recognised = databases.recognise(data_dir, record.installation()).await;
    let registry = read(&databases.registry, &data_dir.registry()).await;
    let custody = read(&databases.custody, &data_dir.custody()).await;
    databases.close().await;
    recognised?;
    let mut findings = 0;
    for (name, report) in [("registry.db", registry?), ("custody.db", custody?)] {
        findings += show(name, &report)?;
    }
    if findings == 0 {
        Ok(())
    } else {
        Err(Failure::Audit(findings))
    }
}

async fn read<S>(store: &S, path: &Path) -> Result<AuditReport, Failure>
where
    S: Store<Reader: EvidenceRead>,
{
    let report: Result<_, StoreError> = async {
        let mut reader = store.read().await?;
        audit::verify(&mut reader).await
    }
    .await;
    report.map_err(Failure::store(path))
}

fn show(name: &str, report: &AuditReport) -> Result<u64, Failure> {
    let AuditReport {
        chains,
        rows,
        records,
        findings,
        unlisted,
    } = report;
    let number = u64::try_from(findings.len())
        .unwrap_or(u64::MAX)
        .saturating_add(*unlisted);
    say(&format!(
        "{name}: {chains} chains, {rows} rows, {records} records compared, {number} findings"
    ))?;
    for finding in findings {
        say(&format!("  {finding}"))?;
    }
    if *unlisted > 0 {
        say(&format!("  and {unlisted} more"))?;
    }
    Ok(number)
}
