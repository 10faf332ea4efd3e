//! The custody service's records.

use kleis_store::{
    StoreError,
    custody::{CustodyRead, CustodyTx, Read, Record, WrappingKey},
};
use kleis_types::Timestamp;

use crate::{
    link::Link,
    row::{Row, before, integer, time},
    schema::{AuditedState, Custody},
    session::{Session, Tx},
    states::{add_states, key_after},
};

struct RecordRow {
    key_id: String,
    owner: String,
    algorithm: String,
    policy: Vec<u8>,
    wrapping_key: String,
    wrapped: Vec<u8>,
    created_at: i64,
    expires_at: i64,
    state: String,
    reads: i64,
    destroy_at: Option<i64>,
    version: i64,
    mac: Vec<u8>,
}

impl TryFrom<RecordRow> for Record {
    type Error = StoreError;

    fn try_from(stored: RecordRow) -> Result<Self, StoreError> {
        let row = Row::new("records", &stored.key_id);
        let state = row.parse("state", &stored.state)?;
        let reads = row.unsigned("reads", stored.reads)?;
        let version = row.unsigned("version", stored.version)?;
        let mac = row.hash("mac", &stored.mac)?;
        Ok(Self {
            key_id: stored.key_id,
            owner: stored.owner,
            algorithm: stored.algorithm,
            policy: stored.policy,
            wrapping_key: stored.wrapping_key,
            wrapped: stored.wrapped,
            created_at: Timestamp::from_unix(stored.created_at),
            expires_at: Timestamp::from_unix(stored.expires_at),
            state,
            reads,
            destroy_at: time(stored.destroy_at),
            version,
            mac,
        })
    }
}

struct WrappingKeyRow {
    id: String,
    period: String,
    version: i64,
    current: i64,
    kek: String,
    wrapped: Vec<u8>,
    mac: Vec<u8>,
    created_at: i64,
}

impl TryFrom<WrappingKeyRow> for WrappingKey {
    type Error = StoreError;

    fn try_from(stored: WrappingKeyRow) -> Result<Self, StoreError> {
        let row = Row::new("wrapping_keys", &stored.id);
        let version = row.unsigned("version", stored.version)?;
        let mac = row.hash("mac", &stored.mac)?;
        Ok(Self {
            id: stored.id,
            period: stored.period,
            version,
            current: stored.current == 1,
            kek: stored.kek,
            wrapped: stored.wrapped,
            mac,
            created_at: Timestamp::from_unix(stored.created_at),
        })
    }
}

/// The columns of a record, and the rest of the statement.
macro_rules! select_records {
    ($rest:literal, $($value:expr),+) => {
        sqlx::query_as!(
            RecordRow,
            "SELECT key_id, owner, algorithm, policy, wrapping_key, wrapped, created_at, \
             expires_at, state, reads, destroy_at, version, mac FROM records "
                + $rest,
            $($value),+
        )
    };
}

/// The columns of a wrapping key, and the rest of the statement.
macro_rules! select_wrapping_keys {
    ($rest:literal $(, $value:expr)*) => {
        sqlx::query_as!(
            WrappingKeyRow,
            "SELECT id, period, version, current, kek, wrapped, mac, created_at \
             FROM wrapping_keys "
                + $rest
            $(, $value)*
        )
    };
}

impl<M: Send> CustodyRead for Session<Custody, M> {
    async fn record(&mut self, key_id: &str) -> Result<Option<Record>, StoreError> {
        let found = select_records!("WHERE key_id = ?", key_id)
            .fetch_optional(self.link.next()?)
            .await;
        self.link.record(found)
    }

    async fn wrapping_keys(&mut self) -> Result<Vec<WrappingKey>, StoreError> {
        let found = select_wrapping_keys!("ORDER BY period, version")
            .fetch_all(self.link.next()?)
            .await;
        self.link.records(found)
    }

    async fn release(&mut self, key_id: &str, jti: &str) -> Result<Option<Read>, StoreError> {
        let found = sqlx::query!(
            "SELECT reader, at, confirmed FROM releases WHERE key_id = ? AND jti = ?",
            key_id,
            jti
        )
        .fetch_optional(self.link.next()?)
        .await;
        Ok(self.link.done(found)?.map(|release| Read {
            key_id: key_id.to_owned(),
            jti: jti.to_owned(),
            reader: release.reader,
            at: Timestamp::from_unix(release.at),
            confirmed: release.confirmed == 1,
        }))
    }

    async fn records_due(&mut self, now: Timestamp, limit: u32) -> Result<Vec<Record>, StoreError> {
        let now = now.unix();
        let found = select_records!(
            "WHERE length(wrapped) > 0 \
             AND (expires_at <= ? OR destroy_at IS NOT NULL AND destroy_at <= ?) \
             ORDER BY key_id LIMIT ?",
            now,
            now,
            limit
        )
        .fetch_all(self.link.next()?)
        .await;
        self.link.records(found)
    }
}

impl CustodyTx for Tx<Custody> {
    async fn insert_records(&mut self, records: &[Record]) -> Result<(), StoreError> {
        // One statement each: inside the process the way to the database costs nothing.
        self.link.mark().await?;
        let inserted = insert_all(&mut self.link, records).await;
        self.link.resolve(inserted).await?;
        for record in records {
            self.mode.duty.changed(record);
        }
        Ok(())
    }

