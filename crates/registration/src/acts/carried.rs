//! The frame around every order.

use std::sync::Arc;

use kleis_store::{Act, AuditOutcome, StoreError, StoredOrder, registry::RegistryTx};
use kleis_wrap::WrapError;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    Account, Ledger,
    kept::{KeptOrder, OrderSeal},
    replies::Replies,
};
use crate::{RegistrationError, StatusBoard, admission::Evidence, status::StatusChanges};

/// What an order asks for, as work on one transaction. An `Err` leaves nothing behind.
pub(crate) trait Work: Send + Sync + 'static {
    /// The act's name, which is also the action in the audit.
    const NAME: &'static str;
    /// Whether the order may say which version of a record it expects.
    const VERSIONED: bool = false;
    /// The body of the reply.
    type Result: Serialize + DeserializeOwned + Send + 'static;

    /// Does it.
    fn run<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        evidence: &Evidence,
    ) -> impl Future<Output = Result<Verdict<Self::Result>, RegistrationError>> + Send;
}

/// How the work ended: either way, what it wrote is kept.
#[derive(Debug)]
pub(crate) enum Verdict<R> {
    /// It is done.
    Done(R),
    /// It is refused, and the refusal counts.
    Refused(Refusal),
}

/// A refusal that is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Refusal {
    /// A wrong proof for an enrolment code.
    #[serde(rename = "ENROLMENT_REFUSED")]
    Enrolment,
    /// A wrong answer to a challenge.
    #[serde(rename = "CHALLENGE_FAILED")]
    Challenge,
    /// By whom the database calls an operator, in a row that we did not write.
    #[serde(rename = "NOT_OPERATOR")]
    Operator,
}

/// A remembered refusal in the place of a result: no result has such a member.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRefusal {
    refused: Refusal,
}

impl From<Refusal> for RegistrationError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Enrolment => Self::EnrolmentRefused,
            Refusal::Challenge => Self::ChallengeFailed,
            Refusal::Operator => Self::NotOperator,
        }
    }
}

impl<R: Serialize + DeserializeOwned> Verdict<R> {
    fn to_json(&self) -> Result<String, serde_json::Error> {
        match self {
            Self::Done(result) => serde_json::to_string(result),
            Self::Refused(refused) => serde_json::to_string(&StoredRefusal { refused: *refused }),
        }
    }

    fn from_json(json: &str) -> Result<Self, serde_json::Error> {
        if let Ok(StoredRefusal { refused }) = serde_json::from_str(json) {
            return Ok(Self::Refused(refused));
        }
        serde_json::from_str(json).map(Self::Done)
    }
}

/// How an order ended: with a signed reply, or refused.
pub(crate) type Answer = Result<String, Refusal>;

/// An order on its way through the database.
pub(crate) struct Carried<W> {
    pub(crate) evidence: Evidence,
    pub(crate) work: W,
    pub(crate) board: Arc<StatusBoard>,
    pub(crate) seal: OrderSeal,
    pub(crate) replies: Arc<Replies>,
}

impl<Tx: RegistryTx, W: Work> Act<Tx> for Carried<W> {
    const NAME: &'static str = W::NAME;
    /// `Err` if what is kept of the same order was tampered with: the alarm is committed.
    type Output = Result<(Answer, StatusChanges), WrapError>;
    type Error = RegistrationError;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Output, Self::Error> {
        let evidence = &self.evidence;
        match self.seal.find(tx, &evidence.jti).await? {
            KeptOrder::Nothing => {}
            KeptOrder::Tampered => {
                self.alarm(tx).await?;
                return Ok(Err(WrapError::OrderTampered));
            }
            KeptOrder::Genuine(former) => {
                if former.digest != evidence.digest {
                    return Err(RegistrationError::JtiReused);
                }
                let answer = self.answer_again(*former)?;
                return Ok(Ok((answer, self.board.stamp(Vec::new()))));
            }
        }
        if !W::VERSIONED && evidence.expected_version.is_some() {
            return Err(RegistrationError::VersionUnexpected);
        }
        let mut ledger = Ledger::new(tx, Account::of(evidence, W::NAME));
        let verdict = self.work.run(&mut ledger, evidence).await?;
        let result = verdict.to_json()?;
        let answer = self.answer(verdict)?;
        // The signature is made here so that it is kept by the commit that makes it true.
        let reply = answer.clone().unwrap_or_default();
        let order = self.seal.seal(evidence.to_stored(result, reply));
        ledger.tx.record_order(&order).await?;
        let changes = ledger.into_status_changes();
        Ok(Ok((answer, self.board.stamp(changes))))
    }
}

impl<W: Work> Carried<W> {
    fn answer(&self, verdict: Verdict<W::Result>) -> Result<Answer, RegistrationError> {
        Ok(match verdict {
            Verdict::Refused(refusal) => Err(refusal),
            Verdict::Done(result) => Ok(self.replies.sign(&self.evidence, &result)?),
        })
    }

    /// What was answered before: the very bytes, or signed now where no reply was kept.
    fn answer_again(&self, former: StoredOrder) -> Result<Answer, RegistrationError> {
        let verdict = Verdict::from_json(&former.result)?;
        if former.reply.is_empty() {
            return self.answer(verdict);
        }
        Ok(Ok(former.reply))
    }

    /// Tells of a kept order that we did not write.
    async fn alarm<Tx: RegistryTx>(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let Evidence { jti, trace_id, .. } = &self.evidence;
        tracing::error!(trace_id, jti, "the row of a kept order was tampered with");
        let resource = format!("order:{jti}");
        Ledger::new(tx, Account::of(&self.evidence, W::NAME))
            .note(AuditOutcome::Alarm, &resource, "ORDER_TAMPERED")
            .await
    }
}

#[cfg(test)]
mod tests {
    use kleis_proto::registration::v1::CompleteKeyResult;

    use super::*;

    type Completed = Verdict<CompleteKeyResult>;

    #[test]
    fn verdicts_are_read_back() {
        let result = CompleteKeyResult {
            kid: "k".into(),
            state: "ACTIVE".into(),
            version: 1,
        };
        let json = Verdict::Done(result.clone()).to_json().unwrap();
        assert_eq!(json, r#"{"kid":"k","state":"ACTIVE","version":1}"#);
        assert!(matches!(Completed::from_json(&json), Ok(Verdict::Done(read)) if read == result));

        for refusal in [Refusal::Enrolment, Refusal::Challenge, Refusal::Operator] {
            let json = Completed::Refused(refusal).to_json().unwrap();
            let read = Completed::from_json(&json).unwrap();
            assert!(matches!(read, Verdict::Refused(read) if read == refusal));
        }
        assert!(Completed::from_json(r#"{"refused":"SOMETHING_ELSE"}"#).is_err());
    }
}
