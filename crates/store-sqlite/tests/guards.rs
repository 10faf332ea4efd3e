//! What the database itself refuses, and what the store says of rows that no store has written.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{fs, path::PathBuf, sync::Arc};

use kleis_store::{
    Act, Actor, AuditEvent, EvidenceTx, ProofTx, Store, StoreError, StoredCheckpoint, StoredOrder,
    StoredSegment,
    custody::{CustodyRead, CustodyTx, Record, WrappingKey},
    registry::{KeyUse, PublicKeyClaim, RegistryRead, RegistryTx},
    suite::perform,
};
use kleis_store_sqlite::{Custody, CustodySqlite, RegistrySqlite, Tx};
use kleis_types::{Identifier, RecordState, SeededRandom, Timestamp};
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("kleis.db");
    (directory, path)
}

async fn registry() -> (TempDir, PathBuf, RegistrySqlite) {
    let (directory, path) = place();
    RegistrySqlite::migrate(&path).await.unwrap();
    let random = Arc::new(SeededRandom::new(1));
    let store = RegistrySqlite::open(&path, "test", random).await.unwrap();
    (directory, path, store)
}

async fn connect(path: &std::path::Path) -> SqliteConnection {
    SqliteConnection::connect(&format!("sqlite://{}", path.display()))
        .await
        .unwrap()
}

fn event() -> AuditEvent {
    AuditEvent::new(Timestamp::from_unix(0), "test.guard", Actor::Local)
}

#[tokio::test]
async fn evidence_is_neither_changed_nor_removed() {
    let (_directory, path, store) = registry().await;
    perform(&store, |tx| {
        Box::pin(async move {
            tx.allocate_status().await?;
            tx.claim_public_key(&PublicKeyClaim {
                jkt: "jkt".to_owned(),
                owner: "CBE:0809394427".parse().unwrap(),
                key_use: KeyUse::Enc,
            })
            .await?;
            tx.record_order(&StoredOrder {
                jti: "jti".to_owned(),
                digest: [1; 32],
                method: String::new(),
                signer: String::new(),
                compact: String::new(),
                result: String::new(),
                reply: String::new(),
                received_at: Timestamp::from_unix(0),
                expires_at: Timestamp::from_unix(0),
                mac: [2; 32],
            })
            .await?;
            tx.append_audit(&event()).await
        })
    })
    .await
    .unwrap();
    let mut connection = connect(&path).await;
    for statement in [
        "UPDATE audit SET details = 'x'",
        "DELETE FROM audit",
        "UPDATE orders SET result = 'x'",
        "UPDATE orders SET reply = 'x'",
        "DELETE FROM orders",
        "UPDATE public_keys SET key_use = 'sig'",
        "DELETE FROM public_keys",
        "DELETE FROM status_entries",
    ] {
        let refused = sqlx::query(statement).execute(&mut connection).await;
        assert!(refused.is_err(), "{statement}");
    }
}

#[tokio::test]
async fn rows_of_the_audit_go_where_a_segment_covers_them_and_nowhere_else() {
    let (_directory, path, store) = registry().await;
    perform(&store, |tx| {
        Box::pin(async move {
            for _ in 0..4 {
                tx.append_audit(&event()).await?;
            }
            tx.append_checkpoint(&StoredCheckpoint {
                seq: 1,
                full: true,
                token: String::new(),
            })
            .await?;
            let segment = StoredSegment {
                chain: "test".to_owned(),
                first: 2,
                last: 3,
                head: [0; 32],
                token: String::new(),
            };
            tx.record_segment(&segment, &[2]).await
        })
    })
    .await
    .unwrap();
    let mut connection = connect(&path).await;
    for statement in [
        "UPDATE checkpoints SET token = 'x'",
        "DELETE FROM checkpoints",
        "UPDATE audit_segments SET last_seq = 9",
        "DELETE FROM audit_segments",
        "DELETE FROM audit WHERE seq = 1",
        "DELETE FROM audit WHERE seq = 4",
        "DELETE FROM audit",
        "UPDATE audit SET details = 'x' WHERE seq = 2",
    ] {
        let refused = sqlx::query(statement).execute(&mut connection).await;
        assert!(refused.is_err(), "{statement}");
    }
    let gone = sqlx::query("DELETE FROM audit WHERE seq IN (2, 3)")
        .execute(&mut connection)
        .await;
    assert_eq!(gone.unwrap().rows_affected(), 1, "one had gone already");
}

#[tokio::test]
async fn a_row_that_no_store_has_written_is_named_but_not_shown() {
    let (_directory, path, store) = registry().await;
    let mut connection = connect(&path).await;
    sqlx::query("INSERT INTO aliases (alias, primary_id) VALUES ('CBE:0809394427', 'secret')")
        .execute(&mut connection)
        .await
        .unwrap();
    let mut reader = store.read().await.unwrap();
    let error = reader
        .alias(&"CBE:0809394427".parse().unwrap())
        .await
        .unwrap_err();
    let expected = StoreError::Inconsistent {
        table: "aliases",
        column: "primary_id",
        row: "1".to_owned(),
    };
    assert_eq!(error, expected);
    assert!(!error.to_string().contains("secret") && !error.to_string().contains("0809394427"));
}

