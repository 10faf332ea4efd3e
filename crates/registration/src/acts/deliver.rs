//! What the process does about notices by itself.

use kleis_store::{
    Act, AuditOutcome, StoreError,
    registry::{Delivery, RegistryTx},
};
use kleis_types::{DeliveryState, NoticeKind, Timestamp};

use super::{Account, Ledger, notices};
use crate::RegistrationError;

/// Tells of what ends soon: at most so many certificates and keys.
pub(crate) struct WarnOfEnds {
    pub(crate) account: Account,
    pub(crate) until: Timestamp,
    pub(crate) limit: u32,
}

impl<Tx: RegistryTx> Act<Tx> for WarnOfEnds {
    const NAME: &'static str = "registration.warn_of_ends";
    /// Of how many was told.
    type Output = usize;
    type Error = RegistrationError;

    async fn run(&self, tx: &mut Tx) -> Result<usize, RegistrationError> {
        let mut ledger = Ledger::new(tx, self.account.clone());
        let found = ledger.tx.ending(ledger.at(), self.until, self.limit).await;
        let (certificates, keys) = found?;
        let count = certificates.len() + keys.len();
        for certificate in &certificates {
            notices::of_certificate(&mut ledger, NoticeKind::Ending, certificate).await?;
        }
        for key in &keys {
            notices::of_key(&mut ledger, NoticeKind::Ending, key).await?;
        }
        if count > 0 {
            let details = format!("{count} told");
            ledger.note(AuditOutcome::Done, "", &details).await?;
        }
        Ok(count)
    }
}

/// Keeps what became of deliveries.
pub(crate) struct SettleDeliveries {
    pub(crate) account: Account,
    pub(crate) settled: Vec<Delivery>,
}

impl<Tx: RegistryTx> Act<Tx> for SettleDeliveries {
    const NAME: &'static str = "registration.settle_deliveries";
    type Output = ();
    type Error = RegistrationError;

    async fn run(&self, tx: &mut Tx) -> Result<(), RegistrationError> {
        let mut ledger = Ledger::new(tx, self.account.clone());
        for delivery in &self.settled {
            match ledger.tx.settle_delivery(delivery).await {
                // Settled by another round meanwhile: the first one counts.
                Ok(()) | Err(StoreError::VersionConflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let count = |state| {
            let of_state = self.settled.iter().filter(|one| one.state == state);
            of_state.count()
        };
        let details = format!(
            "{} delivered, {} to be tried again, {} given up",
            count(DeliveryState::Delivered),
            count(DeliveryState::Pending),
            count(DeliveryState::Failed)
        );
        ledger.note(AuditOutcome::Done, "", &details).await?;
        Ok(())
    }
}
