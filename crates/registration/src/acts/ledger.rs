//! The only pen of the acts: what it writes, it also enters into the audit.

use kleis_store::{
    Actor, AuditEvent, AuditOutcome, Audited, StoreError,
    registry::{
        Approval, Certificate, CertificateRequest, EncryptionKey, EnrolmentCode, Registrant,
        RegistryTx, RoleGrant, StatusEntry,
    },
};
use kleis_trust::status::Status;
use kleis_types::Timestamp;

use crate::admission::Evidence;

/// What every audit row of an act has in common.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) at: Timestamp,
    pub(crate) action: &'static str,
    pub(crate) actor: Actor,
    pub(crate) order_digest: Option<[u8; 32]>,
    pub(crate) trace_id: String,
}

impl Account {
    /// The account of an act that carries out an order.
    pub(super) fn of(evidence: &Evidence, action: &'static str) -> Self {
        Self {
            at: evidence.received_at,
            action,
            actor: evidence.actor.clone(),
            order_digest: Some(evidence.digest),
            trace_id: evidence.trace_id.clone(),
        }
    }

    /// The account of an act that nobody ordered over the network.
    pub(crate) fn unordered(at: Timestamp, action: &'static str, actor: Actor) -> Self {
        Self {
            at,
            action,
            actor,
            order_digest: None,
            trace_id: String::new(),
        }
    }
}

/// A write transaction and its account. Reads go to `tx` directly; so do writes that change no
/// audited record, after which the act owes a [`note`](Self::note).
pub(crate) struct Ledger<'a, Tx> {
    pub(super) tx: &'a mut Tx,
    account: Account,
    changes: Vec<(u32, Status)>,
}

impl<'a, Tx: RegistryTx> Ledger<'a, Tx> {
    pub(crate) fn new(tx: &'a mut Tx, account: Account) -> Self {
        Self {
            tx,
            account,
            changes: Vec::new(),
        }
    }

    /// The time of the act.
    pub(super) fn at(&self) -> Timestamp {
        self.account.at
    }

    /// The statuses that were set, for the board once the act is committed.
    pub(crate) fn into_status_changes(self) -> Vec<(u32, Status)> {
        self.changes
    }

    /// From here on, the audit names another actor: one who has proved nothing.
    pub(super) fn disown(&mut self) {
        self.account.actor = Actor::Unknown;
    }

    /// A row about no record's state: on what (may be empty), and a short text.
    pub(super) async fn note(
        &mut self,
        outcome: AuditOutcome,
        resource: &str,
        details: &str,
    ) -> Result<(), StoreError> {
        let event = AuditEvent {
            resource: resource.to_owned(),
            ..self.event(outcome, details)
        };
        self.tx.append_audit(&event).await
    }

    pub(super) async fn put_registrant(&mut self, record: &Registrant) -> Result<(), StoreError> {
        self.tx.put_registrant(record).await?;
        self.enter(record, AuditOutcome::Done, "").await
    }

    pub(super) async fn put_certificate(&mut self, record: &Certificate) -> Result<(), StoreError> {
        self.tx.put_certificate(record).await?;
        self.enter(record, AuditOutcome::Done, record.state.as_str())
            .await
    }

    pub(super) async fn put_key(&mut self, record: &EncryptionKey) -> Result<(), StoreError> {
        self.tx.put_encryption_key(record).await?;
        self.enter(record, AuditOutcome::Done, record.state.as_str())
            .await
    }

    pub(super) async fn put_code(
        &mut self,
        record: &EnrolmentCode,
        outcome: AuditOutcome,
        details: &str,
    ) -> Result<(), StoreError> {
        self.tx.put_enrolment_code(record).await?;
        self.enter(record, outcome, details).await
    }

    pub(super) async fn put_request(
        &mut self,
        record: &CertificateRequest,
    ) -> Result<(), StoreError> {
        self.tx.put_certificate_request(record).await?;
        self.enter(record, AuditOutcome::Done, record.state.as_str())
            .await
    }

    /// Remembers where an approval stands. The act owes a row about what is approved.
    pub(super) async fn put_approval(&mut self, approval: &Approval) -> Result<(), StoreError> {
        self.tx.put_approval(approval).await
    }

    pub(super) async fn put_role(&mut self, record: &RoleGrant) -> Result<(), StoreError> {
        self.tx.put_role_grant(record).await?;
        let details = format!("{} {}", record.role, record.state);
        self.enter(record, AuditOutcome::Done, &details).await
    }

    pub(super) async fn put_status(
        &mut self,
        index: u32,
        status: Status,
    ) -> Result<(), StoreError> {
        self.tx
            .put_status(StatusEntry {
                index,
                status: status.bits(),
            })
            .await?;
        self.changes.push((index, status));
        Ok(())
    }

    async fn enter(
        &mut self,
        record: &impl Audited,
        outcome: AuditOutcome,
        details: &str,
    ) -> Result<(), StoreError> {
        // Before the await: a borrowed record need not be `Sync`.
        let event = self.event(outcome, details).about(record);
        self.tx.append_audit(&event).await
    }

    fn event(&self, outcome: AuditOutcome, details: &str) -> AuditEvent {
        AuditEvent {
            outcome,
            order_digest: self.account.order_digest,
            trace_id: self.account.trace_id.clone(),
            details: details.to_owned(),
            ..AuditEvent::new(
                self.account.at,
                self.account.action,
                self.account.actor.clone(),
            )
        }
    }
}
