//! Orders: signed requests (`docs/formats.md` section 4).
//!
//! An order is a compact JWS. Its bytes are the evidence of what was asked: they are kept and
//! hashed as received, never written anew. [`verify`] is the one place that reads an order of a
//! certified caller, [`verify_enrolment`] the one that reads the request for a first certificate,
//! which the key to be certified signs.

mod draft;
mod error;
mod verify;

pub use draft::{Draft, SignedOrder, sign, sign_enrolment};
pub use error::OrderError;
pub use verify::{Enrolment, Order, verify, verify_enrolment, verify_kept};

use kleis_jose::digest;
use kleis_types::{InstallationId, Timestamp, base64url};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Jti, envelope};

/// The longest life of an order, in seconds.
pub const MAX_LIFETIME: i64 = 300;

/// The longest order of most methods, in bytes of its compact serialisation.
pub const MAX_SIZE: usize = 65_536;

/// The longest order that deposits keys, in bytes of its compact serialisation.
pub const MAX_DEPOSIT_SIZE: usize = 524_288;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    #[serde(with = "envelope::audience")]
    aud: InstallationId,
    method: String,
    iat: Timestamp,
    exp: Timestamp,
    jti: Jti,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "envelope::present::deserialize"
    )]
    version: Option<u64>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "envelope::present::deserialize"
    )]
    ath: Option<String>,
    body: Map<String, Value>,
}

/// What a reply names as `req`, and a countersignature covers.
fn digest_of(compact: &str) -> [u8; 32] {
    digest::sha256(compact.as_bytes())
}

/// What an order, as a DPoP proof, says of the access token that goes with it (RFC 9449 section
/// 4.2, `ath`).
pub fn access_token_hash(token: &str) -> String {
    base64url::encode(&digest::sha256(token.as_bytes()))
}

#[cfg(test)]
mod tests;
