//! What the proof of the audit writes.

use kleis_store::{Act, Actor, AuditEvent, ProofTx, StoreError, StoredCheckpoint, StoredSegment};
use kleis_types::{Identifier, Timestamp};

/// Appends a checkpoint.
pub(super) struct AppendCheckpoint(pub(super) StoredCheckpoint);

impl<Tx: ProofTx + Send + 'static> Act<Tx> for AppendCheckpoint {
    const NAME: &'static str = "audit.checkpoint";
    type Output = ();
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        tx.append_checkpoint(&self.0).await
    }
}

/// Says in the audit that somebody has answered for what is lost.
pub(super) struct AcceptGap {
    pub(super) at: Timestamp,
    /// Why, and what.
    pub(super) details: String,
}

impl<Tx: ProofTx + Send + 'static> Act<Tx> for AcceptGap {
    const NAME: &'static str = "audit.accept_gap";
    type Output = ();
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let event = event(self.at, "audit.accept_gap", String::new());
        tx.append_audit(&AuditEvent {
            details: self.details.clone(),
            ..event
        })
        .await
    }
}

/// Records a segment of archived rows, and removes those that do not stay.
pub(crate) struct RecordSegment {
    pub(crate) at: Timestamp,
    pub(crate) segment: StoredSegment,
    /// The rows that stay.
    pub(crate) kept: Vec<u64>,
}

impl<Tx: ProofTx + Send + 'static> Act<Tx> for RecordSegment {
    const NAME: &'static str = "audit.archive";
    type Output = ();
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let StoredSegment {
            chain, first, last, ..
        } = &self.segment;
        tx.record_segment(&self.segment, &self.kept).await?;
        let event = event(self.at, "audit.archive", format!("chain:{chain}"));
        tx.append_audit(&AuditEvent {
            details: format!("rows {first} to {last}, {} of them stay", self.kept.len()),
            ..event
        })
        .await
    }
}

/// Destroys the pseudonyms of a person. The audit names the pseudonyms and not the person.
pub(crate) struct Forget {
    pub(crate) at: Timestamp,
    /// All identifiers of the person.
    pub(crate) identifiers: Vec<Identifier>,
}

impl<Tx: ProofTx + Send + 'static> Act<Tx> for Forget {
    const NAME: &'static str = "audit.forget";
    /// How many there were.
    type Output = usize;
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx) -> Result<usize, StoreError> {
        let mut count = 0;
        for identifier in &self.identifiers {
            if let Some(pseudonym) = tx.forget_person(identifier).await? {
                count += 1;
                let resource = format!("person:{pseudonym}");
                tx.append_audit(&event(self.at, "audit.forget", resource))
                    .await?;
            }
        }
        Ok(count)
    }
}

fn event(at: Timestamp, action: &'static str, resource: String) -> AuditEvent {
    AuditEvent {
        resource,
        ..AuditEvent::new(at, action, Actor::Local)
    }
}
