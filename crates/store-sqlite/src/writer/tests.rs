//! The writer under conditions that only a look inside can bring about.

use std::{fs, path::Path};

use kleis_store::{
    Actor, AuditEvent, EvidenceRead, EvidenceTx, Store, audit,
    registry::{RegistryRead, RegistryTx, Role, RoleGrant},
    suite::{Work, perform},
};
use kleis_types::{GrantState, Identifier, SeededRandom, Timestamp};
use tempfile::TempDir;
use tokio::{sync::Notify, task::JoinHandle};

use super::*;
use crate::{Registry, RegistrySqlite};

type Answer<T> = JoinHandle<Result<T, StoreError>>;

async fn registry() -> (TempDir, RegistrySqlite) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("registry.db");
    RegistrySqlite::migrate(&path).await.unwrap();
    let random = Arc::new(SeededRandom::new(1));
    let store = RegistrySqlite::open(&path, "test", random).await.unwrap();
    (directory, store)
}

fn event() -> AuditEvent {
    AuditEvent::new(Timestamp::from_unix(0), "test.write", Actor::Local)
}

fn person(number: u32) -> Identifier {
    format!("NIHII:{number:08}").parse().unwrap()
}

/// An act that makes an operator of the person `number`.
fn appoint(tx: &mut Tx<Registry>, number: u32) -> Work<'_, ()> {
    Box::pin(async move {
        let grant = RoleGrant {
            person: person(number),
            role: Role::Operator,
            state: GrantState::Granted,
            granted_at: Timestamp::from_unix(0),
            granted_by: "bootstrap".to_owned(),
            version: 1,
            mac: [0; 32],
        };
        tx.put_role_grant(&grant).await?;
        tx.append_audit(&event().about(&grant)).await
    })
}

async fn operators(store: &RegistrySqlite) -> u64 {
    count(&mut store.read().await.unwrap()).await.unwrap()
}

async fn count(reader: &mut impl RegistryRead) -> Result<u64, StoreError> {
    let holders = reader.role_holders(Role::Operator).await?;
    Ok(holders.len().try_into().unwrap())
}

async fn assert_whole(store: &RegistrySqlite, operators: u64) {
    assert_eq!(super::tests::operators(store).await, operators);
    let report = audit::verify(&mut store.read().await.unwrap())
        .await
        .unwrap();
    assert_eq!(
        (report.rows, report.is_clean()),
        (operators, true),
        "{report:?}"
    );
}

/// Holds the writer in an act until it is opened, so that what queues up meanwhile shares a batch
/// with that act.
struct Gate {
    open: Arc<Notify>,
    act: Answer<()>,
}

impl Gate {
    async fn close(store: &RegistrySqlite) -> Self {
        let (open, entered) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let act = tokio::spawn({
            let (store, open, entered) = (store.clone(), open.clone(), entered.clone());
            async move {
                perform(&store, move |tx| {
                    let (open, entered) = (open.clone(), entered.clone());
                    Box::pin(async move {
                        entered.notify_one();
                        open.notified().await;
                        appoint(tx, 0).await
                    })
                })
                .await
            }
        });
        entered.notified().await;
        Self { open, act }
    }

    /// Queues an act behind the gate, as the `place`th from 1.
    async fn queue<T, F>(&self, store: &RegistrySqlite, place: usize, work: F) -> Answer<T>
    where
        T: Send + 'static,
        F: for<'a> Fn(&'a mut Tx<Registry>) -> Work<'a, T> + Send + Sync + 'static,
    {
        let queued = store.clone();
        let answer = tokio::spawn(async move { perform(&queued, work).await });
        while store.queued() < place {
            tokio::task::yield_now().await;
        }
        answer
    }

    async fn open(self) -> Result<(), StoreError> {
        self.open.notify_one();
        self.act.await.unwrap()
    }
}

