//! Reading bindings.

use std::fmt;

use kleis_jose::{Jwk, KeyAlgorithm, Thumbprint};
use kleis_pki::{Certificate, Identity};
use kleis_types::{DeviceId, Identifier, Timestamp};

use super::{
    BindingError, MAX_SIZE,
    claims::{Claims, USE, algorithms, suits},
};
use crate::{
    Anchors,
    envelope::Envelope,
    moment::{is_future, is_past},
    typ,
};

/// A binding that was read, not yet verified.
pub struct Unverified<'a> {
    envelope: Envelope<'a>,
    certificate: String,
    kid: String,
}

/// A verified binding: what the holder of a certificate says of one of its encryption keys.
#[derive(Clone)]
pub struct Binding {
    claims: Claims,
    algorithms: Vec<KeyAlgorithm>,
}

/// Verifies a binding under a certificate, whose chain and status the caller has verified.
pub fn verify(
    compact: &str,
    certificate: &Certificate,
    identity: &Identity,
    anchors: &Anchors,
    now: Timestamp,
) -> Result<Binding, BindingError> {
    Unverified::parse(compact)?.verify(certificate, identity, anchors, now)
}

impl<'a> Unverified<'a> {
    /// Reads a binding of at most [`MAX_SIZE`] bytes.
    pub fn parse(compact: &'a str) -> Result<Self, BindingError> {
        let envelope = Envelope::parse(compact, MAX_SIZE, typ::BINDING, &["kid", "x5t#S256"])?;
        let header = envelope.header();
        let (Some(kid), Some(certificate)) = (header.kid(), header.x5t_s256()) else {
            return Err(BindingError::HeaderForbidden);
        };
        let (kid, certificate) = (kid.to_owned(), certificate.to_owned());
        Ok(Self {
            envelope,
            certificate,
            kid,
        })
    }

    /// The `x5t#S256` of the certificate to verify it under.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Verifies it under a certificate, whose chain and status the caller has verified.
    pub fn verify(
        &self,
        certificate: &Certificate,
        identity: &Identity,
        anchors: &Anchors,
        now: Timestamp,
    ) -> Result<Binding, BindingError> {
        let key = certificate.public_key();
        if self.certificate != certificate.x5t_s256() || self.kid != key.thumbprint().as_str() {
            return Err(BindingError::WrongCertificate);
        }
        let claims: Claims = self.envelope.claims(key)?;
        check_names(&claims, identity, anchors)?;
        check_times(&claims, certificate, now)?;
        if claims.endorsement.is_some() && claims.recovered {
            return Err(BindingError::EndorsedAndRecovered);
        }
        let algorithms = algorithms(&claims.algs)?;
        Ok(Binding { claims, algorithms })
    }
}

fn check_names(
    claims: &Claims,
    identity: &Identity,
    anchors: &Anchors,
) -> Result<(), BindingError> {
    if &claims.aud != anchors.installation() {
        return Err(BindingError::OtherInstallation);
    }
    if &claims.sub != identity.primary() {
        return Err(BindingError::WrongOwner);
    }
    if &claims.device != identity.device() {
        return Err(BindingError::WrongDevice);
    }
    if claims.key_use != USE {
        return Err(BindingError::WrongUse);
    }
    Ok(())
}

fn check_times(
    claims: &Claims,
    certificate: &Certificate,
    now: Timestamp,
) -> Result<(), BindingError> {
    if is_future(claims.iat, now) {
        return Err(BindingError::NotYetValid);
    }
    if is_past(claims.exp, now) {
        return Err(BindingError::Expired);
    }
    // Both times are written down, so there is no leeway between them.
    if claims.exp > certificate.not_after() {
        return Err(BindingError::OutlivesCertificate);
    }
    Ok(())
}

impl fmt::Debug for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Binding")
            .field("thumbprint", &self.claims.jkt)
            .field("sequence", &self.claims.seq)
            .finish_non_exhaustive()
    }
}

impl Binding {
    /// Whether `key` is the bound one, and the algorithms suit it.
    pub fn covers(&self, key: &Jwk) -> Result<(), BindingError> {
        if self.claims.jkt != key.thumbprint() {
            return Err(BindingError::WrongKey);
        }
        if self
            .algorithms
            .iter()
            .any(|algorithm| !suits(*algorithm, key.key_type()))
        {
            return Err(BindingError::AlgorithmUnsuited);
        }
        Ok(())
    }

    /// The owner: the primary identity of the certificate.
    pub fn owner(&self) -> &Identifier {
        &self.claims.sub
    }

    /// The device that holds the key.
    pub fn device(&self) -> &DeviceId {
        &self.claims.device
    }

    /// The thumbprint of the bound key.
    pub fn thumbprint(&self) -> &Thumbprint {
        &self.claims.jkt
    }

    /// The key management algorithms that the owner accepts, most wanted first; never empty.
    pub fn algorithms(&self) -> &[KeyAlgorithm] {
        &self.algorithms
    }

    /// The most wanted algorithm, which is the `alg` of the published key.
    pub fn algorithm(&self) -> KeyAlgorithm {
        // Unwrap safety: `algorithms`, the only source of the field, refuses an empty list.
        *self.algorithms.first().expect("a binding has an algorithm")
    }

    /// The owner's sequence.
    pub fn sequence(&self) -> u64 {
        self.claims.seq
    }

    /// When the binding was made, by its owner's clock.
    pub fn issued_at(&self) -> Timestamp {
        self.claims.iat
    }

    /// When the binding ends.
    pub fn expires_at(&self) -> Timestamp {
        self.claims.exp
    }

    /// The binding's entry in the status list.
    pub fn status_index(&self) -> u32 {
        self.claims.idx
    }

    /// The endorsement of the device, not verified.
    pub fn endorsement(&self) -> Option<&str> {
        self.claims.endorsement.as_deref()
    }

    /// Whether operators approved the device in place of an endorsement.
    pub fn is_recovered(&self) -> bool {
        self.claims.recovered
    }
}
