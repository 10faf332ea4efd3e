//! The one place that seals and believes the rows of kept orders.

use kleis_store::{EvidenceRead, StoreError, StoredOrder};
use kleis_types::Timestamp;
use kleis_wrap::{Keyring, OrderFields};

use crate::CustodyError;
use crate::keys::Keys;

/// What the database has under a `jti`.
#[derive(Debug)]
pub(crate) enum KeptOrder {
    /// An order, just as we wrote it down.
    Genuine(Box<StoredOrder>),
    /// A row that we did not write.
    Tampered,
    /// No order.
    Nothing,
}

/// Puts the MAC over everything else that is in the row.
pub(crate) fn seal(ring: &Keyring, order: StoredOrder) -> StoredOrder {
    let mac = ring.order_mac(&fields(&order));
    StoredOrder { mac, ..order }
}

/// Reads the order that is kept under `jti` and verifies its MAC; with a decoy where there is none,
/// so that looking takes the same work.
pub(crate) async fn find<R: EvidenceRead>(
    reader: &mut R,
    keys: &Keys,
    jti: &str,
) -> Result<KeptOrder, CustodyError> {
    let found = match reader.order(jti).await {
        Ok(found) => found.map(Ok),
        Err(StoreError::Inconsistent { .. }) => Some(Err(Garbled)),
        Err(error) => return Err(error.into()),
    };
    let ring = keys.ring();
    let genuine = |order: &StoredOrder| {
        let verified = ring.verify_order_mac(&fields(order), &order.mac);
        verified.is_ok()
    };
    Ok(match found {
        Some(Ok(order)) if genuine(&order) => KeptOrder::Genuine(Box::new(order)),
        Some(Ok(_)) => KeptOrder::Tampered,
        None => {
            genuine(&decoy(jti));
            KeptOrder::Nothing
        }
        Some(Err(Garbled)) => {
            genuine(&decoy(jti));
            KeptOrder::Tampered
        }
    })
}

/// A row that no program of ours has written.
struct Garbled;

/// What stands in for an order that cannot be looked at.
fn decoy(jti: &str) -> StoredOrder {
    StoredOrder {
        jti: jti.to_owned(),
        digest: [0; 32],
        method: String::new(),
        signer: String::new(),
        compact: String::new(),
        result: String::new(),
        reply: String::new(),
        received_at: Timestamp::from_unix(0),
        expires_at: Timestamp::from_unix(0),
        mac: [0; 32],
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
