//! Many recipients at once, for tests and benchmarks of size: past the store, without orders, audit or anything that
//! verifies. What is measured on them is what tables and indices cost, and nothing else.
// Unwrap safety: this module is for tests alone, where a panic is a failed test.
#![expect(
    clippy::unwrap_used,
    reason = "for tests alone: a panic here is a failed test"
)]

use std::path::Path;

use kleis_types::Identifier;
use sqlx::{
    Connection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

/// Encryption keys of each recipient.
pub const KEYS: u32 = 3;

/// The recipient of this number, from 1.
pub fn recipient(number: u32) -> Identifier {
    format!("CBE:{number:010}").parse().unwrap()
}

/// The `kid` of one of the recipient's keys, from 0.
pub fn kid(number: u32, key: u32) -> String {
    let position = u64::from(number - 1) * u64::from(KEYS) + u64::from(key);
    format!("{position:043}")
}

/// Fills a registry that has just been made: so many recipients, each an active registrant with one certificate, three active
/// keys, and a set of two thousand bytes, which is what its keys and one chain take up.
pub async fn load(path: &Path, recipients: u32) {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off)
        .foreign_keys(false)
        .pragma("cache_size", "-200000");
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let mut all = connection.begin().await.unwrap();
    for statement in STATEMENTS {
        sqlx::query(*statement)
            .bind(recipients)
            .execute(&mut *all)
            .await
            .unwrap();
    }
    all.commit().await.unwrap();
    connection.close().await.unwrap();
}

/// In the order of the keys of their tables, so that every index grows at its end.
const STATEMENTS: &[&str] = &[
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) \
     INSERT INTO registrants (id, resource, name, active, version) \
     SELECT printf('CBE:%010d', i), printf('registrant:%022d', i), printf('Organisation %d', i), 1, 1 \
     FROM n",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) \
     INSERT INTO registrant_identifiers (identifier, registrant, position) \
     SELECT printf('CBE:%010d', i), printf('CBE:%010d', i), 0 FROM n",
    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 * 4 - 1) \
     INSERT INTO status_entries (idx, status) SELECT i, 0 FROM n",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) \
     INSERT INTO certificates (serial, owner, registrant, device, jkt, x5t, chain, not_before, \
     not_after, status_index, endorsement, recovered, state, version) \
     SELECT printf('%016x', i), printf('CBE:%010d', i), printf('CBE:%010d', i), 'main', \
     printf('c%042d', i), printf('x%042d', i), zeroblob(700), 0, 4000000000, (i - 1) * 4, '', 0, \
     'ACTIVE', 1 FROM n",
    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 * 3 - 1) \
     INSERT INTO encryption_keys (kid, owner, device, jwk, sequence, status_index, certificate, \
     created_at, activated_at, expires_at, state, version) \
     SELECT printf('%043d', i), printf('CBE:%010d', i / 3 + 1), 'main', \
     printf('{\"use\":\"enc\",\"kleis_binding\":\"%0400d\"}', i), i % 3, i / 3 * 4 + i % 3 + 1, \
     printf('%016x', i / 3 + 1), 1, 1, 4000000000, 'ACTIVE', 1 FROM n",
    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 * 3 - 1) \
     INSERT INTO public_keys (jkt, owner, key_use) \
     SELECT printf('%043d', i), printf('CBE:%010d', i / 3 + 1), 'enc' FROM n",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) \
     INSERT INTO jwk_sets (recipient, type_name, value, body, etag, has_keys) \
     SELECT printf('CBE:%010d', i), 'CBE', printf('%010d', i), \
     CAST(printf('{\"keys\":[{\"use\":\"sig\",\"x5c\":[\"%0900d\"]},{\"use\":\"enc\",\"b\":\"%0300d\"},\
     {\"use\":\"enc\",\"b\":\"%0300d\"},{\"use\":\"enc\",\"b\":\"%0300d\"}]}', i, i, i, i) AS BLOB), \
     printf('\"%d\"', i), 1 FROM n",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) \
     INSERT INTO change_events (recipient, at) SELECT printf('CBE:%010d', i), 1 FROM n",
];
