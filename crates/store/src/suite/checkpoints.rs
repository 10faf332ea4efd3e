//! Checkpoints, segments and forgotten persons as they are stored.

use super::{
    Backend,
    fixture::{DOCTOR, PERSON, at, event, id},
    notary::{append, archive, checkpoint_now, row},
    perform::act,
};
use crate::{
    Actor, AuditEvent, ChainHead, EvidenceRead, EvidenceTx, ProofRead, ProofTx, Store, StoreError,
    StoredCheckpoint, audit::Checkpoint, registry::RegistryStore,
};

pub async fn checkpoints_come_back_as_stored<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    row(store, 0).await;
    let mut tokens = Vec::new();
    for _ in 0..3 {
        tokens.push(checkpoint_now(store).await);
    }
    let partial = Checkpoint {
        seq: 7,
        previous: None,
        full: false,
        gap: None,
        heads: Vec::new(),
    };
    tokens.push(append(store, &partial).await.unwrap());
    let stored = |seq, full, token: &String| StoredCheckpoint {
        seq,
        full,
        token: token.clone(),
    };
    let all = [
        stored(1, true, &tokens[0]),
        stored(2, true, &tokens[1]),
        stored(3, true, &tokens[2]),
        stored(7, false, &tokens[3]),
    ];
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.checkpoints(0, 10).await.unwrap(), all);
    assert_eq!(reader.checkpoints(1, 2).await.unwrap(), all[1..3]);
    assert_eq!(reader.checkpoints(7, 2).await.unwrap(), []);
    assert_eq!(
        reader.newest_checkpoint(false).await.unwrap().as_ref(),
        Some(&all[3])
    );
    assert_eq!(
        reader.newest_checkpoint(true).await.unwrap().as_ref(),
        Some(&all[2])
    );
}

pub async fn a_checkpoint_number_is_taken_once<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.newest_checkpoint(false).await, Ok(None));
    drop(reader);
    row(store, 0).await;
    let token = checkpoint_now(store).await;
    let other = Checkpoint {
        seq: 1,
        previous: None,
        full: true,
        gap: None,
        heads: Vec::new(),
    };
    let refused = append(store, &other).await;
    assert!(
        matches!(refused, Err(StoreError::AlreadyExists(_))),
        "{refused:?}"
    );
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.checkpoints(0, 9).await.unwrap()[0].token, token);
}

async fn heads<S: RegistryStore>(store: &S, mark: u64) -> (Vec<(String, u64)>, u64) {
    let mut reader = store.read().await.unwrap();
    let (heads, mark) = reader.heads_since(mark).await.unwrap();
    let mut named = Vec::new();
    for ChainHead { chain, seq, hash } in heads {
        assert_eq!(reader.row_hash(&chain, seq).await, Ok(Some(hash)));
        assert_eq!(reader.chain_length(&chain).await, Ok(seq));
        named.push((chain, seq));
    }
    (named, mark)
}

pub async fn heads_are_listed_by_what_has_moved<B: Backend>() {
    let backend = B::fresh().await;
    let (first, second) = (backend.registry(), backend.second_registry().await);
    assert_eq!(heads(first, 0).await.0, []);
    row(first, 0).await;
    row(&second, 1).await;
    row(first, 2).await;
    let named = |chain: &str, seq| (chain.to_owned(), seq);
    let (all, mark) = heads(first, 0).await;
    assert_eq!(all, [named("first", 2), named("second", 1)]);
    assert_eq!(heads(first, mark).await, (Vec::new(), mark));
    row(&second, 3).await;
    let (moved, later) = heads(first, mark).await;
    assert_eq!(moved, [named("second", 2)]);
    assert!(later > mark);
    assert_eq!(
        heads(first, 0).await,
        (vec![named("first", 2), named("second", 2)], later)
    );
    let mut reader = first.read().await.unwrap();
    assert_eq!(reader.row_hash("first", 3).await, Ok(None));
    assert_eq!(reader.chain_length("third").await, Ok(0));
}

