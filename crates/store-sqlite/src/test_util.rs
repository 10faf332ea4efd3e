//! A way past the store: what somebody with write access to the file can do to it. For tests alone.
// Unwrap safety: this module is for tests alone, where a panic is a failed test.
#![expect(
    clippy::unwrap_used,
    reason = "for tests alone: a panic here is a failed test"
)]

use std::path::Path;

use kleis_store::custody::{Record, WrappingKey};
use kleis_store::registry::{Approval, RoleGrant};
use kleis_store::{Audited as _, StoredOrder};
use kleis_types::Timestamp;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::row::integer;

/// Runs statements on the file, one after another, with nothing in their way: no trigger of the
/// audit, no check, no foreign key.
pub async fn tamper(path: &Path, statements: &[&'static str]) {
    let mut connection = open(path).await;
    for statement in statements {
        sqlx::query(*statement)
            .execute(&mut connection)
            .await
            .unwrap();
    }
    connection.close().await.unwrap();
}

/// Overwrites a custody record, or adds it, as it is given.
pub async fn overwrite_record(path: &Path, record: &Record) {
    let mut connection = open(path).await;
    sqlx::query(
        "REPLACE INTO records (key_id, owner, algorithm, policy, wrapping_key, wrapped, \
         created_at, expires_at, state, reads, destroy_at, version, mac) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&record.key_id)
    .bind(&record.owner)
    .bind(&record.algorithm)
    .bind(&record.policy)
    .bind(&record.wrapping_key)
    .bind(&record.wrapped)
    .bind(record.created_at.unix())
    .bind(record.expires_at.unix())
    .bind(record.state.to_string())
    .bind(integer(record.reads))
    .bind(record.destroy_at.map(Timestamp::unix))
    .bind(integer(record.version))
    .bind(&record.mac[..])
    .execute(&mut connection)
    .await
    .unwrap();
    connection.close().await.unwrap();
}

/// Overwrites a wrapping key, or adds it, as it is given.
pub async fn overwrite_wrapping_key(path: &Path, key: &WrappingKey) {
    let mut connection = open(path).await;
    sqlx::query(
        "REPLACE INTO wrapping_keys (id, period, version, current, kek, wrapped, mac, created_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&key.id)
    .bind(&key.period)
    .bind(key.version)
    .bind(key.current)
    .bind(&key.kek)
    .bind(&key.wrapped)
    .bind(&key.mac[..])
    .bind(key.created_at.unix())
    .execute(&mut connection)
    .await
    .unwrap();
    connection.close().await.unwrap();
}

/// Overwrites a role grant, or adds it, as it is given.
pub async fn overwrite_role_grant(path: &Path, grant: &RoleGrant) {
    let mut connection = open(path).await;
    sqlx::query(
        "REPLACE INTO role_grants (person, role, resource, state, granted_at, granted_by, \
         version, mac) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(grant.person.to_string())
    .bind(grant.role.as_str())
    .bind(grant.resource())
    .bind(grant.state.as_str())
    .bind(grant.granted_at.unix())
    .bind(&grant.granted_by)
    .bind(integer(grant.version))
    .bind(&grant.mac[..])
    .execute(&mut connection)
    .await
    .unwrap();
    connection.close().await.unwrap();
}

/// Overwrites what points to an approval, or adds it, as it is given.
pub async fn overwrite_approval(path: &Path, approval: &Approval) {
    let mut connection = open(path).await;
    sqlx::query("REPLACE INTO approvals (resource, person, jti, at) VALUES (?, ?, ?, ?)")
        .bind(&approval.resource)
        .bind(approval.person.to_string())
        .bind(&approval.jti)
        .bind(approval.at.unix())
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

/// Puts another PKCS#10 request into a certificate request.
pub async fn overwrite_csr(path: &Path, request: &str, csr: &[u8]) {
    let mut connection = open(path).await;
    sqlx::query("UPDATE certificate_requests SET csr = ? WHERE id = ?")
        .bind(csr)
        .bind(request)
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

/// Overwrites a kept order, or adds it, as it is given.
pub async fn overwrite_order(path: &Path, order: &StoredOrder) {
    let mut connection = open(path).await;
    sqlx::query(
        "REPLACE INTO orders (jti, digest, method, signer, compact, result, reply, \
         received_at, expires_at, mac) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&order.jti)
    .bind(&order.digest[..])
    .bind(&order.method)
    .bind(&order.signer)
    .bind(&order.compact)
    .bind(&order.result)
    .bind(&order.reply)
    .bind(order.received_at.unix())
    .bind(order.expires_at.unix())
    .bind(&order.mac[..])
    .execute(&mut connection)
    .await
    .unwrap();
    connection.close().await.unwrap();
}

async fn open(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .foreign_keys(false)
        .pragma("ignore_check_constraints", "ON");
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    for guard in [
        "DROP TRIGGER IF EXISTS audit_is_not_changed",
        "DROP TRIGGER IF EXISTS audit_is_not_removed",
        "DROP TRIGGER IF EXISTS checkpoints_are_not_changed",
        "DROP TRIGGER IF EXISTS checkpoints_are_not_removed",
        "DROP TRIGGER IF EXISTS audit_segments_are_not_changed",
        "DROP TRIGGER IF EXISTS audit_segments_are_not_removed",
        "DROP TRIGGER IF EXISTS orders_are_not_changed",
        "DROP TRIGGER IF EXISTS orders_are_not_removed",
    ] {
        sqlx::query(guard).execute(&mut connection).await.unwrap();
    }
    connection
}
