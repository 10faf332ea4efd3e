//! `kleisd audit export`

use std::io::{self, BufWriter, Write};

use kleis_store::{EvidenceRead as _, ProofRead as _};
use kleis_types::InstallationId;

use super::open_to_read;
use crate::{
    args::{Database, ExportAudit, ExportFormat},
    audit::{
        AuditStore, Ledger, Ledgers,
        lines::{EXPORT, Header, Line},
    },
    data_dir::DataDir,
    failure::Failure,
    premises::Record,
};

/// How many rows are read at a time.
const ROWS: u32 = 500;
/// How many checkpoints and segments are read at a time: they can be long.
const TOKENS: u32 = 16;

/// Writes the audit to standard output: one snapshot of each database, beside a running server.
pub(super) async fn run(args: &ExportAudit) -> Result<(), Failure> {
    let ExportFormat::Jsonl = args.format;
    let data_dir = DataDir::new(&args.place.data_dir);
    let record = Record::read(&data_dir)?;
    let databases = open_to_read(&data_dir, &record).await?;
    let ledgers = Ledgers::new(&data_dir, &databases, &data_dir.audit());
    let mut out = Out(BufWriter::new(io::stdout().lock()));
    let installation = record.installation();
    let written = async {
        let is_wanted = |database| args.database.is_none_or(|wanted| wanted == database);
        if is_wanted(Database::Registry) {
            export(&ledgers.registry, installation, &mut out).await?;
        }
        if is_wanted(Database::Custody) {
            export(&ledgers.custody, installation, &mut out).await?;
        }
        if is_wanted(Database::Sts) {
            export(&ledgers.sts, installation, &mut out).await?;
        }
        out.0.flush().map_err(Failure::System)
    }
    .await;
    databases.close().await;
    written
}

struct Out<W: Write>(BufWriter<W>);

impl<W: Write> Out<W> {
    fn line(&mut self, line: &Line) -> Result<(), Failure> {
        let text = line.to_text()?;
        self.0.write_all(text.as_bytes()).map_err(Failure::System)
    }
}

/// Header, checkpoints, and then chain by chain its segments and its rows, so that a reader knows
/// what to expect of a row before it comes.
async fn export<S: AuditStore, W: Write>(
    ledger: &Ledger<S>,
    installation: &InstallationId,
    out: &mut Out<W>,
) -> Result<(), Failure> {
    out.line(&Line::Header(Header {
        format: EXPORT.to_owned(),
        installation: installation.clone(),
        database: ledger.name.to_owned(),
    }))?;
    let mut reader = ledger.store.read().await.map_err(ledger.failed())?;
    let mut after = 0;
    loop {
        let page = reader.checkpoints(after, TOKENS).await;
        let page = page.map_err(ledger.failed())?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for stored in page {
            out.line(&Line::Checkpoint(stored.token))?;
        }
    }
    for chain in reader.chains().await.map_err(ledger.failed())? {
        let mut after = 0;
        loop {
            let page = reader.segments(&chain, after, TOKENS).await;
            let page = page.map_err(ledger.failed())?;
            let Some(last) = page.last() else { break };
            after = last.last;
            for stored in page {
                out.line(&Line::Segment(stored.token))?;
            }
        }
        after = 0;
        loop {
            let page = reader.audit_rows(&chain, after, ROWS).await;
            let page = page.map_err(ledger.failed())?;
            let Some(last) = page.last() else { break };
            after = last.seq;
            for row in page {
                out.line(&Line::row(row))?;
            }
        }
    }
    Ok(())
}