pub async fn archived_rows_go_and_kept_ones_stay<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    for seconds in 0..6 {
        row(store, seconds).await;
    }
    archive(store, (1, 4), &[2, 4]).await.unwrap();
    let mut reader = store.read().await.unwrap();
    let rows = reader.audit_rows("first", 0, 10).await.unwrap();
    let seqs: Vec<u64> = rows.iter().map(|row| row.seq).collect();
    assert_eq!(seqs, [2, 4, 5, 6, 7]);
    let segments = reader.segments("first", 0, 10).await.unwrap();
    assert_eq!((segments.len(), segments[0].last), (1, 4));
    assert_eq!(segments[0].head, rows[1].hash);
    assert_eq!(reader.segments("first", 3, 10).await.unwrap(), segments);
    assert_eq!(reader.segments("first", 4, 10).await, Ok(Vec::new()));
    assert_eq!(reader.segments("second", 0, 10).await, Ok(Vec::new()));
    drop(reader);
    // What has its segment is not archived again, and what failed took nothing with it.
    archive(store, (5, 6), &[]).await.unwrap();
    let refused = archive(store, (7, 7), &[7]).await;
    assert_eq!(refused, Ok(()));
    let refused = archive(store, (7, 7), &[]).await;
    assert!(
        matches!(refused, Err(StoreError::AlreadyExists(_))),
        "{refused:?}"
    );
    let mut reader = store.read().await.unwrap();
    assert!(reader.row_hash("first", 7).await.unwrap().is_some());
    assert_eq!(reader.row_hash("first", 6).await, Ok(None));
}

pub async fn a_chain_goes_on_after_its_rows_were_archived<B: Backend>() {
    let backend = B::fresh().await;
    let second = backend.second_registry().await;
    row(&second, 0).await;
    row(&second, 1).await;
    let mut reader = second.read().await.unwrap();
    let last = reader.audit_rows("second", 1, 1).await.unwrap().remove(0);
    drop(reader);
    let segment = crate::StoredSegment {
        chain: "second".to_owned(),
        first: 1,
        last: 2,
        head: last.hash,
        token: "token".to_owned(),
    };
    act!(backend.registry(), tx, [segment] {
        tx.record_segment(&segment, &[]).await?;
        tx.append_audit(&event()).await
    })
    .unwrap();
    let mut reader = backend.registry().read().await.unwrap();
    assert_eq!(
        reader.chains().await,
        Ok(vec!["second".to_owned(), "first".to_owned()])
    );
    assert_eq!(reader.chain_length("second").await, Ok(2));
    assert_eq!(heads(backend.registry(), 0).await.0.len(), 1);
    drop(reader);
    let again = backend.second_registry().await;
    row(&again, 2).await;
    let mut reader = again.read().await.unwrap();
    let rows = reader.audit_rows("second", 0, 9).await.unwrap();
    assert_eq!(
        (rows.len(), rows[0].seq, rows[0].previous),
        (1, 3, last.hash)
    );
}

pub async fn a_forgotten_person_gets_another_pseudonym<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    let acts = async |person: &str| {
        let event = AuditEvent {
            at: at(0),
            actor: Actor::Person(id(person)),
            ..event()
        };
        act!(store, tx, [event] { tx.append_audit(&event).await }).unwrap();
    };
    let forget = async |person: &str| {
        let person = id(person);
        act!(store, tx, [person] {
            let gone = tx.forget_person(&person).await?;
            tx.append_audit(&event()).await?;
            Ok(gone)
        })
        .unwrap()
    };
    acts(PERSON).await;
    acts(DOCTOR).await;
    let gone = forget(PERSON).await.unwrap();
    assert_eq!(forget(PERSON).await, None);
    acts(PERSON).await;
    acts(DOCTOR).await;
    let mut reader = store.read().await.unwrap();
    let rows = reader.audit_rows("first", 0, 10).await.unwrap();
    let actors: Vec<&str> = rows.iter().map(|row| row.actor.as_str()).collect();
    assert_eq!(actors[0], format!("person:{gone}"));
    assert_ne!(actors[4], actors[0]);
    assert_eq!(actors[5], actors[1], "others are not touched");
    drop(reader);
    // Whoever forgets says so.
    let person = id(DOCTOR);
    let silent = act!(store, tx, [person] { tx.forget_person(&person).await });
    assert!(
        matches!(silent, Err(StoreError::Unaudited { .. })),
        "{silent:?}"
    );
}
