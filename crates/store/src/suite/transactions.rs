//! The contract of acts and snapshots.

use tokio::task::JoinSet;

use super::{
    Backend,
    fixture::{
        DOCTOR, PERSON, PLATFORM, allocate, certificate, event, id, order, put_registrant,
        registrant, role_grant,
    },
    perform::act,
};
use crate::{
    Audited, EvidenceRead, EvidenceTx, Store, StoreError,
    registry::{RegistryRead, RegistryTx, Role},
};

pub async fn an_answered_act_stays<B: Backend>() {
    let backend = B::fresh().await;
    put_registrant(backend.registry(), &registrant(DOCTOR))
        .await
        .unwrap();
    let second = backend.second_registry().await;
    let found = second
        .read()
        .await
        .unwrap()
        .registrant(&id(DOCTOR))
        .await
        .unwrap();
    assert_eq!(found, Some(registrant(DOCTOR)));
}

pub async fn an_act_sees_its_own_writes<B: Backend>() {
    let backend = B::fresh().await;
    let counted = act!(backend.registry(), tx, [] {
        tx.put_role_grant(&role_grant(DOCTOR)).await?;
        tx.append_audit(&event().about(&role_grant(DOCTOR))).await?;
        tx.role_holders(Role::Operator).await
    });
    assert_eq!(counted, Ok(vec![role_grant(DOCTOR)]));
}

pub async fn a_failing_act_leaves_nothing<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    let failed: Result<(), _> = act!(store, tx, [] {
        tx.record_order(&order("jti")).await?;
        tx.put_role_grant(&role_grant(DOCTOR)).await?;
        tx.append_audit(&event().about(&role_grant(DOCTOR))).await?;
        Err(StoreError::VersionConflict)
    });
    assert_eq!(failed, Err(StoreError::VersionConflict));
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.order("jti").await, Ok(None));
    assert_eq!(reader.role_holders(Role::Operator).await, Ok(Vec::new()));
    assert_eq!(reader.chains().await, Ok(Vec::new()));
}

/// Runs 60 acts at once, of which every third fails as `fail` does, and looks at what is left.
async fn neighbours<B: Backend>(fail: fn() -> Result<(), StoreError>) {
    let backend = B::fresh().await;
    let mut acts = JoinSet::new();
    for number in 0..60 {
        let store = backend.registry().clone();
        acts.spawn(async move {
            let done = act!(&store, tx, [] {
                tx.record_order(&order(&format!("jti-{number}"))).await?;
                tx.append_audit(&event()).await?;
                if number % 3 == 0 { fail() } else { Ok(()) }
            });
            (number, done)
        });
    }
    for (number, done) in acts.join_all().await {
        assert_eq!(done.is_err(), number % 3 == 0, "{number}: {done:?}");
    }
    let mut reader = backend.registry().read().await.unwrap();
    for number in 0..60 {
        let stored = reader.order(&format!("jti-{number}")).await.unwrap();
        assert_eq!(stored.is_none(), number % 3 == 0, "{number}");
    }
    let report = crate::audit::verify(&mut reader).await.unwrap();
    assert_eq!((report.rows, report.is_clean()), (40, true), "{report:?}");
}

pub async fn a_failing_act_spares_its_neighbours<B: Backend>() {
    neighbours::<B>(|| Err(StoreError::VersionConflict)).await;
}

pub async fn a_panicking_act_leaves_nothing_and_spares_its_neighbours<B: Backend>() {
    neighbours::<B>(|| panic!("an act of the suite panics on purpose")).await;
}

pub async fn an_act_that_survives_a_conflict_keeps_the_rest<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    put_registrant(store, &registrant(DOCTOR)).await.unwrap();
    // Its second identifier is taken: nothing of it may stay, although the act goes on.
    let mut other = registrant(PLATFORM);
    other.identifiers.push(id(DOCTOR));
    let refused = act!(store, tx, [other] {
        let refused = tx.put_registrant(&other).await;
        tx.put_role_grant(&role_grant(PERSON)).await?;
        tx.append_audit(&event().about(&role_grant(PERSON))).await?;
        Ok(refused)
    });
    assert!(
        matches!(refused, Ok(Err(StoreError::AlreadyExists(_)))),
        "{refused:?}"
    );
    let mut reader = store.read().await.unwrap();
    assert_eq!(
        reader.role_holders(Role::Operator).await,
        Ok(vec![role_grant(PERSON)])
    );
    assert_eq!(reader.registrant(&id(PLATFORM)).await, Ok(None));
    assert_eq!(
        reader.registrants("", 10).await,
        Ok(vec![registrant(DOCTOR)])
    );
}

