//! Telling a client of a token (RFC 7662).

use kleis_store::Act;
use kleis_store::sts::StsTx;

use super::Answer;
use crate::StsError;
use crate::evidence::Evidence;

/// Uses up the assertion, and writes down who was told of which token.
#[derive(Clone)]
pub(crate) struct Inspect {
    pub(crate) evidence: Evidence,
    /// The `jti` of the token that the client is told of; none where it is told that there is none.
    pub(crate) jti: Option<String>,
}

impl Inspect {
    /// The name in the audit.
    pub(crate) const ACTION: &'static str = "sts.introspect_token";
    /// The details where the answer is that the token is not active.
    const INACTIVE: &'static str = "INACTIVE";
}

impl<Tx: StsTx> Act<Tx> for Inspect {
    const NAME: &'static str = Inspect::ACTION;
    type Output = Answer<()>;
    type Error = StsError;

    async fn run(&self, tx: &mut Tx) -> Result<Answer<()>, StsError> {
        if let Some(refusal) = self.evidence.spend(tx, Self::ACTION).await? {
            return Ok(Err(refusal));
        }
        let jti = self.jti.as_deref();
        self.evidence
            .about_token(tx, Self::ACTION, jti, Self::INACTIVE)
            .await?;
        Ok(Ok(()))
    }
}
