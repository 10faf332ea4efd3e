//! Orders and the audit chain.

use kleis_types::Service;
use tokio::task::JoinSet;

use super::{
    Backend,
    fixture::{DOCTOR, PERSON, PLATFORM_KGSS, at, event, id, order},
    perform::act,
};
use crate::{
    Actor, AuditEvent, AuditOutcome, EvidenceRead, EvidenceTx, Store, StoreError, StoredAuditRow,
    StoredOrder, audit, audit_row_hash, registry::RegistryStore,
};

async fn record<S: RegistryStore>(store: &S, order: &StoredOrder) -> Result<(), StoreError> {
    act!(store, tx, [order] {
        tx.record_order(&order).await?;
        tx.append_audit(&event()).await
    })
}

async fn append<S: RegistryStore>(store: &S, event: &AuditEvent) -> Result<(), StoreError> {
    act!(store, tx, [event] { tx.append_audit(&event).await })
}

async fn rows<S: RegistryStore>(store: &S, chain: &str) -> Vec<StoredAuditRow> {
    store
        .read()
        .await
        .unwrap()
        .audit_rows(chain, 0, 1000)
        .await
        .unwrap()
}

pub async fn orders_come_back_as_stored<B: Backend>() {
    let backend = B::fresh().await;
    let stored = order("jti");
    record(backend.registry(), &stored).await.unwrap();
    let mut reader = backend.registry().read().await.unwrap();
    let digest = stored.digest;
    assert_eq!(reader.order("jti").await, Ok(Some(stored.clone())));
    assert_eq!(reader.order_of_digest(&digest).await, Ok(Some(stored)));
    assert_eq!(reader.order_of_digest(&[77; 32]).await, Ok(None));
    assert_eq!(reader.order("JTI").await, Ok(None));
    assert_eq!(reader.order("").await, Ok(None));
}

pub async fn a_jti_is_taken_once<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    record(store, &order("jti")).await.unwrap();
    let mut other = order("jti");
    other.digest = [10; 32];
    for again in [order("jti"), other] {
        let refused = record(store, &again).await;
        assert!(
            matches!(refused, Err(StoreError::AlreadyExists(_))),
            "{refused:?}"
        );
    }
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.order("jti").await, Ok(Some(order("jti"))));
    assert_eq!(rows(store, "first").await.len(), 1);
}

pub async fn the_same_order_at_once_is_carried_out_once<B: Backend>() {
    let backend = B::fresh().await;
    let mut acts = JoinSet::new();
    for number in 0..30 {
        let store = backend.registry().clone();
        acts.spawn(async move {
            act!(&store, tx, [] {
                if let Some(done) = tx.order("jti").await? {
                    return Ok((false, done.result));
                }
                let result = format!("result {number}");
                tx.record_order(&StoredOrder { result: result.clone(), ..order("jti") }).await?;
                tx.append_audit(&event()).await?;
                Ok((true, result))
            })
            .unwrap()
        });
    }
    let answers = acts.join_all().await;
    assert_eq!(
        answers
            .iter()
            .filter(|(carried_out, _)| *carried_out)
            .count(),
        1
    );
    assert!(
        answers.iter().all(|(_, result)| *result == answers[0].1),
        "{answers:?}"
    );
}

pub async fn audit_rows_come_back_as_stored<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    append(store, &event()).await.unwrap();
    let full = AuditEvent {
        at: at(5),
        action: "suite.full",
        actor: Actor::Organisation(id(PLATFORM_KGSS)),
        resource: "key:abc".to_owned(),
        resource_version: 7,
        resource_digest: Some([1; 32]),
        outcome: AuditOutcome::Alarm,
        order_digest: Some([2; 32]),
        trace_id: "0af7651916cd43dd8448eb211c80319c".to_owned(),
        details: "KEY_IN_USE, é".to_owned(),
    };
    append(store, &full).await.unwrap();
    let rows = rows(store, "first").await;
    let mut expected = StoredAuditRow {
        chain: "first".to_owned(),
        seq: 2,
        at: at(5),
        previous: rows[0].hash,
        action: "suite.full".to_owned(),
        actor: PLATFORM_KGSS.to_owned(),
        resource: "key:abc".to_owned(),
        resource_version: 7,
        resource_digest: vec![1; 32],
        outcome: "ALARM".to_owned(),
        order_digest: vec![2; 32],
        trace_id: "0af7651916cd43dd8448eb211c80319c".to_owned(),
        details: "KEY_IN_USE, é".to_owned(),
        hash: [0; 32],
    };
    expected.hash = audit_row_hash(&expected);
    assert_eq!(rows[1..], [expected]);
    assert_eq!((rows[0].seq, rows[0].previous), (1, [0; 32]));
    assert_eq!(rows[0].hash, audit_row_hash(&rows[0]));
    assert!(rows[0].resource_digest.is_empty() && rows[0].order_digest.is_empty());
}

