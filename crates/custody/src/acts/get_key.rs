//! Releasing a key.

use std::sync::Arc;

use kleis_proto::custody::v1::{GetKeyResult, ReleasedKey};
use kleis_store::custody::{CustodyTx, Read, Record};
use kleis_store::{Act, AuditEvent};
use kleis_types::{Principal, RecordState, SecretBytes};
use kleis_wrap::Keyring;

use super::{Answer, REPEAT_WINDOW, REPEATED, from_json, to_json};
use crate::CustodyError;
use crate::command::KeyId;
use crate::evidence::{Earlier, Evidence};
use crate::keys::Keys;
use crate::policy::Decision;
use crate::record::{Found, Sighting, find};
use crate::refusal::Refusal;

const ACTION: &str = "custody.get_key";

/// Releases a key to whom its policy lets, and counts it.
#[derive(Clone)]
pub(crate) struct GetKey {
    pub(crate) keys: Arc<Keys>,
    pub(crate) evidence: Evidence,
    pub(crate) principal: Principal,
    pub(crate) key_id: KeyId,
}

/// A key on its way out.
#[derive(Debug)]
pub(crate) struct Released {
    /// The reply's body, the key itself left out.
    pub(crate) result: GetKeyResult,
    pub(crate) secret: SecretBytes,
}

/// What is to be done after everything was looked at.
enum Verdict {
    Refuse(Refusal),
    /// The first time: counted.
    Release(Box<Record>, Released),
    /// The same order again: not counted.
    Repeat(Released),
}

impl<Tx: CustodyTx> Act<Tx> for GetKey {
    const NAME: &'static str = ACTION;
    type Output = Answer<Released>;
    type Error = CustodyError;

    async fn run(&self, tx: &mut Tx) -> Result<Answer<Released>, CustodyError> {
        let earlier = self.evidence.earlier(tx, ACTION).await?;
        if matches!(earlier, Some(Earlier::Refused | Earlier::Tampered)) {
            return Ok(Answer::Refused);
        }
        let found = find(tx, &self.keys, &self.key_id).await?;
        match self.judge(found, earlier.as_ref())? {
            Verdict::Refuse(refusal) => {
                let resource = self.key_id.resource();
                if earlier.is_none() {
                    self.evidence.refuse(tx, ACTION, resource, refusal).await?;
                } else {
                    self.evidence
                        .refuse_again(tx, ACTION, resource, refusal)
                        .await?;
                }
                Ok(Answer::Refused)
            }
            Verdict::Release(record, released) => {
                self.count(tx, &record, &released).await?;
                Ok(Answer::Given(released))
            }
            Verdict::Repeat(released) => {
                let event = AuditEvent {
                    resource: self.key_id.resource(),
                    details: REPEATED.to_owned(),
                    ..self.evidence.event(ACTION)
                };
                tx.append_audit(&event).await?;
                Ok(Answer::Given(released))
            }
        }
    }
}

impl GetKey {
    /// Looks at everything, whatever is found on the way: one derivation and MAC for the state, one
    /// derivation and unwrapping for the key, one evaluation of a policy. Only then is it decided.
    fn judge(&self, found: Found, earlier: Option<&Earlier>) -> Result<Verdict, CustodyError> {
        let ring = self.keys.ring();
        let mut sighting = Sighting::of(&ring, &self.key_id, found);
        let secret = sighting.unwrap(&ring);
        let decision =
            sighting
                .policy()
                .evaluate(&self.principal, sighting.owner(), self.evidence.at());
        let refusal = self.refusal(&sighting, decision, earlier);
        match (refusal, secret, earlier) {
            (Some(refusal), ..) => Ok(Verdict::Refuse(refusal)),
            // The state says that there are bytes, its MAC holds, and there are none.
            (None, None, _) => Ok(Verdict::Refuse(Refusal::Tampered)),
            (None, Some(secret), None) => self.release(&ring, &sighting, secret),
            (None, Some(secret), Some(Earlier::Done { result, .. })) => {
                let before: GetKeyResult = from_json(result)?;
                let result = self.result(&sighting, before.reads_left);
                Ok(Verdict::Repeat(Released { result, secret }))
            }
            (None, Some(_), Some(Earlier::Refused | Earlier::Tampered)) => {
                Ok(Verdict::Refuse(Refusal::Late))
            }
        }
    }

    fn refusal(
        &self,
        sighting: &Sighting,
        decision: Decision,
        earlier: Option<&Earlier>,
    ) -> Option<Refusal> {
        if sighting.fault().is_some() {
            return sighting.fault();
        }
        match (sighting.record().state, earlier) {
            (RecordState::Active, _) | (RecordState::Exhausted, Some(_)) => {}
            (RecordState::Exhausted, None) => return Some(Refusal::Exhausted),
            (RecordState::Shredded, _) => return Some(Refusal::Shredded),
            (RecordState::Expired, _) => return Some(Refusal::Expired),
        }
        if let Decision::Refused(refusal) = decision {
            return Some(Refusal::Policy(refusal));
        }
        match earlier {
            Some(Earlier::Done { at, .. })
                if self.evidence.at().seconds_since(*at) > REPEAT_WINDOW =>
            {
                Some(Refusal::Late)
            }
            _ => None,
        }
    }

    /// The first release to this order: one read more, and the end of it if that was the last.
    fn release(
        &self,
        ring: &Keyring,
        sighting: &Sighting,
        secret: SecretBytes,
    ) -> Result<Verdict, CustodyError> {
        self.evidence.expect(sighting.record().version)?;
        let reads = sighting.record().reads + 1;
        let max = sighting.policy().max_reads();
        let last = max.is_some_and(|max| reads >= u64::from(max));
        let record = sighting.changed(ring, |record| {
            record.reads = reads;
            if last {
                record.state = RecordState::Exhausted;
                record.destroy_at = Some(self.evidence.at().plus_seconds(REPEAT_WINDOW));
            }
        })?;
        let left = max.map(|max| u32::try_from(u64::from(max).saturating_sub(reads)).unwrap_or(0));
        let result = self.result(sighting, left);
        Ok(Verdict::Release(
            Box::new(record),
            Released { result, secret },
        ))
    }

    fn result(&self, sighting: &Sighting, reads_left: Option<u32>) -> GetKeyResult {
        GetKeyResult {
            key: Some(ReleasedKey {
                key_id: self.key_id.to_string(),
                policy_hash: sighting.policy().hash_text(),
                jwk: String::new(),
            }),
            reads_left,
            owner: sighting.owner().to_string(),
        }
    }

    async fn count<Tx: CustodyTx>(
        &self,
        tx: &mut Tx,
        record: &Record,
        released: &Released,
    ) -> Result<(), CustodyError> {
        tx.update_record(record).await?;
        let read = Read {
            key_id: self.key_id.to_string(),
            jti: self.evidence.jti().to_owned(),
            reader: self.principal.primary().to_string(),
            at: self.evidence.at(),
            confirmed: false,
        };
        tx.insert_release(&read).await?;
        self.evidence.keep(tx, to_json(&released.result)?).await?;
        tx.append_audit(&self.evidence.event(ACTION).about(record))
            .await?;
        Ok(())
    }
}
