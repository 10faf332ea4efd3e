//! An order's outside: verified, and sent by the one who signed it.

use kleis_proto::method::max_order;
use kleis_store::{Actor, StoredOrder};
use kleis_trust::{
    Anchors, Jti,
    order::{self, Enrolment, Order},
    status::StatusView,
};
use kleis_types::Timestamp;
use serde::de::DeserializeOwned;

use crate::{Call, RegistrationError};

/// What is kept of an order, whatever it asks.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    pub(crate) method: &'static str,
    pub(crate) id: Jti,
    /// The same in text form.
    pub(crate) jti: String,
    pub(crate) digest: [u8; 32],
    compact: String,
    /// `x5t#S256` of the signer's certificate, or the thumbprint of the key that asks for one.
    pub(crate) signer: String,
    /// Whom the audit names if the order is carried out.
    pub(crate) actor: Actor,
    pub(crate) expected_version: Option<u64>,
    pub(crate) received_at: Timestamp,
    expires_at: Timestamp,
    pub(crate) trace_id: String,
}

/// Verifies an order of a certified caller: size, chain, status, signature, audience, method,
/// times; and that it comes from its signer.
pub(crate) fn admit<B: DeserializeOwned>(
    compact: &str,
    method: &str,
    anchors: &Anchors,
    status: &dyn StatusView,
    call: &Call,
    now: Timestamp,
) -> Result<Order<B>, RegistrationError> {
    let order = order::verify(compact, max_order(method), method, anchors, status, now)?;
    let principal = call
        .principal()
        .ok_or(RegistrationError::CertificateRequired)?;
    if !order.signer().is_caller(principal, order.access_token()) {
        return Err(RegistrationError::SignerMismatch { field: "order" });
    }
    Ok(order)
}

/// Verifies a request for a first certificate. It proves possession of its key and nothing else.
pub(crate) fn admit_enrolment<B: DeserializeOwned>(
    compact: &str,
    method: &str,
    anchors: &Anchors,
    now: Timestamp,
) -> Result<Enrolment<B>, RegistrationError> {
    let order = order::verify_enrolment(compact, max_order(method), method, anchors, now)?;
    Ok(order)
}

impl Evidence {
    /// The evidence of `order` to `method`, signed by the holder of a certificate or key of this
    /// thumbprint, in the cause of `owner`.
    pub(crate) fn new<B, P>(
        order: &Order<B, P>,
        method: &'static str,
        signer: String,
        actor: Actor,
        call: &Call,
        now: Timestamp,
    ) -> Self {
        Self {
            method,
            id: order.jti(),
            jti: order.jti().to_string(),
            digest: *order.digest(),
            compact: order.compact().to_owned(),
            signer,
            actor,
            expected_version: order.version(),
            received_at: now,
            expires_at: order.expires_at(),
            trace_id: call.trace_text(),
        }
    }

    /// Refuses if the order expects another version than the record's.
    pub(crate) fn expect(&self, version: u64) -> Result<(), RegistrationError> {
        match self.expected_version {
            Some(expected) if expected != version => Err(RegistrationError::VersionMismatch),
            _ => Ok(()),
        }
    }

    /// The row that keeps the order, with its result and reply, still without its MAC.
    pub(crate) fn to_stored(&self, result: String, reply: String) -> StoredOrder {
        StoredOrder {
            jti: self.jti.clone(),
            digest: self.digest,
            method: self.method.to_owned(),
            signer: self.signer.clone(),
            compact: self.compact.clone(),
            result,
            reply,
            received_at: self.received_at,
            expires_at: self.expires_at,
            mac: [0; 32],
        }
    }
}
