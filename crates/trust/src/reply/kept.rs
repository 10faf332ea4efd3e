//! Replies that were kept, read years later.

use kleis_types::{Service, Timestamp, base64url};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Claims, MAX_SIZE, ReplyError};
use crate::{
    Anchors, Jti,
    as_of::{AsOf, Said},
    moment::is_future,
    typ,
};

/// A reply verified as of its own time.
#[derive(Clone, Debug)]
pub struct KeptReply<B> {
    body: B,
    jti: Jti,
    order: String,
    iat: Timestamp,
}

impl<B> KeptReply<B> {
    /// What was answered.
    pub fn body(&self) -> &B {
        &self.body
    }

    /// The same, without the rest.
    pub fn into_body(self) -> B {
        self.body
    }

    /// When it was given, by the service's clock.
    pub fn issued_at(&self) -> Timestamp {
        self.iat
    }

    /// Whether it answers the order of this `jti` and hash.
    pub fn answers(&self, jti: Jti, digest: &[u8; 32]) -> bool {
        self.jti == jti && self.order == base64url::encode(digest)
    }
}

impl Claims {
    fn said(&self) -> Said<'_> {
        (&self.iss, &self.aud, self.iat)
    }
}

/// Verifies what `service` answered once to an order that was sent to `method`, as of the time at
/// which it did: its certificate has ended since, or will. Which order it was is for the caller to
/// compare.
///
/// The status list, which knows the present alone, is not asked: whoever steals the key of a service
/// can give such answers of any time at which its certificate was valid.
pub fn verify_kept<B: DeserializeOwned>(
    compact: &str,
    anchors: &Anchors,
    service: Service,
    method: &str,
    now: Timestamp,
) -> Result<KeptReply<B>, ReplyError> {
    let Claims {
        iat,
        method: answered,
        jti,
        req,
        body,
        ..
    } = AsOf::new(anchors, service).claims(compact, MAX_SIZE, typ::REPLY, Claims::said)?;
    if answered != method {
        return Err(ReplyError::WrongMethod);
    }
    if is_future(iat, now) {
        return Err(ReplyError::NotYetValid);
    }
    let body = serde_json::from_value(Value::Object(body)).map_err(|_| ReplyError::BodyInvalid)?;
    Ok(KeptReply {
        body,
        jti,
        order: req,
        iat,
    })
}
