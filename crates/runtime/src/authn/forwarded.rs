//! Certificates that the edge forwards, in `X-Forwarded-Client-Cert`.
//!
//! The edge ends TLS, so it alone saw the caller's handshake, and what it says of it is taken from
//! nobody else. The certificate itself is verified here again. That the caller held its key is the
//! edge's word: good for reads. Whatever changes something, or gives out a key, is an order, signed
//! by its maker.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use kleis_access::xfcc;
use kleis_types::{ErrorCode, Principal, Problem, Service};
use rustls::pki_types::CertificateDer;

use super::{Presented, VerifiedPeer};

/// The header, as Envoy writes it.
pub(super) const HEADER: &str = "x-forwarded-client-cert";
/// Verified chains that are remembered: twice this number at most.
const GENERATION: usize = 4096;

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

/// Chains that were verified before, so that the callers behind an edge cost no more than those on
/// connections of their own. Bounded by two generations: when the younger is full, the older goes.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    younger: Chains,
    older: Chains,
}

type Chains = HashMap<Vec<CertificateDer<'static>>, Arc<VerifiedPeer>>;

impl Known {
    /// What verifying this chain gave before.
    pub(super) fn get(&self, chain: &[CertificateDer<'static>]) -> Option<Arc<VerifiedPeer>> {
        // A panic while it was held cannot have left anything half done.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.younger.get(chain) {
            return Some(Arc::clone(found));
        }
        let (chain, found) = known.older.remove_entry(chain)?;
        known.insert(chain, Arc::clone(&found));
        Some(found)
    }

    pub(super) fn put(&self, chain: Vec<CertificateDer<'static>>, verified: Arc<VerifiedPeer>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(chain, verified);
    }
}

impl Generations {
    fn insert(&mut self, chain: Vec<CertificateDer<'static>>, verified: Arc<VerifiedPeer>) {
        if self.younger.len() >= GENERATION {
            self.older = mem::take(&mut self.younger);
        }
        self.younger.insert(chain, verified);
    }
}
