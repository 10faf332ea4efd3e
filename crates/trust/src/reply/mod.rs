//! Replies: signed answers to orders (`docs/formats.md` section 4).
//!
//! A reply names the order it answers by its `jti` and by the hash of its bytes, so that the edge
//! can neither change an answer nor give the answer to another question.

mod error;
mod kept;

pub use error::ReplyError;
pub use kept::{KeptReply, verify_kept};

use kleis_types::{Identifier, InstallationId, Service, Timestamp, base64url};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{
    Anchors, Jti, Signer, SigningError,
    envelope::{self, Envelope},
    moment::is_future,
    order::SignedOrder,
    status::StatusView,
    typ,
};

/// The longest reply that is read, in bytes of its compact serialisation.
pub const MAX_SIZE: usize = 1_048_576;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: Identifier,
    #[serde(with = "envelope::audience")]
    aud: InstallationId,
    iat: Timestamp,
    method: String,
    jti: Jti,
    req: String,
    body: Map<String, Value>,
}

/// Signs the answer to the order of this `jti` and digest. The body is written as the proto3 JSON
/// of the method's `...Result` message.
pub fn sign<B: Serialize>(
    signer: &Signer,
    installation: &InstallationId,
    method: &str,
    jti: Jti,
    order_digest: &[u8; 32],
    body: &B,
    now: Timestamp,
) -> Result<String, SigningError> {
    let Ok(Value::Object(body)) = serde_json::to_value(body) else {
        return Err(SigningError::Body);
    };
    let claims = Claims {
        iss: signer.identity().primary().clone(),
        aud: installation.clone(),
        iat: now,
        method: method.to_owned(),
        jti,
        req: base64url::encode(order_digest),
        body,
    };
    envelope::sign_with_chain(signer, typ::REPLY, &claims)
}

/// Verifies the answer of `service` to `order`, which was sent to `method`.
pub fn verify<B: DeserializeOwned>(
    compact: &str,
    anchors: &Anchors,
    status: &dyn StatusView,
    service: Service,
    method: &str,
    order: &SignedOrder,
    now: Timestamp,
) -> Result<B, ReplyError> {
    let envelope = Envelope::parse(compact, MAX_SIZE, typ::REPLY, &["x5c"])?;
    let signer = anchors.verify_in_use(envelope.header().x5c(), status, now)?;
    let expected = Identifier::service(service);
    if !signer.is(&expected) {
        return Err(ReplyError::WrongSigner);
    }
    let claims: Claims = envelope.claims(signer.certificate().public_key())?;
    if claims.iss != expected {
        return Err(ReplyError::WrongIssuer);
    }
    if &claims.aud != anchors.installation() {
        return Err(ReplyError::OtherInstallation);
    }
    if claims.method != method {
        return Err(ReplyError::WrongMethod);
    }
    if claims.jti != order.jti() || claims.req != base64url::encode(order.digest()) {
        return Err(ReplyError::OtherOrder);
    }
    if is_future(claims.iat, now) {
        return Err(ReplyError::NotYetValid);
    }
    serde_json::from_value(Value::Object(claims.body)).map_err(|_| ReplyError::BodyInvalid)
}

#[cfg(test)]
mod tests;