pub async fn persons_are_pseudonyms<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    let actors = [
        Actor::Person(id(PERSON)),
        Actor::Person(id(DOCTOR)),
        Actor::Person(id(PERSON)),
        Actor::Service(Service::Custody),
        Actor::Local,
        Actor::Unknown,
    ];
    for actor in actors {
        append(store, &AuditEvent { actor, ..event() })
            .await
            .unwrap();
    }
    let rows = rows(store, "first").await;
    let actors: Vec<&str> = rows.iter().map(|row| row.actor.as_str()).collect();
    assert_eq!(actors[3..], ["SERVICE:custody", "local", "unknown"]);
    assert_eq!(actors[0], actors[2]);
    assert_ne!(actors[0], actors[1]);
    for actor in &actors[..2] {
        // 16 bytes in base64url.
        let pseudonym = actor.strip_prefix("person:").unwrap();
        assert_eq!(pseudonym.len(), 22, "{actor}");
        assert!(!pseudonym.contains("85073003328") && !pseudonym.contains("18749704"));
    }
}

pub async fn the_chain_has_no_gap_under_concurrency<B: Backend>() {
    let backend = B::fresh().await;
    let mut acts = JoinSet::new();
    for _ in 0..200 {
        let store = backend.registry().clone();
        acts.spawn(async move { append(&store, &event()).await });
    }
    assert!(acts.join_all().await.iter().all(Result::is_ok));
    let mut reader = backend.registry().read().await.unwrap();
    let report = audit::verify(&mut reader).await.unwrap();
    assert_eq!(
        (report.chains, report.rows, report.is_clean()),
        (1, 200, true),
        "{report:?}"
    );
}

pub async fn a_failed_act_leaves_no_gap_in_the_chain<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    append(store, &event()).await.unwrap();
    let failed: Result<(), _> = act!(store, tx, [] {
        tx.append_audit(&event()).await?;
        Err(StoreError::VersionConflict)
    });
    assert!(failed.is_err());
    append(store, &event()).await.unwrap();
    let seqs: Vec<u64> = rows(store, "first")
        .await
        .iter()
        .map(|row| row.seq)
        .collect();
    assert_eq!(seqs, [1, 2]);
    assert!(
        audit::verify(&mut store.read().await.unwrap())
            .await
            .unwrap()
            .is_clean()
    );
}

pub async fn every_process_has_its_chain<B: Backend>() {
    let backend = B::fresh().await;
    let (first, second) = (backend.registry(), backend.second_registry().await);
    append(first, &event()).await.unwrap();
    append(&second, &event()).await.unwrap();
    append(first, &event()).await.unwrap();
    let mut reader = second.read().await.unwrap();
    assert_eq!(
        reader.chains().await,
        Ok(vec!["first".to_owned(), "second".to_owned()])
    );
    assert_eq!(rows(first, "first").await.len(), 2);
    assert_eq!(rows(first, "second").await.len(), 1);
    assert_eq!(rows(first, "third").await, []);
    assert!(audit::verify(&mut reader).await.unwrap().is_clean());
}

/// A row with a digest of `resource`.
fn about(resource: &str, version: u64, seconds: i64, digest: u8) -> AuditEvent {
    AuditEvent {
        at: at(seconds),
        resource: resource.to_owned(),
        resource_version: version,
        resource_digest: Some([digest; 32]),
        ..event()
    }
}

pub async fn the_newest_row_of_a_resource_is_found<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    for event in [
        about("key:a", 1, 50, 1),
        // The larger version, although its clock was behind.
        about("key:a", 2, 40, 2),
        about("key:b", 9, 60, 3),
        // The same version, written again later.
        about("key:a", 2, 45, 4),
        // Without a digest: about the key, but not of its state.
        AuditEvent {
            resource_digest: None,
            ..about("key:a", 3, 70, 0)
        },
    ] {
        append(store, &event).await.unwrap();
    }
    let mut reader = store.read().await.unwrap();
    let newest = reader.newest_audit_row("key:a").await.unwrap().unwrap();
    assert_eq!((newest.resource_version, newest.seq), (2, 4));
    assert_eq!(newest.resource_digest, [4; 32]);
    assert_eq!(reader.newest_audit_row("key:c").await, Ok(None));
    assert_eq!(reader.newest_audit_row("").await, Ok(None));
    let versions = reader.audited_versions("key:a", 10).await.unwrap();
    let seqs = |rows: &[StoredAuditRow]| rows.iter().map(|row| row.seq).collect::<Vec<_>>();
    assert_eq!(seqs(&versions), [1, 2, 4]);
    assert_eq!(versions[2], newest);
    let first = reader.audited_versions("key:a", 1).await.unwrap();
    assert_eq!(seqs(&first), [1]);
    assert_eq!(reader.audited_versions("key:c", 10).await, Ok(Vec::new()));
}

pub async fn audit_lists_are_paged<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    for resource in ["key:b", "key:a", "code:z", "key:a"] {
        append(store, &about(resource, 1, 0, 1)).await.unwrap();
    }
    append(store, &event()).await.unwrap();
    let mut reader = store.read().await.unwrap();
    let page = reader.audit_rows("first", 1, 2).await.unwrap();
    assert_eq!(page.iter().map(|row| row.seq).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(reader.audit_rows("first", 5, 2).await, Ok(Vec::new()));
    let names = |names: &[&str]| Ok(names.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert_eq!(
        reader.audited_resources("", 10).await,
        names(&["code:z", "key:a", "key:b"])
    );
    assert_eq!(
        reader.audited_resources("code:z", 1).await,
        names(&["key:a"])
    );
    assert_eq!(reader.audited_resources("key:b", 10).await, names(&[]));
}
