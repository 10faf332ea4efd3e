//! Hearing that a key has arrived.

use std::sync::Arc;

use kleis_proto::custody::v1::{ConfirmReadResult, GetKeyResult};
use kleis_store::custody::{CustodyTx, Read, Record};
use kleis_store::{Act, StoredOrder};
use kleis_types::{Identifier, Principal, RecordState};

use super::{Answer, to_json};
use crate::CustodyError;
use crate::command;
use crate::evidence::Evidence;
use crate::kept::{self, KeptOrder};
use crate::keys::Keys;
use crate::record::{Found, Sighting, destroy, find};
use crate::refusal::Refusal;

const ACTION: &str = "custody.confirm_read";

/// Marks a release as arrived; after the last one the key is destroyed at once.
#[derive(Clone)]
pub(crate) struct ConfirmRead {
    pub(crate) keys: Arc<Keys>,
    pub(crate) evidence: Evidence,
    pub(crate) principal: Principal,
    pub(crate) command: command::ConfirmRead,
}

/// What a confirmation changes.
struct Confirmed {
    /// The record without its bytes, if the key goes.
    destroyed: Option<Record>,
    result: ConfirmReadResult,
}

impl<Tx: CustodyTx> Act<Tx> for ConfirmRead {
    const NAME: &'static str = ACTION;
    /// The reply.
    type Output = Answer<String>;
    type Error = CustodyError;

    async fn run(&self, tx: &mut Tx) -> Result<Answer<String>, CustodyError> {
        if let Some(answer) = self.evidence.answered(tx, ACTION).await? {
            return Ok(answer);
        }
        let (key_id, read) = (&self.command.key_id, &self.command.read);
        let found = find(tx, &self.keys, key_id).await?;
        let release = tx.release(key_id.as_str(), read).await?;
        let order = kept::find(tx, &self.keys, read).await?;
        let confirmed = match self.judge(found, release.as_ref(), &order)? {
            Ok(confirmed) => confirmed,
            Err(refusal) => {
                let resource = key_id.resource();
                self.evidence.refuse(tx, ACTION, resource, refusal).await?;
                return Ok(Answer::Refused);
            }
        };
        tx.confirm_release(key_id.as_str(), read).await?;
        let mut event = self.evidence.event(ACTION);
        if let Some(record) = &confirmed.destroyed {
            tx.update_record(record).await?;
            event = event.about(record);
        } else {
            event.resource = key_id.resource();
        }
        let result = to_json(&confirmed.result)?;
        let reply = self.evidence.keep(tx, result).await?;
        tx.append_audit(&event).await?;
        Ok(Answer::Given(reply))
    }
}

impl ConfirmRead {
    fn judge(
        &self,
        found: Found,
        release: Option<&Read>,
        order: &KeptOrder,
    ) -> Result<Result<Confirmed, Refusal>, CustodyError> {
        let ring = self.keys.ring();
        let sighting = Sighting::of(&ring, &self.command.key_id, found);
        if let Some(fault) = sighting.fault() {
            return Ok(Err(fault));
        }
        if !release.is_some_and(|read| self.is_reader(read)) {
            return Ok(Err(Refusal::NotReader));
        }
        let record = sighting.record();
        // Only now does the order's result count for anything.
        let goes = match (record.state, order) {
            (RecordState::Exhausted, KeptOrder::Tampered) => {
                return Ok(Err(Refusal::OrderTampered));
            }
            (RecordState::Exhausted, KeptOrder::Genuine(order)) => was_the_last(order),
            _ => false,
        };
        let destroyed = if goes {
            self.evidence.expect(record.version)?;
            let gone = |record: &mut Record| destroy(record, RecordState::Shredded);
            Some(sighting.changed(&ring, gone)?)
        } else {
            None
        };
        let result = ConfirmReadResult {
            key_id: self.command.key_id.to_string(),
            destroyed: goes || record.wrapped.is_empty(),
        };
        Ok(Ok(Confirmed { destroyed, result }))
    }

    fn is_reader(&self, read: &Read) -> bool {
        let reader: Result<Identifier, _> = read.reader.parse();
        reader.is_ok_and(|reader| self.principal.is(&reader))
    }
}

/// Whether the order took the last read: it was told that none is left.
fn was_the_last(order: &StoredOrder) -> bool {
    let result: Result<GetKeyResult, _> = serde_json::from_str(&order.result);
    result.is_ok_and(|result| result.reads_left == Some(0))
}
