//! Believing a client assertion, or not.

use std::fmt;

use kleis_jose::Jwk;
use kleis_trust::moment;
use kleis_types::{Confirmation, Timestamp};
use serde_json::Value;

use super::{AssertionError, MAX_LIFETIME, MAX_SIZE, TYP};
use crate::jwt::{ALGORITHMS, Claims, Jwt, MAX_JTI, MAX_NAME, is_type};

/// The type of JWTs by those who name no better one.
const PLAIN: &str = "JWT";

/// A client assertion that was read, not verified.
pub struct Unverified<'a> {
    jwt: Jwt<'a>,
    client_id: String,
}

impl<'a> Unverified<'a> {
    /// Reads an assertion of at most [`MAX_SIZE`] bytes.
    pub fn parse(text: &'a str) -> Result<Self, AssertionError> {
        let jwt = Jwt::parse(text, MAX_SIZE)?;
        let is_ours = |typ: &str| is_type(typ, TYP) || is_type(typ, PLAIN);
        if !jwt.header().typ().is_none_or(is_ours) {
            return Err(AssertionError::WrongType);
        }
        if !ALGORITHMS.contains(&jwt.algorithm()) {
            return Err(AssertionError::AlgorithmRefused);
        }
        let client_id = jwt.claims().required_text("sub", MAX_NAME)?.to_owned();
        if jwt.claims().required_text("iss", MAX_NAME)? != client_id {
            return Err(AssertionError::SubjectMismatch);
        }
        Ok(Self { jwt, client_id })
    }

    /// Who is said to be the client: to find its keys by.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The key that is said to have signed it: to find it among the client's.
    pub fn kid(&self) -> Option<&str> {
        self.jwt.header().kid()
    }

    /// Verifies it with a key that is certain to be the client's, for the token endpoint of this
    /// issuer.
    pub fn verify(
        &self,
        key: &Jwk,
        issuer: &str,
        now: Timestamp,
    ) -> Result<Assertion, AssertionError> {
        let verified = self.jwt.verify(key);
        verified.map_err(|_| AssertionError::SignatureInvalid)?;
        let claims = self.jwt.claims();
        // An assertion for two could be shown by the one to the other.
        if claims.audience()? != [issuer] {
            return Err(AssertionError::WrongAudience);
        }
        Ok(Assertion {
            client_id: self.client_id.clone(),
            jti: claims.required_text("jti", MAX_JTI)?.to_owned(),
            expires_at: expiry(claims, now)?,
            bound_to: bound_to(claims)?,
        })
    }
}

/// What the assertion is to be exchanged for: a `cnf` (RFC 7800) of one member that we know.
fn bound_to(claims: &Claims) -> Result<Option<Confirmation>, AssertionError> {
    let Some(cnf) = claims.get("cnf") else {
        return Ok(None);
    };
    let members: Vec<_> = cnf.as_object().into_iter().flatten().collect();
    match members.as_slice() {
        [(name, Value::String(thumbprint))] if *name == "jkt" => {
            Ok(Some(Confirmation::Key(thumbprint.clone())))
        }
        [(name, Value::String(thumbprint))] if *name == "x5t#S256" => {
            Ok(Some(Confirmation::Certificate(thumbprint.clone())))
        }
        _ => Err(AssertionError::ClaimsMalformed),
    }
}

fn expiry(claims: &Claims, now: Timestamp) -> Result<Timestamp, AssertionError> {
    let expires_at = claims.required_date("exp")?;
    let issued_at = claims.date("iat")?;
    if moment::is_past(expires_at, now) {
        return Err(AssertionError::Expired);
    }
    let begins = [issued_at, claims.date("nbf")?];
    if begins
        .into_iter()
        .flatten()
        .any(|begin| moment::is_future(begin, now))
    {
        return Err(AssertionError::NotYetValid);
    }
    let lives = match issued_at {
        Some(issued_at) => moment::lives_at_most(issued_at, expires_at, MAX_LIFETIME),
        // It may be about to end, and be accepted within the leeway.
        None => expires_at.seconds_since(now) <= MAX_LIFETIME,
    };
    if lives {
        Ok(expires_at)
    } else {
        Err(AssertionError::Lifetime)
    }
}

/// A client assertion that holds.
#[derive(Clone)]
pub struct Assertion {
    client_id: String,
    jti: String,
    expires_at: Timestamp,
    bound_to: Option<Confirmation>,
}

impl Assertion {
    /// Who the client is.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// What makes it unique among those of this client: 1 to 128 bytes of the client's choice.
    pub fn jti(&self) -> &str {
        &self.jti
    }

    /// When it ends. Its `jti` must be remembered [`kleis_types::LEEWAY`] longer.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// The only key or certificate that the token may be bound to, so that nobody who sees the assertion on its way
    /// gets one for a key of their own. A client need not say it.
    pub fn bound_to(&self) -> Option<&Confirmation> {
        self.bound_to.as_ref()
    }
}

// The client may be a person.
impl fmt::Debug for Assertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assertion")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
