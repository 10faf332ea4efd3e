//! What makes an act provable: the orders as they were received, and the audit chain
//! (docs/formats.md section 11).

use std::future::Future;

use aws_lc_rs::digest::{SHA256, digest};
use kleis_types::{Identifier, Kind, Service, Timestamp, TypeTable, lp};

use crate::{AuditFilter, AuditSpan, PlacedAuditRow, StoreError, shown::shows};

/// An order that was carried out, kept as evidence and against replay.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredOrder {
    /// The order's `jti`, the primary key.
    pub jti: String,
    /// SHA-256 of the compact serialisation.
    pub digest: [u8; 32],
    /// The full method name.
    pub method: String,
    /// The signer: `x5t#S256` of the certificate, or the thumbprint of the key that asked for one.
    pub signer: String,
    /// The order as it was received.
    pub compact: String,
    /// The result, the proto3 JSON of the reply's body. It holds no key material: a released key
    /// stands in it by its id alone. Empty if the order was refused, and the refusal is kept.
    pub result: String,
    /// The signed reply as it was given, a compact JWS; where it carried a key, the same reply with
    /// the key's id alone. Empty if the order was refused, or was kept before replies were.
    pub reply: String,
    /// When it was carried out.
    pub received_at: Timestamp,
    /// The order's `exp`.
    pub expires_at: Timestamp,
    /// The MAC over the row, docs/formats.md section 10. The store keeps it and does not verify it:
    /// whoever reads an order must, before anything in it counts.
    pub mac: [u8; 32],
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A person: the store writes a pseudonym.
    Person(Identifier),
    /// An organisation, by its identifier.
    Organisation(Identifier),
    /// One of our own services.
    Service(Service),
    /// The local administrator of the process (first start, `kleisd` commands).
    Local,
    /// Somebody who is not known, because the request did not prove it.
    Unknown,
}

impl Actor {
    /// The holder of an identifier, by its kind. Whoever is not known to be an organisation is a
    /// person, and gets a pseudonym.
    pub fn of(identifier: &Identifier, types: &TypeTable) -> Self {
        match (identifier.as_service(), types.kind(identifier)) {
            (Some(service), _) => Self::Service(service),
            (None, Kind::Organisation) => Self::Organisation(identifier.clone()),
            (None, Kind::Person | Kind::Service) => Self::Person(identifier.clone()),
        }
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditOutcome {
    /// It was done.
    Done,
    /// It was refused; the details say why.
    Refused,
    /// Somebody has tampered with the record.
    Alarm,
}

impl AuditOutcome {
    /// The stored name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "DONE",
            Self::Refused => "REFUSED",
            Self::Alarm => "ALARM",
        }
    }
}

/// What is to be written into the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// When, by the service's clock.
    pub at: Timestamp,
    /// What: `custody.get_key`, `registration.revoke_certificate`.
    pub action: &'static str,
    /// Who.
    pub actor: Actor,
    /// On what: `key:ID`, `record:ID`, `certificate:SERIAL`, or empty where it is about no record.
    pub resource: String,
    /// The resource's version after the act; 0 where it is about no record or the record did not
    /// change.
    pub resource_version: u64,
    /// The digest of the resource's state after the act; `None` where it did not change.
    pub resource_digest: Option<[u8; 32]>,
    /// How it ended.
    pub outcome: AuditOutcome,
    /// SHA-256 of the order's compact serialisation; `None` where there was none.
    pub order_digest: Option<[u8; 32]>,
    /// The trace id; empty where there is none.
    pub trace_id: String,
    /// Anything else, a short text without secrets or persons' identifiers: the stable reason of a
    /// refusal, a count.
    pub details: String,
}

impl AuditEvent {
    /// An event that is done, about no record, of no order, with nothing else to tell: what there is
    /// to tell stands above it, by `..`.
    #[must_use]
    pub fn new(at: Timestamp, action: &'static str, actor: Actor) -> Self {
        Self {
            at,
            action,
            actor,
            resource: String::new(),
            resource_version: 0,
            resource_digest: None,
            outcome: AuditOutcome::Done,
            order_digest: None,
            trace_id: String::new(),
            details: String::new(),
        }
    }

    /// The same event about `record`, in the state it has after the act.
    ///
    /// An act owes one such event for every audited record that it adds or changes.
    #[must_use]
    pub fn about(self, record: &impl Audited) -> Self {
        Self {
            resource: record.resource(),
            resource_version: record.version(),
            resource_digest: Some(record.digest()),
            ..self
        }
    }
}

/// A row of the chain as it stands in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAuditRow {
    /// The chain: installation, service and process start, an opaque text.
    pub chain: String,
    /// The position in the chain, from 1.
    pub seq: u64,
    /// When, by the service's clock.
    pub at: Timestamp,
    /// The hash of the row before, 32 zero bytes for the first.
    pub previous: [u8; 32],
    /// What.
    pub action: String,
    /// Who: a pseudonym `person:...`, an identifier, `SERVICE:...`, `local` or `unknown`.
    pub actor: String,
    /// On what.
    pub resource: String,
    /// The resource's version.
    pub resource_version: u64,
    /// The resource's digest; empty where there is none, 32 bytes otherwise.
    pub resource_digest: Vec<u8>,
    /// `DONE`, `REFUSED` or `ALARM`.
    pub outcome: String,
    /// The order's digest; empty where there was none, 32 bytes otherwise.
    pub order_digest: Vec<u8>,
    /// The trace id.
    pub trace_id: String,
    /// Details.
    pub details: String,
    /// The row's own hash.
    pub hash: [u8; 32],
}

