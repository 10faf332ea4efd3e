//! Issuing tokens.

use std::collections::BTreeSet;

use kleis_jose::{
    Jwk,
    jws::{self, Header},
};
use kleis_types::{Confirmation, Scope, Timestamp};
use serde_json::{Map, Value};

use super::{MAX_SIZE, TYP};
use crate::{SigningError, jwt::cnf};

/// An access token before it is signed (RFC 9068 section 2.2).
#[derive(Clone)]
pub struct NewToken<'a> {
    /// Who issues it.
    pub issuer: &'a str,
    /// About whom it is.
    pub subject: &'a str,
    /// The client that asked for it.
    pub client_id: &'a str,
    /// Whom it is for.
    pub audience: &'a str,
    /// What it is good for; the claim is left out where that is nothing.
    pub scope: BTreeSet<Scope>,
    /// What it is bound to.
    pub confirmation: Option<Confirmation>,
    /// What makes it unique: 1 to 128 bytes.
    pub jti: &'a str,
    /// Now.
    pub issued_at: Timestamp,
    /// How long it is good, in seconds; at least one.
    pub lifetime: i64,
    /// Further claims, none of them one of the above.
    pub extra: Map<String, Value>,
}

/// Signs a token. Its header has `alg`, `typ` and the key's thumbprint as `kid`.
///
/// # Errors
/// [`SigningError::Claims`] if the lifetime is not positive, a further claim has the name of one
/// with a field of its own, or the token becomes longer than [`MAX_SIZE`].
pub fn sign(key: &Jwk, token: &NewToken<'_>) -> Result<String, SigningError> {
    let header = Header::default()
        .with_typ(TYP)
        .with_kid(key.thumbprint().as_str());
    let payload = Value::Object(claims(token)?).to_string();
    let token = jws::sign(key, &header, payload.as_bytes())?;
    if token.len() > MAX_SIZE {
        return Err(SigningError::Claims("the token becomes too long"));
    }
    Ok(token)
}

fn claims(token: &NewToken<'_>) -> Result<Map<String, Value>, SigningError> {
    if token.lifetime < 1 {
        return Err(SigningError::Claims("the lifetime is not positive"));
    }
    let mut claims = token.extra.clone();
    let scopes: Vec<_> = token.scope.iter().map(|scope| scope.as_str()).collect();
    let own = [
        ("iss", Some(token.issuer.into())),
        ("sub", Some(token.subject.into())),
        ("aud", Some(token.audience.into())),
        ("client_id", Some(token.client_id.into())),
        ("jti", Some(token.jti.into())),
        ("iat", Some(token.issued_at.unix().into())),
        ("nbf", None),
        (
            "exp",
            Some(token.issued_at.plus_seconds(token.lifetime).unix().into()),
        ),
        (
            "scope",
            (!scopes.is_empty()).then(|| scopes.join(" ").into()),
        ),
        ("cnf", token.confirmation.as_ref().map(cnf)),
    ];
    for (name, value) in own {
        if claims.contains_key(name) {
            return Err(SigningError::Claims(
                "a further claim has a name that is taken",
            ));
        }
        if let Some(value) = value {
            claims.insert(name.to_owned(), value);
        }
    }
    Ok(claims)
}
