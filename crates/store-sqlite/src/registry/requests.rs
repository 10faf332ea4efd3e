//! Requests for certificates that wait for approval, and approvals.

use kleis_store::{
    StoreError,
    registry::{Approval, CertificateRequest, PlacedRequest, RequestFilter},
};
use kleis_types::{Identifier, Timestamp};

use crate::{
    link::Link,
    row::{Row, before, integer, time},
};

pub(crate) struct RequestRow {
    seq: i64,
    id: String,
    identifier: String,
    device: String,
    csr: Vec<u8>,
    jkt: String,
    contract: String,
    submitted_at: i64,
    expires_at: i64,
    state: String,
    decided_at: Option<i64>,
    reason: String,
    serial: String,
    version: i64,
}

impl TryFrom<RequestRow> for CertificateRequest {
    type Error = StoreError;

    fn try_from(stored: RequestRow) -> Result<Self, StoreError> {
        let row = Row::new("certificate_requests", &stored.id);
        Ok(Self {
            identifier: row.parse("identifier", &stored.identifier)?,
            device: row.parse("device", &stored.device)?,
            state: row.parse("state", &stored.state)?,
            version: row.unsigned("version", stored.version)?,
            csr: stored.csr,
            jkt: stored.jkt,
            contract: stored.contract,
            submitted_at: Timestamp::from_unix(stored.submitted_at),
            expires_at: Timestamp::from_unix(stored.expires_at),
            decided_at: time(stored.decided_at),
            reason: stored.reason,
            serial: stored.serial,
            id: stored.id,
        })
    }
}

impl TryFrom<RequestRow> for PlacedRequest {
    type Error = StoreError;

    fn try_from(stored: RequestRow) -> Result<Self, StoreError> {
        let place = Row::new("certificate_requests", &stored.id).unsigned("seq", stored.seq)?;
        Ok((place, stored.try_into()?))
    }
}

/// The columns of a request, and the rest of the statement.
macro_rules! select_requests {
    ($rest:literal, $($value:expr),+) => {
        sqlx::query_as!(
            RequestRow,
            "SELECT seq, id, identifier, device, csr, jkt, contract, submitted_at, expires_at, \
             state, decided_at, reason, serial, version FROM certificate_requests "
                + $rest,
            $($value),+
        )
    };
}

pub(crate) async fn by_id(
    link: &mut Link,
    id: &str,
) -> Result<Option<CertificateRequest>, StoreError> {
    let found = select_requests!("WHERE id = ?", id)
        .fetch_optional(link.next()?)
        .await;
    link.record(found)
}

/// The newest first: those before the place `before`. A statement for each filter, so that each
/// goes along its index.
pub(crate) async fn list(
    link: &mut Link,
    filter: &RequestFilter,
    before: u64,
    limit: u32,
) -> Result<Vec<PlacedRequest>, StoreError> {
    let before = match before {
        0 => i64::MAX,
        place => integer(place),
    };
    let identifier = filter.identifier.as_ref().map(Identifier::to_string);
    let state = filter.state.map(kleis_types::RequestState::as_str);
    let found = match (identifier, state) {
        (None, None) => {
            select_requests!("WHERE seq < ? ORDER BY seq DESC LIMIT ?", before, limit)
                .fetch_all(link.next()?)
                .await
        }
        (None, Some(state)) => {
            select_requests!(
                "WHERE state = ? AND seq < ? ORDER BY seq DESC LIMIT ?",
                state,
                before,
                limit
            )
            .fetch_all(link.next()?)
            .await
        }
        (Some(identifier), state) => {
            let state = state.unwrap_or_default();
            select_requests!(
                "WHERE identifier = ? AND seq < ? AND (? = '' OR state = ?) \
                 ORDER BY seq DESC LIMIT ?",
                identifier,
                before,
                state,
                state,
                limit
            )
            .fetch_all(link.next()?)
            .await
        }
    };
    link.records(found)
}

