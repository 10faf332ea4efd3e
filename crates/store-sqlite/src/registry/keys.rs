//! Encryption keys and registrations under way.

use kleis_store::{
    StoreError,
    registry::{EncryptionKey, KeySession},
};
use kleis_types::{Identifier, KeyState, RevocationReason, Timestamp};

use crate::{
    link::Link,
    row::{Row, before, integer, time},
};

pub(crate) struct KeyRow {
    kid: String,
    owner: String,
    device: String,
    jwk: String,
    sequence: i64,
    status_index: i64,
    certificate: String,
    created_at: i64,
    activated_at: Option<i64>,
    superseded_at: Option<i64>,
    revoked_at: Option<i64>,
    expires_at: i64,
    state: String,
    reason: Option<String>,
    version: i64,
}

impl TryFrom<KeyRow> for EncryptionKey {
    type Error = StoreError;

    fn try_from(stored: KeyRow) -> Result<Self, StoreError> {
        let row = Row::new("encryption_keys", &stored.kid);
        Ok(Self {
            owner: row.parse("owner", &stored.owner)?,
            device: row.parse("device", &stored.device)?,
            sequence: row.unsigned("sequence", stored.sequence)?,
            status_index: row.unsigned("status_index", stored.status_index)?,
            state: row.parse("state", &stored.state)?,
            reason: row.parse_optional("reason", stored.reason.as_deref())?,
            version: row.unsigned("version", stored.version)?,
            jwk: stored.jwk,
            certificate: stored.certificate,
            created_at: Timestamp::from_unix(stored.created_at),
            activated_at: time(stored.activated_at),
            superseded_at: time(stored.superseded_at),
            revoked_at: time(stored.revoked_at),
            expires_at: Timestamp::from_unix(stored.expires_at),
            kid: stored.kid,
        })
    }
}

/// The columns of an encryption key, and the rest of the statement.
macro_rules! select_keys {
    ($rest:literal, $($value:expr),+) => {
        sqlx::query_as!(
            KeyRow,
            "SELECT kid, owner, device, jwk, sequence, status_index, certificate, created_at, \
             activated_at, superseded_at, revoked_at, expires_at, state, reason, version \
             FROM encryption_keys "
                + $rest,
            $($value),+
        )
    };
}

pub(crate) async fn by_kid(
    link: &mut Link,
    kid: &str,
) -> Result<Option<EncryptionKey>, StoreError> {
    let found = select_keys!("WHERE kid = ?", kid)
        .fetch_optional(link.next()?)
        .await;
    link.record(found)
}

pub(crate) async fn of_owner(
    link: &mut Link,
    owner: &Identifier,
) -> Result<Vec<EncryptionKey>, StoreError> {
    let owner = owner.to_string();
    let found = select_keys!("WHERE owner = ? ORDER BY id DESC", owner)
        .fetch_all(link.next()?)
        .await;
    link.records(found)
}

