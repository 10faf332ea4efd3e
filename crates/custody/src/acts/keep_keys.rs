//! Taking keys into custody.

use kleis_store::custody::{CustodyTx, Record};
use kleis_store::{Act, AuditEvent};
use kleis_types::Timestamp;

use crate::CustodyError;
use crate::evidence::{Earlier, Evidence};

/// Stores the records of an order, made and wrapped beforehand.
pub(crate) struct KeepKeys {
    pub(crate) action: &'static str,
    pub(crate) evidence: Evidence,
    pub(crate) records: Vec<Record>,
    /// The result, without key material.
    pub(crate) result: String,
}

/// How it ended.
#[derive(Debug)]
pub(crate) enum Kept {
    /// The records are stored, and this is the reply, without key material.
    Stored(String),
    /// The same order came before, and this is its result.
    Before {
        /// When it was carried out.
        at: Timestamp,
        /// The result.
        result: String,
        /// The reply, without key material.
        reply: String,
    },
    /// What is kept of the same order was tampered with, and the alarm is in the audit.
    Tampered,
    /// The wrapping key is no longer the current one of its period: wrap again.
    Overtaken,
}

impl<Tx: CustodyTx> Act<Tx> for KeepKeys {
    const NAME: &'static str = "custody.keep_keys";
    type Output = Kept;
    type Error = CustodyError;

    async fn run(&self, tx: &mut Tx) -> Result<Kept, CustodyError> {
        match self.evidence.earlier(tx, self.action).await? {
            None => {}
            Some(Earlier::Done { at, result, reply }) => {
                let reply = self.evidence.reply_again(&result, reply)?;
                return Ok(Kept::Before { at, result, reply });
            }
            Some(Earlier::Tampered) => return Ok(Kept::Tampered),
            Some(Earlier::Refused) => return Err(CustodyError::NotAvailable),
        }
        if !self.is_under_current(tx).await? {
            return Ok(Kept::Overtaken);
        }
        tx.insert_records(&self.records).await?;
        let reply = self.evidence.keep(tx, self.result.clone()).await?;
        for record in &self.records {
            let event = AuditEvent {
                details: record.algorithm.clone(),
                ..self.evidence.event(self.action)
            };
            tx.append_audit(&event.about(record)).await?;
        }
        Ok(Kept::Stored(reply))
    }
}

impl KeepKeys {
    /// Whether the database still calls the records' wrapping key current: another process may have
    /// made a newer one.
    async fn is_under_current<Tx: CustodyTx>(&self, tx: &mut Tx) -> Result<bool, CustodyError> {
        let rows = tx.wrapping_keys().await?;
        let current = |id: &str| rows.iter().any(|row| row.id == id && row.current);
        Ok(self
            .records
            .iter()
            .all(|record| current(&record.wrapping_key)))
    }
}
