//! Writes an archive.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufWriter, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use kleis_jose::digest::sha256;
use kleis_store::{ProofRead, StoreError, StoredAuditRow, audit};
use kleis_trust::{
    Anchors, Signer,
    segment::{self, MAX_ROWS, Segment},
};
use kleis_types::Timestamp;

use crate::{
    audit::{
        AuditStore, Ledger,
        lines::{ARCHIVE, Header, Line},
    },
    durable,
    failure::Failure,
};

/// How many rows are read at a time.
const PAGE: u32 = 500;
/// How many segments are read at a time.
const SEGMENTS: u32 = 4;

/// What is archived, and in whose name.
pub(crate) struct Scope<'a> {
    /// Rows before this time go.
    pub(crate) before: Timestamp,
    pub(crate) anchors: &'a Anchors,
    /// Who signs the segments.
    pub(crate) signer: &'a Signer,
    /// When they are signed.
    pub(crate) now: Timestamp,
}

/// An archive that is being written: a new file, for its owner alone.
pub(crate) struct Writer {
    path: PathBuf,
    file: BufWriter<File>,
    /// How many segments it has.
    pub(crate) segments: u64,
    /// How many rows it has.
    pub(crate) rows: u64,
}

impl Writer {
    /// Makes the file; one that is there is never written to.
    pub(crate) fn create(path: &Path) -> Result<Self, Failure> {
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(path);
        Ok(Self {
            file: BufWriter::new(file.map_err(Failure::io(path))?),
            path: path.to_owned(),
            segments: 0,
            rows: 0,
        })
    }

    /// Writes the beginning of every chain of a database, as far as it is old enough and a
    /// checkpoint has seen it.
    pub(crate) async fn database<S: AuditStore>(
        &mut self,
        ledger: &Ledger<S>,
        scope: &Scope<'_>,
    ) -> Result<(), Failure> {
        self.line(&Line::Header(Header {
            format: ARCHIVE.to_owned(),
            installation: scope.anchors.installation().clone(),
            database: ledger.name.to_owned(),
        }))?;
        let mut reader = ledger.store.read().await.map_err(ledger.failed())?;
        let mut proofs = ledger.proofs(scope.anchors);
        let newest = audit::verify_newest(&mut reader, &mut proofs).await;
        let (newest, _) = newest.map_err(ledger.failed())?;
        for (chain, (seen, _)) in &newest.heads {
            let mut part = Part::after(
                archived(&mut reader, chain)
                    .await
                    .map_err(ledger.failed())?,
            );
            while let Some(segment) = part
                .fill(&mut reader, chain, *seen, scope.before)
                .await
                .map_err(ledger.failed())?
            {
                self.segment(&part, &segment, scope)?;
            }
        }
        Ok(())
    }

    fn segment(
        &mut self,
        part: &Part,
        segment: &Segment,
        scope: &Scope<'_>,
    ) -> Result<(), Failure> {
        let token = segment::sign(scope.signer, segment, scope.now).map_err(Failure::crypto)?;
        self.bytes(&part.lines)?;
        self.line(&Line::Segment(token))?;
        self.segments += 1;
        self.rows += segment.last - segment.first + 1;
        Ok(())
    }

    fn line(&mut self, line: &Line) -> Result<(), Failure> {
        self.bytes(line.to_text()?.as_bytes())
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let written = self.file.write_all(bytes);
        written.map_err(Failure::io(&self.path))
    }

    /// Brings it to the disk.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        let Self { path, file, .. } = self;
        let file = file.into_inner().map_err(io::IntoInnerError::into_error);
        file.and_then(|file| file.sync_all())
            .map_err(Failure::io(&path))?;
        durable::sync_parent(&path)
    }
}

/// The last row of a chain that was archived before; 0 if none was.
async fn archived<R: ProofRead>(reader: &mut R, chain: &str) -> Result<u64, StoreError> {
    let mut last = 0;
    loop {
        let segments = reader.segments(chain, last, SEGMENTS).await?;
        let Some(newest) = segments.last() else {
            return Ok(last);
        };
        last = newest.last;
    }
}

/// The rows of one segment: bounded by the number that a segment can have.
struct Part {
    /// The last row that was taken.
    after: u64,
    lines: Vec<u8>,
}

impl Part {
    fn after(after: u64) -> Self {
        Self {
            after,
            lines: Vec::new(),
        }
    }

    /// Takes the next rows: up to `seen`, older than `before`, as many as a segment has at most.
    async fn fill<R: ProofRead>(
        &mut self,
        reader: &mut R,
        chain: &str,
        seen: u64,
        before: Timestamp,
    ) -> Result<Option<Segment>, StoreError> {
        self.lines.clear();
        let mut segment: Option<Segment> = None;
        'rows: loop {
            let rows = reader.audit_rows(chain, self.after, PAGE).await?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                let is_full = segment
                    .as_ref()
                    .is_some_and(|segment| row.seq - segment.first >= MAX_ROWS);
                if row.seq > seen || row.at >= before || is_full {
                    break 'rows;
                }
                let stays = stays(reader, &row).await?;
                self.after = row.seq;
                let segment = segment.get_or_insert_with(|| begun_by(&row));
                (segment.last, segment.head) = (row.seq, row.hash);
                if stays {
                    segment.kept.push((row.seq, row.hash));
                }
                let text = Line::row(row).to_text();
                let text = text.map_err(|error| StoreError::Refused(error.to_string()))?;
                self.lines.extend_from_slice(text.as_bytes());
            }
        }
        Ok(segment.map(|segment| Segment {
            rows: sha256(&self.lines),
            ..segment
        }))
    }
}

fn begun_by(row: &StoredAuditRow) -> Segment {
    Segment {
        chain: row.chain.clone(),
        first: row.seq,
        last: row.seq,
        before: row.previous,
        head: row.hash,
        rows: [0; 32],
        kept: Vec::new(),
    }
}

/// Whether a row carries the newest state of its record, which is compared with it.
async fn stays<R: ProofRead>(reader: &mut R, row: &StoredAuditRow) -> Result<bool, StoreError> {
    if row.resource_digest.is_empty() {
        return Ok(false);
    }
    let newest = reader.newest_audit_row(&row.resource).await?;
    Ok(newest.is_some_and(|newest| (&newest.chain, newest.seq) == (&row.chain, row.seq)))
}