#[tokio::test]
async fn acts_that_queue_up_share_a_commit() {
    let (_directory, store) = registry().await;
    let gate = Gate::close(&store).await;
    let outside = store.clone();
    let first = gate.queue(&store, 1, |tx| appoint(tx, 1)).await;
    let second = gate
        .queue(&store, 2, move |tx| {
            let outside = outside.clone();
            Box::pin(async move {
                let inside = count(tx).await?;
                Ok((inside, operators(&outside).await))
            })
        })
        .await;
    gate.open().await.unwrap();
    first.await.unwrap().unwrap();
    // It saw the acts before it, which were not committed yet.
    assert_eq!(second.await.unwrap(), Ok((2, 0)));
    assert_whole(&store, 2).await;
}

#[tokio::test]
async fn a_batch_is_bounded() {
    let (_directory, store) = registry().await;
    let gate = Gate::close(&store).await;
    let mut answers = Vec::new();
    for number in 1..=MAX_BATCH {
        let outside = store.clone();
        let place = u32::try_from(number).unwrap();
        let answer = gate
            .queue(&store, number, move |tx| {
                let outside = outside.clone();
                Box::pin(async move {
                    appoint(tx, place).await?;
                    Ok(operators(&outside).await)
                })
            })
            .await;
        answers.push(answer);
    }
    gate.open().await.unwrap();
    let mut committed = Vec::new();
    for answer in answers {
        committed.push(answer.await.unwrap().unwrap());
    }
    let batch = MAX_BATCH as u64;
    // The gate's act and all but the last shared a commit, the last came after it.
    assert_eq!(committed[..MAX_BATCH - 1], [0; MAX_BATCH - 1]);
    assert_eq!(committed[MAX_BATCH - 1], batch);
    assert_whole(&store, batch + 1).await;
}

#[tokio::test]
async fn a_commit_that_fails_fails_every_act_of_the_batch() {
    let (_directory, store) = registry().await;
    perform(&store, |tx| appoint(tx, 7)).await.unwrap();
    let gate = Gate::close(&store).await;
    let before = gate.queue(&store, 1, |tx| appoint(tx, 1)).await;
    // A foreign key that is checked at the end, and broken.
    let culprit = gate
        .queue(&store, 2, |tx| {
            Box::pin(async move {
                for statement in [
                    "PRAGMA defer_foreign_keys = ON",
                    "INSERT INTO registrant_identifiers VALUES ('NIHII:1', 'NIHII:2', 0)",
                ] {
                    let done = sqlx::query(statement).execute(tx.link.connection()).await;
                    done.unwrap();
                }
                tx.append_audit(&event()).await
            })
        })
        .await;
    // It fails on its own account, but in view of what is undone.
    let refused = gate
        .queue(&store, 3, |_| {
            Box::pin(async { Err::<(), _>(StoreError::VersionConflict) })
        })
        .await;
    let unavailable = |result: Result<(), StoreError>| {
        assert!(
            matches!(result, Err(StoreError::Unavailable(_))),
            "{result:?}"
        );
    };
    unavailable(gate.open().await);
    for answer in [before, culprit, refused] {
        unavailable(answer.await.unwrap());
    }
    assert_whole(&store, 1).await;
    // The writer goes on, and its chain where it was.
    perform(&store, |tx| appoint(tx, 8)).await.unwrap();
    assert_whole(&store, 2).await;
}

#[tokio::test]
async fn a_transaction_that_ends_by_itself_takes_the_batch_with_it() {
    let (_directory, store) = registry().await;
    let gate = Gate::close(&store).await;
    let ended = gate
        .queue(&store, 1, |tx| {
            Box::pin(async move {
                sqlx::query("ROLLBACK")
                    .execute(tx.link.connection())
                    .await
                    .unwrap();
                Ok(())
            })
        })
        .await;
    let behind = gate.queue(&store, 2, |tx| appoint(tx, 2)).await;
    assert!(matches!(gate.open().await, Err(StoreError::Unavailable(_))));
    assert!(matches!(
        ended.await.unwrap(),
        Err(StoreError::Unavailable(_))
    ));
    // It had not begun, and goes into the next batch.
    assert_eq!(behind.await.unwrap(), Ok(()));
    assert_whole(&store, 1).await;
}

