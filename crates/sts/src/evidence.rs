//! What is kept of a request: what it used up, and its row in the audit.

use kleis_jose::digest;
use kleis_store::sts::StsTx;
use kleis_store::{Actor, AuditEvent, AuditOutcome, StoreError};
use kleis_types::{Identifier, Service, Timestamp, TypeTable, lp};

use crate::error::Refusal;

/// Something that a request uses up.
#[derive(Clone, Debug)]
pub(crate) struct Use {
    digest: [u8; 32],
    until: Timestamp,
    replayed: Refusal,
}

impl Use {
    /// A client's assertion, by its `jti`, which is unique among the client's own.
    pub(crate) fn assertion(client: &Identifier, jti: &str, until: Timestamp) -> Self {
        Self {
            digest: name("assertion", &client.to_string(), jti),
            until,
            replayed: Refusal::AssertionReplayed,
        }
    }

    /// A DPoP proof, by its `jti`, which is unique among those of its key.
    pub(crate) fn proof(jkt: &str, jti: &str, until: Timestamp) -> Self {
        Self {
            digest: name("dpop", jkt, jti),
            until,
            replayed: Refusal::ProofReplayed,
        }
    }
}

/// The name is a hash: a `jti` may be long, and a client may be a person.
fn name(kind: &str, maker: &str, jti: &str) -> [u8; 32] {
    let fields = [
        b"kleis-sts-used-v1",
        kind.as_bytes(),
        maker.as_bytes(),
        jti.as_bytes(),
    ];
    digest::sha256(&lp::encode(&fields))
}

/// A request of an authenticated client.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    actor: Actor,
    at: Timestamp,
    trace_id: String,
    uses: Vec<Use>,
}

impl Evidence {
    pub(crate) fn new(
        client: &Identifier,
        types: &TypeTable,
        at: Timestamp,
        trace_id: String,
        uses: Vec<Use>,
    ) -> Self {
        Self {
            actor: Actor::of(client, types),
            at,
            trace_id,
            uses,
        }
    }

    /// Uses up what the request came with. Where something of it was used before, that is written into
    /// the audit, and the refusal is the answer.
    pub(crate) async fn spend<T: StsTx>(
        &self,
        tx: &mut T,
        action: &'static str,
    ) -> Result<Option<Refusal>, StoreError> {
        let mut replayed = None;
        for one in &self.uses {
            if !tx.use_once(&one.digest, one.until).await? {
                replayed = replayed.or(Some(one.replayed));
            }
        }
        if let Some(refusal) = replayed {
            tx.append_audit(&self.refusal(action, refusal)).await?;
        }
        Ok(replayed)
    }

    /// Writes into the audit which token of ours the request was about, or in the details why it was about none.
    pub(crate) async fn about_token<T: StsTx>(
        &self,
        tx: &mut T,
        action: &'static str,
        jti: Option<&str>,
        otherwise: &str,
    ) -> Result<(), StoreError> {
        let event = self.event(action);
        let event = match jti {
            Some(jti) => AuditEvent {
                resource: token(jti),
                ..event
            },
            None => AuditEvent {
                details: otherwise.to_owned(),
                ..event
            },
        };
        tx.append_audit(&event).await
    }

    /// An event of this request, done, about no record.
    pub(crate) fn event(&self, action: &'static str) -> AuditEvent {
        AuditEvent {
            actor: self.actor.clone(),
            trace_id: self.trace_id.clone(),
            ..own_event(action, self.at)
        }
    }

    /// An event of this request, refused.
    pub(crate) fn refusal(&self, action: &'static str, refusal: Refusal) -> AuditEvent {
        AuditEvent {
            outcome: AuditOutcome::Refused,
            details: refusal.reason().to_owned(),
            ..self.event(action)
        }
    }
}

/// The name of a token in the audit.
pub(crate) fn token(jti: &str) -> String {
    format!("token:{jti}")
}

/// An event of the service's own doing, about no record yet.
pub(crate) fn own_event(action: &'static str, at: Timestamp) -> AuditEvent {
    AuditEvent::new(at, action, Actor::Service(Service::Sts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_are_told_apart_by_kind_maker_and_jti() {
        let until = Timestamp::from_unix(0);
        let client = |text: &str| text.parse::<Identifier>().unwrap();
        let uses = [
            Use::assertion(&client("CBE:0123456749"), "a", until),
            Use::assertion(&client("CBE:0123456749"), "b", until),
            Use::assertion(&client("CBE:0123456749/A"), "a", until),
            Use::proof("CBE:0123456749", "a", until),
        ];
        for (number, one) in uses.iter().enumerate() {
            for other in &uses[number + 1..] {
                assert_ne!(one.digest, other.digest);
            }
        }
    }
}
