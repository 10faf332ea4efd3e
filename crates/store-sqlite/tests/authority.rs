//! What the database itself guards of the CA's records, and what revocation lists cost it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::PathBuf;

use kleis_store_sqlite::RegistrySqlite;
use sqlx::{Connection, Row as _, SqliteConnection};
use tempfile::TempDir;

async fn registry() -> (TempDir, SqliteConnection) {
    let directory = tempfile::tempdir().unwrap();
    let path: PathBuf = directory.path().join("kleis.db");
    RegistrySqlite::migrate(&path).await.unwrap();
    let url = format!("sqlite://{}", path.display());
    (directory, SqliteConnection::connect(&url).await.unwrap())
}

async fn refused(database: &mut SqliteConnection, statement: &'static str) -> String {
    let error = sqlx::query(statement).execute(database).await.unwrap_err();
    error.to_string()
}

#[tokio::test]
async fn a_number_that_was_given_up_stays_revoked() {
    let (_directory, mut database) = registry().await;
    for statement in [
        "INSERT INTO status_entries (idx, status) VALUES (0, 3), (1, 3)",
        "INSERT INTO serial_reservations VALUES ('aa', 0, 'ca', 1, NULL), ('bb', 1, 'ca', 1, 2)",
        "UPDATE serial_reservations SET abandoned_at = 3 WHERE serial = 'aa'",
    ] {
        sqlx::query(statement).execute(&mut database).await.unwrap();
    }
    for statement in [
        "UPDATE serial_reservations SET abandoned_at = NULL WHERE serial = 'aa'",
        "UPDATE serial_reservations SET serial = 'cc' WHERE serial = 'bb'",
        "DELETE FROM serial_reservations WHERE serial = 'bb'",
    ] {
        let error = refused(&mut database, statement).await;
        assert!(error.contains("stays revoked"), "{statement}: {error}");
    }
}

#[tokio::test]
async fn the_numbers_of_lists_rise() {
    let (_directory, mut database) = registry().await;
    let rise = "UPDATE crl_numbers SET next = 9";
    sqlx::query(rise).execute(&mut database).await.unwrap();
    for statement in [
        "UPDATE crl_numbers SET next = 9",
        "UPDATE crl_numbers SET next = 8",
        "DELETE FROM crl_numbers",
    ] {
        let error = refused(&mut database, statement).await;
        assert!(error.contains("never fall"), "{statement}: {error}");
    }
}

/// The statements of the store, as far as the planner decides by them.
#[tokio::test]
async fn a_shard_is_read_by_the_indexes_of_what_does_not_hold() {
    let (_directory, mut database) = registry().await;
    let plans = [
        (
            "EXPLAIN QUERY PLAN SELECT serial FROM certificates INDEXED BY certificates_withdrawn \
             WHERE status_index >= 0 AND status_index < 4096 \
             AND state IN ('REVOKED', 'SUPERSEDED') AND not_after >= 0 ORDER BY status_index",
            &["SEARCH certificates USING INDEX certificates_withdrawn"][..],
        ),
        (
            "EXPLAIN QUERY PLAN SELECT serial FROM certificates WHERE status_index IN \
             (SELECT idx FROM status_entries INDEXED BY status_entries_suspended \
             WHERE status = 2 AND idx >= 0 AND idx < 4096) \
             AND state = 'ACTIVE' AND not_after >= 0 ORDER BY status_index",
            &[
                "SEARCH certificates USING INDEX",
                "status_entries_suspended",
            ],
        ),
        (
            "EXPLAIN QUERY PLAN SELECT serial FROM serial_reservations \
             WHERE status_index >= 0 AND status_index < 4096 AND abandoned_at IS NOT NULL",
            &["SEARCH serial_reservations USING INDEX"],
        ),
    ];
    for (statement, wanted) in plans {
        let rows = sqlx::query(statement).fetch_all(&mut database).await;
        let steps: Vec<String> = rows.unwrap().iter().map(|row| row.get("detail")).collect();
        for wanted in wanted {
            assert!(
                steps.iter().any(|step| step.contains(wanted)),
                "{wanted}: {steps:#?}"
            );
        }
        let scans = |step: &&String| step.starts_with("SCAN certificates");
        assert_eq!(steps.iter().find(scans), None);
    }
}
