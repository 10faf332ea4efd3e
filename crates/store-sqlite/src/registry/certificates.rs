//! Certificates.

use std::ops::Range;

use kleis_store::{StoreError, registry::Certificate};
use kleis_types::{CertificateState, Identifier, RevocationReason, Timestamp, lp};

use crate::{
    link::Link,
    row::{Row, before, integer, split_lp, time},
};

pub(crate) struct CertificateRow {
    serial: String,
    owner: String,
    registrant: String,
    device: String,
    jkt: String,
    x5t: String,
    chain: Vec<u8>,
    not_before: i64,
    not_after: i64,
    status_index: i64,
    endorsement: String,
    recovered: i64,
    state: String,
    reason: Option<String>,
    revoked_at: Option<i64>,
    place: i64,
    version: i64,
}

impl TryFrom<CertificateRow> for Certificate {
    type Error = StoreError;

    fn try_from(stored: CertificateRow) -> Result<Self, StoreError> {
        let row = Row::new("certificates", &stored.serial);
        Ok(Self {
            owner: row.parse("owner", &stored.owner)?,
            registrant: row.parse("registrant", &stored.registrant)?,
            device: row.parse("device", &stored.device)?,
            chain: split_lp(&stored.chain).ok_or_else(|| row.inconsistent("chain"))?,
            status_index: row.unsigned("status_index", stored.status_index)?,
            state: row.parse("state", &stored.state)?,
            reason: row.parse_optional("reason", stored.reason.as_deref())?,
            version: row.unsigned("version", stored.version)?,
            jkt: stored.jkt,
            x5t: stored.x5t,
            not_before: Timestamp::from_unix(stored.not_before),
            not_after: Timestamp::from_unix(stored.not_after),
            endorsement: stored.endorsement,
            recovered: stored.recovered == 1,
            revoked_at: time(stored.revoked_at),
            place: row.unsigned("place", stored.place)?,
            serial: stored.serial,
        })
    }
}

/// The columns of a certificate, and the rest of the statement.
macro_rules! select_certificates {
    ($rest:literal, $($value:expr),+) => {
        sqlx::query_as!(
            CertificateRow,
            "SELECT serial, owner, registrant, device, jkt, x5t, chain, not_before, not_after, \
             status_index, endorsement, recovered, state, reason, revoked_at, place, \
             version FROM certificates "
                + $rest,
            $($value),+
        )
    };
}

pub(crate) async fn by_serial(
    link: &mut Link,
    serial: &str,
) -> Result<Option<Certificate>, StoreError> {
    let found = select_certificates!("WHERE serial = ?", serial)
        .fetch_optional(link.next()?)
        .await;
    link.record(found)
}

pub(crate) async fn by_x5t(link: &mut Link, x5t: &str) -> Result<Option<Certificate>, StoreError> {
    let found = select_certificates!("WHERE x5t = ?", x5t)
        .fetch_optional(link.next()?)
        .await;
    link.record(found)
}

pub(crate) async fn of_owner(
    link: &mut Link,
    owner: &Identifier,
) -> Result<Vec<Certificate>, StoreError> {
    let owner = owner.to_string();
    let found = select_certificates!("WHERE owner = ? ORDER BY id DESC", owner)
        .fetch_all(link.next()?)
        .await;
    link.records(found)
}

pub(crate) async fn of_registrant(
    link: &mut Link,
    registrant: &Identifier,
) -> Result<Vec<Certificate>, StoreError> {
    let registrant = registrant.to_string();
    let found = select_certificates!("WHERE registrant = ? ORDER BY id DESC", registrant)
        .fetch_all(link.next()?)
        .await;
    link.records(found)
}

