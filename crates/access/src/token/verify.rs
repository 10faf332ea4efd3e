//! Believing a token, or not.

use std::collections::BTreeSet;

use kleis_jose::{Jwk, SignatureAlgorithm, Thumbprint, jws::JwsError};
use kleis_trust::{is_reserved_typ, moment, order::access_token_hash};
use kleis_types::{Confirmation, Timestamp};
use serde_json::Value;

use super::{AccessToken, MAX_SIZE, TYP, TokenError};
use crate::jwt::{Claims, Fault, Jwt, MAX_JTI, MAX_NAME, is_type};

/// How many signature checks a token costs that does not say which key is its own.
const MAX_TRIES: usize = 8;

/// What is accepted of one issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerRules {
    /// Its name, exactly as in `iss`.
    pub issuer: String,
    /// The audiences that are us, exactly as in `aud`. A token must be for one of them.
    pub audiences: Vec<String>,
    /// The algorithms that it signs with.
    pub algorithms: Vec<SignatureAlgorithm>,
    /// The types of its access tokens: [`TYP`], or `JWT` for issuers that know no better. No type
    /// that another protocol here uses is ever accepted.
    pub types: Vec<String>,
    /// The longest life of its tokens, `exp` - `iat`, in seconds.
    pub max_lifetime: i64,
}

/// A token that was read, not verified.
pub struct Unverified<'a> {
    jwt: Jwt<'a>,
    text: &'a str,
    issuer: String,
}

impl<'a> Unverified<'a> {
    /// Reads a token of at most [`MAX_SIZE`] bytes.
    pub fn parse(text: &'a str) -> Result<Self, TokenError> {
        let jwt = Jwt::parse(text, MAX_SIZE)?;
        let issuer = jwt.claims().required_text("iss", MAX_NAME)?.to_owned();
        Ok(Self { jwt, text, issuer })
    }

    /// Who is said to have issued it: to find the issuer's rules and keys by.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The key that is said to have signed it: to find out whether it is known.
    pub fn kid(&self) -> Option<&str> {
        self.jwt.header().kid()
    }

    /// Verifies it with the keys that its issuer publishes, and by the rules for that issuer.
    ///
    /// Nothing in the header chooses the key but the `kid`, among `keys`. Where there is no `kid`,
    /// the keys are tried in turn, at most eight.
    ///
    /// # Errors
    /// [`TokenError::UnknownKey`] if none of `keys` is the token's: newer ones may be.
    pub fn verify(
        &self,
        keys: &[Jwk],
        rules: &IssuerRules,
        now: Timestamp,
    ) -> Result<AccessToken, TokenError> {
        if self.issuer != rules.issuer {
            return Err(TokenError::WrongIssuer);
        }
        self.check_type(&rules.types)?;
        if !rules.algorithms.contains(&self.jwt.algorithm()) {
            return Err(TokenError::AlgorithmRefused);
        }
        self.check_signature(keys)?;
        let claims = self.jwt.claims();
        let is_ours = |audience: &&str| rules.audiences.iter().any(|ours| ours == audience);
        if !claims.audience()?.iter().any(is_ours) {
            return Err(TokenError::WrongAudience);
        }
        let (issued_at, expires_at) = times(claims, rules.max_lifetime, now)?;
        Ok(AccessToken {
            issuer: self.issuer.clone(),
            subject: claims.required_text("sub", MAX_NAME)?.to_owned(),
            client_id: client_id(claims)?.to_owned(),
            jti: claims.required_text("jti", MAX_JTI)?.to_owned(),
            scopes: scopes(claims)?,
            confirmation: confirmation(claims)?,
            issued_at,
            expires_at,
            hash: access_token_hash(self.text),
            claims: claims.clone(),
        })
    }

