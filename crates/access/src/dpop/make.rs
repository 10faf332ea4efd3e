//! Making proofs.

use kleis_jose::{
    Jwk,
    jws::{self, Header},
};
use kleis_trust::{Jti, order::access_token_hash};
use kleis_types::{Random, Timestamp};
use serde_json::{Value, json};

use super::{
    TYP,
    target::{Target, without_query},
};
use crate::SigningError;

/// The members of a public key that a proof shows. Whatever else a key has with it (its owner's
/// certificates, say) is nobody's business here.
const KEY_MEMBERS: [&str; 6] = ["kty", "crv", "x", "y", "n", "e"];

/// The request that a proof is for.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// Its HTTP method, as sent: `POST`.
    pub method: &'a str,
    /// Its absolute URL. Query and fragment are left out of the proof.
    pub url: &'a str,
    /// The access token that goes with it.
    pub access_token: Option<&'a str>,
    /// The nonce that the server gave.
    pub nonce: Option<&'a str>,
}

/// Makes a proof that the request comes from the holder of `key`.
///
/// # Errors
/// [`SigningError::Claims`] if the URL is not an absolute `http` or `https` one.
pub fn make(
    key: &Jwk,
    request: &Request<'_>,
    now: Timestamp,
    random: &dyn Random,
) -> Result<String, SigningError> {
    if Target::parse(request.url).is_none() {
        return Err(SigningError::Claims(
            "the URL is not an absolute http(s) URL",
        ));
    }
    let mut claims = json!({
        "jti": Jti::random(random).to_string(),
        "htm": request.method,
        "htu": without_query(request.url),
        "iat": now.unix(),
    });
    if let Some(token) = request.access_token {
        claims["ath"] = access_token_hash(token).into();
    }
    if let Some(nonce) = request.nonce {
        claims["nonce"] = nonce.into();
    }
    let header = Header::default().with_typ(TYP).with_jwk(&bare(key)?);
    Ok(jws::sign(key, &header, claims.to_string().as_bytes())?)
}

fn bare(key: &Jwk) -> Result<Jwk, SigningError> {
    let mut public = key.to_value();
    if let Value::Object(members) = &mut public {
        members.retain(|name, _| KEY_MEMBERS.contains(&name.as_str()));
    }
    // Only a symmetric key has no public form that can be read again.
    Jwk::from_value(public).map_err(|_| SigningError::Claims("the key is not one that signs"))
}
