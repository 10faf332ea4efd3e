//! An owner, a pharmacy, and somebody at the database.

use kleis_custody::CustodyError;

use crate::fixture::{Caller, OWNER, Office, PHARMACY, policy_with};

pub(crate) struct Scene {
    pub(crate) office: Office,
    pub(crate) owner: Caller,
    pub(crate) pharmacy: Caller,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let mut office = Office::open().await;
        let (owner, pharmacy) = (office.caller(OWNER), office.caller(PHARMACY));
        Self {
            office,
            owner,
            pharmacy,
        }
    }

    pub(crate) async fn key(&self) -> String {
        self.office
            .key(&self.owner, &policy_with("maxReads", 5))
            .await
    }

    /// Whether a read is refused with an alarm about this very record.
    pub(crate) async fn alarms(&self, by: &Caller, key_id: &str) -> bool {
        let refused = matches!(
            self.office.get(by, key_id).await,
            Err(CustodyError::NotAvailable)
        );
        let row = self.office.audit().await.pop().unwrap();
        refused
            && (row.outcome.as_str(), row.details.as_str()) == ("ALARM", "TAMPERED")
            && row.resource == format!("record:{key_id}")
    }
}
