//! The token service's records.

use kleis_store::{
    StoreError,
    sts::{Forgotten, RevokedToken, SigningKey, StsRead, StsTx},
};
use kleis_types::{SigningKeyState, Timestamp};

use crate::{
    link::Link,
    row::{Row, before, integer, time},
    schema::{AuditedState, Sts},
    session::{Session, Tx},
    states::{add_states, key_after},
};

struct SigningKeyRow {
    kid: String,
    jwk: String,
    wrapped: Vec<u8>,
    kek: String,
    state: String,
    created_at: i64,
    activated_at: Option<i64>,
    retired_at: Option<i64>,
    version: i64,
}

impl TryFrom<SigningKeyRow> for SigningKey {
    type Error = StoreError;

    fn try_from(stored: SigningKeyRow) -> Result<Self, StoreError> {
        let row = Row::new("signing_keys", &stored.kid);
        let state = row.parse("state", &stored.state)?;
        let version = row.unsigned("version", stored.version)?;
        Ok(Self {
            kid: stored.kid,
            jwk: stored.jwk,
            wrapped: stored.wrapped,
            kek: stored.kek,
            state,
            created_at: Timestamp::from_unix(stored.created_at),
            activated_at: time(stored.activated_at),
            retired_at: time(stored.retired_at),
            version,
        })
    }
}

/// The columns of a signing key, and the rest of the statement.
macro_rules! select_signing_keys {
    ($rest:literal $(, $value:expr)*) => {
        sqlx::query_as!(
            SigningKeyRow,
            "SELECT kid, jwk, wrapped, kek, state, created_at, activated_at, retired_at, version \
             FROM signing_keys "
                + $rest
            $(, $value)*
        )
    };
}

impl<M: Send> StsRead for Session<Sts, M> {
    async fn signing_keys(&mut self) -> Result<Vec<SigningKey>, StoreError> {
        let found = select_signing_keys!("ORDER BY created_at, kid")
            .fetch_all(self.link.next()?)
            .await;
        self.link.records(found)
    }

    async fn current_signing_key(&mut self) -> Result<Option<String>, StoreError> {
        let found = sqlx::query_scalar!("SELECT kid FROM signing_keys WHERE state = 'CURRENT'")
            .fetch_optional(self.link.next()?)
            .await;
        self.link.done(found)
    }

    async fn revoked_tokens(&mut self, now: Timestamp) -> Result<Vec<RevokedToken>, StoreError> {
        let now = now.unix();
        let found = sqlx::query!(
            "SELECT jti, revoked_at, until FROM revoked_tokens WHERE until > ? ORDER BY jti",
            now
        )
        .fetch_all(self.link.next()?)
        .await;
        let tokens = self.link.done(found)?.into_iter();
        Ok(tokens
            .map(|token| RevokedToken {
                jti: token.jti,
                revoked_at: Timestamp::from_unix(token.revoked_at),
                until: Timestamp::from_unix(token.until),
            })
            .collect())
    }
}

impl StsTx for Tx<Sts> {
    async fn put_signing_key(&mut self, key: &SigningKey) -> Result<(), StoreError> {
        if key.version == 1 {
            insert(&mut self.link, key).await?;
        } else {
            update(&mut self.link, key).await?;
        }
        self.mode.duty.changed(key);
        Ok(())
    }

    async fn use_once(&mut self, digest: &[u8; 32], until: Timestamp) -> Result<bool, StoreError> {
        let (digest, until) = (&digest[..], until.unix());
        let inserted = sqlx::query!(
            "INSERT INTO used (digest, until) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING",
            digest,
            until
        )
        .execute(self.link.next()?)
        .await;
        let is_first = self.link.done(inserted)?.rows_affected() == 1;
        if is_first {
            self.mode.duty.wrote();
        }
        Ok(is_first)
    }

    async fn revoke_token(&mut self, token: &RevokedToken) -> Result<bool, StoreError> {
        let (revoked_at, until) = (token.revoked_at.unix(), token.until.unix());
        let inserted = sqlx::query!(
            "INSERT INTO revoked_tokens (jti, revoked_at, until) VALUES (?, ?, ?) \
             ON CONFLICT (jti) DO NOTHING",
            token.jti,
            revoked_at,
            until
        )
        .execute(self.link.next()?)
        .await;
        let is_first = self.link.done(inserted)?.rows_affected() == 1;
        if is_first {
            self.mode.duty.wrote();
        }
        Ok(is_first)
    }

    async fn forget(&mut self, now: Timestamp) -> Result<Forgotten, StoreError> {
        let now = now.unix();
        let removed = sqlx::query!("DELETE FROM used WHERE until <= ?", now)
            .execute(self.link.next()?)
            .await;
        let used = self.link.done(removed)?.rows_affected();
        let removed = sqlx::query!("DELETE FROM revoked_tokens WHERE until <= ?", now)
            .execute(self.link.next()?)
            .await;
        let revoked = self.link.done(removed)?.rows_affected();
        let forgotten = Forgotten { used, revoked };
        if !forgotten.is_nothing() {
            self.mode.duty.wrote();
        }
        Ok(forgotten)
    }
}

const TAKEN: &str = "a signing key with this kid, or in this turn,";

async fn insert(link: &mut Link, key: &SigningKey) -> Result<(), StoreError> {
    let (state, created_at) = (SigningKeyState::as_str(key.state), key.created_at.unix());
    let activated_at = key.activated_at.map(Timestamp::unix);
    let retired_at = key.retired_at.map(Timestamp::unix);
    let version = integer(key.version);
    let inserted = sqlx::query!(
        "INSERT INTO signing_keys (kid, jwk, wrapped, kek, state, created_at, activated_at, \
         retired_at, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        key.kid,
        key.jwk,
        key.wrapped,
        key.kek,
        state,
        created_at,
        activated_at,
        retired_at,
        version
    )
    .execute(link.next()?)
    .await;
    link.done_unless(TAKEN, inserted).map(drop)
}

async fn update(link: &mut Link, key: &SigningKey) -> Result<(), StoreError> {
    let (state, created_at) = (SigningKeyState::as_str(key.state), key.created_at.unix());
    let activated_at = key.activated_at.map(Timestamp::unix);
    let retired_at = key.retired_at.map(Timestamp::unix);
    let (version, expected) = (integer(key.version), before(key.version));
    let updated = sqlx::query!(
        "UPDATE signing_keys SET jwk = ?, wrapped = ?, kek = ?, state = ?, created_at = ?, \
         activated_at = ?, retired_at = ?, version = ? WHERE kid = ? AND version = ?",
        key.jwk,
        key.wrapped,
        key.kek,
        state,
        created_at,
        activated_at,
        retired_at,
        version,
        key.kid,
        expected
    )
    .execute(link.next()?)
    .await;
    if link.done_unless(TAKEN, updated)?.rows_affected() == 0 {
        return Err(StoreError::VersionConflict);
    }
    Ok(())
}

/// The states of signing keys, in the order of their names.
pub(crate) async fn audited_states(
    link: &mut Link,
    after: &str,
    limit: u32,
) -> Result<Vec<AuditedState>, StoreError> {
    let mut states = Vec::new();
    let mut left = limit;
    if let Some(after) = key_after("sts-key:", after) {
        let found = select_signing_keys!("WHERE kid > ? ORDER BY kid LIMIT ?", after, left)
            .fetch_all(link.next()?)
            .await;
        add_states::<SigningKey, _>(&mut states, &mut left, link.done(found)?)?;
    }
    Ok(states)
}
