//! Forgetting what has had its time.

use kleis_store::sts::{Forgotten, StsTx};
use kleis_store::{Act, AuditEvent};
use kleis_types::Timestamp;

use crate::StsError;
use crate::evidence::own_event;

/// Removes used assertions and proofs, and revoked tokens, that nobody would take any more.
#[derive(Clone)]
pub(crate) struct Sweep {
    pub(crate) now: Timestamp,
}

impl Sweep {
    /// The name in the audit.
    const ACTION: &'static str = "sts.sweep";
}

impl<Tx: StsTx> Act<Tx> for Sweep {
    const NAME: &'static str = Sweep::ACTION;
    type Output = Forgotten;
    type Error = StsError;

    async fn run(&self, tx: &mut Tx) -> Result<Forgotten, StsError> {
        let forgotten = tx.forget(self.now).await?;
        if !forgotten.is_nothing() {
            let event = AuditEvent {
                details: format!("{} used, {} revoked", forgotten.used, forgotten.revoked),
                ..own_event(Self::ACTION, self.now)
            };
            tx.append_audit(&event).await?;
        }
        Ok(forgotten)
    }
}
