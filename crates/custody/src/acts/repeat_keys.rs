//! Giving out fresh keys once more, to the order that made them.

use std::sync::Arc;

use kleis_store::custody::CustodyTx;
use kleis_store::{Act, AuditEvent};
use kleis_types::{Identifier, RecordState, SecretBytes, Timestamp};

use super::{Answer, REPEAT_WINDOW, REPEATED};
use crate::CustodyError;
use crate::command::KeyId;
use crate::evidence::Evidence;
use crate::keys::Keys;
use crate::record::{Sighting, find};
use crate::refusal::Refusal;

/// Releases the keys of an earlier order to the same order.
#[derive(Clone)]
pub(crate) struct RepeatKeys {
    pub(crate) action: &'static str,
    pub(crate) keys: Arc<Keys>,
    pub(crate) evidence: Evidence,
    pub(crate) key_ids: Vec<KeyId>,
    /// Who gave the order: the owner of the keys that it made.
    pub(crate) owner: Identifier,
    /// When the order was carried out.
    pub(crate) first: Timestamp,
}

impl<Tx: CustodyTx> Act<Tx> for RepeatKeys {
    const NAME: &'static str = "custody.repeat_keys";
    type Output = Answer<Vec<SecretBytes>>;
    type Error = CustodyError;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Output, CustodyError> {
        let mut secrets = Vec::with_capacity(self.key_ids.len());
        for key_id in &self.key_ids {
            let found = find(tx, &self.keys, key_id).await?;
            let judged = {
                let ring = self.keys.ring();
                let mut sighting = Sighting::of(&ring, key_id, found);
                let secret = sighting.unwrap(&ring);
                self.refusal(&sighting).map_or(Ok(secret), Err)
            };
            let refusal = match judged {
                Ok(Some(secret)) => {
                    secrets.push(secret);
                    continue;
                }
                Ok(None) => Refusal::Shredded,
                Err(refusal) => refusal,
            };
            let resource = key_id.resource();
            self.evidence
                .refuse_again(tx, self.action, resource, refusal)
                .await?;
            return Ok(Answer::Refused);
        }
        for key_id in &self.key_ids {
            let event = AuditEvent {
                resource: key_id.resource(),
                details: REPEATED.to_owned(),
                ..self.evidence.event(self.action)
            };
            tx.append_audit(&event).await?;
        }
        Ok(Answer::Given(secrets))
    }
}

impl RepeatKeys {
    fn refusal(&self, sighting: &Sighting) -> Option<Refusal> {
        if sighting.fault().is_some() {
            return sighting.fault();
        }
        // Whatever vouches for the row of the order, what it says must be true of the record.
        let record = sighting.record();
        if sighting.owner() != &self.owner || record.created_at != self.first {
            return Some(Refusal::Tampered);
        }
        if self.evidence.at().seconds_since(record.created_at) > REPEAT_WINDOW {
            return Some(Refusal::Late);
        }
        match sighting.state_at(self.evidence.at()) {
            RecordState::Active | RecordState::Exhausted => None,
            RecordState::Shredded => Some(Refusal::Shredded),
            RecordState::Expired => Some(Refusal::Expired),
        }
    }
}
