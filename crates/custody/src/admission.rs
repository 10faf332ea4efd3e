//! An order's outside: verified, and sent by the one who signed it.

use std::sync::Arc;

use kleis_proto::method::max_order;
use kleis_trust::order::{self, Order};
use kleis_trust::status::StatusView;
use kleis_types::{Principal, Timestamp};
use serde::de::DeserializeOwned;

use crate::config::Settings;
use crate::evidence::Evidence;
use crate::keys::Keys;
use crate::{Call, CustodyError};

/// An order of a caller whose certificate is in use, sent by that caller.
pub(crate) struct Admitted<B> {
    pub(crate) order: Order<B>,
    /// The signer, with the credentials of the certificate, and of the token that the order names.
    pub(crate) principal: Principal,
    pub(crate) evidence: Evidence,
}

/// Verifies an order: size, chain, status, signature, audience, method, times; and that it comes
/// from its signer.
pub(crate) fn admit<B: DeserializeOwned>(
    compact: &str,
    method: &'static str,
    settings: &Settings,
    keys: &Arc<Keys>,
    status: &dyn StatusView,
    call: &Call,
    now: Timestamp,
) -> Result<Admitted<B>, CustodyError> {
    let on_the_line = call.principal().ok_or(CustodyError::CertificateRequired)?;
    let max = max_order(method);
    let order = order::verify(compact, max, method, &settings.anchors, status, now)?;
    let signer = order.signer();
    if !signer.is_caller(on_the_line, order.access_token()) {
        return Err(CustodyError::SignerMismatch);
    }
    // The certificate in the order decides who asks, not what the layers in front made of it; a
    // token that the order names adds what its issuer certifies.
    let mut principal = signer
        .principal(&settings.credentials)
        .map_err(|_| CustodyError::SignerMismatch)?;
    if on_the_line.token().is_some() {
        principal = principal.with_credentials_of(on_the_line);
    }
    let evidence = Evidence::new(keys, settings, &order, method, &principal, call, now);
    Ok(Admitted {
        order,
        principal,
        evidence,
    })
}
