//! Orders and the audit chain.

use kleis_store::{
    Actor, AuditEvent, AuditFilter, AuditSpan, EvidenceRead, EvidenceTx, PlacedAuditRow,
    StoreError, StoredAuditRow, StoredOrder, audit_row_hash,
};
use kleis_types::{Identifier, Random, Timestamp, base64url, random_array};

use crate::{
    link::Link,
    query,
    row::{Row, integer},
    schema::Schema,
    session::{Session, Tx},
};

struct OrderRow {
    jti: String,
    digest: Vec<u8>,
    method: String,
    signer: String,
    compact: String,
    result: String,
    reply: String,
    received_at: i64,
    expires_at: i64,
    mac: Vec<u8>,
}

impl TryFrom<OrderRow> for StoredOrder {
    type Error = StoreError;

    fn try_from(order: OrderRow) -> Result<Self, StoreError> {
        let row = Row::new("orders", &order.jti);
        Ok(Self {
            digest: row.hash("digest", &order.digest)?,
            mac: row.hash("mac", &order.mac)?,
            jti: order.jti,
            method: order.method,
            signer: order.signer,
            compact: order.compact,
            result: order.result,
            reply: order.reply,
            received_at: Timestamp::from_unix(order.received_at),
            expires_at: Timestamp::from_unix(order.expires_at),
        })
    }
}

pub(crate) struct AuditRow {
    pub(crate) id: i64,
    pub(crate) chain: String,
    pub(crate) seq: i64,
    pub(crate) at: i64,
    pub(crate) previous: Vec<u8>,
    pub(crate) action: String,
    pub(crate) actor: String,
    pub(crate) resource: String,
    pub(crate) resource_version: i64,
    pub(crate) resource_digest: Vec<u8>,
    pub(crate) outcome: String,
    pub(crate) order_digest: Vec<u8>,
    pub(crate) trace_id: String,
    pub(crate) details: String,
    pub(crate) hash: Vec<u8>,
}

impl TryFrom<AuditRow> for StoredAuditRow {
    type Error = StoreError;

    fn try_from(stored: AuditRow) -> Result<Self, StoreError> {
        let row = Row::new("audit", &stored.id);
        Ok(Self {
            seq: row.unsigned("seq", stored.seq)?,
            previous: row.hash("previous", &stored.previous)?,
            resource_version: row.unsigned("resource_version", stored.resource_version)?,
            hash: row.hash("hash", &stored.hash)?,
            chain: stored.chain,
            at: Timestamp::from_unix(stored.at),
            action: stored.action,
            actor: stored.actor,
            resource: stored.resource,
            resource_digest: stored.resource_digest,
            outcome: stored.outcome,
            order_digest: stored.order_digest,
            trace_id: stored.trace_id,
            details: stored.details,
        })
    }
}

/// The columns of an audit row, and the rest of the statement.
macro_rules! select_audit {
    ($rest:literal $(+ $further:literal)*, $($value:expr),+) => {
        sqlx::query_as!(
            $crate::evidence::AuditRow,
            "SELECT id, chain, seq, at, previous, action, actor, resource, resource_version, \
             resource_digest, outcome, order_digest, trace_id, details, hash FROM audit "
                + $rest $(+ $further)*,
            $($value),+
        )
    };
}
pub(crate) use select_audit;

impl<D: Schema, M: Send> EvidenceRead for Session<D, M> {
    async fn order(&mut self, jti: &str) -> Result<Option<StoredOrder>, StoreError> {
        let found = sqlx::query_as!(
            OrderRow,
            "SELECT jti, digest, method, signer, compact, result, reply, received_at, \
             expires_at, mac FROM orders WHERE jti = ?",
            jti
        )
        .fetch_optional(self.link.next()?)
        .await;
        self.link.record(found)
    }

    async fn order_of_digest(
        &mut self,
        digest: &[u8; 32],
    ) -> Result<Option<StoredOrder>, StoreError> {
        let digest = &digest[..];
        let found = sqlx::query_as!(
            OrderRow,
            "SELECT jti, digest, method, signer, compact, result, reply, received_at, \
             expires_at, mac FROM orders WHERE digest = ? LIMIT 1",
            digest
        )
        .fetch_optional(self.link.next()?)
        .await;
        self.link.record(found)
    }

    async fn chains(&mut self) -> Result<Vec<String>, StoreError> {
        let found = sqlx::query_scalar!(
            // A chain whose rows are all archived began before any that has rows.
            "SELECT chain AS \"chain!: String\" FROM \
             (SELECT chain, MIN(id) AS begun FROM audit GROUP BY chain \
             UNION ALL SELECT chain, 0 FROM audit_segments) \
             GROUP BY chain ORDER BY MAX(begun), chain"
        )
        .fetch_all(self.link.next()?)
        .await;
        self.link.done(found)
    }

    async fn audit_rows(
        &mut self,
        chain: &str,
        after: u64,
        limit: u32,
    ) -> Result<Vec<StoredAuditRow>, StoreError> {
        let after = integer(after);
        let found = select_audit!(
            "WHERE chain = ? AND seq > ? ORDER BY seq LIMIT ?",
            chain,
            after,
            limit
        )
        .fetch_all(self.link.next()?)
        .await;
        self.link.records(found)
    }

    async fn newest_audit_row(
        &mut self,
        resource: &str,
    ) -> Result<Option<StoredAuditRow>, StoreError> {
        let found = select_audit!(
            "WHERE resource = ? AND length(resource_digest) = 32 \
             ORDER BY resource_version DESC, at DESC, id DESC LIMIT 1",
            resource
        )
        .fetch_optional(self.link.next()?)
        .await;
        self.link.record(found)
    }

