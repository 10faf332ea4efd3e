//! Destroying a key.

use std::sync::Arc;

use kleis_proto::custody::v1::ShredKeyResult;
use kleis_store::Act;
use kleis_store::custody::{CustodyTx, Record};
use kleis_types::Principal;

use super::describe_key::narrow;
use super::{Answer, to_json};
use crate::CustodyError;
use crate::command::KeyId;
use crate::evidence::Evidence;
use crate::keys::Keys;
use crate::record::{Found, Sighting, destroy, find};
use crate::refusal::Refusal;

const ACTION: &str = "custody.shred_key";

/// Destroys a key for its owner, in whatever state it is, as long as there is something to destroy.
#[derive(Clone)]
pub(crate) struct ShredKey {
    pub(crate) keys: Arc<Keys>,
    pub(crate) evidence: Evidence,
    pub(crate) principal: Principal,
    pub(crate) key_id: KeyId,
}

impl<Tx: CustodyTx> Act<Tx> for ShredKey {
    const NAME: &'static str = ACTION;
    /// The reply.
    type Output = Answer<String>;
    type Error = CustodyError;

    async fn run(&self, tx: &mut Tx) -> Result<Answer<String>, CustodyError> {
        if let Some(answer) = self.evidence.answered(tx, ACTION).await? {
            return Ok(answer);
        }
        let found = find(tx, &self.keys, &self.key_id).await?;
        match self.judge(found)? {
            Err(refusal) => {
                let resource = self.key_id.resource();
                self.evidence.refuse(tx, ACTION, resource, refusal).await?;
                Ok(Answer::Refused)
            }
            Ok(record) => {
                tx.update_record(&record).await?;
                let result = to_json(&ShredKeyResult {
                    key_id: record.key_id.clone(),
                    state: record.state.to_string(),
                    version: narrow(record.version),
                })?;
                let reply = self.evidence.keep(tx, result).await?;
                tx.append_audit(&self.evidence.event(ACTION).about(&record))
                    .await?;
                Ok(Answer::Given(reply))
            }
        }
    }
}

impl ShredKey {
    fn judge(&self, found: Found) -> Result<Result<Record, Refusal>, CustodyError> {
        let ring = self.keys.ring();
        let sighting = Sighting::of(&ring, &self.key_id, found);
        if let Some(fault) = sighting.fault() {
            return Ok(Err(fault));
        }
        if !self.principal.is(sighting.owner()) {
            return Ok(Err(Refusal::NotOwner));
        }
        let record = sighting.record();
        if record.wrapped.is_empty() {
            return Ok(Err(Refusal::Shredded));
        }
        let Ok(state) = record.state.shred() else {
            return Ok(Err(Refusal::Shredded));
        };
        self.evidence.expect(record.version)?;
        Ok(Ok(sighting.changed(&ring, |record| destroy(record, state))?))
    }
}
