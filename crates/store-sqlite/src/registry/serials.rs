//! Serial numbers before they are certificates, and the numbers of revocation lists.

use std::ops::Range;

use kleis_store::{StoreError, registry::SerialReservation};
use kleis_types::Timestamp;

use crate::{
    link::Link,
    row::{Row, time},
};

struct ReservationRow {
    serial: String,
    status_index: i64,
    issuer: String,
    reserved_at: i64,
    abandoned_at: Option<i64>,
}

impl TryFrom<ReservationRow> for SerialReservation {
    type Error = StoreError;

    fn try_from(stored: ReservationRow) -> Result<Self, StoreError> {
        let row = Row::new("serial_reservations", &stored.serial);
        Ok(Self {
            status_index: row.unsigned("status_index", stored.status_index)?,
            issuer: stored.issuer,
            reserved_at: Timestamp::from_unix(stored.reserved_at),
            abandoned_at: time(stored.abandoned_at),
            serial: stored.serial,
        })
    }
}

/// The columns of a reservation, and the rest of the statement.
macro_rules! select_reservations {
    ($rest:literal, $($value:expr),+) => {
        sqlx::query_as!(
            ReservationRow,
            "SELECT serial, status_index, issuer, reserved_at, abandoned_at \
             FROM serial_reservations "
                + $rest,
            $($value),+
        )
    };
}

pub(crate) async fn by_serial(
    link: &mut Link,
    serial: &str,
) -> Result<Option<SerialReservation>, StoreError> {
    let found = select_reservations!("WHERE serial = ?", serial)
        .fetch_optional(link.next()?)
        .await;
    link.record(found)
}

pub(crate) async fn abandoned(
    link: &mut Link,
    entries: Range<u32>,
) -> Result<Vec<SerialReservation>, StoreError> {
    let found = select_reservations!(
        "WHERE status_index >= ? AND status_index < ? AND abandoned_at IS NOT NULL \
         ORDER BY status_index",
        entries.start,
        entries.end
    )
    .fetch_all(link.next()?)
    .await;
    link.records(found)
}

pub(crate) async fn open_before(
    link: &mut Link,
    before: Timestamp,
    after: &str,
    limit: u32,
) -> Result<Vec<SerialReservation>, StoreError> {
    let before = before.unix();
    let found = select_reservations!(
        "WHERE abandoned_at IS NULL AND reserved_at < ? AND serial > ? ORDER BY serial LIMIT ?",
        before,
        after,
        limit
    )
    .fetch_all(link.next()?)
    .await;
    link.records(found)
}

pub(crate) async fn reserve(
    link: &mut Link,
    reservation: &SerialReservation,
) -> Result<(), StoreError> {
    let certificate = super::certificates::by_serial(link, &reservation.serial).await?;
    if certificate.is_some() || by_serial(link, &reservation.serial).await?.is_some() {
        return Err(StoreError::AlreadyExists("this serial number"));
    }
    let reserved_at = reservation.reserved_at.unix();
    let abandoned_at = reservation.abandoned_at.map(Timestamp::unix);
    let inserted = sqlx::query!(
        "INSERT INTO serial_reservations (serial, status_index, issuer, reserved_at, abandoned_at) \
         VALUES (?, ?, ?, ?, ?)",
        reservation.serial,
        reservation.status_index,
        reservation.issuer,
        reserved_at,
        abandoned_at
    )
    .execute(link.next()?)
    .await;
    link.done(inserted).map(drop)
}

pub(crate) async fn abandon(
    link: &mut Link,
    serial: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let at = at.unix();
    let updated = sqlx::query!(
        "UPDATE serial_reservations SET abandoned_at = ? WHERE serial = ? AND abandoned_at IS NULL",
        at,
        serial
    )
    .execute(link.next()?)
    .await;
    match link.done(updated)?.rows_affected() {
        0 => Err(StoreError::VersionConflict),
        _ => Ok(()),
    }
}

pub(crate) async fn settle(link: &mut Link, serial: &str) -> Result<(), StoreError> {
    let deleted = sqlx::query!(
        "DELETE FROM serial_reservations WHERE serial = ? AND abandoned_at IS NULL",
        serial
    )
    .execute(link.next()?)
    .await;
    match link.done(deleted)?.rows_affected() {
        0 => Err(StoreError::VersionConflict),
        _ => Ok(()),
    }
}

pub(crate) async fn take_crl_numbers(link: &mut Link, count: u32) -> Result<u64, StoreError> {
    let taken = sqlx::query_scalar!(
        "UPDATE crl_numbers SET next = next + ? WHERE id = 1 RETURNING next",
        count
    )
    .fetch_one(link.next()?)
    .await;
    let next = link.done(taken)?;
    let row = Row::new("crl_numbers", &1);
    row.unsigned("next", next - i64::from(count))
}