#[tokio::test]
async fn an_act_that_swallows_a_failure_is_undone_all_the_same() {
    let (_directory, store) = registry().await;
    let swallowed = perform(&store, |tx| {
        Box::pin(async move {
            // The disk is full.
            let full = sqlx::query("PRAGMA max_page_count = 1")
                .execute(tx.link.connection())
                .await;
            full.unwrap();
            tx.append_audit(&event()).await?;
            let long = AuditEvent {
                details: "x".repeat(1 << 20),
                ..event()
            };
            let failed = tx.append_audit(&long).await;
            assert!(
                matches!(failed, Err(StoreError::Unavailable(_))),
                "{failed:?}"
            );
            let next = appoint(tx, 1).await;
            assert_eq!(next, failed);
            Ok(())
        })
    })
    .await;
    assert!(
        matches!(swallowed, Err(StoreError::Unavailable(_))),
        "{swallowed:?}"
    );
    assert_whole(&store, 0).await;
}

#[tokio::test]
async fn an_act_whose_caller_has_gone_is_not_begun() {
    let (_directory, store) = registry().await;
    let gate = Gate::close(&store).await;
    let gone = gate.queue(&store, 1, |tx| appoint(tx, 1)).await;
    let stays = gate.queue(&store, 2, |tx| appoint(tx, 2)).await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    gate.open().await.unwrap();
    stays.await.unwrap().unwrap();
    assert_whole(&store, 2).await;
}

#[tokio::test]
async fn closing_finishes_what_is_queued() {
    let (directory, store) = registry().await;
    let gate = Gate::close(&store).await;
    let queued = gate.queue(&store, 1, |tx| appoint(tx, 1)).await;
    let closing = tokio::spawn({
        let store = store.clone();
        async move { store.close().await }
    });
    while store.queued() < 2 {
        tokio::task::yield_now().await;
    }
    let late = gate.queue(&store, 3, |tx| appoint(tx, 2)).await;
    gate.open().await.unwrap();
    queued.await.unwrap().unwrap();
    // Queued after the request to close, but before the writer came to read it: still carried out.
    late.await.unwrap().unwrap();
    closing.await.unwrap();
    let refused = perform(&store, |tx| appoint(tx, 3)).await;
    assert!(
        matches!(refused, Err(StoreError::Unavailable(_))),
        "{refused:?}"
    );

    let path = directory.path().join("registry.db");
    let random = Arc::new(SeededRandom::new(1));
    let store = RegistrySqlite::open(&path, "test", random).await.unwrap();
    assert_whole(&store, 3).await;
}

#[tokio::test]
async fn an_idle_writer_clears_the_log_unless_somebody_reads_it() {
    let (directory, store) = registry().await;
    perform(&store, |tx| appoint(tx, 1)).await.unwrap();
    let path = directory.path().join("registry.db");
    let log = |path: &Path| fs::metadata(path.with_extension("db-wal")).unwrap().len();
    let random = Arc::new(SeededRandom::new(2));
    let mut writer: Writer<Registry> = Writer::open(
        path.clone(),
        "other".to_owned(),
        random,
        Statements::default(),
        Commits::default(),
    )
    .await
    .unwrap();
    let mut reader = store.read().await.unwrap();
    perform(&store, |tx| appoint(tx, 2)).await.unwrap();
    assert!(!writer.clear_log().await);
    assert!(log(&path) > 0);
    assert_eq!(count(&mut reader).await, Ok(1));
    assert_eq!(reader.chains().await, Ok(vec!["test".to_owned()]));
    drop(reader);
    // Dropping the snapshot gives its connection back a moment later.
    while !writer.clear_log().await {
        tokio::task::yield_now().await;
    }
    assert_eq!(log(&path), 0);
    assert_whole(&store, 2).await;
}
