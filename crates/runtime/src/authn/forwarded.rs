//! Certificates that the edge forwards, in `X-Forwarded-Client-Cert`.
//!
//! The edge ends TLS, so it alone saw the caller's handshake, and what it says of it is taken from
//! nobody else. The certificate itself is verified here again. That the caller held its key is the
//! edge's word: good for reads. Whatever changes something, or gives out a key, is an order, signed
//! by its maker.

use kleis_access::xfcc;
use kleis_types::{ErrorCode, Principal, Problem, Service};
use rustls::pki_types::CertificateDer;

use super::Presented;

/// The header, as Envoy writes it.
pub(super) const HEADER: &str = "x-forwarded-client-cert";

/// Whether a caller is the edge, which speaks for others and never for itself.
pub(super) fn is_edge(caller: &Principal) -> bool {
    caller.primary().as_service() == Some(Service::Edge)
}

/// The chain that the edge forwards, if it does.
///
/// # Errors
/// [`ErrorCode::ForwardingRefused`] if the header comes from anybody else.
pub(super) fn chain(
    presented: &Presented<'_>,
    sender: Option<&Principal>,
) -> Result<Option<Vec<CertificateDer<'static>>>, Problem> {
    if !presented.headers.contains_key(HEADER) {
        return Ok(None);
    }
    if !sender.is_some_and(is_edge) {
        return Err(ErrorCode::ForwardingRefused.into());
    }
    let Some(header) = presented.single(HEADER)? else {
        return Ok(None);
    };
    let forwarded = xfcc::parse(header).map_err(|error| {
        // The edge's fault, not the caller's: its operators must hear of it.
        tracing::warn!(%error, "the edge forwards a certificate that cannot be read");
        Problem::from(ErrorCode::CertificateInvalid)
    })?;
    let chain = forwarded.into_chain().into_iter();
    Ok(Some(chain.map(CertificateDer::from).collect()))
}
