//! Refusing what an authenticated client asks for.

use kleis_store::Act;
use kleis_store::sts::StsTx;

use crate::StsError;
use crate::error::Refusal;
use crate::evidence::Evidence;

/// Uses up what the request came with, and writes down why it was refused.
#[derive(Clone)]
pub(crate) struct Refuse {
    pub(crate) evidence: Evidence,
    /// What was refused, as the audit names it.
    pub(crate) action: &'static str,
    pub(crate) refusal: Refusal,
}

impl<Tx: StsTx> Act<Tx> for Refuse {
    const NAME: &'static str = "sts.refuse";
    /// The refusal; that of the replay, where it was one.
    type Output = Refusal;
    type Error = StsError;

    async fn run(&self, tx: &mut Tx) -> Result<Refusal, StsError> {
        if let Some(replay) = self.evidence.spend(tx, self.action).await? {
            return Ok(replay);
        }
        let event = self.evidence.refusal(self.action, self.refusal);
        tx.append_audit(&event).await?;
        Ok(self.refusal)
    }
}
