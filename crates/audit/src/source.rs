//! A database whose audit is read.

use std::sync::Arc;

use kleis_store::{
    Act, AuditEvent, AuditFilter, AuditSpan, EvidenceRead, EvidenceTx, Store, StoreError,
    StoredAuditRow,
};
use kleis_types::{Identifier, Service};

/// A database whose audit is read, by the service whose it is.
pub type Source = (Service, Arc<dyn AuditSource>);

/// Which rows are wanted.
pub struct Wanted {
    /// What is stored of them.
    pub filter: AuditFilter,
    /// Who did it, if that is a person: each database has a pseudonym of its own for them.
    pub person: Option<Identifier>,
}

/// A part of an audit that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// The rows, in the order of writing.
    pub rows: Vec<StoredAuditRow>,
    /// Where further rows are, if there are any.
    pub rest: Option<AuditSpan>,
}

/// A database whose audit is read, and remembers who read it. Every [`Store`] of evidence is one.
#[tonic::async_trait]
pub trait AuditSource: Send + Sync {
    /// The first `limit` rows that are wanted, of `rest`, or else of all that stand there now.
    async fn list(
        &self,
        wanted: &Wanted,
        rest: Option<AuditSpan>,
        limit: u32,
    ) -> Result<Slice, StoreError>;

    /// One row, by its chain and its position there from 1.
    async fn row(&self, chain: &str, seq: u64) -> Result<Option<StoredAuditRow>, StoreError>;

    /// Appends a row. Answers when it is durable.
    async fn record(&self, event: AuditEvent) -> Result<(), StoreError>;
}

#[tonic::async_trait]
impl<S> AuditSource for S
where
    S: Store,
    S::Reader: EvidenceRead,
    S::Tx: EvidenceTx,
{
    async fn list(
        &self,
        wanted: &Wanted,
        rest: Option<AuditSpan>,
        limit: u32,
    ) -> Result<Slice, StoreError> {
        let mut reader = self.read().await?;
        let mut filter = wanted.filter.clone();
        if let Some(person) = &wanted.person {
            let Some(pseudonym) = reader.pseudonym(person).await? else {
                // Nobody who did anything here, or is known to have done it.
                return Ok(Slice {
                    rows: Vec::new(),
                    rest: None,
                });
            };
            filter.actor = Some(format!("person:{pseudonym}"));
        }
        let span = match rest {
            Some(span) => span,
            None => reader.audit_span(filter.since, filter.until).await?,
        };
        // One more, to know whether there are more.
        let mut found = reader
            .audit_page(&filter, span, limit.saturating_add(1))
            .await?;
        let kept = usize::try_from(limit).unwrap_or(usize::MAX);
        let is_more = found.len() > kept;
        found.truncate(kept);
        let rest = found.last().filter(|_| is_more).map(|last| AuditSpan {
            after: last.place,
            to: span.to,
        });
        let rows = found.into_iter().map(|placed| placed.row).collect();
        Ok(Slice { rows, rest })
    }

    async fn row(&self, chain: &str, seq: u64) -> Result<Option<StoredAuditRow>, StoreError> {
        let mut reader = self.read().await?;
        let found = reader.audit_rows(chain, seq.saturating_sub(1), 1).await?;
        Ok(found.into_iter().find(|row| row.seq == seq))
    }

    async fn record(&self, event: AuditEvent) -> Result<(), StoreError> {
        self.run(Record(event)).await
    }
}

/// Remembers that the audit was read.
struct Record(AuditEvent);

impl<Tx: EvidenceTx> Act<Tx> for Record {
    const NAME: &'static str = "audit.record";
    type Output = ();
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        tx.append_audit(&self.0).await
    }
}
