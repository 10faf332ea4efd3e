//! Making orders.

use std::fmt;

use kleis_jose::{Jwk, jws::Header};
use kleis_types::{InstallationId, Random, Timestamp};
use serde::Serialize;
use serde_json::Value;

use super::{Claims, MAX_DEPOSIT_SIZE, MAX_LIFETIME, OrderError, access_token_hash, digest_of};
use crate::{
    Jti, Signer, SigningError,
    envelope::{self, Envelope, Fault},
    typ,
};

/// An order before it is signed.
#[derive(Clone)]
pub struct Draft<'a, B> {
    method: &'a str,
    body: B,
    version: Option<u64>,
    jti: Option<Jti>,
    access_token: Option<String>,
}

impl<'a, B: Serialize> Draft<'a, B> {
    /// An order to `method` (`kleis.custody.v1.CustodyService/GetKey`). The body is written as the
    /// proto3 JSON of the method's `...Order` message.
    pub fn new(method: &'a str, body: B) -> Self {
        Self {
            method,
            body,
            version: None,
            jti: None,
            access_token: None,
        }
    }

    /// Expects to change this version of the record.
    #[must_use]
    pub fn with_version(mut self, version: u64) -> Self {
        self.version = Some(version);
        self
    }

    /// Bears this `jti`, which something sealed inside the body repeats. Without it a fresh one is
    /// made.
    #[must_use]
    pub fn with_jti(mut self, jti: Jti) -> Self {
        self.jti = Some(jti);
        self
    }

    /// Goes together with this access token, whose credentials shall count for it.
    #[must_use]
    pub fn with_access_token(mut self, token: &str) -> Self {
        self.access_token = Some(access_token_hash(token));
        self
    }

    /// The method that the order goes to.
    pub fn method(&self) -> &'a str {
        self.method
    }

    fn claims(
        &self,
        installation: &InstallationId,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Claims, SigningError> {
        let Ok(Value::Object(body)) = serde_json::to_value(&self.body) else {
            return Err(SigningError::Body);
        };
        Ok(Claims {
            aud: installation.clone(),
            method: self.method.to_owned(),
            iat: now,
            exp: now.plus_seconds(MAX_LIFETIME),
            jti: self.jti.unwrap_or_else(|| Jti::random(random)),
            version: self.version,
            ath: self.access_token.clone(),
            body,
        })
    }
}

/// A signed order as its maker keeps it: to send, to send again, and to check the reply against.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedOrder {
    compact: String,
    jti: Jti,
    digest: [u8; 32],
}

impl SignedOrder {
    fn new(compact: String, jti: Jti) -> Self {
        let digest = digest_of(&compact);
        Self {
            compact,
            jti,
            digest,
        }
    }

    /// An order or enrolment that its maker has kept, to be sent again. Nothing is verified: it is
    /// our own.
    pub fn restore(compact: &str) -> Result<Self, OrderError> {
        let parse = |typ, member| Envelope::parse(compact, MAX_DEPOSIT_SIZE, typ, &[member]);
        let envelope = match parse(typ::ORDER, "x5c") {
            Err(Fault::WrongType) => parse(typ::ENROLMENT, "jwk")?,
            outcome => outcome?,
        };
        let claims: Claims = envelope.unverified_claims()?;
        Ok(Self::new(compact.to_owned(), claims.jti))
    }

    /// The compact serialisation, to be sent as it is.
    pub fn compact(&self) -> &str {
        &self.compact
    }

    /// What makes the order unique.
    pub fn jti(&self) -> Jti {
        self.jti
    }

    /// SHA-256 of the compact serialisation.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }
}

// Bodies name persons, so neither body nor bytes are shown.
impl<B> fmt::Debug for Draft<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for SignedOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedOrder")
            .field("jti", &self.jti)
            .finish_non_exhaustive()
    }
}

/// Signs an order of a certified caller. It lives for [`MAX_LIFETIME`] seconds from `now`.
pub fn sign<B: Serialize>(
    signer: &Signer,
    installation: &InstallationId,
    draft: &Draft<'_, B>,
    now: Timestamp,
    random: &dyn Random,
) -> Result<SignedOrder, SigningError> {
    let claims = draft.claims(installation, now, random)?;
    let compact = envelope::sign_with_chain(signer, typ::ORDER, &claims)?;
    Ok(SignedOrder::new(compact, claims.jti))
}

/// Signs the request for a first certificate with the key to be certified.
pub fn sign_enrolment<B: Serialize>(
    key: &Jwk,
    installation: &InstallationId,
    draft: &Draft<'_, B>,
    now: Timestamp,
    random: &dyn Random,
) -> Result<SignedOrder, SigningError> {
    let claims = draft.claims(installation, now, random)?;
    let header = Header::default().with_typ(typ::ENROLMENT).with_jwk(key);
    let compact = envelope::sign(key, &header, &claims)?;
    Ok(SignedOrder::new(compact, claims.jti))
}
