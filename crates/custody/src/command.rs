//! Orders' bodies in types. Each field that is not acceptable is named.

use std::fmt;

use kleis_jose::Jwk;
use kleis_proto::custody::v1 as wire;
use kleis_trust::{KeyPolicy, release};
use kleis_types::{ErrorCode, Problem, Random, Timestamp, base64url, random_array};

use crate::policy::Policy;

/// The most keys in one order.
const MAX_KEYS: u32 = 100;

/// The id of a key: base64url of 16 bytes, in its only spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyId(String);

impl KeyId {
    pub(crate) fn random(random: &dyn Random) -> Self {
        Self(base64url::encode(&random_array::<16>(random)))
    }

    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        if base64url::decode_array::<16>(text).is_err() {
            let detail = "a key id is base64url of 16 bytes: 22 characters";
            return Err(Problem::new(ErrorCode::OrderBodyInvalid, detail).at("keyId"));
        }
        Ok(Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the key's record in the audit.
    pub(crate) fn resource(&self) -> String {
        format!("record:{self}")
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A policy for new keys, with its document as it came.
#[derive(Debug)]
pub(crate) struct NewPolicy {
    document: Vec<u8>,
    policy: Policy,
}

impl NewPolicy {
    fn parse(text: &str, now: Timestamp) -> Result<Self, Problem> {
        let document = base64url::decode(text).map_err(|_| {
            let detail = "the policy is base64url of its document, without padding";
            Problem::new(ErrorCode::PolicyInvalid, detail).at("policy")
        })?;
        let policy = Policy::parse(&document, now)?;
        Ok(Self { document, policy })
    }

    pub(crate) fn document(&self) -> &[u8] {
        &self.document
    }

    pub(crate) fn policy(&self) -> &Policy {
        &self.policy
    }
}

/// A public key that a release can be sealed to.
#[derive(Debug)]
pub(crate) struct ReplyKey(Jwk);

impl ReplyKey {
    /// Reads the key, and seals something to it for trial: a key that cannot be sealed to is found
    /// out before a read is counted.
    fn parse(json: &str, random: &dyn Random) -> Result<Self, Problem> {
        let invalid = |detail: String| Problem::new(ErrorCode::JwkInvalid, detail);
        let parse = || {
            let key = Jwk::from_slice(json.as_bytes()).map_err(|e| invalid(e.to_string()))?;
            if key.is_private() {
                return Err(invalid("send the public key alone".to_owned()));
            }
            KeyPolicy::encryption()
                .check(&key)
                .map_err(|error| Problem::new(error.code(), error.to_string()))?;
            release::seal(&key, "", random).map_err(|e| invalid(e.to_string()))?;
            Ok(Self(key))
        };
        parse().map_err(|problem: Problem| problem.at("replyTo"))
    }

    pub(crate) fn jwk(&self) -> &Jwk {
        &self.0
    }
}

/// Makes fresh keys.
pub(crate) struct CreateKeys {
    pub(crate) count: usize,
    pub(crate) policy: NewPolicy,
    pub(crate) reply_to: ReplyKey,
}

impl CreateKeys {
    pub(crate) fn parse(
        body: &wire::CreateKeysOrder,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Self, Problem> {
        Ok(Self {
            count: count(body.count)?,
            policy: NewPolicy::parse(&body.policy, now)?,
            reply_to: ReplyKey::parse(&body.reply_to, random)?,
        })
    }
}

/// Brings the caller's own keys, still sealed.
pub(crate) struct DepositKeys<'a> {
    pub(crate) count: usize,
    pub(crate) policy: NewPolicy,
    pub(crate) sealed: &'a str,
}

impl<'a> DepositKeys<'a> {
    pub(crate) fn parse(body: &'a wire::DepositKeysOrder, now: Timestamp) -> Result<Self, Problem> {
        Ok(Self {
            count: count(body.count)?,
            policy: NewPolicy::parse(&body.policy, now)?,
            sealed: &body.sealed,
        })
    }
}

/// Asks for a key.
pub(crate) struct GetKey {
    pub(crate) key_id: KeyId,
    pub(crate) reply_to: ReplyKey,
}

impl GetKey {
    pub(crate) fn parse(body: &wire::GetKeyOrder, random: &dyn Random) -> Result<Self, Problem> {
        Ok(Self {
            key_id: KeyId::parse(&body.key_id)?,
            reply_to: ReplyKey::parse(&body.reply_to, random)?,
        })
    }
}

/// Tells that a key has arrived.
#[derive(Clone)]
pub(crate) struct ConfirmRead {
    pub(crate) key_id: KeyId,
    /// The `jti` of the order that it was released to.
    pub(crate) read: String,
}

impl ConfirmRead {
    pub(crate) fn parse(body: &wire::ConfirmReadOrder) -> Result<Self, Problem> {
        let key_id = KeyId::parse(&body.key_id)?;
        if base64url::decode_array::<16>(&body.read).is_err() {
            let detail = "name the jti of the order that the key was released to";
            return Err(Problem::new(ErrorCode::OrderBodyInvalid, detail).at("read"));
        }
        Ok(Self {
            key_id,
            read: body.read.clone(),
        })
    }
}

fn count(count: u32) -> Result<usize, Problem> {
    let detail = || format!("ask for 1 to {MAX_KEYS} keys in one order");
    if !(1..=MAX_KEYS).contains(&count) {
        return Err(Problem::new(ErrorCode::OrderBodyInvalid, detail()).at("count"));
    }
    usize::try_from(count)
        .map_err(|_| Problem::new(ErrorCode::OrderBodyInvalid, detail()).at("count"))
}