#[tokio::test]
async fn a_gap_in_the_status_list_is_found() {
    let (_directory, path, store) = registry().await;
    let mut connection = connect(&path).await;
    sqlx::query("INSERT INTO status_entries (idx, status) VALUES (0, 3), (2, 3)")
        .execute(&mut connection)
        .await
        .unwrap();
    let error = store
        .read()
        .await
        .unwrap()
        .status_entries()
        .await
        .unwrap_err();
    assert!(
        matches!(error, StoreError::Inconsistent { column: "idx", .. }),
        "{error:?}"
    );
}

/// Enough records that freed space is not overwritten by chance.
const RECORDS: u32 = 100;

/// Puts records with these wrapped bytes in custody.
struct Keep(Vec<u8>);

impl Act<Tx<Custody>> for Keep {
    const NAME: &'static str = "test.keep";
    type Output = ();
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<Custody>) -> Result<(), StoreError> {
        let wrapping_key = WrappingKey {
            id: "wk".to_owned(),
            period: "2027-01".to_owned(),
            version: 1,
            current: true,
            kek: String::new(),
            wrapped: Vec::new(),
            mac: [0; 32],
            created_at: Timestamp::from_unix(0),
        };
        let record = |number| Record {
            key_id: format!("id-{number}"),
            owner: String::new(),
            algorithm: String::new(),
            policy: Vec::new(),
            wrapping_key: "wk".to_owned(),
            wrapped: self.0.clone(),
            created_at: Timestamp::from_unix(0),
            expires_at: Timestamp::from_unix(0),
            state: RecordState::Active,
            reads: 0,
            destroy_at: None,
            version: 1,
            mac: [0; 32],
        };
        tx.put_wrapping_key(&wrapping_key).await?;
        tx.append_audit(&event().about(&wrapping_key)).await?;
        let records: Vec<Record> = (0..RECORDS).map(record).collect();
        tx.insert_records(&records).await?;
        for record in &records {
            tx.append_audit(&event().about(record)).await?;
        }
        Ok(())
    }
}

#[tokio::test]
async fn destroyed_keys_leave_no_bytes_behind() {
    let (directory, path) = place();
    CustodySqlite::migrate(&path).await.unwrap();
    let store = CustodySqlite::open(&path, "test", Arc::new(SeededRandom::new(1)))
        .await
        .unwrap();
    let secret = b"forty bytes that must not be found again".to_vec();
    store.run(Keep(secret.clone())).await.unwrap();
    let found = || {
        let files = fs::read_dir(directory.path()).unwrap();
        files
            .filter(|file| {
                let bytes = fs::read(file.as_ref().unwrap().path()).unwrap();
                bytes.windows(secret.len()).any(|window| window == secret)
            })
            .count()
    };
    assert!(found() > 0, "the search finds what is there");

    perform(&store, |tx| {
        Box::pin(async move {
            for number in 0..RECORDS {
                let mut record = tx.record(&format!("id-{number}")).await?.unwrap();
                record.wrapped.clear();
                record.state = RecordState::Shredded;
                record.version += 1;
                tx.update_record(&record).await?;
                tx.append_audit(&event().about(&record)).await?;
            }
            Ok(())
        })
    })
    .await
    .unwrap();
    store.close().await;
    assert_eq!(found(), 0);
}

#[tokio::test]
async fn forgotten_persons_leave_no_bytes_behind() {
    let (directory, path, store) = registry().await;
    let person = |number: u32| -> Identifier { format!("SSIN:forgotten{number}").parse().unwrap() };
    perform(&store, move |tx| {
        Box::pin(async move {
            for number in 0..RECORDS {
                let actor = Actor::Person(person(number));
                tx.append_audit(&AuditEvent { actor, ..event() }).await?;
            }
            Ok(())
        })
    })
    .await
    .unwrap();
    let found = || {
        let files = fs::read_dir(directory.path()).unwrap();
        files
            .filter(|file| {
                let bytes = fs::read(file.as_ref().unwrap().path()).unwrap();
                bytes.windows(9).any(|window| window == b"forgotten")
            })
            .count()
    };
    assert!(found() > 0, "the search finds what is there");
    perform(&store, move |tx| {
        Box::pin(async move {
            for number in 0..RECORDS {
                assert!(tx.forget_person(&person(number)).await?.is_some());
            }
            tx.append_audit(&event()).await
        })
    })
    .await
    .unwrap();
    store.close().await;
    assert_eq!(found(), 0, "{}", path.display());
}