pub(crate) async fn ended(
    link: &mut Link,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Certificate>, StoreError> {
    let now = now.unix();
    let found = select_certificates!(
        "WHERE state = 'ACTIVE' AND not_after <= ? ORDER BY not_after, id LIMIT ?",
        now,
        limit
    )
    .fetch_all(link.next()?)
    .await;
    link.records(found)
}

/// Read by the partial index alone, which holds nothing else.
pub(crate) async fn withdrawn(
    link: &mut Link,
    entries: Range<u32>,
    since: Timestamp,
) -> Result<Vec<Certificate>, StoreError> {
    let since = since.unix();
    let found = select_certificates!(
        "INDEXED BY certificates_withdrawn WHERE status_index >= ? AND status_index < ? \
         AND state IN ('REVOKED', 'SUPERSEDED') AND not_after >= ? ORDER BY status_index",
        entries.start,
        entries.end,
        since
    )
    .fetch_all(link.next()?)
    .await;
    link.records(found)
}

/// Those of people and organisations that end in this time, and of whose end there is no notice.
pub(crate) async fn ending(
    link: &mut Link,
    now: Timestamp,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<Certificate>, StoreError> {
    let (now, until) = (now.unix(), until.unix());
    let found = select_certificates!(
        "WHERE state = 'ACTIVE' AND not_after > ? AND not_after <= ? AND owner NOT LIKE 'SERVICE:%' \
         AND NOT EXISTS (SELECT 1 FROM notices WHERE kind = 'ENDING' \
         AND subject = 'certificate:' || serial AND ends_at = not_after) ORDER BY not_after, id LIMIT ?",
        now,
        until,
        limit
    )
    .fetch_all(link.next()?)
    .await;
    link.records(found)
}

pub(crate) async fn suspended(
    link: &mut Link,
    entries: Range<u32>,
    since: Timestamp,
) -> Result<Vec<Certificate>, StoreError> {
    let since = since.unix();
    let found = select_certificates!(
        "WHERE status_index IN (SELECT idx FROM status_entries INDEXED BY status_entries_suspended \
         WHERE status = 2 AND idx >= ? AND idx < ?) \
         AND state = 'ACTIVE' AND not_after >= ? ORDER BY status_index",
        entries.start,
        entries.end,
        since
    )
    .fetch_all(link.next()?)
    .await;
    link.records(found)
}

/// How many of people and organisations end in this time.
pub(crate) async fn count_ending(
    link: &mut Link,
    now: Timestamp,
    until: Timestamp,
) -> Result<u64, StoreError> {
    let (now, until) = (now.unix(), until.unix());
    let counted = sqlx::query_scalar!(
        "SELECT count(*) FROM certificates WHERE state = 'ACTIVE' AND not_after > ? AND not_after <= ? \
         AND owner NOT LIKE 'SERVICE:%'",
        now,
        until
    )
    .fetch_one(link.next()?)
    .await;
    // A count is not negative.
    link.done(counted).map(i64::unsigned_abs)
}

pub(crate) async fn after(
    link: &mut Link,
    after: &str,
    limit: u32,
) -> Result<Vec<CertificateRow>, StoreError> {
    let found = select_certificates!("WHERE serial > ? ORDER BY serial LIMIT ?", after, limit)
        .fetch_all(link.next()?)
        .await;
    link.done(found)
}

pub(crate) async fn put(link: &mut Link, certificate: &Certificate) -> Result<(), StoreError> {
    if certificate.version == 1 && by_serial(link, &certificate.serial).await?.is_some() {
        return Err(StoreError::AlreadyExists(
            "a certificate with this serial number",
        ));
    }
    let (owner, registrant) = (
        certificate.owner.to_string(),
        certificate.registrant.to_string(),
    );
    let device = certificate.device.as_str();
    let ders: Vec<&[u8]> = certificate.chain.iter().map(Vec::as_slice).collect();
    let chain = lp::encode(&ders);
    let (not_before, not_after) = (certificate.not_before.unix(), certificate.not_after.unix());
    let recovered = i64::from(certificate.recovered);
    let state = CertificateState::as_str(certificate.state);
    let reason = certificate.reason.map(RevocationReason::as_str);
    let revoked_at = certificate.revoked_at.map(Timestamp::unix);
    let (version, expected) = (integer(certificate.version), before(certificate.version));
    // An insert where it is the first version, or else an update of the version before.
    let put = if certificate.version == 1 {
        sqlx::query!(
            "INSERT INTO certificates (serial, owner, registrant, device, jkt, x5t, chain, \
             not_before, not_after, status_index, endorsement, recovered, state, reason, \
             revoked_at, place, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            certificate.serial,
            owner,
            registrant,
            device,
            certificate.jkt,
            certificate.x5t,
            chain,
            not_before,
            not_after,
            certificate.status_index,
            certificate.endorsement,
            recovered,
            state,
            reason,
            revoked_at,
            certificate.place,
            version
        )
        .execute(link.next()?)
        .await
    } else {
        sqlx::query!(
            "UPDATE certificates SET owner = ?, registrant = ?, device = ?, jkt = ?, x5t = ?, \
             chain = ?, not_before = ?, not_after = ?, status_index = ?, endorsement = ?, \
             recovered = ?, state = ?, reason = ?, revoked_at = ?, place = ?, \
             version = ? \
             WHERE serial = ? AND version = ?",
            owner,
            registrant,
            device,
            certificate.jkt,
            certificate.x5t,
            chain,
            not_before,
            not_after,
            certificate.status_index,
            certificate.endorsement,
            recovered,
            state,
            reason,
            revoked_at,
            certificate.place,
            version,
            certificate.serial,
            expected
        )
        .execute(link.next()?)
        .await
    };
    match link
        .done_unless("an active certificate of this owner and device", put)?
        .rows_affected()
    {
        0 => Err(StoreError::VersionConflict),
        _ => Ok(()),
    }
}
