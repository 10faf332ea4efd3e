//! Notices and what becomes of them.

use kleis_types::{Channel, DeliveryState, KeyState, NoticeKind, RevocationReason};

use super::{
    Backend,
    fixture::{
        DOCTOR, PERSON, allocate, at, certificate, encryption_key, event, id, put_certificate,
        put_encryption_key,
    },
    perform::act,
};
use crate::{
    Audited as _, EvidenceTx as _, Store, StoreError,
    registry::{Delivery, Notice, RegistryRead, RegistryStore, RegistryTx as _},
};

fn notice(kind: NoticeKind, subject: &str) -> Notice {
    Notice {
        id: 0,
        registrant: id(PERSON),
        owner: id(DOCTOR),
        kind,
        subject: subject.to_owned(),
        device: Some("main".parse().unwrap()),
        reason: Some(RevocationReason::KeyCompromise),
        at: at(10),
        ends_at: Some(at(1000)),
    }
}

async fn put<S: RegistryStore>(
    store: &S,
    notice: &Notice,
    channels: &[Channel],
) -> Result<u64, StoreError> {
    let (notice, channels) = (notice.clone(), channels.to_vec());
    act!(store, tx, [notice, channels] {
        tx.append_audit(&event()).await?;
        tx.put_notice(&notice, &channels).await
    })
}

async fn settle<S: RegistryStore>(store: &S, delivery: &Delivery) -> Result<(), StoreError> {
    act!(store, tx, [delivery] {
        tx.append_audit(&event()).await?;
        tx.settle_delivery(&delivery).await
    })
}

pub async fn notices_are_listed_newest_first<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    let mut all = Vec::new();
    for (index, kind) in NoticeKind::ALL.iter().enumerate() {
        let mut notice = notice(*kind, &format!("certificate:{index}"));
        notice.id = put(store, &notice, &[]).await.unwrap();
        all.insert(0, notice);
    }
    let mut other = notice(NoticeKind::Suspended, "registrant:x");
    (other.registrant, other.device, other.reason, other.ends_at) = (id(DOCTOR), None, None, None);
    other.id = put(store, &other, &[]).await.unwrap();
    let mut reader = store.read().await.unwrap();
    let listed = reader.notices_of(&id(PERSON), u64::MAX, 100).await;
    assert_eq!(listed, Ok(all.clone()));
    let page = reader.notices_of(&id(PERSON), all[1].id, 2).await;
    assert_eq!(page, Ok(all[2..4].to_vec()));
    assert_eq!(
        reader.notices_of(&id(DOCTOR), u64::MAX, 9).await,
        Ok(vec![other])
    );
}

pub async fn a_notice_owes_an_audit_row<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    let silent = notice(NoticeKind::DeviceAdded, "certificate:1");
    let refused = act!(store, tx, [silent] { tx.put_notice(&silent, &[]).await });
    assert!(
        matches!(refused, Err(StoreError::Unaudited { .. })),
        "{refused:?}"
    );
    let mut reader = store.read().await.unwrap();
    assert_eq!(
        reader.notices_of(&id(PERSON), u64::MAX, 9).await,
        Ok(vec![])
    );
}

pub async fn deliveries_are_due_until_they_are_settled<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    let both = [Channel::Mail, Channel::Webhook];
    put(
        store,
        &notice(NoticeKind::DeviceAdded, "certificate:1"),
        &both,
    )
    .await
    .unwrap();
    put(
        store,
        &notice(NoticeKind::DeviceAdded, "certificate:2"),
        &[],
    )
    .await
    .unwrap();
    let due = async |now| {
        store
            .read()
            .await
            .unwrap()
            .due_deliveries(at(now), 10)
            .await
            .unwrap()
    };
    assert!(due(9).await.is_empty());
    let [mail, webhook]: [Delivery; 2] = due(10).await.try_into().unwrap();
    assert_eq!(
        (mail.channel, webhook.channel),
        (Channel::Mail, Channel::Webhook)
    );
    assert_eq!(
        (mail.state, mail.attempts, mail.due_at),
        (DeliveryState::Pending, 0, at(10))
    );
    let later = Delivery {
        attempts: 1,
        due_at: at(40),
        ..mail
    };
    settle(store, &later).await.unwrap();
    assert_eq!(due(39).await, std::slice::from_ref(&webhook));
    assert_eq!(due(40).await, [webhook.clone(), later.clone()]);
    let done = Delivery {
        state: DeliveryState::Delivered,
        attempts: 1,
        ..webhook
    };
    let given_up = Delivery {
        state: DeliveryState::Failed,
        attempts: 2,
        ..later
    };
    settle(store, &done).await.unwrap();
    settle(store, &given_up).await.unwrap();
    for settled in [&done, &given_up] {
        assert_eq!(
            settle(store, settled).await,
            Err(StoreError::VersionConflict)
        );
    }
    assert!(due(1000).await.is_empty());
    let mut reader = store.read().await.unwrap();
    let counts = reader.count_deliveries().await.unwrap();
    assert_eq!((counts.pending, counts.failed), (0, 1));
    let failed = reader.failed_deliveries(u64::MAX, 10).await;
    assert_eq!(failed, Ok(vec![given_up.clone()]));
    let before = reader.failed_deliveries(given_up.notice.id, 10).await;
    assert_eq!(before, Ok(vec![]));
}

pub async fn of_an_end_one_is_told_once<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    allocate(store, 2).await;
    let (certificate, mut key) = (certificate("01", 0), encryption_key("kid", 1));
    key.state = KeyState::Active;
    put_certificate(store, &certificate).await.unwrap();
    put_encryption_key(store, &key).await.unwrap();
    let (ends, key_ends) = (certificate.not_after, key.expires_at);
    let found = async |now, until| {
        let mut reader = store.read().await.unwrap();
        let (certificates, keys) = reader.ending(now, until, 10).await.unwrap();
        let counted = reader.count_ending(now, until).await.unwrap();
        (certificates.len(), keys.len(), counted)
    };
    let last = ends.max(key_ends);
    let first = ends.min(key_ends).plus_seconds(-1);
    assert_eq!(found(first, last).await, (1, 1, (1, 1)));
    assert_eq!(found(last, last.plus_seconds(9)).await, (0, 0, (0, 0)));
    let mut told = notice(NoticeKind::Ending, &certificate.resource());
    told.ends_at = Some(ends);
    put(store, &told, &[]).await.unwrap();
    assert!(matches!(
        put(store, &told, &[]).await,
        Err(StoreError::AlreadyExists(_))
    ));
    assert_eq!(found(first, last).await, (0, 1, (1, 1)));
    // Another end is another thing to be told of.
    told.ends_at = Some(ends.plus_seconds(1));
    put(store, &told, &[]).await.unwrap();
}