    fn check_type(&self, types: &[String]) -> Result<(), TokenError> {
        let typ = self.jwt.header().typ().ok_or(TokenError::WrongType)?;
        let is_listed = types.iter().any(|listed| is_type(typ, listed));
        if is_type(typ, TYP) && is_listed {
            return Ok(());
        }
        if !is_listed || is_reserved_typ(typ) {
            return Err(TokenError::WrongType);
        }
        // An issuer with one type for everything may say inside what the JWT is, as Keycloak does:
        // its ID and refresh tokens are no access tokens (RFC 8725 section 3.12).
        match self.jwt.claims().get("typ") {
            None => Ok(()),
            Some(Value::String(kind)) if kind == "Bearer" || kind == "DPoP" => Ok(()),
            Some(_) => Err(TokenError::WrongType),
        }
    }

    fn check_signature(&self, keys: &[Jwk]) -> Result<(), TokenError> {
        let Some(kid) = self.kid() else {
            return self.check_against_any(keys);
        };
        let mut refusal = TokenError::UnknownKey;
        for key in keys.iter().filter(|key| key.kid() == Some(kid)) {
            refusal = match self.jwt.verify(key) {
                Ok(()) => return Ok(()),
                Err(JwsError::KeyUse(_)) if refusal == TokenError::UnknownKey => {
                    TokenError::KeyUnsuitable
                }
                Err(JwsError::KeyUse(_)) => refusal,
                Err(_) => TokenError::SignatureInvalid,
            };
        }
        Err(refusal)
    }

    fn check_against_any(&self, keys: &[Jwk]) -> Result<(), TokenError> {
        let verdicts = keys.iter().map(|key| self.jwt.verify(key));
        // A key that does not suit costs nothing.
        let mut tries = verdicts
            .filter(|verdict| !matches!(verdict, Err(JwsError::KeyUse(_))))
            .take(MAX_TRIES);
        if tries.any(|verdict| verdict.is_ok()) {
            Ok(())
        } else {
            Err(TokenError::UnknownKey)
        }
    }
}

fn times(
    claims: &Claims,
    max_lifetime: i64,
    now: Timestamp,
) -> Result<(Timestamp, Timestamp), TokenError> {
    let issued_at = claims.required_date("iat")?;
    let expires_at = claims.required_date("exp")?;
    if moment::is_past(expires_at, now) {
        return Err(TokenError::Expired);
    }
    let begin = claims.date("nbf")?.unwrap_or(issued_at);
    if moment::is_future(issued_at, now) || moment::is_future(begin, now) {
        return Err(TokenError::NotYetValid);
    }
    if !moment::lives_at_most(issued_at, expires_at, max_lifetime) {
        return Err(TokenError::Lifetime);
    }
    Ok((issued_at, expires_at))
}

/// RFC 9068 section 2.2; `azp` (OpenID Connect Core section 2) is what Keycloak calls it.
fn client_id(claims: &Claims) -> Result<&str, Fault> {
    match claims.text("client_id", MAX_NAME)? {
        Some(client_id) => Ok(client_id),
        None => claims.required_text("azp", MAX_NAME),
    }
}

/// RFC 8693 section 4.2: separated by spaces.
fn scopes(claims: &Claims) -> Result<BTreeSet<String>, Fault> {
    match claims.get("scope") {
        None => Ok(BTreeSet::new()),
        Some(Value::String(scopes)) => Ok(scopes
            .split(' ')
            .filter(|scope| !scope.is_empty())
            .map(str::to_owned)
            .collect()),
        Some(_) => Err(Fault::ClaimsMalformed),
    }
}

/// RFC 7800 with the members of RFC 9449 section 6.1 and RFC 8705 section 3.1. A token that is bound
/// to something we do not know, or to two things, must not pass for one that is bound to less.
fn confirmation(claims: &Claims) -> Result<Option<Confirmation>, TokenError> {
    let Some(cnf) = claims.get("cnf") else {
        return Ok(None);
    };
    let member = |name: &str| match cnf.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if text.parse::<Thumbprint>().is_ok() => Ok(Some(text.clone())),
        Some(_) => Err(TokenError::ConfirmationInvalid),
    };
    match (member("jkt")?, member("x5t#S256")?) {
        (Some(key), None) => Ok(Some(Confirmation::Key(key))),
        (None, Some(certificate)) => Ok(Some(Confirmation::Certificate(certificate))),
        _ => Err(TokenError::ConfirmationInvalid),
    }
}
