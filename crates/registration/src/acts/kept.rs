//! The one place that seals and believes the rows of kept orders.

use std::sync::Arc;

use kleis_store::{EvidenceRead, StoreError, StoredOrder};
use kleis_types::InstallationId;
use kleis_wrap::{OrderFields, RootKek};

/// What the rows of kept orders are sealed with.
#[derive(Clone, Debug)]
pub(crate) struct OrderSeal {
    pub(crate) kek: Arc<RootKek>,
    pub(crate) installation: InstallationId,
}

/// What the database has under a `jti`.
#[derive(Debug)]
pub(super) enum KeptOrder {
    /// An order, just as we wrote it down.
    Genuine(Box<StoredOrder>),
    /// A row that we did not write.
    Tampered,
    /// No order.
    Nothing,
}

impl OrderSeal {
    /// Puts the MAC over everything else that is in the row.
    pub(super) fn seal(&self, order: StoredOrder) -> StoredOrder {
        let mac = self.kek.order_mac(&self.installation, &fields(&order));
        StoredOrder { mac, ..order }
    }

    /// Reads the order that is kept under `jti`, and verifies its MAC.
    pub(super) async fn find<R: EvidenceRead>(
        &self,
        reader: &mut R,
        jti: &str,
    ) -> Result<KeptOrder, StoreError> {
        match reader.order(jti).await {
            Ok(None) => Ok(KeptOrder::Nothing),
            Ok(Some(order)) if self.is_genuine(&order) => Ok(KeptOrder::Genuine(Box::new(order))),
            Ok(Some(_)) | Err(StoreError::Inconsistent { .. }) => Ok(KeptOrder::Tampered),
            Err(error) => Err(error),
        }
    }

    fn is_genuine(&self, order: &StoredOrder) -> bool {
        let verified = self
            .kek
            .verify_order_mac(&self.installation, &fields(order), &order.mac);
        verified.is_ok()
    }
}

fn fields(order: &StoredOrder) -> OrderFields<'_> {
    OrderFields {
        jti: &order.jti,
        digest: &order.digest,
        method: &order.method,
        signer: &order.signer,
        result: &order.result,
        reply: &order.reply,
        received_at: order.received_at,
        expires_at: order.expires_at,
    }
}
