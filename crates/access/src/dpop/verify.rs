//! Believing a proof, or not.

use std::fmt;

use kleis_trust::{KeyPolicy, moment, order::access_token_hash};
use kleis_types::{LEEWAY, Timestamp};

use super::{DpopError, MAX_SIZE, TYP, target::Target};
use crate::jwt::{ALGORITHMS, Jwt, MAX_JTI, is_type};

/// The longest nonce, in bytes.
const MAX_NONCE: usize = 256;

/// A proof that holds.
#[derive(Clone)]
pub struct Proof {
    jkt: String,
    jti: String,
    issued_at: Timestamp,
    nonce: Option<String>,
}

impl Proof {
    /// The thumbprint of the key whose possession is proved.
    pub fn jkt(&self) -> &str {
        &self.jkt
    }

    /// What makes the proof unique: 1 to 128 bytes of its maker's choice.
    pub fn jti(&self) -> &str {
        &self.jti
    }

    /// When it was made, by its maker's clock.
    pub fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// The nonce in it. Whether it is fresh is not checked yet.
    pub fn nonce(&self) -> Option<&str> {
        self.nonce.as_deref()
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proof")
            .field("jkt", &self.jkt)
            .field("issued_at", &self.issued_at)
            .finish_non_exhaustive()
    }
}

/// Verifies a proof for a request with this method and absolute URL, and with this access token
/// (RFC 9449 section 4.3, but for checks 10 and 11, the nonce and the first use, and for the key
/// that the token is bound to).
///
/// A proof with an `ath` is good for a request without a token, which takes nothing from it.
pub fn verify(
    proof: &str,
    method: &str,
    url: &str,
    access_token: Option<&str>,
    now: Timestamp,
) -> Result<Proof, DpopError> {
    let jwt = Jwt::parse(proof, MAX_SIZE)?;
    let header = jwt.header();
    if !header.typ().is_some_and(|typ| is_type(typ, TYP)) {
        return Err(DpopError::WrongType);
    }
    if !ALGORITHMS.contains(&jwt.algorithm()) {
        return Err(DpopError::AlgorithmRefused);
    }
    let key = header.jwk().ok_or(DpopError::KeyRefused)?;
    let is_accepted = KeyPolicy::signature().check(key);
    is_accepted.map_err(|_| DpopError::KeyRefused)?;
    jwt.verify(key).map_err(|_| DpopError::SignatureInvalid)?;
    let jti = jwt.claims().required_text("jti", MAX_JTI)?.to_owned();
    let nonce = jwt.claims().text("nonce", MAX_NONCE)?.map(str::to_owned);
    check_request(&jwt, method, url, access_token)?;
    Ok(Proof {
        jkt: key.thumbprint().into(),
        jti,
        issued_at: check_time(&jwt, now)?,
        nonce,
    })
}

fn check_request(
    jwt: &Jwt<'_>,
    method: &str,
    url: &str,
    access_token: Option<&str>,
) -> Result<(), DpopError> {
    let claims = jwt.claims();
    if claims.required_text("htm", MAX_SIZE)? != method {
        return Err(DpopError::WrongMethod);
    }
    let target = Target::parse(claims.required_text("htu", MAX_SIZE)?);
    // What is no target is not even the same as itself.
    if target.is_none() || target != Target::parse(url) {
        return Err(DpopError::WrongTarget);
    }
    let ath = claims.text("ath", MAX_SIZE)?;
    match access_token {
        Some(token) if ath != Some(&access_token_hash(token)) => Err(DpopError::WrongToken),
        _ => Ok(()),
    }
}

fn check_time(jwt: &Jwt<'_>, now: Timestamp) -> Result<Timestamp, DpopError> {
    let issued_at = jwt.claims().required_date("iat")?;
    if moment::is_future(issued_at, now) {
        return Err(DpopError::NotYetValid);
    }
    if now.seconds_since(issued_at) > LEEWAY {
        return Err(DpopError::Stale);
    }
    Ok(issued_at)
}
