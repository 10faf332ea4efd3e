//! Giving a token.

use kleis_store::sts::StsTx;
use kleis_store::{Act, AuditEvent};

use super::Answer;
use crate::StsError;
use crate::evidence::{Evidence, token};

/// Uses up the assertion and the proof, and finds whose turn it is to sign. The token is signed when this is
/// committed.
#[derive(Clone)]
pub(crate) struct Issue {
    pub(crate) evidence: Evidence,
    /// The `jti` that the token will have.
    pub(crate) jti: String,
    /// The scopes, and what the token is bound to.
    pub(crate) details: String,
}

impl Issue {
    /// The name in the audit.
    pub(crate) const ACTION: &'static str = "sts.issue_token";
}

impl<Tx: StsTx> Act<Tx> for Issue {
    const NAME: &'static str = Issue::ACTION;
    /// The `kid` of the key that signs.
    type Output = Answer<String>;
    type Error = StsError;

    async fn run(&self, tx: &mut Tx) -> Result<Answer<String>, StsError> {
        if let Some(refusal) = self.evidence.spend(tx, Self::ACTION).await? {
            return Ok(Err(refusal));
        }
        let kid = tx
            .current_signing_key()
            .await?
            .ok_or_else(|| StsError::Keys("there is none".to_owned()))?;
        let event = AuditEvent {
            resource: token(&self.jti),
            details: self.details.clone(),
            ..self.evidence.event(Self::ACTION)
        };
        tx.append_audit(&event).await?;
        Ok(Ok(kid))
    }
}