/// The hash of a row, docs/formats.md section 11. The row's `hash` field is not read.
pub fn audit_row_hash(row: &StoredAuditRow) -> [u8; 32] {
    sha256(&lp::encode(&[
        b"kleis-audit-v1",
        row.chain.as_bytes(),
        &row.seq.to_be_bytes(),
        &row.at.unix().to_be_bytes(),
        &row.previous,
        row.action.as_bytes(),
        row.actor.as_bytes(),
        row.resource.as_bytes(),
        &row.resource_version.to_be_bytes(),
        &row.resource_digest,
        row.outcome.as_bytes(),
        &row.order_digest,
        row.trace_id.as_bytes(),
        row.details.as_bytes(),
    ]))
}

/// A record whose state the audit chain follows, so that a row put back from an older copy shows.
pub trait Audited {
    /// The resource name in the audit: `key:ID`.
    fn resource(&self) -> String;
    /// The version of the record, from 1.
    fn version(&self) -> u64;
    /// The digest of its state: the state MAC where there is one, [`state_digest`] of all fields
    /// otherwise.
    fn digest(&self) -> [u8; 32];
}

/// SHA-256 over the length-prefixed fields of a record.
pub fn state_digest(fields: &[&[u8]]) -> [u8; 32] {
    sha256(&lp::encode(fields))
}

pub(crate) fn sha256(data: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, data).as_ref());
    out
}

/// What every service reads of the evidence.
pub trait EvidenceRead: Send {
    /// The order that was carried out under this `jti`.
    fn order(
        &mut self,
        jti: &str,
    ) -> impl Future<Output = Result<Option<StoredOrder>, StoreError>> + Send;

    /// The order of this digest. It is looked for among all that are kept: for whoever looks back,
    /// and not for the work of a service.
    fn order_of_digest(
        &mut self,
        digest: &[u8; 32],
    ) -> impl Future<Output = Result<Option<StoredOrder>, StoreError>> + Send;

    /// The names of all chains, in the order of their beginning.
    fn chains(&mut self) -> impl Future<Output = Result<Vec<String>, StoreError>> + Send;

    /// The rows of a chain after `after`, at most `limit` of them, in order.
    fn audit_rows(
        &mut self,
        chain: &str,
        after: u64,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<StoredAuditRow>, StoreError>> + Send;

    /// The newest audit row that carries a digest of this resource (over all chains; by resource
    /// version, then time).
    fn newest_audit_row(
        &mut self,
        resource: &str,
    ) -> impl Future<Output = Result<Option<StoredAuditRow>, StoreError>> + Send;

    /// The audit rows that carry a digest of this resource (over all chains; by resource version,
    /// then time), at most `limit`. Those that were archived are not there.
    fn audited_versions(
        &mut self,
        resource: &str,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<StoredAuditRow>, StoreError>> + Send;

    /// The current (resource, version, digest) of the audited records, in the order of the
    /// bytes of their resource names, those after `after`, at most `limit`.
    fn audited_states(
        &mut self,
        after: &str,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<(String, u64, [u8; 32])>, StoreError>> + Send;

    /// The names of the resources that audit rows with a digest speak of, each once, in the order
    /// of their bytes, those after `after`, at most `limit`.
    fn audited_resources(
        &mut self,
        after: &str,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<String>, StoreError>> + Send;

    /// The shortest stretch of the audit that has all rows of a time: `since` included, `until` not.
    /// Empty, from 0 to 0, where there are none.
    fn audit_span(
        &mut self,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> impl Future<Output = Result<AuditSpan, StoreError>> + Send;

    /// The rows of a stretch that the filter is for, at most `limit` of them, in the order of
    /// writing.
    fn audit_page(
        &mut self,
        filter: &AuditFilter,
        span: AuditSpan,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<PlacedAuditRow>, StoreError>> + Send;

    /// The pseudonym of a person, without `person:`, if the person has one. There is no way back.
    fn pseudonym(
        &mut self,
        person: &Identifier,
    ) -> impl Future<Output = Result<Option<String>, StoreError>> + Send;
}

/// What every service writes as evidence.
pub trait EvidenceTx: EvidenceRead {
    /// Keeps an order that was carried out.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if the `jti` is taken.
    fn record_order(
        &mut self,
        order: &StoredOrder,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Appends a row to the chain of this process.
    fn append_audit(
        &mut self,
        event: &AuditEvent,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

shows!(StoredOrder {
    jti,
    method,
    received_at,
    expires_at
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actors_are_named_by_the_kind_of_their_identifier() {
        let types = TypeTable::belgian();
        let of = |text: &str| Actor::of(&text.parse().unwrap(), types);
        assert!(matches!(of("SSIN:85073003328"), Actor::Person(_)));
        assert!(matches!(of("CBE:0809394427/KGSS"), Actor::Organisation(_)));
        assert_eq!(of("SERVICE:custody"), Actor::Service(Service::Custody));
        assert!(matches!(of("UNHEARD-OF:1"), Actor::Person(_)));
    }
}
