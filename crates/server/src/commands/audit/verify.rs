//! `kleisd audit verify`

use std::path::Path;

use kleis_store::audit::{self, AuditReport, SinkLines};
use kleis_trust::Anchors;

use super::{open_to_read, say};
use crate::{
    args::VerifyAudit,
    audit::{
        AuditStore, Ledger, Ledgers,
        archive::{self, Proven},
        sink,
    },
    data_dir::DataDir,
    failure::Failure,
    premises::{self, Record},
};

/// Proves the audit of all databases and says what is wrong. It reads one snapshot of each, beside
/// a running server.
pub(super) async fn run(args: &VerifyAudit) -> Result<(), Failure> {
    let data_dir = DataDir::new(&args.place.data_dir);
    let record = Record::read(&data_dir)?;
    let anchors = premises::anchors(&data_dir, record.installation())?;
    let databases = open_to_read(&data_dir, &record).await?;
    let directory = sink::directory(args.sink.as_deref(), &data_dir);
    let ledgers = Ledgers::new(&data_dir, &databases, &directory);
    let proven = prove_all(args, &ledgers, &anchors, &directory).await;
    databases.close().await;
    match proven? {
        0 => Ok(()),
        findings => Err(Failure::Audit(findings)),
    }
}

async fn prove_all(
    args: &VerifyAudit,
    ledgers: &Ledgers,
    anchors: &Anchors,
    directory: &Path,
) -> Result<u64, Failure> {
    // One that somebody names has to be there.
    let has_sink = args.sink.is_some() || directory.exists();
    if has_sink && !directory.is_dir() {
        let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(Failure::io(directory)(missing));
    }
    let registry = prove(&ledgers.registry, anchors, has_sink).await?;
    let custody = prove(&ledgers.custody, anchors, has_sink).await?;
    let sts = prove(&ledgers.sts, anchors, has_sink).await?;
    let mut findings =
        show("registry.db", &registry)? + show("custody.db", &custody)? + show("sts.db", &sts)?;
    for file in &args.archive {
        findings += show_archive(file, &archive::prove(file, ledgers, anchors).await?)?;
    }
    if !has_sink {
        say(&format!(
            "there is no {}: what is outside the databases was not compared; name it with --sink",
            directory.display()
        ))?;
    }
    Ok(findings)
}

/// Proves one database.
pub(super) async fn prove<S: AuditStore>(
    ledger: &Ledger<S>,
    anchors: &Anchors,
    has_sink: bool,
) -> Result<AuditReport, Failure> {
    let mut proofs = ledger.proofs(anchors);
    // The sink first: its lines end where it ends now, and all of them are in the database by then,
    // also where a server goes on writing.
    let mut lines = ledger.sink.lines()?;
    let mut reader = ledger.store.read().await.map_err(ledger.failed())?;
    let sink: Option<&mut dyn SinkLines> = if has_sink { Some(&mut lines) } else { None };
    audit::prove(&mut reader, &mut proofs, sink)
        .await
        .map_err(ledger.unproven())
}

fn show(name: &str, report: &AuditReport) -> Result<u64, Failure> {
    let AuditReport {
        chains,
        rows,
        records,
        checkpoints,
        ..
    } = report;
    let number = report.count();
    say(&format!(
        "{name}: {chains} chains, {rows} rows, {records} records compared, {checkpoints} \
         checkpoints, {number} findings"
    ))?;
    list(report)?;
    Ok(number)
}

fn show_archive(file: &Path, proven: &Proven) -> Result<u64, Failure> {
    let Proven {
        segments,
        rows,
        report,
    } = proven;
    let number = report.count();
    let name = file.display();
    say(&format!(
        "{name}: {segments} segments, {rows} rows, {number} findings"
    ))?;
    list(report)?;
    Ok(number)
}

fn list(report: &AuditReport) -> Result<(), Failure> {
    for finding in &report.findings {
        say(&format!("  {finding}"))?;
    }
    if report.unlisted > 0 {
        say(&format!("  and {} more", report.unlisted))?;
    }
    Ok(())
}
