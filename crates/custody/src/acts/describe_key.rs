//! Showing a key to its owner.

use std::sync::Arc;

use kleis_proto::custody::v1::DescribeKeyResult;
use kleis_store::Act;
use kleis_store::custody::CustodyTx;
use kleis_types::{Principal, Timestamp, base64url};

use super::{Answer, to_json};
use crate::CustodyError;
use crate::command::KeyId;
use crate::evidence::Evidence;
use crate::keys::Keys;
use crate::record::{Found, Sighting, find};
use crate::refusal::Refusal;

const ACTION: &str = "custody.describe_key";

/// Shows the policy and the state of a key to its owner, in whatever state it is.
#[derive(Clone)]
pub(crate) struct DescribeKey {
    pub(crate) keys: Arc<Keys>,
    pub(crate) evidence: Evidence,
    pub(crate) principal: Principal,
    pub(crate) key_id: KeyId,
}

impl<Tx: CustodyTx> Act<Tx> for DescribeKey {
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
            Ok(result) => {
                let result = to_json(&result)?;
                let reply = self.evidence.keep(tx, result).await?;
                let mut event = self.evidence.event(ACTION);
                event.resource = self.key_id.resource();
                tx.append_audit(&event).await?;
                Ok(Answer::Given(reply))
            }
        }
    }
}

impl DescribeKey {
    fn judge(&self, found: Found) -> Result<Result<DescribeKeyResult, Refusal>, CustodyError> {
        let sighting = Sighting::of(&self.keys.ring(), &self.key_id, found);
        if let Some(fault) = sighting.fault() {
            return Ok(Err(fault));
        }
        if !self.principal.is(sighting.owner()) {
            return Ok(Err(Refusal::NotOwner));
        }
        let record = sighting.record();
        self.evidence.expect(record.version)?;
        Ok(Ok(DescribeKeyResult {
            key_id: record.key_id.clone(),
            owner: record.owner.clone(),
            algorithm: record.algorithm.clone(),
            policy: base64url::encode(&record.policy),
            policy_hash: sighting.policy().hash_text(),
            state: sighting.state_at(self.evidence.at()).to_string(),
            reads: narrow(record.reads),
            version: narrow(record.version),
            created_at: seconds(record.created_at),
            expires_at: seconds(record.expires_at),
        }))
    }
}

/// A count as the wire has it: the largest it can say stands for all above.
pub(super) fn narrow(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn seconds(at: Timestamp) -> u32 {
    u32::try_from(at.unix().max(0)).unwrap_or(u32::MAX)
}
