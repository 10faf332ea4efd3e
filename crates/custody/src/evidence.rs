//! What is kept of an order: the order itself, and the rows of the audit.

use std::sync::Arc;

use kleis_store::{Actor, AuditEvent, AuditOutcome, EvidenceTx, StoreError, StoredOrder};
use kleis_trust::order::Order;
use kleis_types::{ErrorCode, Principal, Problem, Service, Timestamp};
use serde::Serialize;
use serde_json::Value;

use crate::acts::{Answer, from_json};
use crate::config::Settings;
use crate::kept::{self, KeptOrder};
use crate::keys::Keys;
use crate::refusal::Refusal;
use crate::replies::{Question, Replies};
use crate::{Call, CustodyError};

/// The result that is kept of an order that was refused: no JSON, so nobody takes it for one.
const REFUSED: &str = "";

/// An order as it will be kept, and who is answerable for it.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    keys: Arc<Keys>,
    replies: Arc<Replies>,
    question: Question,
    jti: String,
    compact: String,
    signer: String,
    actor: Actor,
    expected_version: Option<u64>,
    received_at: Timestamp,
    expires_at: Timestamp,
    trace_id: String,
    /// Which issuer's token the order came with, whose credentials counted; empty if there was none.
    token: String,
}

/// What became of the same order when it came before.
#[derive(Debug)]
pub(crate) enum Earlier {
    /// It was refused, and that is in the audit.
    Refused,
    /// What is kept of it was tampered with. The alarm is in the audit, once the act is committed.
    Tampered,
    /// It was carried out.
    Done {
        /// When.
        at: Timestamp,
        /// The result, proto3 JSON without key material.
        result: String,
        /// The reply that is kept; empty in a row from before replies were.
        reply: String,
    },
}

impl Evidence {
    pub(crate) fn new<B>(
        keys: &Arc<Keys>,
        settings: &Settings,
        order: &Order<B>,
        method: &'static str,
        principal: &Principal,
        call: &Call,
        now: Timestamp,
    ) -> Self {
        Self {
            keys: Arc::clone(keys),
            replies: Arc::clone(&settings.replies),
            question: Question {
                method,
                jti: order.jti(),
                digest: *order.digest(),
            },
            jti: order.jti().to_string(),
            compact: order.compact().to_owned(),
            signer: order.signer().certificate().x5t_s256().to_owned(),
            actor: Actor::of(principal.primary(), &settings.types),
            expected_version: order.version(),
            received_at: now,
            expires_at: order.expires_at(),
            trace_id: call.trace_text(),
            token: principal
                .token()
                .map_or_else(String::new, |token| format!("token of {}", token.issuer)),
        }
    }

    /// The order's `jti`, text form.
    pub(crate) fn jti(&self) -> &str {
        &self.jti
    }

    /// The moment that the order is judged by.
    pub(crate) fn at(&self) -> Timestamp {
        self.received_at
    }

    /// Refuses if the order expects another version than the record's.
    pub(crate) fn expect(&self, version: u64) -> Result<(), CustodyError> {
        match self.expected_version {
            Some(expected) if expected != version => Err(CustodyError::VersionMismatch),
            _ => Ok(()),
        }
    }

    /// Refuses if the order expects a version where there is no record yet.
    pub(crate) fn expect_none(&self) -> Result<(), CustodyError> {
        if self.expected_version.is_none() {
            return Ok(());
        }
        let detail = "this order changes no record that has a version: leave it out";
        Err(Problem::new(ErrorCode::OrderBodyInvalid, detail)
            .at("version")
            .into())
    }

    /// Looks whether this very order came before. Another one under the same `jti` is refused;
    /// but nothing that is kept counts before it verifies.
    pub(crate) async fn earlier<T: EvidenceTx>(
        &self,
        tx: &mut T,
        action: &'static str,
    ) -> Result<Option<Earlier>, CustodyError> {
        let stored = match kept::find(tx, &self.keys, &self.jti).await? {
            KeptOrder::Genuine(stored) => stored,
            KeptOrder::Nothing => return Ok(None),
            KeptOrder::Tampered => {
                let resource = format!("order:{}", self.jti);
                self.refuse_again(tx, action, resource, Refusal::OrderTampered)
                    .await?;
                return Ok(Some(Earlier::Tampered));
            }
        };
        if stored.digest != self.question.digest {
            return Err(CustodyError::JtiReused);
        }
        Ok(Some(if stored.result == REFUSED {
            Earlier::Refused
        } else {
            Earlier::Done {
                at: stored.received_at,
                result: stored.result,
                reply: stored.reply,
            }
        }))
    }

