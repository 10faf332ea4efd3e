//! Destroying what has had its time.

use std::collections::BTreeSet;
use std::sync::Arc;

use kleis_store::custody::{CustodyTx, Record};
use kleis_store::{Act, AuditEvent};
use kleis_types::{RecordState, Timestamp};

use super::Alarm;
use crate::CustodyError;
use crate::command::KeyId;
use crate::evidence::own_event;
use crate::keys::Keys;
use crate::record::{Found, Sighting, destroy};

/// How many records one transaction takes.
pub(crate) const BATCH: u32 = 100;

/// Destroys the bytes of records that have expired or were read for the last time, one batch of them.
#[derive(Clone)]
pub(crate) struct Sweep {
    pub(crate) keys: Arc<Keys>,
    pub(crate) now: Timestamp,
    /// Records that do not verify and were reported: left alone, as evidence.
    pub(crate) reported: BTreeSet<String>,
}

/// What a batch has done.
#[derive(Debug, Default)]
pub(crate) struct SweptBatch {
    pub(crate) expired: u64,
    pub(crate) shredded: u64,
    /// Records that do not verify: not touched, but reported.
    pub(crate) tampered: Vec<String>,
    /// Whether there may be more to do.
    pub(crate) more: bool,
}

impl<Tx: CustodyTx> Act<Tx> for Sweep {
    const NAME: &'static str = Sweep::ACTION;
    type Output = SweptBatch;
    type Error = CustodyError;

    async fn run(&self, tx: &mut Tx) -> Result<SweptBatch, CustodyError> {
        // Those that are left alone stay due: they must not crowd out the others.
        let left_alone = u32::try_from(self.reported.len()).unwrap_or(u32::MAX);
        let limit = BATCH.saturating_add(left_alone);
        let due = tx.records_due(self.now, limit).await?;
        let mut swept = SweptBatch {
            more: due.len() >= usize::try_from(limit).unwrap_or(usize::MAX),
            ..SweptBatch::default()
        };
        for record in due
            .into_iter()
            .filter(|due| !self.reported.contains(&due.key_id))
        {
            self.keys.expect(&record.wrapping_key)?;
            let key_id = record.key_id.clone();
            let Some(record) = self.next_state(record)? else {
                let alarm = Alarm::new(Self::ACTION, format!("record:{key_id}"), self.now);
                tx.append_audit(&alarm.into_event()).await?;
                swept.tampered.push(key_id);
                continue;
            };
            tx.update_record(&record).await?;
            let event = AuditEvent {
                details: record.state.to_string(),
                ..own_event(Self::ACTION, self.now)
            };
            tx.append_audit(&event.about(&record)).await?;
            match record.state {
                RecordState::Expired => swept.expired += 1,
                _ => swept.shredded += 1,
            }
        }
        Ok(swept)
    }
}

impl Sweep {
    /// The name in the audit.
    pub(crate) const ACTION: &'static str = "custody.sweep";

    /// The record without its bytes; `None` if it does not verify.
    fn next_state(&self, record: Record) -> Result<Option<Record>, CustodyError> {
        let Ok(key_id) = KeyId::parse(&record.key_id) else {
            return Ok(None);
        };
        let ring = self.keys.ring();
        let sighting = Sighting::of(&ring, &key_id, Found::Record(Box::new(record)));
        if sighting.fault().is_some() {
            return Ok(None);
        }
        let state = match sighting.state_at(self.now) {
            RecordState::Expired => RecordState::Expired,
            _ => RecordState::Shredded,
        };
        Ok(Some(
            sighting.changed(&ring, |record| destroy(record, state))?,
        ))
    }
}
