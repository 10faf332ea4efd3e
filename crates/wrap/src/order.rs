//! Kept orders: what a service did and answered, so that nobody else can have written it down.

use std::fmt;

use kleis_types::{InstallationId, Timestamp};

use crate::derive::{Key, Label, sha256};
use crate::{Keyring, RootKek, WrapError};

/// Everything in the row of a kept order that its MAC covers. The order's own text is covered by
/// its digest.
#[derive(Clone, Copy)]
pub struct OrderFields<'a> {
    /// The order's `jti`, in text form.
    pub jti: &'a str,
    /// SHA-256 of the order's compact serialisation.
    pub digest: &'a [u8; 32],
    /// The full method name.
    pub method: &'a str,
    /// The signer: `x5t#S256` of the certificate, or the thumbprint of the key.
    pub signer: &'a str,
    /// The result as stored: empty if the order was refused, and the refusal is kept.
    pub result: &'a str,
    /// The signed reply as stored: empty if the order was refused, or was kept before replies were.
    pub reply: &'a str,
    /// When it was carried out.
    pub received_at: Timestamp,
    /// The order's `exp`.
    pub expires_at: Timestamp,
}

impl fmt::Debug for OrderFields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrderFields")
            .field("jti", &self.jti)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

impl RootKek {
    /// The MAC over the row of a kept order, to be stored beside it.
    pub fn order_mac(&self, installation: &InstallationId, order: &OrderFields<'_>) -> [u8; 32] {
        let key = self.order_key(installation);
        order.with_mac_fields(|fields| key.mac(fields))
    }

    /// Verifies the MAC over the row of a kept order, in constant time.
    ///
    /// # Errors
    /// [`WrapError::OrderTampered`] if the row is not as it was written, was written under another
    /// name, or by another installation.
    pub fn verify_order_mac(
        &self,
        installation: &InstallationId,
        order: &OrderFields<'_>,
        mac: &[u8; 32],
    ) -> Result<(), WrapError> {
        let key = self.order_key(installation);
        if order.with_mac_fields(|fields| key.verifies(fields, mac)) {
            Ok(())
        } else {
            Err(WrapError::OrderTampered)
        }
    }

    fn order_key(&self, installation: &InstallationId) -> Key {
        self.derive(Label::OrderMac, &[installation.as_str().as_bytes()])
    }
}

impl Keyring {
    /// [`RootKek::order_mac`] for the installation of this ring, counted as [`Keyring::work`].
    pub fn order_mac(&self, order: &OrderFields<'_>) -> [u8; 32] {
        self.count_order();
        self.root().order_mac(self.installation(), order)
    }

    /// [`RootKek::verify_order_mac`] for the installation of this ring, counted as
    /// [`Keyring::work`].
    ///
    /// # Errors
    /// [`WrapError::OrderTampered`], as there.
    pub fn verify_order_mac(
        &self,
        order: &OrderFields<'_>,
        mac: &[u8; 32],
    ) -> Result<(), WrapError> {
        self.count_order();
        self.root()
            .verify_order_mac(self.installation(), order, mac)
    }

    fn count_order(&self) {
        self.counter().derivation();
        self.counter().mac();
    }
}

impl OrderFields<'_> {
    fn with_mac_fields<T>(&self, then: impl FnOnce(&[&[u8]]) -> T) -> T {
        let (result, reply) = (
            sha256(self.result.as_bytes()),
            sha256(self.reply.as_bytes()),
        );
        let received_at = self.received_at.unix().to_be_bytes();
        let expires_at = self.expires_at.unix().to_be_bytes();
        let fields: [&[u8]; 8] = [
            self.jti.as_bytes(),
            self.digest,
            self.method.as_bytes(),
            self.signer.as_bytes(),
            &result,
            &received_at,
            &expires_at,
            &reply,
        ];
        // A row from before replies were kept has one field less, and verifies as it did. Joined fields
        // can be read in one way only, so neither form passes for the other.
        match fields.split_last() {
            Some((_, without)) if self.reply.is_empty() => then(without),
            _ => then(&fields),
        }
    }
}

#[cfg(test)]
mod tests {
    use kleis_types::SeededRandom;

    use super::*;

    type Edit = fn(&mut OrderFields<'_>);

    fn kek(seed: u64) -> RootKek {
        RootKek::generate(&SeededRandom::new(seed))
    }

    fn installation(seed: u64) -> InstallationId {
        InstallationId::random(&SeededRandom::new(seed))
    }

    fn order() -> OrderFields<'static> {
        OrderFields {
            jti: "AAAAAAAAAAAAAAAAAAAAAA",
            digest: &[7; 32],
            method: "kleis.custody.v1.CustodyService/GetKey",
            signer: "x5t",
            result: "{\"owner\":\"SSIN:85073003328\"}",
            reply: "header.body.signature",
            received_at: Timestamp::from_unix(1_795_000_000),
            expires_at: Timestamp::from_unix(1_795_000_300),
        }
    }

    #[test]
    fn a_row_verifies_where_it_was_written() {
        let here = installation(2);
        let mac = kek(1).order_mac(&here, &order());
        assert_eq!(kek(1).verify_order_mac(&here, &order(), &mac), Ok(()));
        for (seed, installation) in [(1, installation(3)), (4, here)] {
            let refused = kek(seed).verify_order_mac(&installation, &order(), &mac);
            assert_eq!(refused, Err(WrapError::OrderTampered));
        }
    }

    #[test]
    fn no_field_can_be_edited() {
        let (kek, here) = (kek(1), installation(2));
        let mac = kek.order_mac(&here, &order());
        let edits: [Edit; 10] = [
            |order| order.jti = "AAAAAAAAAAAAAAAAAAAAAQ",
            |order| order.digest = &[8; 32],
            |order| order.method = "kleis.custody.v1.CustodyService/ShredKey",
            |order| order.signer = "x5u",
            |order| order.result = "",
            |order| order.reply = "",
            |order| order.reply = "header.body.signaturf",
            |order| order.received_at = order.received_at.plus_seconds(1),
            |order| order.expires_at = order.expires_at.plus_seconds(1),
            |order| std::mem::swap(&mut order.received_at, &mut order.expires_at),
        ];
        for (number, edit) in edits.into_iter().enumerate() {
            let mut edited = order();
            edit(&mut edited);
            let refused = kek.verify_order_mac(&here, &edited, &mac);
            assert_eq!(refused, Err(WrapError::OrderTampered), "edit {number}");
        }
        for bit in 0..256_usize {
            let mut flipped = mac;
            flipped[bit / 8] ^= 1 << (bit % 8);
            let refused = kek.verify_order_mac(&here, &order(), &flipped);
            assert_eq!(refused, Err(WrapError::OrderTampered), "bit {bit}");
        }
    }

    #[test]
    fn a_ring_does_the_same_and_counts_it() {
        let ring = Keyring::open(kek(1), installation(2), Vec::new()).unwrap();
        let mac = ring.order_mac(&order());
        assert_eq!(mac, kek(1).order_mac(&installation(2), &order()));
        assert_eq!(ring.verify_order_mac(&order(), &mac), Ok(()));
        let refused = ring.verify_order_mac(&order(), &[0; 32]);
        assert_eq!(refused, Err(WrapError::OrderTampered));
        assert_eq!((ring.work().derivations, ring.work().macs), (3, 3));
    }

    #[test]
    fn debug_does_not_show_the_result() {
        assert!(!format!("{:?}", order()).contains("85073003328"));
    }
}