    /// The answer to an order that came before and was answered with one text; none if it did not come.
    pub(crate) async fn answered<T: EvidenceTx>(
        &self,
        tx: &mut T,
        action: &'static str,
    ) -> Result<Option<Answer<String>>, CustodyError> {
        Ok(match self.earlier(tx, action).await? {
            None => None,
            Some(Earlier::Refused | Earlier::Tampered) => Some(Answer::Refused),
            Some(Earlier::Done { result, reply, .. }) => {
                Some(Answer::Given(self.reply_again(&result, reply)?))
            }
        })
    }

    /// An event of this order, done, about no record yet.
    pub(crate) fn event(&self, action: &'static str) -> AuditEvent {
        AuditEvent {
            order_digest: Some(self.question.digest),
            trace_id: self.trace_id.clone(),
            details: self.token.clone(),
            ..AuditEvent::new(self.received_at, action, self.actor.clone())
        }
    }

    /// Signs the reply to the order.
    pub(crate) fn sign<R: Serialize>(&self, body: &R) -> Result<String, CustodyError> {
        self.replies.sign(&self.question, body, self.received_at)
    }

    /// The reply that was given before; signed now where none was kept.
    pub(crate) fn reply_again(&self, result: &str, reply: String) -> Result<String, CustodyError> {
        if reply.is_empty() {
            return self.sign(&from_json::<Value>(result)?);
        }
        Ok(reply)
    }

    /// Keeps the order with its result, which holds no key material, and with the reply that says it.
    /// Answers that reply.
    pub(crate) async fn keep<T: EvidenceTx>(
        &self,
        tx: &mut T,
        result: String,
    ) -> Result<String, CustodyError> {
        let reply = self.sign(&from_json::<Value>(&result)?)?;
        self.put(tx, result, reply.clone()).await?;
        Ok(reply)
    }

    async fn put<T: EvidenceTx>(
        &self,
        tx: &mut T,
        result: String,
        reply: String,
    ) -> Result<(), StoreError> {
        let order = StoredOrder {
            jti: self.jti.clone(),
            digest: self.question.digest,
            method: self.question.method.to_owned(),
            signer: self.signer.clone(),
            compact: self.compact.clone(),
            result,
            reply,
            received_at: self.received_at,
            expires_at: self.expires_at,
            mac: [0; 32],
        };
        let order = kept::seal(&self.keys.ring(), order);
        tx.record_order(&order).await
    }

    /// Refuses the order: keeps it, and writes into the audit why.
    pub(crate) async fn refuse<T: EvidenceTx>(
        &self,
        tx: &mut T,
        action: &'static str,
        resource: String,
        refusal: Refusal,
    ) -> Result<(), StoreError> {
        self.put(tx, REFUSED.to_owned(), String::new()).await?;
        self.refuse_again(tx, action, resource, refusal).await
    }

    /// Refuses an order that is kept already, because it came before.
    pub(crate) async fn refuse_again<T: EvidenceTx>(
        &self,
        tx: &mut T,
        action: &'static str,
        resource: String,
        refusal: Refusal,
    ) -> Result<(), StoreError> {
        if refusal.outcome() == AuditOutcome::Alarm {
            tracing::error!(
                trace_id = self.trace_id,
                resource,
                "a row was tampered with"
            );
        }
        let event = AuditEvent {
            resource,
            outcome: refusal.outcome(),
            details: refusal.as_str().to_owned(),
            ..self.event(action)
        };
        tx.append_audit(&event).await
    }
}

/// An event of the service's own doing, about no record yet.
pub(crate) fn own_event(action: &'static str, at: Timestamp) -> AuditEvent {
    AuditEvent::new(at, action, Actor::Service(Service::Custody))
}
