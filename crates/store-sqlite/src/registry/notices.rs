//! What owners are told, and what becomes of it.

use kleis_store::{
    StoreError,
    registry::{Delivery, DeliveryCounts, Notice},
};
use kleis_types::{
    Channel, DeliveryState, DeviceId, Identifier, NoticeKind, RevocationReason, Timestamp,
};

use crate::{
    link::Link,
    row::{Row, integer, time},
};

pub(crate) struct NoticeRow {
    id: i64,
    registrant: String,
    owner: String,
    kind: String,
    subject: String,
    device: Option<String>,
    reason: Option<String>,
    at: i64,
    ends_at: Option<i64>,
}

impl TryFrom<NoticeRow> for Notice {
    type Error = StoreError;

    fn try_from(stored: NoticeRow) -> Result<Self, StoreError> {
        let row = Row::new("notices", &stored.id);
        Ok(Self {
            id: row.unsigned("id", stored.id)?,
            registrant: row.parse("registrant", &stored.registrant)?,
            owner: row.parse("owner", &stored.owner)?,
            kind: row.parse("kind", &stored.kind)?,
            device: row.parse_optional("device", stored.device.as_deref())?,
            reason: row.parse_optional("reason", stored.reason.as_deref())?,
            at: Timestamp::from_unix(stored.at),
            ends_at: time(stored.ends_at),
            subject: stored.subject,
        })
    }
}

pub(crate) struct DeliveryRow {
    id: i64,
    registrant: String,
    owner: String,
    kind: String,
    subject: String,
    device: Option<String>,
    reason: Option<String>,
    at: i64,
    ends_at: Option<i64>,
    channel: String,
    state: String,
    attempts: i64,
    due_at: i64,
}

impl TryFrom<DeliveryRow> for Delivery {
    type Error = StoreError;

    fn try_from(stored: DeliveryRow) -> Result<Self, StoreError> {
        let row = Row::new("deliveries", &stored.id);
        Ok(Self {
            channel: row.parse("channel", &stored.channel)?,
            state: row.parse("state", &stored.state)?,
            attempts: row.unsigned("attempts", stored.attempts)?,
            due_at: Timestamp::from_unix(stored.due_at),
            notice: NoticeRow {
                id: stored.id,
                registrant: stored.registrant,
                owner: stored.owner,
                kind: stored.kind,
                subject: stored.subject,
                device: stored.device,
                reason: stored.reason,
                at: stored.at,
                ends_at: stored.ends_at,
            }
            .try_into()?,
        })
    }
}

/// The columns of a delivery with its notice, and the rest of the statement.
macro_rules! select_deliveries {
    ($rest:literal, $($value:expr),+) => {
        sqlx::query_as!(
            DeliveryRow,
            "SELECT notices.id, registrant, owner, kind, subject, device, reason, at, ends_at, \
             channel, deliveries.state, attempts, due_at FROM deliveries JOIN notices \
             ON notices.id = deliveries.notice "
                + $rest,
            $($value),+
        )
    };
}

/// The newest first, below `before`.
pub(crate) async fn of_registrant(
    link: &mut Link,
    registrant: &Identifier,
    before: u64,
    limit: u32,
) -> Result<Vec<Notice>, StoreError> {
    let (registrant, before) = (registrant.to_string(), integer(before));
    let found = sqlx::query_as!(
        NoticeRow,
        "SELECT id, registrant, owner, kind, subject, device, reason, at, ends_at FROM notices \
         WHERE registrant = ? AND id < ? ORDER BY id DESC LIMIT ?",
        registrant,
        before,
        limit
    )
    .fetch_all(link.next()?)
    .await;
    link.records(found)
}

pub(crate) async fn due(
    link: &mut Link,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Delivery>, StoreError> {
    let now = now.unix();
    let found = select_deliveries!(
        "WHERE deliveries.state = 'PENDING' AND due_at <= ? ORDER BY due_at, notice LIMIT ?",
        now,
        limit
    )
    .fetch_all(link.next()?)
    .await;
    link.records(found)
}

pub(crate) async fn failed(
    link: &mut Link,
    before: u64,
    limit: u32,
) -> Result<Vec<Delivery>, StoreError> {
    let before = integer(before);
    let found = select_deliveries!(
        "WHERE deliveries.state = 'FAILED' AND deliveries.notice < ? \
         ORDER BY deliveries.notice DESC, channel LIMIT ?",
        before,
        limit
    )
    .fetch_all(link.next()?)
    .await;
    link.records(found)
}

pub(crate) async fn counts(link: &mut Link) -> Result<DeliveryCounts, StoreError> {
    let counted = sqlx::query!(
        "SELECT (SELECT count(*) FROM deliveries WHERE state = 'PENDING') AS \"pending!: i64\", \
         (SELECT count(*) FROM deliveries WHERE state = 'FAILED') AS \"failed!: i64\""
    )
    .fetch_one(link.next()?)
    .await;
    let counted = link.done(counted)?;
    // Counts are not negative.
    Ok(DeliveryCounts {
        pending: counted.pending.unsigned_abs(),
        failed: counted.failed.unsigned_abs(),
    })
}

/// Answers the number that it gets.
pub(crate) async fn put(
    link: &mut Link,
    notice: &Notice,
    channels: &[Channel],
) -> Result<u64, StoreError> {
    let (registrant, owner) = (notice.registrant.to_string(), notice.owner.to_string());
    let kind = NoticeKind::as_str(notice.kind);
    let device = notice.device.as_ref().map(DeviceId::as_str);
    let reason = notice.reason.map(RevocationReason::as_str);
    let (at, ends_at) = (notice.at.unix(), notice.ends_at.map(Timestamp::unix));
    let inserted = sqlx::query!(
        "INSERT INTO notices (registrant, owner, kind, subject, device, reason, at, ends_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        registrant,
        owner,
        kind,
        notice.subject,
        device,
        reason,
        at,
        ends_at
    )
    .execute(link.next()?)
    .await;
    let id = link
        .done_unless("a notice of this end", inserted)?
        .last_insert_rowid();
    for channel in channels {
        let channel = Channel::as_str(*channel);
        let inserted = sqlx::query!(
            "INSERT INTO deliveries (notice, channel, state, attempts, due_at) \
             VALUES (?, ?, 'PENDING', 0, ?)",
            id,
            channel,
            at
        )
        .execute(link.next()?)
        .await;
        link.done(inserted)?;
    }
    Ok(id.unsigned_abs())
}

pub(crate) async fn settle(link: &mut Link, delivery: &Delivery) -> Result<(), StoreError> {
    let id = integer(delivery.notice.id);
    let channel = Channel::as_str(delivery.channel);
    let state = DeliveryState::as_str(delivery.state);
    let due_at = delivery.due_at.unix();
    let updated = sqlx::query!(
        "UPDATE deliveries SET state = ?, attempts = ?, due_at = ? \
         WHERE notice = ? AND channel = ? AND state = 'PENDING'",
        state,
        delivery.attempts,
        due_at,
        id,
        channel
    )
    .execute(link.next()?)
    .await;
    match link.done(updated)?.rows_affected() {
        0 => Err(StoreError::VersionConflict),
        _ => Ok(()),
    }
}
