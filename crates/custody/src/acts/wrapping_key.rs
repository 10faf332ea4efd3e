//! Seeing to it that a period has a wrapping key.

use std::sync::Arc;

use kleis_store::Act;
use kleis_store::custody::{CustodyTx, WrappingKey};
use kleis_types::{Random, Timestamp};
use kleis_wrap::{Period, StoredWrappingKey, WrapError};

use crate::CustodyError;
use crate::evidence::own_event;
use crate::keys::{Keys, from_row, to_row};

const ACTION: &str = "custody.make_wrapping_key";

/// Reads the wrapping keys of a period, and makes the first one if there is none.
///
/// Of two that do this at a time, one makes the key and the other reads it. The rows are not believed
/// here: that is for the keyring, when it takes them in after the commit.
pub(crate) struct EnsureWrappingKey {
    pub(crate) keys: Arc<Keys>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) period: Period,
    pub(crate) now: Timestamp,
}

impl<Tx: CustodyTx> Act<Tx> for EnsureWrappingKey {
    const NAME: &'static str = ACTION;
    type Output = Vec<StoredWrappingKey>;
    type Error = CustodyError;

    async fn run(&self, tx: &mut Tx) -> Result<Vec<StoredWrappingKey>, CustodyError> {
        let period = self.period.to_string();
        let mut rows = tx.wrapping_keys().await?;
        rows.retain(|row| row.period == period);
        if rows.is_empty() {
            return self.make(tx).await;
        }
        if !rows.iter().any(|row| row.current) {
            // A period never loses its current key but by somebody's hand.
            return Err(WrapError::NoCurrent(self.period).into());
        }
        Ok(rows.iter().map(from_row).collect::<Result<_, _>>()?)
    }
}

impl EnsureWrappingKey {
    async fn make<Tx: CustodyTx>(
        &self,
        tx: &mut Tx,
    ) -> Result<Vec<StoredWrappingKey>, CustodyError> {
        if self.keys.current(self.period).is_some() {
            // We hold a key of which the database knows nothing any more.
            return Err(WrapError::NoCurrent(self.period).into());
        }
        let made = self.keys.ring().create(self.period, self.random.as_ref())?;
        for key in &made {
            let row: WrappingKey = to_row(key, self.now);
            tx.put_wrapping_key(&row).await?;
            let event = own_event(ACTION, self.now).about(&row);
            tx.append_audit(&event).await?;
        }
        Ok(made)
    }
}
