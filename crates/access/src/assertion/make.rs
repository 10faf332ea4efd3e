//! Making client assertions.

use kleis_jose::{
    Jwk,
    jws::{self, Header},
};
use kleis_trust::Jti;
use kleis_types::{Random, Timestamp};
use serde_json::json;

use super::{LIFETIME, TYP};
use crate::SigningError;

/// Makes an assertion of the client with this key, for the token endpoint of this issuer. It is good
/// once, for [`LIFETIME`] seconds.
pub fn make(
    key: &Jwk,
    client_id: &str,
    issuer: &str,
    now: Timestamp,
    random: &dyn Random,
) -> Result<String, SigningError> {
    let claims = json!({
        "iss": client_id,
        "sub": client_id,
        "aud": issuer,
        "jti": Jti::random(random).to_string(),
        "iat": now.unix(),
        "exp": now.plus_seconds(LIFETIME).unix(),
    });
    let header = Header::default()
        .with_typ(TYP)
        .with_kid(key.thumbprint().as_str());
    Ok(jws::sign(key, &header, claims.to_string().as_bytes())?)
}