    async fn audited_versions(
        &mut self,
        resource: &str,
        limit: u32,
    ) -> Result<Vec<StoredAuditRow>, StoreError> {
        let found = select_audit!(
            "WHERE resource = ? AND length(resource_digest) = 32 \
             ORDER BY resource_version, at, id LIMIT ?",
            resource,
            limit
        )
        .fetch_all(self.link.next()?)
        .await;
        self.link.records(found)
    }

    async fn audited_states(
        &mut self,
        after: &str,
        limit: u32,
    ) -> Result<Vec<(String, u64, [u8; 32])>, StoreError> {
        D::audited_states(&mut self.link, after, limit).await
    }

    async fn audited_resources(
        &mut self,
        after: &str,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        let found = sqlx::query_scalar!(
            "SELECT DISTINCT resource FROM audit \
             WHERE resource > ? AND length(resource_digest) = 32 ORDER BY resource LIMIT ?",
            after,
            limit
        )
        .fetch_all(self.link.next()?)
        .await;
        self.link.done(found)
    }

    async fn audit_span(
        &mut self,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<AuditSpan, StoreError> {
        query::span(&mut self.link, since, until).await
    }

    async fn audit_page(
        &mut self,
        filter: &AuditFilter,
        span: AuditSpan,
        limit: u32,
    ) -> Result<Vec<PlacedAuditRow>, StoreError> {
        query::page(&mut self.link, filter, span, limit).await
    }

    async fn pseudonym(&mut self, person: &Identifier) -> Result<Option<String>, StoreError> {
        let person = person.to_string();
        let found =
            sqlx::query_scalar!("SELECT pseudonym FROM pseudonyms WHERE person = ?", person)
                .fetch_optional(self.link.next()?)
                .await;
        self.link.done(found)
    }
}

impl<D: Schema> EvidenceTx for Tx<D> {
    async fn record_order(&mut self, order: &StoredOrder) -> Result<(), StoreError> {
        let (digest, mac) = (&order.digest[..], &order.mac[..]);
        let (received_at, expires_at) = (order.received_at.unix(), order.expires_at.unix());
        let inserted = sqlx::query!(
            "INSERT INTO orders \
             (jti, digest, method, signer, compact, result, reply, received_at, expires_at, mac) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            order.jti,
            digest,
            order.method,
            order.signer,
            order.compact,
            order.result,
            order.reply,
            received_at,
            expires_at,
            mac
        )
        .execute(self.link.next()?)
        .await;
        self.link.done_unless("an order with this jti", inserted)?;
        self.mode.duty.wrote();
        Ok(())
    }

    async fn append_audit(&mut self, event: &AuditEvent) -> Result<(), StoreError> {
        let actor = actor(&mut self.link, self.mode.random.as_ref(), &event.actor).await?;
        let chain = &mut self.mode.chain;
        let digest = |digest: Option<[u8; 32]>| digest.map_or_else(Vec::new, Vec::from);
        let mut row = StoredAuditRow {
            chain: chain.id.clone(),
            seq: chain.seq + 1,
            at: event.at,
            previous: chain.head,
            action: event.action.to_owned(),
            actor,
            resource: event.resource.clone(),
            resource_version: event.resource_version,
            resource_digest: digest(event.resource_digest),
            outcome: event.outcome.as_str().to_owned(),
            order_digest: digest(event.order_digest),
            trace_id: event.trace_id.clone(),
            details: event.details.clone(),
            hash: [0; 32],
        };
        row.hash = audit_row_hash(&row);
        insert_audit(&mut self.link, &row).await?;
        (chain.seq, chain.head) = (row.seq, row.hash);
        self.mode.duty.audited(event);
        Ok(())
    }
}

async fn insert_audit(link: &mut Link, row: &StoredAuditRow) -> Result<(), StoreError> {
    let (seq, version) = (integer(row.seq), integer(row.resource_version));
    let at = row.at.unix();
    let (previous, hash) = (&row.previous[..], &row.hash[..]);
    let inserted = sqlx::query!(
        "INSERT INTO audit (chain, seq, at, previous, action, actor, resource, resource_version, \
         resource_digest, outcome, order_digest, trace_id, details, hash) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        row.chain,
        seq,
        at,
        previous,
        row.action,
        row.actor,
        row.resource,
        version,
        row.resource_digest,
        row.outcome,
        row.order_digest,
        row.trace_id,
        row.details,
        hash
    )
    .execute(link.next()?)
    .await;
    link.done(inserted).map(drop)
}

/// The actor's name in the audit.
async fn actor(link: &mut Link, random: &dyn Random, actor: &Actor) -> Result<String, StoreError> {
    Ok(match actor {
        Actor::Person(person) => format!("person:{}", pseudonym(link, random, person).await?),
        Actor::Organisation(identifier) => identifier.to_string(),
        Actor::Service(service) => Identifier::service(*service).to_string(),
        Actor::Local => "local".to_owned(),
        Actor::Unknown => "unknown".to_owned(),
    })
}

/// The pseudonym of a person, made if there is none yet. The same one statement in both cases.
async fn pseudonym(
    link: &mut Link,
    random: &dyn Random,
    person: &Identifier,
) -> Result<String, StoreError> {
    let person = person.to_string();
    let fresh = base64url::encode(&random_array::<16>(random));
    let stored = sqlx::query_scalar!(
        "INSERT INTO pseudonyms (person, pseudonym) VALUES (?, ?) \
         ON CONFLICT (person) DO UPDATE SET person = excluded.person \
         RETURNING pseudonym",
        person,
        fresh
    )
    .fetch_one(link.next()?)
    .await;
    link.done(stored)
}
