//! The copies of the checkpoints outside the database, against those within.

use std::collections::VecDeque;

use super::{
    AuditReport, Finding, VerifyError,
    proofs::{ReadProofs, SinkLines},
    series::{CHECKPOINTS, Place},
};
use crate::{ProofRead, StoreError, StoredCheckpoint};

/// How a sink and a database go together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SinkReport {
    /// The last checkpoint of the sink.
    pub last: Place,
    /// The last checkpoint before the first one about which both do not agree; the newest of the
    /// database if they do.
    pub agreed: u64,
}

/// Reads both to their ends, side by side.
///
/// The newest checkpoint of the database may be missing in the sink: a server that runs writes it
/// there next.
///
/// # Errors
/// [`VerifyError`] if one of them cannot be read.
pub async fn compare_sink<R: ProofRead>(
    reader: &mut R,
    proofs: &mut (dyn ReadProofs + '_),
    lines: &mut (dyn SinkLines + '_),
    report: &mut AuditReport,
) -> Result<SinkReport, VerifyError> {
    let mut merge = Merge {
        reader,
        proofs,
        page: VecDeque::new(),
        read: 0,
        sink: Place::default(),
        newest: 0,
        doubts: Doubts::default(),
    };
    let mut number = 0;
    let mut line = lines.next_line()?;
    while let Some(text) = line {
        number += 1;
        line = lines.next_line()?;
        // A line that a crash has cut off is written again, whole.
        let is_torn = line
            .as_ref()
            .is_some_and(|next| next.len() > text.len() && next.starts_with(&text));
        if !is_torn {
            merge.line(&text, number, report).await?;
        }
    }
    merge.finish(report).await
}

struct Merge<'a, R> {
    reader: &'a mut R,
    proofs: &'a mut (dyn ReadProofs + 'a),
    page: VecDeque<StoredCheckpoint>,
    /// The last checkpoint that was read from the database.
    read: u64,
    sink: Place,
    /// The last checkpoint of the database that was passed.
    newest: u64,
    doubts: Doubts,
}

impl<R: ProofRead> Merge<'_, R> {
    async fn line(
        &mut self,
        text: &str,
        number: u64,
        report: &mut AuditReport,
    ) -> Result<(), StoreError> {
        if self.sink == Place::of(self.sink.seq, text) {
            // A crash cut off its line feed alone, and it was written again.
            return Ok(());
        }
        let next = self.peek().await?.map(|stored| stored.token.as_str());
        let is_same = next == Some(text);
        if !is_same && next.is_some_and(|next| next.starts_with(text)) {
            // Cut off by a crash, and not written again yet.
            return Ok(());
        }
        if is_same && self.doubts.is_empty() {
            // It was verified with the database's.
            let seq = self.pass();
            self.sink = Place::of(seq, text);
            return Ok(());
        }
        let checkpoint = match self.proofs.checkpoint(text) {
            Ok(checkpoint) => checkpoint,
            Err(reason) => {
                report.found(Finding::SinkForged {
                    place: format!("line {number}"),
                    reason,
                });
                return Ok(());
            }
        };
        let seq = checkpoint.seq;
        if seq <= self.sink.seq {
            report.found(Finding::SinkOutOfOrder { seq });
            return Ok(());
        }
        if let Some(gap) = checkpoint.gap {
            self.doubts.accept(gap);
        }
        self.catch_up(seq).await?;
        match self.peek().await?.map(|stored| stored.seq == seq) {
            Some(true) if self.is_next(text) => {}
            Some(true) => self.doubts.add(seq, Finding::SinkDiffers { seq }),
            _ => self.doubts.lacks_in_database(seq),
        }
        if self.page.front().is_some_and(|stored| stored.seq == seq) {
            self.pass();
        }
        // Where numbers are missing between, that has been said.
        let is_next = checkpoint.gap.is_none() && seq == self.sink.seq + 1;
        if is_next && !self.sink.is_before(&checkpoint) {
            self.doubts.add(seq, Finding::SinkOutOfOrder { seq });
        }
        self.sink = Place::of(seq, text);
        Ok(())
    }

    fn is_next(&self, text: &str) -> bool {
        self.page.front().is_some_and(|next| next.token == text)
    }

    /// Passes those of the database that come before `seq`: the sink has not got them.
    async fn catch_up(&mut self, seq: u64) -> Result<(), StoreError> {
        while self.peek().await?.is_some_and(|stored| stored.seq < seq) {
            let missing = self.pass();
            self.doubts.lacks_in_sink(missing);
        }
        Ok(())
    }

    async fn finish(mut self, report: &mut AuditReport) -> Result<SinkReport, VerifyError> {
        let mut missing: Option<(u64, u64)> = None;
        while self.peek().await?.is_some() {
            let seq = self.pass();
            missing = Some((missing.map_or(seq, |(from, _)| from), seq));
        }
        let agreed = self.doubts.first.map_or(self.newest, |first| first - 1);
        self.doubts.report(report);
        if let Some((from, to)) = missing.filter(|(from, to)| from < to) {
            report.found(Finding::SinkLacks { from, to });
        }
        Ok(SinkReport {
            last: self.sink,
            agreed,
        })
    }

    async fn peek(&mut self) -> Result<Option<&StoredCheckpoint>, StoreError> {
        if self.page.is_empty() {
            self.page = self
                .reader
                .checkpoints(self.read, CHECKPOINTS)
                .await?
                .into();
            self.read = self.page.back().map_or(self.read, |last| last.seq);
        }
        Ok(self.page.front())
    }

    fn pass(&mut self) -> u64 {
        if let Some(passed) = self.page.pop_front() {
            self.newest = passed.seq;
        }
        self.newest
    }
}

/// Differences that a later checkpoint may turn out to explain.
#[derive(Default)]
struct Doubts {
    /// The first checkpoint that they are about.
    first: Option<u64>,
    report: AuditReport,
}

impl Doubts {
    fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    fn add(&mut self, seq: u64, finding: Finding) {
        self.first.get_or_insert(seq);
        self.report.found(finding);
    }

    fn lacks_in_database(&mut self, seq: u64) {
        self.first.get_or_insert(seq);
        if let Some(Finding::DatabaseLacks { to, .. }) = self.report.findings.last_mut()
            && *to + 1 == seq
        {
            *to = seq;
        } else {
            self.report
                .found(Finding::DatabaseLacks { from: seq, to: seq });
        }
    }

    fn lacks_in_sink(&mut self, seq: u64) {
        self.first.get_or_insert(seq);
        if let Some(Finding::SinkLacks { to, .. }) = self.report.findings.last_mut()
            && *to + 1 == seq
        {
            *to = seq;
        } else {
            self.report.found(Finding::SinkLacks { from: seq, to: seq });
        }
    }

    /// An operator has answered for everything after `gap`.
    fn accept(&mut self, gap: u64) {
        if self.first.is_some_and(|first| first > gap) {
            *self = Self::default();
        }
    }

    fn report(self, report: &mut AuditReport) {
        for finding in self.report.findings {
            report.found(finding);
        }
        report.unlisted += self.report.unlisted;
    }
}
