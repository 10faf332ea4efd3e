//! Running acts: catching up with other processes, and saying so when a row cannot be read.

use kleis_store::custody::{CustodyRead as _, CustodyStore};
use kleis_store::{Act, StoreError};
use kleis_trust::status::StatusSource;
use kleis_types::Timestamp;
use kleis_wrap::WrappingKeyId;

use super::Inner;
use crate::CustodyError;
use crate::acts::{Alarm, Sweep};
use crate::keys::from_row;

impl<S: CustodyStore, V: StatusSource> Inner<S, V> {
    /// Runs an act; where it meets a wrapping key that another process has made, reads it and runs the
    /// act again.
    pub(super) async fn run<A>(&self, act: A) -> Result<A::Output, CustodyError>
    where
        A: Act<S::Tx, Error = CustodyError> + Clone,
    {
        loop {
            match self.store.run(act.clone()).await {
                // Each time round, one name more is known, or known to be none.
                Err(CustodyError::Behind(id)) => self.catch_up(id).await?,
                outcome => return outcome,
            }
        }
    }

    async fn catch_up(&self, id: WrappingKeyId) -> Result<(), CustodyError> {
        let rows = self.store.read().await?.wrapping_keys().await?;
        let row = rows.iter().find(|row| row.id == id.as_str());
        // A row that does not verify is as good as none: the record will not verify either.
        let learned = row.is_some_and(|row| {
            let learned = from_row(row).and_then(|row| self.keys.learn(vec![row]));
            learned
                .inspect_err(|fault| tracing::error!(%fault, "a wrapping key was tampered with"))
                .is_ok()
        });
        if !learned {
            self.keys.miss(id);
        }
        Ok(())
    }

    /// Raises an alarm, once, for a row that no program of ours has written and that the store cannot
    /// read past.
    pub(super) async fn report(&self, fault: StoreError, now: Timestamp) -> CustodyError {
        if let StoreError::Inconsistent { row, .. } = &fault
            && self.reported().insert(row.clone())
        {
            let alarm = Alarm::new(Sweep::ACTION, format!("record:{row}"), now);
            if let Err(error) = self.store.run(alarm).await {
                return error.into();
            }
        }
        fault.into()
    }
}