pub async fn an_act_without_an_audit_row_is_refused<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    let silent = act!(store, tx, [] { tx.put_role_grant(&role_grant(DOCTOR)).await });
    assert!(
        matches!(silent, Err(StoreError::Unaudited { .. })),
        "{silent:?}"
    );
    let counted = store
        .read()
        .await
        .unwrap()
        .role_holders(Role::Operator)
        .await;
    assert_eq!(counted, Ok(Vec::new()));
    // Reading alone owes nothing, and the account of one act is not that of the next.
    let read = act!(store, tx, [] { tx.role_holders(Role::Operator).await });
    assert_eq!(read, Ok(Vec::new()));
}

pub async fn an_act_that_leaves_a_state_unsaid_is_refused<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    allocate(store, 1).await;
    let refused = act!(store, tx, [] {
        tx.put_certificate(&certificate("01", 0)).await?;
        tx.append_audit(&event()).await
    });
    let resource = certificate("01", 0).resource();
    assert_eq!(
        refused,
        Err(StoreError::Unaudited {
            act: "suite.perform",
            resource
        })
    );
    assert_eq!(
        store.read().await.unwrap().certificate("01").await,
        Ok(None)
    );
}

/// Reads the owner's sequence and writes the next one.
async fn raise_sequence<S: crate::registry::RegistryStore>(store: &S) -> Result<u32, StoreError> {
    act!(store, tx, [] {
        let next = tx.owner_sequence(&id(DOCTOR)).await? + 1;
        tx.put_owner_sequence(&id(DOCTOR), next).await?;
        tx.append_audit(&event()).await?;
        Ok(next)
    })
}

pub async fn no_update_is_lost<B: Backend>() {
    let backend = B::fresh().await;
    let mut acts = JoinSet::new();
    for _ in 0..100 {
        let store = backend.registry().clone();
        acts.spawn(async move { raise_sequence(&store).await.unwrap() });
    }
    let mut seen = acts.join_all().await;
    seen.sort_unstable();
    assert_eq!(seen, (1..=100).collect::<Vec<_>>());
}

pub async fn no_update_is_lost_between_processes<B: Backend>() {
    let backend = B::fresh().await;
    let second = backend.second_registry().await;
    let mut acts = JoinSet::new();
    for number in 0..40 {
        let store = if number % 2 == 0 {
            backend.registry().clone()
        } else {
            second.clone()
        };
        acts.spawn(async move { raise_sequence(&store).await.unwrap() });
    }
    let mut seen = acts.join_all().await;
    seen.sort_unstable();
    assert_eq!(seen, (1..=40).collect::<Vec<_>>());
}

pub async fn one_of_many_wins_a_version<B: Backend>() {
    let backend = B::fresh().await;
    put_registrant(backend.registry(), &registrant(DOCTOR))
        .await
        .unwrap();
    let mut acts = JoinSet::new();
    for number in 0..20 {
        let store = backend.registry().clone();
        acts.spawn(async move {
            let mut changed = registrant(DOCTOR);
            changed.version = 2;
            changed.name = format!("NAME {number}");
            put_registrant(&store, &changed).await.map(|()| changed)
        });
    }
    let (won, lost): (Vec<_>, Vec<_>) = acts.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 19));
    assert!(
        lost.iter()
            .all(|result| *result == Err(StoreError::VersionConflict)),
        "{lost:?}"
    );
    let stored = backend
        .registry()
        .read()
        .await
        .unwrap()
        .registrant(&id(DOCTOR))
        .await
        .unwrap();
    assert_eq!(stored.as_ref(), won[0].as_ref().ok());
}

pub async fn readers_see_one_snapshot<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    // Opened before the act, first used after it.
    let mut before = store.read().await.unwrap();
    assert_eq!(raise_sequence(store).await, Ok(1));
    assert_eq!(before.owner_sequence(&id(DOCTOR)).await, Ok(0));
    assert_eq!(raise_sequence(store).await, Ok(2));
    assert_eq!(before.owner_sequence(&id(DOCTOR)).await, Ok(0));
    let mut after = store.read().await.unwrap();
    assert_eq!(after.owner_sequence(&id(DOCTOR)).await, Ok(2));
}

pub async fn equal_reads_send_equally_many_statements<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    allocate(store, 1).await;
    super::fixture::put_certificate(store, &certificate("01", 0))
        .await
        .unwrap();
    let mut counts = Vec::new();
    for serial in ["01", "02"] {
        let before = store.statements();
        let mut reader = store.read().await.unwrap();
        reader.certificate(serial).await.unwrap();
        counts.push(store.statements() - before);
    }
    assert_eq!(counts, [1, 1]);
}

pub async fn commits_are_counted_before_their_acts_are_answered<B: Backend>() {
    let backend = B::fresh().await;
    let (store, other) = (backend.registry(), backend.second_registry().await);
    let before = (store.commits(), other.commits());
    allocate(store, 1).await;
    assert!(store.commits() > before.0);
    assert_eq!(store.commits(), store.clone().commits());
    // Another process counts its own.
    assert_eq!(other.commits(), before.1);
}
