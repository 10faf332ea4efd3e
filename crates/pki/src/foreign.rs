//! Certificates of CAs that are not Kleis' own: national ones, for TLS clients.
//!
//! They follow no profile of ours. What is demanded: a path (RFC 5280 section 6) to a configured CA,
//! times, a leaf that is for clients and whose key signs, keys that the policy accepts, and a
//! revocation list for every certificate of the path, unless the operator does without. Whom the
//! subject names is for others to read.
//!
//! A list that is missing or too old refuses, like one that names the certificate: who can keep a
//! list from us must not be able to keep a revoked certificate alive.

mod crl;
mod error;

use std::time::Duration;

use kleis_types::Timestamp;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use x509_parser::prelude::X509Certificate;

use crate::certificate::{self, Certificate, MAX_CERTIFICATE};
use crate::chain::validity;
use crate::key_policy::KeyPolicy;
use crate::oid;
use crate::signature::OF_FOREIGNERS;

use crl::Revocation;
pub use crl::{MAX_CRL, MAX_CRLS};
pub use error::{ForeignAnchorError, ForeignError};

/// Longest chain, the leaf included.
pub const MAX_CHAIN: usize = 6;

/// The CAs whose client certificates are accepted, and what they have revoked.
///
/// Made without revocation lists it accepts nobody: see [`with_crls`](Self::with_crls).
#[derive(Debug, Clone)]
pub struct ForeignAnchors {
    anchors: Vec<Anchor>,
    trusted: Vec<TrustAnchor<'static>>,
    revocation: Revocation,
}

#[derive(Debug, Clone)]
struct Anchor {
    der: Vec<u8>,
    not_before: Timestamp,
    not_after: Timestamp,
}

/// A client certificate of a foreign CA that is good at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedForeign(Certificate);

impl VerifiedForeign {
    /// The leaf.
    pub fn certificate(&self) -> &Certificate {
        &self.0
    }

    /// The leaf.
    pub fn into_certificate(self) -> Certificate {
        self.0
    }
}

impl ForeignAnchors {
    /// Trusts these CAs, roots or others, in DER; at least one.
    pub fn from_ders(ders: &[Vec<u8>]) -> Result<Self, ForeignAnchorError> {
        if ders.is_empty() {
            return Err(ForeignAnchorError::Empty);
        }
        let anchors = ders.iter().map(|der| Anchor::read(der));
        let trusted = ders.iter().map(|der| {
            let der = CertificateDer::from(der.as_slice());
            let anchor = anchor_from_trusted_cert(&der);
            anchor
                .map(|it| it.to_owned())
                .map_err(|_| ForeignAnchorError::Certificate)
        });
        Ok(Self {
            anchors: anchors.collect::<Result<_, _>>()?,
            trusted: trusted.collect::<Result<_, _>>()?,
            revocation: Revocation::default(),
        })
    }

    /// The same CAs with these revocation lists, in DER, in place of any before. Each certificate
    /// of a path, the configured CA aside, needs the list of its issuer: without, or with one
    /// whose nextUpdate is more than `grace_seconds` past, it is refused.
    pub fn with_crls(
        mut self,
        crls: &[Vec<u8>],
        grace_seconds: u32,
    ) -> Result<Self, ForeignAnchorError> {
        self.revocation = Revocation::by_crls(crls, grace_seconds)?;
        Ok(self)
    }

    /// The same CAs, whose certificates are accepted without a look at what is revoked. For CAs
    /// whose certificates live no longer than their revocation lists would.
    #[must_use]
    pub fn without_revocation(mut self) -> Self {
        self.revocation = Revocation::Unchecked;
        self
    }

    /// The CAs, in DER.
    pub fn ders(&self) -> impl Iterator<Item = &[u8]> {
        self.anchors.iter().map(|it| it.der.as_slice())
    }

