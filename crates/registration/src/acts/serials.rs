//! Serial numbers reserved, settled and given up; numbers of revocation lists.

use std::sync::Arc;

use kleis_store::{
    Act, AuditOutcome,
    registry::{RegistryTx, SerialReservation},
};
use kleis_trust::status::Status;

use super::{Account, Ledger};
use crate::{RegistrationError, StatusBoard, status::StatusChanges};

/// Reserves serial numbers, each with an entry of the status list.
pub(crate) struct ReserveSerials {
    pub(crate) serials: Vec<String>,
    pub(crate) issuer: String,
    pub(crate) account: Account,
}

/// Settles the reservation of a certificate that is kept nowhere: an OCSP responder's.
pub(crate) struct SettleSerial {
    pub(crate) serial: String,
    /// What was signed: its `x5t#S256`.
    pub(crate) x5t: String,
    pub(crate) account: Account,
}

/// Gives back reservations with which nothing was signed.
pub(crate) struct ReleaseSerials {
    pub(crate) serials: Vec<String>,
    pub(crate) account: Account,
}

/// Gives up reservations that were never settled.
pub(crate) struct AbandonSerials {
    pub(crate) serials: Vec<SerialReservation>,
    pub(crate) account: Account,
    pub(crate) board: Arc<StatusBoard>,
}

/// Takes a run of numbers for revocation lists.
pub(crate) struct TakeCrlNumbers {
    pub(crate) count: u32,
    pub(crate) account: Account,
}

impl<Tx: RegistryTx> Act<Tx> for ReserveSerials {
    const NAME: &'static str = "registration.reserve_serials";
    type Output = Vec<SerialReservation>;
    type Error = RegistrationError;

    async fn run(&self, tx: &mut Tx) -> Result<Vec<SerialReservation>, RegistrationError> {
        let mut ledger = Ledger::new(tx, self.account.clone());
        let mut reserved = Vec::new();
        for serial in &self.serials {
            let reservation = SerialReservation {
                serial: serial.clone(),
                status_index: ledger.tx.allocate_status().await?,
                issuer: self.issuer.clone(),
                reserved_at: ledger.at(),
                abandoned_at: None,
            };
            ledger.tx.reserve_serial(&reservation).await?;
            reserved.push(reservation);
        }
        // By name: a row that is taken out of the table is missed.
        let details = self.serials.join(" ");
        ledger.note(AuditOutcome::Done, "", &details).await?;
        Ok(reserved)
    }
}

impl<Tx: RegistryTx> Act<Tx> for SettleSerial {
    const NAME: &'static str = "registration.certify_responder";
    type Output = ();
    type Error = RegistrationError;

    async fn run(&self, tx: &mut Tx) -> Result<(), RegistrationError> {
        let mut ledger = Ledger::new(tx, self.account.clone());
        ledger.tx.settle_serial(&self.serial).await?;
        let resource = resource(&self.serial);
        ledger
            .note(AuditOutcome::Done, &resource, &self.x5t)
            .await?;
        Ok(())
    }
}

impl<Tx: RegistryTx> Act<Tx> for ReleaseSerials {
    const NAME: &'static str = "registration.release_serials";
    type Output = ();
    type Error = RegistrationError;

    async fn run(&self, tx: &mut Tx) -> Result<(), RegistrationError> {
        let mut ledger = Ledger::new(tx, self.account.clone());
        for serial in &self.serials {
            ledger.tx.settle_serial(serial).await?;
        }
        let details = self.serials.join(" ");
        ledger.note(AuditOutcome::Done, "", &details).await?;
        Ok(())
    }
}

impl<Tx: RegistryTx> Act<Tx> for AbandonSerials {
    const NAME: &'static str = "registration.abandon_serials";
    type Output = StatusChanges;
    type Error = RegistrationError;

    async fn run(&self, tx: &mut Tx) -> Result<StatusChanges, RegistrationError> {
        let mut ledger = Ledger::new(tx, self.account.clone());
        let at = ledger.at();
        for one in &self.serials {
            ledger.tx.abandon_serial(&one.serial, at).await?;
            // It says so already; but whoever follows the list's changes makes new lists.
            ledger.put_status(one.status_index, Status::Other).await?;
            let resource = resource(&one.serial);
            ledger.note(AuditOutcome::Done, &resource, "").await?;
        }
        Ok(self.board.stamp(ledger.into_status_changes()))
    }
}

impl<Tx: RegistryTx> Act<Tx> for TakeCrlNumbers {
    const NAME: &'static str = "registration.take_crl_numbers";
    type Output = u64;
    type Error = RegistrationError;

    async fn run(&self, tx: &mut Tx) -> Result<u64, RegistrationError> {
        let mut ledger = Ledger::new(tx, self.account.clone());
        let first = ledger.tx.take_crl_numbers(self.count).await?;
        let details = format!("{} from {first}", self.count);
        ledger.note(AuditOutcome::Done, "", &details).await?;
        Ok(first)
    }
}

fn resource(serial: &str) -> String {
    format!("serial:{serial}")
}
