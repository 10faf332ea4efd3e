//! Giving the turn to sign to the next key.

use kleis_store::sts::{SigningKey, StsTx};
use kleis_store::{Act, AuditEvent};
use kleis_types::Timestamp;

use crate::StsError;
use crate::evidence::own_event;
use crate::keys::{Candidates, Demand, Timing, plan};

/// Brings the signing keys into the states that are due.
#[derive(Clone)]
pub(crate) struct Rotate {
    pub(crate) candidates: Candidates,
    pub(crate) timing: Timing,
    pub(crate) demand: Demand,
    pub(crate) now: Timestamp,
}

impl Rotate {
    /// The name in the audit.
    pub(crate) const ACTION: &'static str = "sts.rotate_keys";

    /// The new states of these keys, in the order in which they are stored.
    pub(crate) fn plan(&self, keys: &[SigningKey]) -> Result<Vec<SigningKey>, StsError> {
        plan(keys, &self.candidates, self.timing, self.demand, self.now)
            .map_err(|error| StsError::Keys(error.to_string()))
    }
}

impl<Tx: StsTx> Act<Tx> for Rotate {
    const NAME: &'static str = Rotate::ACTION;
    /// Whether anything changed.
    type Output = bool;
    type Error = StsError;

    async fn run(&self, tx: &mut Tx) -> Result<bool, StsError> {
        // The keys as they are in this transaction: another process may have been faster.
        let changes = self.plan(&tx.signing_keys().await?)?;
        for key in &changes {
            tx.put_signing_key(key).await?;
            let event = AuditEvent {
                details: key.state.to_string(),
                ..own_event(Self::ACTION, self.now)
            };
            tx.append_audit(&event.about(key)).await?;
        }
        Ok(!changes.is_empty())
    }
}
