//! Keys in custody.

use kleis_types::RecordState;

use super::{
    Backend,
    fixture::{
        DOCTOR, at, event, insert_records, put_wrapping_key, record, update_record, wrapping_key,
    },
    perform::act,
};
use crate::{
    EvidenceRead, EvidenceTx, Store, StoreError,
    custody::{CustodyRead, CustodyStore, CustodyTx, Read, Record, WrappingKey},
};

/// A custody database with the wrapping key `wk`.
async fn custody<B: Backend>() -> B {
    let backend = B::fresh().await;
    put_wrapping_key(backend.custody(), &wrapping_key("wk", 1))
        .await
        .unwrap();
    backend
}

pub async fn records_come_back_as_stored<B: Backend>() {
    let backend = custody::<B>().await;
    let store = backend.custody();
    let spent = Record {
        algorithm: "oct-512".to_owned(),
        policy: vec![0, 0xff],
        wrapped: Vec::new(),
        state: RecordState::Shredded,
        reads: 1 << 40,
        destroy_at: Some(at(1)),
        version: 1 << 40,
        mac: [0xff; 32],
        ..record("b")
    };
    insert_records(store, &[record("a"), spent.clone()])
        .await
        .unwrap();
    insert_records(store, &[]).await.unwrap();
    let mut reader = store.read().await.unwrap();
    for one in [record("a"), spent] {
        assert_eq!(reader.record(&one.key_id).await, Ok(Some(one)));
    }
    assert_eq!(reader.record("c").await, Ok(None));
}

pub async fn records_come_together_or_not_at_all<B: Backend>() {
    let backend = custody::<B>().await;
    let store = backend.custody();
    insert_records(store, &[record("b")]).await.unwrap();
    // The act goes on after the refusal; nothing of the list may stay.
    let refused = act!(store, tx, [] {
        let refused = tx.insert_records(&[record("a"), record("b"), record("c")]).await;
        tx.append_audit(&event()).await?;
        Ok(refused)
    });
    assert!(
        matches!(refused, Ok(Err(StoreError::AlreadyExists(_)))),
        "{refused:?}"
    );
    let mut reader = store.read().await.unwrap();
    for name in ["a", "c"] {
        assert_eq!(reader.record(&record(name).key_id).await, Ok(None));
    }
    // A hundred at once.
    let many: Vec<Record> = (0..100)
        .map(|number| record(&format!("n{number}")))
        .collect();
    insert_records(store, &many).await.unwrap();
    let states = store
        .read()
        .await
        .unwrap()
        .audited_states("", 1000)
        .await
        .unwrap();
    assert_eq!(states.len(), 102, "with record b and the wrapping key");
}

pub async fn records_change_by_version<B: Backend>() {
    let backend = custody::<B>().await;
    let store = backend.custody();
    let read = Record {
        reads: 1,
        version: 2,
        mac: [3; 32],
        ..record("a")
    };
    assert_eq!(
        update_record(store, &read).await,
        Err(StoreError::VersionConflict)
    );
    insert_records(store, &[record("a"), record("b")])
        .await
        .unwrap();
    update_record(store, &read).await.unwrap();
    assert_eq!(
        update_record(store, &read).await,
        Err(StoreError::VersionConflict)
    );
    let shredded = Record {
        state: RecordState::Shredded,
        wrapped: Vec::new(),
        policy: b"{}".to_vec(),
        expires_at: at(7),
        destroy_at: Some(at(8)),
        version: 3,
        mac: [4; 32],
        ..read
    };
    update_record(store, &shredded).await.unwrap();
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.record(&shredded.key_id).await, Ok(Some(shredded)));
    assert_eq!(
        reader.record(&record("b").key_id).await,
        Ok(Some(record("b")))
    );
}

pub async fn wrapping_keys_are_replaced<B: Backend>() {
    let backend = custody::<B>().await;
    let store = backend.custody();
    let former = WrappingKey {
        current: false,
        mac: [5; 32],
        ..wrapping_key("wk", 1)
    };
    // The new current one first: the order of the two does not matter.
    put_wrapping_key(store, &wrapping_key("next", 2))
        .await
        .unwrap();
    put_wrapping_key(store, &former).await.unwrap();
    let mut reader = store.read().await.unwrap();
    assert_eq!(
        reader.wrapping_keys().await,
        Ok(vec![former, wrapping_key("next", 2)])
    );
    let same_version = put_wrapping_key(store, &wrapping_key("third", 2)).await;
    assert!(
        matches!(same_version, Err(StoreError::AlreadyExists(_))),
        "{same_version:?}"
    );
}

async fn release<S: CustodyStore>(store: &S, read: &Read) -> Result<(), StoreError> {
    act!(store, tx, [read] {
        tx.insert_release(&read).await?;
        tx.append_audit(&event()).await
    })
}

pub async fn releases_are_counted_once<B: Backend>() {
    let backend = custody::<B>().await;
    let store = backend.custody();
    insert_records(store, &[record("a"), record("b")])
        .await
        .unwrap();
    let read = |name: &str| Read {
        key_id: record(name).key_id,
        jti: "jti".to_owned(),
        reader: DOCTOR.to_owned(),
        at: at(3),
        confirmed: false,
    };
    release(store, &read("a")).await.unwrap();
    release(store, &read("b")).await.unwrap();
    let twice = release(store, &read("a")).await;
    assert!(
        matches!(twice, Err(StoreError::AlreadyExists(_))),
        "{twice:?}"
    );
    // The second confirmation does no harm, nor does one of nothing.
    for jti in ["jti", "jti", "other"] {
        let key_id = read("a").key_id;
        act!(store, tx, [key_id] {
            tx.confirm_release(&key_id, jti).await?;
            tx.append_audit(&event()).await
        })
        .unwrap();
    }
    let mut reader = store.read().await.unwrap();
    let (a, b) = (read("a").key_id, read("b").key_id);
    let confirmed = Read {
        confirmed: true,
        ..read("a")
    };
    assert_eq!(reader.release(&a, "jti").await, Ok(Some(confirmed)));
    assert_eq!(reader.release(&b, "jti").await, Ok(Some(read("b"))));
    assert_eq!(reader.release(&a, "other").await, Ok(None));
}

pub async fn what_is_due_is_found<B: Backend>() {
    let backend = custody::<B>().await;
    let store = backend.custody();
    let with = |name, expires: i64, destroy: Option<i64>, wrapped: &[u8]| Record {
        expires_at: at(expires),
        destroy_at: destroy.map(at),
        wrapped: wrapped.to_vec(),
        ..record(name)
    };
    insert_records(
        store,
        &[
            with("a", 100, None, &[1]),
            with("b", 900, Some(200), &[1]),
            with("c", 100, Some(100), &[]),
            with("d", 900, None, &[1]),
        ],
    )
    .await
    .unwrap();
    let mut reader = store.read().await.unwrap();
    let expected: [(i64, u32, &[&str]); 5] = [
        (99, 9, &[]),
        (100, 9, &["a"]),
        (200, 9, &["a", "b"]),
        (900, 9, &["a", "b", "d"]),
        (900, 1, &["a"]),
    ];
    for (now, limit, names) in expected {
        let due = reader.records_due(at(now), limit).await.unwrap();
        let due: Vec<String> = due.into_iter().map(|record| record.key_id).collect();
        let names: Vec<String> = names.iter().map(|name| record(name).key_id).collect();
        assert_eq!(due, names, "{now}");
    }
}