/// How many wait: at all, and of this identity.
pub(crate) async fn pending(
    link: &mut Link,
    identifier: &Identifier,
) -> Result<(u64, u64), StoreError> {
    let identifier = identifier.to_string();
    let counted = sqlx::query!(
        "SELECT (SELECT count(*) FROM certificate_requests WHERE state = 'PENDING_APPROVAL') \
         AS \"all_of_them!: i64\", (SELECT count(*) FROM certificate_requests \
         WHERE identifier = ? AND state = 'PENDING_APPROVAL') AS \"of_this!: i64\"",
        identifier
    )
    .fetch_one(link.next()?)
    .await;
    let counted = link.done(counted)?;
    let row = Row::new("certificate_requests", &"count");
    Ok((
        row.unsigned("seq", counted.all_of_them)?,
        row.unsigned("seq", counted.of_this)?,
    ))
}

pub(crate) async fn overdue(
    link: &mut Link,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<CertificateRequest>, StoreError> {
    let now = now.unix();
    let found = select_requests!(
        "WHERE state = 'PENDING_APPROVAL' AND expires_at <= ? ORDER BY expires_at LIMIT ?",
        now,
        limit
    )
    .fetch_all(link.next()?)
    .await;
    link.records(found)
}

/// Those whose id comes after `after`.
pub(crate) async fn after(
    link: &mut Link,
    after: &str,
    limit: u32,
) -> Result<Vec<RequestRow>, StoreError> {
    let found = select_requests!("WHERE id > ? ORDER BY id LIMIT ?", after, limit)
        .fetch_all(link.next()?)
        .await;
    link.done(found)
}

pub(crate) async fn put(link: &mut Link, request: &CertificateRequest) -> Result<(), StoreError> {
    const TAKEN: &str = "a certificate request with this id, or one of this key that waits,";
    let (identifier, device) = (request.identifier.to_string(), request.device.as_str());
    let (submitted_at, expires_at) = (request.submitted_at.unix(), request.expires_at.unix());
    let (state, decided_at) = (
        request.state.as_str(),
        request.decided_at.map(Timestamp::unix),
    );
    let (version, expected) = (integer(request.version), before(request.version));
    let put = if request.version == 1 {
        sqlx::query!(
            "INSERT INTO certificate_requests (id, identifier, device, csr, jkt, contract, \
             submitted_at, expires_at, state, decided_at, reason, serial, version) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            request.id,
            identifier,
            device,
            request.csr,
            request.jkt,
            request.contract,
            submitted_at,
            expires_at,
            state,
            decided_at,
            request.reason,
            request.serial,
            version
        )
        .execute(link.next()?)
        .await
    } else {
        sqlx::query!(
            "UPDATE certificate_requests SET state = ?, decided_at = ?, reason = ?, serial = ?, \
             version = ? WHERE id = ? AND version = ?",
            state,
            decided_at,
            request.reason,
            request.serial,
            version,
            request.id,
            expected
        )
        .execute(link.next()?)
        .await
    };
    match link.done_unless(TAKEN, put)?.rows_affected() {
        0 => Err(StoreError::VersionConflict),
        _ => Ok(()),
    }
}

pub(crate) async fn approvals(
    link: &mut Link,
    resource: &str,
) -> Result<Vec<Approval>, StoreError> {
    let found = sqlx::query!(
        "SELECT person, jti, at FROM approvals WHERE resource = ? ORDER BY person",
        resource
    )
    .fetch_all(link.next()?)
    .await;
    let approvals = link.done(found)?.into_iter().map(|stored| {
        Ok(Approval {
            resource: resource.to_owned(),
            person: Row::new("approvals", &stored.jti).parse("person", &stored.person)?,
            at: Timestamp::from_unix(stored.at),
            jti: stored.jti,
        })
    });
    approvals.collect()
}

pub(crate) async fn put_approval(link: &mut Link, approval: &Approval) -> Result<(), StoreError> {
    let (person, at) = (approval.person.to_string(), approval.at.unix());
    let put = sqlx::query!(
        "INSERT INTO approvals (resource, person, jti, at) VALUES (?, ?, ?, ?) \
         ON CONFLICT (resource, person) DO UPDATE SET jti = excluded.jti, at = excluded.at",
        approval.resource,
        person,
        approval.jti,
        at
    )
    .execute(link.next()?)
    .await;
    link.done(put).map(drop)
}

pub(crate) async fn remove_approvals(link: &mut Link, resource: &str) -> Result<(), StoreError> {
    let removed = sqlx::query!("DELETE FROM approvals WHERE resource = ?", resource)
        .execute(link.next()?)
        .await;
    link.done(removed).map(drop)
}