pub(crate) async fn ended(
    link: &mut Link,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<EncryptionKey>, StoreError> {
    let now = now.unix();
    let found = select_keys!(
        "WHERE state = 'ACTIVE' AND expires_at <= ? ORDER BY expires_at, id LIMIT ?",
        now,
        limit
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
) -> Result<Vec<EncryptionKey>, StoreError> {
    let (now, until) = (now.unix(), until.unix());
    let found = select_keys!(
        "WHERE state = 'ACTIVE' AND expires_at > ? AND expires_at <= ? AND owner NOT LIKE 'SERVICE:%' \
         AND NOT EXISTS (SELECT 1 FROM notices WHERE kind = 'ENDING' \
         AND subject = 'key:' || kid AND ends_at = expires_at) ORDER BY expires_at, id LIMIT ?",
        now,
        until,
        limit
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
        "SELECT count(*) FROM encryption_keys WHERE state = 'ACTIVE' AND expires_at > ? AND expires_at <= ? \
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
) -> Result<Vec<KeyRow>, StoreError> {
    let found = select_keys!("WHERE kid > ? ORDER BY kid LIMIT ?", after, limit)
        .fetch_all(link.next()?)
        .await;
    link.done(found)
}

pub(crate) async fn put(link: &mut Link, key: &EncryptionKey) -> Result<(), StoreError> {
    let (owner, device) = (key.owner.to_string(), key.device.as_str());
    let (created_at, expires_at) = (key.created_at.unix(), key.expires_at.unix());
    let activated_at = key.activated_at.map(Timestamp::unix);
    let superseded_at = key.superseded_at.map(Timestamp::unix);
    let revoked_at = key.revoked_at.map(Timestamp::unix);
    let state = KeyState::as_str(key.state);
    let reason = key.reason.map(RevocationReason::as_str);
    let (version, expected) = (integer(key.version), before(key.version));
    let put = if key.version == 1 {
        sqlx::query!(
            "INSERT INTO encryption_keys (kid, owner, device, jwk, sequence, status_index, \
             certificate, created_at, activated_at, superseded_at, revoked_at, expires_at, \
             state, reason, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            key.kid,
            owner,
            device,
            key.jwk,
            key.sequence,
            key.status_index,
            key.certificate,
            created_at,
            activated_at,
            superseded_at,
            revoked_at,
            expires_at,
            state,
            reason,
            version
        )
        .execute(link.next()?)
        .await
    } else {
        sqlx::query!(
            "UPDATE encryption_keys SET owner = ?, device = ?, jwk = ?, sequence = ?, \
             status_index = ?, certificate = ?, created_at = ?, activated_at = ?, \
             superseded_at = ?, revoked_at = ?, expires_at = ?, state = ?, reason = ?, version = ? WHERE kid = ? AND version = ?",
            owner,
            device,
            key.jwk,
            key.sequence,
            key.status_index,
            key.certificate,
            created_at,
            activated_at,
            superseded_at,
            revoked_at,
            expires_at,
            state,
            reason,
            version,
            key.kid,
            expected
        )
        .execute(link.next()?)
        .await
    };
    match link
        .done_unless("this encryption key or its entry in the status list", put)?
        .rows_affected()
    {
        0 => Err(StoreError::VersionConflict),
        _ => Ok(()),
    }
}

struct SessionRow {
    id: String,
    owner: String,
    device: String,
    certificate: String,
    kid: String,
    jwk: String,
    nonce_hash: Vec<u8>,
    status_index: i64,
    attempts_left: i64,
    expires_at: i64,
    used: i64,
}

impl TryFrom<SessionRow> for KeySession {
    type Error = StoreError;

    fn try_from(stored: SessionRow) -> Result<Self, StoreError> {
        let row = Row::new("key_sessions", &stored.id);
        Ok(Self {
            owner: row.parse("owner", &stored.owner)?,
            device: row.parse("device", &stored.device)?,
            nonce_hash: row.hash("nonce_hash", &stored.nonce_hash)?,
            status_index: row.unsigned("status_index", stored.status_index)?,
            attempts_left: row.unsigned("attempts_left", stored.attempts_left)?,
            certificate: stored.certificate,
            kid: stored.kid,
            jwk: stored.jwk,
            expires_at: Timestamp::from_unix(stored.expires_at),
            used: stored.used == 1,
            id: stored.id,
        })
    }
}

pub(crate) async fn session(link: &mut Link, id: &str) -> Result<Option<KeySession>, StoreError> {
    let found = sqlx::query_as!(
        SessionRow,
        "SELECT id, owner, device, certificate, kid, jwk, nonce_hash, status_index, \
         attempts_left, expires_at, used FROM key_sessions WHERE id = ?",
        id
    )
    .fetch_optional(link.next()?)
    .await;
    link.record(found)
}

pub(crate) async fn put_session(link: &mut Link, session: &KeySession) -> Result<(), StoreError> {
    let (owner, device) = (session.owner.to_string(), session.device.as_str());
    let nonce_hash = &session.nonce_hash[..];
    let (expires_at, used) = (session.expires_at.unix(), i64::from(session.used));
    let put = sqlx::query!(
        "INSERT INTO key_sessions (id, owner, device, certificate, kid, jwk, nonce_hash, \
         status_index, attempts_left, expires_at, used) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, device = excluded.device, \
         certificate = excluded.certificate, kid = excluded.kid, jwk = excluded.jwk, \
         nonce_hash = excluded.nonce_hash, status_index = excluded.status_index, \
         attempts_left = excluded.attempts_left, expires_at = excluded.expires_at, \
         used = excluded.used",
        session.id,
        owner,
        device,
        session.certificate,
        session.kid,
        session.jwk,
        nonce_hash,
        session.status_index,
        session.attempts_left,
        expires_at,
        used
    )
    .execute(link.next()?)
    .await;
    link.done(put).map(drop)
}
