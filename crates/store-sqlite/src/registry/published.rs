//! What the world sees: JWK Sets, changes, and the status list.

use kleis_store::{
    StoreError,
    registry::{ChangeEvent, StatusEntry, StoredJwkSet},
};
use kleis_types::{Identifier, Timestamp};

use crate::{
    link::Link,
    row::{Row, integer},
};

pub(crate) async fn jwk_set(
    link: &mut Link,
    recipient: &Identifier,
) -> Result<Option<StoredJwkSet>, StoreError> {
    let name = recipient.to_string();
    let found = sqlx::query!(
        "SELECT body, etag, has_keys FROM jwk_sets WHERE recipient = ?",
        name
    )
    .fetch_optional(link.next()?)
    .await;
    Ok(link.done(found)?.map(|stored| StoredJwkSet {
        recipient: recipient.clone(),
        body: stored.body,
        etag: stored.etag,
        has_keys: stored.has_keys == 1,
    }))
}

pub(crate) async fn recipients(
    link: &mut Link,
    type_name: &str,
    value: &str,
) -> Result<Vec<Identifier>, StoreError> {
    let found = sqlx::query!(
        "SELECT rowid AS \"row!\", recipient FROM jwk_sets \
         WHERE type_name = ? AND value = ? AND has_keys = 1 ORDER BY recipient",
        type_name,
        value
    )
    .fetch_all(link.next()?)
    .await;
    let stored = link.done(found)?;
    stored
        .iter()
        .map(|set| Row::new("jwk_sets", &set.row).parse("recipient", &set.recipient))
        .collect()
}

pub(crate) async fn put_jwk_set(
    link: &mut Link,
    set: &StoredJwkSet,
    at: Timestamp,
) -> Result<(), StoreError> {
    let (recipient, has_keys) = (set.recipient.to_string(), i64::from(set.has_keys));
    let (type_name, value) = (set.recipient.type_name(), set.recipient.value());
    let put = sqlx::query!(
        "INSERT INTO jwk_sets (recipient, type_name, value, body, etag, has_keys) \
         VALUES (?, ?, ?, ?, ?, ?) \
         ON CONFLICT (recipient) DO UPDATE SET body = excluded.body, etag = excluded.etag, \
         has_keys = excluded.has_keys",
        recipient,
        type_name,
        value,
        set.body,
        set.etag,
        has_keys
    )
    .execute(link.next()?)
    .await;
    link.done(put)?;
    let at = at.unix();
    let event = sqlx::query!(
        "INSERT INTO change_events (recipient, at) VALUES (?, ?)",
        recipient,
        at
    )
    .execute(link.next()?)
    .await;
    link.done(event).map(drop)
}

struct ChangeRow {
    seq: i64,
    recipient: String,
    at: i64,
}

impl TryFrom<ChangeRow> for ChangeEvent {
    type Error = StoreError;

    fn try_from(stored: ChangeRow) -> Result<Self, StoreError> {
        let row = Row::new("change_events", &stored.seq);
        Ok(Self {
            seq: row.unsigned("seq", stored.seq)?,
            recipient: row.parse("recipient", &stored.recipient)?,
            at: Timestamp::from_unix(stored.at),
        })
    }
}

pub(crate) async fn changes(
    link: &mut Link,
    after: u64,
    limit: u32,
) -> Result<Vec<ChangeEvent>, StoreError> {
    let after = integer(after);
    let found = sqlx::query_as!(
        ChangeRow,
        "SELECT seq, recipient, at FROM change_events WHERE seq > ? ORDER BY seq LIMIT ?",
        after,
        limit
    )
    .fetch_all(link.next()?)
    .await;
    link.records(found)
}

/// One step from the end of the table, however long it is.
pub(crate) async fn newest_change(link: &mut Link) -> Result<Option<ChangeEvent>, StoreError> {
    let found = sqlx::query_as!(
        ChangeRow,
        "SELECT seq, recipient, at FROM change_events ORDER BY seq DESC LIMIT 1"
    )
    .fetch_optional(link.next()?)
    .await;
    link.record(found)
}

/// The whole list in one row: a digit for every entry.
pub(crate) async fn status_entries(link: &mut Link) -> Result<(u64, Vec<u8>), StoreError> {
    let found = sqlx::query!(
        "SELECT version, \
         (SELECT coalesce(max(idx) + 1, 0) FROM status_entries) AS \"length!: i64\", \
         (SELECT coalesce(group_concat(status, '' ORDER BY idx), '') FROM status_entries) \
         AS \"digits!: String\" \
         FROM status_list WHERE id = 1"
    )
    .fetch_one(link.next()?)
    .await;
    let list = link.done(found)?;
    let row = Row::new("status_list", &1);
    let entries: Vec<u8> = list
        .digits
        .bytes()
        .map(|digit| digit.wrapping_sub(b'0'))
        .collect();
    if entries.len() != row.unsigned::<usize>("idx", list.length)? {
        return Err(row.inconsistent("idx"));
    }
    if entries.iter().any(|status| *status > 3) {
        return Err(row.inconsistent("status"));
    }
    Ok((row.unsigned("version", list.version)?, entries))
}

pub(crate) async fn allocate_status(link: &mut Link) -> Result<u32, StoreError> {
    let allocated = sqlx::query_scalar!(
        "INSERT INTO status_entries (idx, status) \
         VALUES ((SELECT coalesce(max(idx) + 1, 0) FROM status_entries), 3) \
         RETURNING idx"
    )
    .fetch_one(link.next()?)
    .await;
    let index = link.done(allocated)?;
    Row::new("status_entries", &index).unsigned("idx", index)
}

pub(crate) async fn put_status(link: &mut Link, entry: StatusEntry) -> Result<(), StoreError> {
    let updated = sqlx::query!(
        "UPDATE status_entries SET status = ? WHERE idx = ?",
        entry.status,
        entry.index
    )
    .execute(link.next()?)
    .await;
    if link.done(updated)?.rows_affected() == 0 {
        return Err(Row::new("status_entries", &entry.index).inconsistent("idx"));
    }
    let raised = sqlx::query!("UPDATE status_list SET version = version + 1 WHERE id = 1")
        .execute(link.next()?)
        .await;
    link.done(raised).map(drop)
}