    /// Verifies the chain of a TLS client as of `at`: leaf first, then whatever stands between it
    /// and the configured CA, in any order, at most [`MAX_CHAIN`] in all.
    ///
    /// The times of the leaf have a leeway of [`kleis_types::LEEWAY`] seconds.
    pub fn verify_client(
        &self,
        chain: &[Vec<u8>],
        at: Timestamp,
    ) -> Result<VerifiedForeign, ForeignError> {
        let (leaf, intermediates) = chain.split_first().ok_or(ForeignError::Length)?;
        let oversized = |der: &Vec<u8>| der.len() > MAX_CERTIFICATE;
        if chain.len() > MAX_CHAIN || intermediates.iter().any(oversized) {
            return Err(ForeignError::Length);
        }
        let leaf = Certificate::from_der(leaf)?;
        let moment = validity::moment_within(&[&leaf], at).map_err(ForeignError::of_validity)?;
        check_key_usage(&leaf)?;
        KeyPolicy::signature().check(leaf.public_key())?;
        self.verify_path(&leaf, intermediates, moment)?;
        Ok(VerifiedForeign(leaf))
    }

    fn verify_path(
        &self,
        leaf: &Certificate,
        intermediates: &[Vec<u8>],
        moment: Timestamp,
    ) -> Result<(), ForeignError> {
        let seconds = u64::try_from(moment.unix()).map_err(|_| ForeignError::NotYetValid)?;
        let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        // That a list is wanting is said after the path is found: a certificate of another CA is just that.
        let crls = self.revocation.good_at(leaf, moment);
        let options = match &crls {
            Ok(good) => crl::options(good.as_deref())?,
            Err(_) => None,
        };
        let der = CertificateDer::from(leaf.der());
        let between: Vec<_> = intermediates
            .iter()
            .map(|der| CertificateDer::from(der.as_slice()))
            .collect();
        let usage = KeyUsage::client_auth();
        let found = EndEntityCert::try_from(&der).and_then(|leaf| {
            let trusted = &self.trusted;
            let path = leaf.verify_for_usage(
                OF_FOREIGNERS,
                trusted,
                &between,
                time,
                usage,
                options,
                None,
            )?;
            Ok(path.anchor().clone().to_owned())
        });
        let found = found.map_err(|error| ForeignError::of_path(&error))?;
        drop(crls?);
        let anchor = self.trusted.iter().position(|it| *it == found);
        let anchor = anchor.and_then(|index| self.anchors.get(index));
        anchor.ok_or(ForeignError::UnknownIssuer)?.check(moment)
    }
}

impl Anchor {
    fn read(der: &[u8]) -> Result<Self, ForeignAnchorError> {
        if der.len() > MAX_CERTIFICATE {
            return Err(ForeignAnchorError::Certificate);
        }
        let parsed = certificate::parse(der).map_err(|_| ForeignAnchorError::Certificate)?;
        let constraints = extension(&parsed, oid::BASIC_CONSTRAINTS);
        // SEQUENCE { BOOLEAN TRUE, .. }. Anything else would vouch for nobody but itself.
        if !matches!(constraints, Some([0x30, _, 0x01, 0x01, 0xff, ..])) {
            return Err(ForeignAnchorError::NotACa);
        }
        Ok(Self {
            der: der.to_vec(),
            not_before: Timestamp::from_unix(parsed.validity.not_before.timestamp()),
            not_after: Timestamp::from_unix(parsed.validity.not_after.timestamp()),
        })
    }

    /// Path validation does not look at the times of a trust anchor.
    fn check(&self, at: Timestamp) -> Result<(), ForeignError> {
        if at < self.not_before {
            return Err(ForeignError::NotYetValid);
        }
        if at > self.not_after {
            return Err(ForeignError::Expired);
        }
        Ok(())
    }
}

/// A key that is to prove possession in a handshake must be one for signatures (RFC 5280 section
/// 4.2.1.3): the eID's second certificate, for contracts, is not. Without the extension any use is
/// allowed.
fn check_key_usage(leaf: &Certificate) -> Result<(), ForeignError> {
    const DIGITAL_SIGNATURE: u8 = 0x80;
    let parsed = certificate::parse(leaf.der())?;
    match extension(&parsed, oid::KEY_USAGE) {
        None => Ok(()),
        // A BIT STRING: tag, length, count of unused bits, bits.
        Some([0x03, _, _, bits, ..]) if bits & DIGITAL_SIGNATURE != 0 => Ok(()),
        Some(_) => Err(ForeignError::Usage),
    }
}

/// The value of an extension. Path validation refuses a certificate with two of these.
fn extension<'a>(parsed: &X509Certificate<'a>, oid: &[u8]) -> Option<&'a [u8]> {
    let mut found = parsed.extensions().iter();
    let found = found.find(|it| it.oid.as_bytes() == oid);
    found.map(|it| it.value)
}

#[cfg(test)]
mod tests;
