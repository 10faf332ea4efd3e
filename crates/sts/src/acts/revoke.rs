//! Revoking a token (RFC 7009).

use kleis_store::Act;
use kleis_store::sts::{RevokedToken, StsTx};

use super::Answer;
use crate::StsError;
use crate::evidence::Evidence;

/// Uses up the assertion, and remembers that the client's token is revoked.
#[derive(Clone)]
pub(crate) struct Revoke {
    pub(crate) evidence: Evidence,
    /// The token; none where it is no live token of ours, which is answered alike.
    pub(crate) token: Option<RevokedToken>,
}

impl Revoke {
    /// The name in the audit.
    pub(crate) const ACTION: &'static str = "sts.revoke_token";
    /// The details where there was nothing to revoke.
    const NOTHING: &'static str = "NOTHING_TO_REVOKE";
}

impl<Tx: StsTx> Act<Tx> for Revoke {
    const NAME: &'static str = Revoke::ACTION;
    type Output = Answer<()>;
    type Error = StsError;

    async fn run(&self, tx: &mut Tx) -> Result<Answer<()>, StsError> {
        if let Some(refusal) = self.evidence.spend(tx, Self::ACTION).await? {
            return Ok(Err(refusal));
        }
        if let Some(revoked) = &self.token {
            // Twice is as good as once.
            tx.revoke_token(revoked).await?;
        }
        let jti = self.token.as_ref().map(|revoked| &*revoked.jti);
        self.evidence
            .about_token(tx, Self::ACTION, jti, Self::NOTHING)
            .await?;
        Ok(Ok(()))
    }
}
