//! Who signed what is kept for years: a service's certificate, verified as of the time of signing.
//!
//! Such things stay good when the certificate is superseded, expires or is revoked, so the status
//! list is not asked: it knows the present alone, and a checkpoint that ceases to verify when the
//! service gets its next certificate would prove nothing. Whoever steals a service's key can
//! therefore sign with a time of his choice; against him stand the copies outside the database.

use kleis_jose::Jwk;
use kleis_types::{Identifier, InstallationId, Service, Timestamp};
use serde::de::DeserializeOwned;

use crate::{
    Anchors, SignerError, VerifiedSigner,
    envelope::{Envelope, Fault},
};

/// Why something is not what the service has signed. Each kind has these among its own refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// It is no such signed object.
    Fault(Fault),
    /// The certificate of its signer is refused.
    Signer(SignerError),
    /// Its signer is somebody else.
    WrongSigner,
    /// It names somebody else than its signer.
    WrongIssuer,
    /// It names another installation.
    OtherInstallation,
}

impl From<Fault> for Flaw {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Lets `?` turn a [`Flaw`] into the refusal of the same name.
macro_rules! from_flaw {
    ($list:ty) => {
        impl From<$crate::as_of::Flaw> for $list {
            fn from(flaw: $crate::as_of::Flaw) -> Self {
                use $crate::as_of::Flaw;
                match flaw {
                    Flaw::Fault(fault) => fault.into(),
                    Flaw::Signer(error) => Self::Signer(error),
                    Flaw::WrongSigner => Self::WrongSigner,
                    Flaw::WrongIssuer => Self::WrongIssuer,
                    Flaw::OtherInstallation => Self::OtherInstallation,
                }
            }
        }
    };
}

pub(crate) use from_flaw;

/// Who says it, in which installation, and when.
pub(crate) type Said<'a> = (&'a Identifier, &'a InstallationId, Timestamp);

/// Verifies what one service has signed, and remembers the last certificate: many objects in a row have the same.
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

    /// The claims of a compact JWS of at most `max` bytes, of this `typ`, with its chain in the header: what the
    /// service has signed in this installation, as of the time that it names itself.
    pub(crate) fn claims<C: DeserializeOwned>(
        &mut self,
        compact: &str,
        max: usize,
        typ: &str,
        said: fn(&C) -> Said<'_>,
    ) -> Result<C, Flaw> {
        let envelope = Envelope::parse(compact, max, typ, &["x5c"])?;
        let claims: C = envelope.unverified_claims()?;
        let (issuer, installation, at) = said(&claims);
        let key = self.key(envelope.header().x5c(), at)?;
        // From here on they are what was signed.
        envelope.payload(&key)?;
        if *issuer != self.service {
            return Err(Flaw::WrongIssuer);
        }
        if installation != self.anchors.installation() {
            return Err(Flaw::OtherInstallation);
        }
        Ok(claims)
    }

    /// The key of the service whose chain this is, as of `at`.
    fn key(&mut self, chain: &[Vec<u8>], at: Timestamp) -> Result<Jwk, Flaw> {
        let known = self
            .last
            .as_ref()
            .filter(|span| span.signer.chain() == chain && (span.from..=span.to).contains(&at));
        if let Some(span) = known {
            return Ok(span.signer.certificate().public_key().clone());
        }
        let signer = self.anchors.verify(chain, at).map_err(Flaw::Signer)?;
        // Exactly that service: a certificate with further identities was not issued to it.
        if signer.identity().identifiers() != [self.service.clone()] {
            return Err(Flaw::WrongSigner);
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
