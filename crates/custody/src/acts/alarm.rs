//! Writing down that somebody has tampered with a row.

use kleis_store::custody::CustodyTx;
use kleis_store::{Act, AuditEvent, AuditOutcome, StoreError};
use kleis_types::Timestamp;

use crate::evidence::own_event;

/// Writes an alarm into the audit.
pub(crate) struct Alarm(AuditEvent);

impl Alarm {
    /// An alarm about `resource`, met while doing `action`.
    pub(crate) fn new(action: &'static str, resource: String, at: Timestamp) -> Self {
        Self(AuditEvent {
            resource,
            outcome: AuditOutcome::Alarm,
            details: "TAMPERED".to_owned(),
            ..own_event(action, at)
        })
    }

    /// The event itself, for acts that write it beside other work.
    pub(crate) fn into_event(self) -> AuditEvent {
        self.0
    }
}

impl<Tx: CustodyTx> Act<Tx> for Alarm {
    const NAME: &'static str = "custody.alarm";
    type Output = ();
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        tx.append_audit(&self.0).await
    }
}