    async fn update_record(&mut self, record: &Record) -> Result<(), StoreError> {
        let (reads, version) = (integer(record.reads), integer(record.version));
        let (created_at, expires_at) = (record.created_at.unix(), record.expires_at.unix());
        let (state, destroy_at) = (
            record.state.as_str(),
            record.destroy_at.map(Timestamp::unix),
        );
        let (mac, expected) = (&record.mac[..], before(record.version));
        let updated = sqlx::query!(
            "UPDATE records SET owner = ?, algorithm = ?, policy = ?, wrapping_key = ?, \
             wrapped = ?, created_at = ?, expires_at = ?, state = ?, reads = ?, destroy_at = ?, \
             version = ?, mac = ? WHERE key_id = ? AND version = ?",
            record.owner,
            record.algorithm,
            record.policy,
            record.wrapping_key,
            record.wrapped,
            created_at,
            expires_at,
            state,
            reads,
            destroy_at,
            version,
            mac,
            record.key_id,
            expected
        )
        .execute(self.link.next()?)
        .await;
        if self.link.done(updated)?.rows_affected() == 0 {
            return Err(StoreError::VersionConflict);
        }
        self.mode.duty.changed(record);
        Ok(())
    }

    async fn put_wrapping_key(&mut self, key: &WrappingKey) -> Result<(), StoreError> {
        let (current, created_at) = (i64::from(key.current), key.created_at.unix());
        let mac = &key.mac[..];
        let put = sqlx::query!(
            "INSERT INTO wrapping_keys \
             (id, period, version, current, kek, wrapped, mac, created_at) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?) \
             ON CONFLICT (id) DO UPDATE SET period = excluded.period, version = excluded.version, \
             current = excluded.current, kek = excluded.kek, wrapped = excluded.wrapped, \
             mac = excluded.mac, created_at = excluded.created_at",
            key.id,
            key.period,
            key.version,
            current,
            key.kek,
            key.wrapped,
            mac,
            created_at
        )
        .execute(self.link.next()?)
        .await;
        self.link
            .done_unless("a wrapping key of this period and version", put)?;
        self.mode.duty.changed(key);
        Ok(())
    }

    async fn insert_release(&mut self, read: &Read) -> Result<(), StoreError> {
        let (at, confirmed) = (read.at.unix(), i64::from(read.confirmed));
        let inserted = sqlx::query!(
            "INSERT INTO releases (key_id, jti, reader, at, confirmed) VALUES (?, ?, ?, ?, ?)",
            read.key_id,
            read.jti,
            read.reader,
            at,
            confirmed
        )
        .execute(self.link.next()?)
        .await;
        self.link
            .done_unless("a release of this key to this order", inserted)?;
        self.mode.duty.wrote();
        Ok(())
    }

    async fn confirm_release(&mut self, key_id: &str, jti: &str) -> Result<(), StoreError> {
        let updated = sqlx::query!(
            "UPDATE releases SET confirmed = 1 WHERE key_id = ? AND jti = ?",
            key_id,
            jti
        )
        .execute(self.link.next()?)
        .await;
        self.link.done(updated)?;
        self.mode.duty.wrote();
        Ok(())
    }
}

async fn insert_all(link: &mut Link, records: &[Record]) -> Result<(), StoreError> {
    for record in records {
        let (reads, version) = (integer(record.reads), integer(record.version));
        let (created_at, expires_at) = (record.created_at.unix(), record.expires_at.unix());
        let (state, destroy_at) = (
            record.state.as_str(),
            record.destroy_at.map(Timestamp::unix),
        );
        let mac = &record.mac[..];
        let inserted = sqlx::query!(
            "INSERT INTO records (key_id, owner, algorithm, policy, wrapping_key, wrapped, \
             created_at, expires_at, state, reads, destroy_at, version, mac) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            record.key_id,
            record.owner,
            record.algorithm,
            record.policy,
            record.wrapping_key,
            record.wrapped,
            created_at,
            expires_at,
            state,
            reads,
            destroy_at,
            version,
            mac
        )
        .execute(link.next()?)
        .await;
        link.done_unless("a record with this key id", inserted)?;
    }
    Ok(())
}

/// The states of records, then those of wrapping keys: in the order of their names.
pub(crate) async fn audited_states(
    link: &mut Link,
    after: &str,
    limit: u32,
) -> Result<Vec<AuditedState>, StoreError> {
    let mut states = Vec::new();
    let mut left = limit;
    if let Some(after) = key_after("record:", after) {
        let found = select_records!("WHERE key_id > ? ORDER BY key_id LIMIT ?", after, left)
            .fetch_all(link.next()?)
            .await;
        add_states::<Record, _>(&mut states, &mut left, link.done(found)?)?;
    }
    if let Some(after) = key_after("wrapping-key:", after) {
        let found = select_wrapping_keys!("WHERE id > ? ORDER BY id LIMIT ?", after, left)
            .fetch_all(link.next()?)
            .await;
        add_states::<WrappingKey, _>(&mut states, &mut left, link.done(found)?)?;
    }
    Ok(states)
}
