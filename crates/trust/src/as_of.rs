//! Who signed what is kept for years: a service's certificate, verified as of the time of signing.
//!
//! Such things stay good when the certificate is superseded, expires or is revoked, so the status
//! list is not asked: it knows the present alone, and a checkpoint that ceases to verify when the
//! service gets its next certificate would prove nothing. Whoever steals a service's key can
//! therefore sign with a time of his choice; against him stand the copies outside the database.

use kleis_jose::Jwk;
use kleis_types::{Identifier, Service, Timestamp};

use crate::{Anchors, SignerError, VerifiedSigner};

/// Why a signer is not the one that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stranger {
    /// Its certificate is refused.
    Refused(SignerError),
    /// It is somebody else.
    Other,
}

/// Verifies one service's signers, and remembers the last one: many objects in a row have the same.
#[derive(Clone, Debug)]
pub(crate) struct AsOf {
    anchors: Anchors,
    service: Identifier,
    last: Option<Span>,
}

/// A chain that verifies at every moment of a span: each of its certificates is valid from one
/// moment to another, so it is between two moments at which it is.
#[derive(Clone, Debug)]
struct Span {
    signer: VerifiedSigner,
    from: Timestamp,
    to: Timestamp,
}

impl AsOf {
    pub(crate) fn new(anchors: &Anchors, service: Service) -> Self {
        Self {
            anchors: anchors.clone(),
            service: Identifier::service(service),
            last: None,
        }
    }

    pub(crate) fn anchors(&self) -> &Anchors {
        &self.anchors
    }

    pub(crate) fn service(&self) -> &Identifier {
        &self.service
    }

    /// The key of the service whose chain this is, as of `at`.
    pub(crate) fn key(&mut self, chain: &[Vec<u8>], at: Timestamp) -> Result<Jwk, Stranger> {
        let known = self
            .last
            .as_ref()
            .filter(|span| span.signer.chain() == chain && (span.from..=span.to).contains(&at));
        if let Some(span) = known {
            return Ok(span.signer.certificate().public_key().clone());
        }
        let signer = self.anchors.verify(chain, at).map_err(Stranger::Refused)?;
        // Exactly that service: a certificate with further identities was not issued to it.
        if signer.identity().identifiers() != [self.service.clone()] {
            return Err(Stranger::Other);
        }
        let key = signer.certificate().public_key().clone();
        let end = signer.certificate().not_after();
        let lasts = end > at && self.anchors.verify(chain, end).is_ok();
        self.last = Some(Span {
            signer,
            from: at,
            to: if lasts { end } else { at },
        });
        Ok(key)
    }
}
