//! Reading orders.

use std::fmt;

use kleis_jose::Jwk;
use kleis_types::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Claims, MAX_LIFETIME, OrderError, digest_of};
use crate::{
    Anchors, Jti, VerifiedSigner,
    envelope::Envelope,
    moment::{is_future, is_past, lives_at_most},
    status::StatusView,
    typ,
};

/// A verified order with the body of its method, by a certified caller (or by `P`, whoever else may
/// sign orders).
#[derive(Clone)]
pub struct Order<B, P = VerifiedSigner> {
    body: B,
    jti: Jti,
    version: Option<u64>,
    ath: Option<String>,
    iat: Timestamp,
    exp: Timestamp,
    digest: [u8; 32],
    compact: String,
    by: P,
}

/// A verified request for a first certificate, by the key to be certified.
pub type Enrolment<B> = Order<B, Jwk>;

/// Verifies an order of at most `max` bytes to `method` by a certified caller whose certificate is
/// in use.
///
/// Whether its `jti` was used before is for the service's database to say.
pub fn verify<B: DeserializeOwned>(
    compact: &str,
    max: usize,
    method: &str,
    anchors: &Anchors,
    status: &dyn StatusView,
    now: Timestamp,
) -> Result<Order<B>, OrderError> {
    let envelope = Envelope::parse(compact, max, typ::ORDER, &["x5c"])?;
    let signer = anchors.verify_in_use(envelope.header().x5c(), status, now)?;
    let claims = envelope.claims(signer.certificate().public_key())?;
    read(compact, claims, signer, method, anchors, now)
}

/// Verifies an order that was kept, as [`verify`] did when it was received at `at`, but for the
/// status of the certificate at that time, which the status list does not tell any more:
/// [`standing`](crate::standing) does.
pub fn verify_kept<B: DeserializeOwned>(
    compact: &str,
    max: usize,
    method: &str,
    anchors: &Anchors,
    at: Timestamp,
) -> Result<Order<B>, OrderError> {
    let envelope = Envelope::parse(compact, max, typ::ORDER, &["x5c"])?;
    let signer = anchors.verify(envelope.header().x5c(), at)?;
    let claims = envelope.claims(signer.certificate().public_key())?;
    read(compact, claims, signer, method, anchors, at)
}

/// Verifies the request for a first certificate, of at most `max` bytes, to `method`.
///
/// It proves possession of the key and nothing else: who asks is for the enrolment's own proof to
/// say.
pub fn verify_enrolment<B: DeserializeOwned>(
    compact: &str,
    max: usize,
    method: &str,
    anchors: &Anchors,
    now: Timestamp,
) -> Result<Enrolment<B>, OrderError> {
    let envelope = Envelope::parse(compact, max, typ::ENROLMENT, &["jwk"])?;
    let key = envelope.header().jwk().ok_or(OrderError::HeaderForbidden)?;
    let claims = envelope.claims(key)?;
    read(compact, claims, key.clone(), method, anchors, now)
}

fn read<B: DeserializeOwned, P>(
    compact: &str,
    claims: Claims,
    by: P,
    method: &str,
    anchors: &Anchors,
    now: Timestamp,
) -> Result<Order<B, P>, OrderError> {
    if &claims.aud != anchors.installation() {
        return Err(OrderError::OtherInstallation);
    }
    if claims.method != method {
        return Err(OrderError::WrongMethod);
    }
    if !lives_at_most(claims.iat, claims.exp, MAX_LIFETIME) {
        return Err(OrderError::Lifetime);
    }
    if is_future(claims.iat, now) {
        return Err(OrderError::NotYetValid);
    }
    if is_past(claims.exp, now) {
        return Err(OrderError::Expired);
    }
    let body = serde_json::from_value(Value::Object(claims.body));
    Ok(Order {
        body: body.map_err(|_| OrderError::BodyInvalid)?,
        jti: claims.jti,
        version: claims.version,
        ath: claims.ath,
        iat: claims.iat,
        exp: claims.exp,
        digest: digest_of(compact),
        compact: compact.to_owned(),
        by,
    })
}

impl<B, P> Order<B, P> {
    /// What is asked.
    pub fn body(&self) -> &B {
        &self.body
    }

    /// What is asked, without the evidence.
    pub fn into_body(self) -> B {
        self.body
    }

    /// The order with its body turned into something else, or refused.
    pub fn try_map<C, E>(self, f: impl FnOnce(B) -> Result<C, E>) -> Result<Order<C, P>, E> {
        Ok(Order {
            body: f(self.body)?,
            jti: self.jti,
            version: self.version,
            ath: self.ath,
            iat: self.iat,
            exp: self.exp,
            digest: self.digest,
            compact: self.compact,
            by: self.by,
        })
    }

    /// What makes the order unique.
    pub fn jti(&self) -> Jti {
        self.jti
    }

    /// The version of the record that the order expects to change.
    pub fn version(&self) -> Option<u64> {
        self.version
    }

    /// The hash of the access token whose credentials shall count for the order
    /// ([`access_token_hash`](super::access_token_hash)).
    pub fn access_token(&self) -> Option<&str> {
        self.ath.as_deref()
    }

    /// When the order was made, by its maker's clock.
    pub fn issued_at(&self) -> Timestamp {
        self.iat
    }

    /// When the order ends. Its `jti` must be remembered for as long as it could still be accepted:
    /// [`kleis_types::LEEWAY`] longer.
    pub fn expires_at(&self) -> Timestamp {
        self.exp
    }

    /// SHA-256 of the bytes as received.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// The bytes as received: the evidence to keep.
    pub fn compact(&self) -> &str {
        &self.compact
    }
}

// Bodies name persons, so neither body nor bytes are shown.
impl<B, P> fmt::Debug for Order<B, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Order")
            .field("jti", &self.jti)
            .finish_non_exhaustive()
    }
}

impl<B> Order<B> {
    /// Who asks.
    pub fn signer(&self) -> &VerifiedSigner {
        &self.by
    }
}

impl<B> Enrolment<B> {
    /// The key that signed, to be certified.
    pub fn key(&self) -> &Jwk {
        &self.by
    }
}
