//! What was answered is on the disk, and nothing is there by half, when the process is killed.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    collections::BTreeSet,
    env,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
};

use kleis_store::{
    Actor, AuditEvent, EvidenceRead, EvidenceTx, Store, StoredOrder, audit,
    registry::{Registrant, RegistryRead, RegistryTx},
    suite::perform,
};
use kleis_store_sqlite::RegistrySqlite;
use kleis_types::{OsRandom, Timestamp};

const DATABASE: &str = "KLEIS_KILL_DATABASE";
const CHAIN: &str = "KLEIS_KILL_CHAIN";
const ANSWERED: &str = "answered ";

async fn open(path: &Path, chain: &str) -> RegistrySqlite {
    RegistrySqlite::open(path, chain, Arc::new(OsRandom))
        .await
        .unwrap()
}

/// An act that writes an order, a new version of the one registrant, and the audit row of both.
async fn act(store: &RegistrySqlite, jti: String) {
    perform(store, move |tx| {
        let jti = jti.clone();
        Box::pin(async move {
            let id = "CBE:0809394427".parse().unwrap();
            let version = tx
                .registrant(&id)
                .await?
                .map_or(0, |registrant| registrant.version)
                + 1;
            let identifiers = vec![id.clone()];
            let registrant = Registrant {
                id,
                name: jti.clone(),
                identifiers,
                active: true,
                contact: kleis_types::Contact::default(),
                version,
            };
            tx.put_registrant(&registrant).await?;
            tx.record_order(&order(&jti)).await?;
            tx.append_audit(&event(&jti).about(&registrant)).await
        })
    })
    .await
    .unwrap();
}

fn order(jti: &str) -> StoredOrder {
    StoredOrder {
        jti: jti.to_owned(),
        digest: [1; 32],
        method: String::new(),
        signer: String::new(),
        compact: "x".repeat(2000),
        result: String::new(),
        reply: String::new(),
        received_at: Timestamp::from_unix(0),
        expires_at: Timestamp::from_unix(0),
        mac: [2; 32],
    }
}

fn event(jti: &str) -> AuditEvent {
    AuditEvent {
        details: jti.to_owned(),
        ..AuditEvent::new(Timestamp::from_unix(0), "test.kill", Actor::Local)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the process that is killed: started by the test below"]
async fn child() {
    let path = PathBuf::from(env::var_os(DATABASE).unwrap());
    let chain = env::var(CHAIN).unwrap();
    let store = open(&path, &chain).await;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..8 {
        let (store, chain) = (store.clone(), chain.clone());
        writers.spawn(async move {
            for number in 0_u64.. {
                let jti = format!("{chain}-{writer}-{number}");
                act(&store, jti.clone()).await;
                let mut out = std::io::stdout().lock();
                writeln!(out, "{ANSWERED}{jti}").unwrap();
                out.flush().unwrap();
            }
        });
    }
    writers.join_all().await;
}

fn start(path: &Path, chain: &str) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env(DATABASE, path)
        .env(CHAIN, chain)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

/// Kills the child once it has answered `enough` acts, and says which it has answered.
fn answered_until_killed(mut child: Child, enough: usize) -> BTreeSet<String> {
    let mut answered = BTreeSet::new();
    let out = BufReader::new(child.stdout.take().unwrap());
    for line in out.lines().map_while(Result::ok) {
        // The test harness may have begun the line.
        if let Some((_, jti)) = line.split_once(ANSWERED) {
            answered.insert(jti.to_owned());
        }
        if answered.len() == enough {
            // SIGKILL; what it had already written to the pipe is read to the end.
            child.kill().unwrap();
        }
    }
    assert!(!child.wait().unwrap().success());
    assert!(answered.len() >= enough, "it died of something else");
    answered
}

#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("registry.db");
    RegistrySqlite::migrate(&path).await.unwrap();
    let mut answered = BTreeSet::new();
    for (chain, enough) in [("a", 20), ("b", 150), ("c", 333)] {
        answered.extend(answered_until_killed(start(&path, chain), enough));

        let store = open(&path, "parent").await;
        let mut reader = store.read().await.unwrap();
        let report = audit::verify(&mut reader).await.unwrap();
        assert!(report.is_clean(), "{report:?}");
        // Every act that left an audit row left its order and its version, and the other way round.
        let mut acts = BTreeSet::new();
        for chain in reader.chains().await.unwrap() {
            for row in reader.audit_rows(&chain, 0, u32::MAX).await.unwrap() {
                assert!(
                    reader.order(&row.details).await.unwrap().is_some(),
                    "{}",
                    row.details
                );
                acts.insert(row.details);
            }
        }
        let lost: Vec<_> = answered.difference(&acts).collect();
        assert!(lost.is_empty(), "{lost:?}");
        let registrant = reader
            .registrant(&"CBE:0809394427".parse().unwrap())
            .await
            .unwrap();
        assert_eq!(registrant.unwrap().version, acts.len() as u64);
        store_is_whole(&path, acts.len()).await;
        drop(reader);
        store.close().await;
    }
}

/// As many orders as acts, and pages that SQLite finds in order.
async fn store_is_whole(path: &Path, acts: usize) {
    use sqlx::{Connection, SqliteConnection};
    let url = format!("sqlite://{}", path.display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    let orders: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM orders")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(orders, i64::try_from(acts).unwrap());
    let check: String = sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(check, "ok");
}
