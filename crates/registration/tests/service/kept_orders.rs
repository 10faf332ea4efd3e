//! The rows of kept orders: who edits them gets no reply signed by repeating the order.

use kleis_jose::KeyType;
use kleis_proto::{method, registration::v1 as wire};
use kleis_store::{EvidenceRead as _, Store as _, StoredOrder};
use kleis_store_sqlite::test_util;
use kleis_trust::order::SignedOrder;
use kleis_types::ErrorCode;

use crate::house::{House, JOHN, call_of};

type Edit = fn(&mut StoredOrder, &StoredOrder);

const EDITS: [(&str, Edit); 11] = [
    ("result", |row, _| {
        row.result = "{}".into();
    }),
    ("refusal", |row, _| {
        row.result = "{\"refused\":\"CHALLENGE_FAILED\"}".into();
    }),
    ("reply", |row, other| row.reply.clone_from(&other.reply)),
    ("no reply", |row, _| row.reply.clear()),
    ("received at", |row, _| {
        row.received_at = row.received_at.plus_seconds(1);
    }),
    ("expires at", |row, _| {
        row.expires_at = row.expires_at.plus_seconds(1);
    }),
    ("digest", |row, _| row.digest[0] ^= 1),
    ("method", |row, _| row.method.push('s')),
    ("signer", |row, _| row.signer.push('A')),
    ("mac", |row, _| row.mac[31] ^= 1),
    ("the row of another order", |row, other| {
        *row = StoredOrder {
            jti: row.jti.clone(),
            digest: row.digest,
            ..other.clone()
        };
    }),
];

async fn kept(house: &House, order: &SignedOrder) -> StoredOrder {
    let mut reader = house.store.read().await.unwrap();
    let kept = reader.order(&order.jti().to_string()).await.unwrap();
    kept.unwrap()
}

#[tokio::test]
async fn no_false_reply_is_signed() {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    let john = house.welcome(&operator, &[JOHN], JOHN, "main").await;
    let method = method::registration::BEGIN_KEY;
    let begin = || {
        let body = wire::BeginKeyOrder {
            jwk: house.key(KeyType::X25519).public().to_value().to_string(),
            identifier: JOHN.to_owned(),
        };
        house.sign(&john.signer, method, body)
    };
    let send = async |order: &SignedOrder| {
        let call = call_of(&john.signer);
        house
            .send::<wire::BeginKeyResult>(method, order, &call)
            .await
    };
    let (order, other) = (begin(), begin());
    let first = send(&order).await.unwrap();
    send(&other).await.unwrap();
    let (good, other) = (kept(&house, &order).await, kept(&house, &other).await);
    for (what, edit) in EDITS {
        let mut bad = good.clone();
        edit(&mut bad, &other);
        assert_ne!(bad, good, "{what}");
        test_util::overwrite_order(&house.path(), &bad).await;
        let rows = house.footprint().await.rows;
        let refused = send(&order).await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::Internal, "{what}");
        assert_eq!(house.footprint().await.rows, rows + 1, "{what}");
        let last = house.last_row().await;
        let told = (last.outcome.as_str(), last.details.as_str());
        assert_eq!(told, ("ALARM", "ORDER_TAMPERED"), "{what}");
        assert_eq!(last.resource, format!("order:{}", good.jti));
        assert_eq!(kept(&house, &order).await, bad, "it was left as evidence");
    }
    test_util::tamper(&house.path(), &["UPDATE orders SET mac = x'00'"]).await;
    assert_eq!(send(&order).await.unwrap_err().code(), ErrorCode::Internal);
    assert_eq!(house.last_row().await.outcome, "ALARM");
    test_util::overwrite_order(&house.path(), &good).await;
    assert_eq!(send(&order).await.unwrap(), first, "as it was");
    house.check_audit().await;
}

#[tokio::test]
async fn the_reply_is_kept_and_given_again_to_the_byte() {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    let john = house.welcome(&operator, &[JOHN], JOHN, "main").await;
    let method = method::registration::BEGIN_KEY;
    let body = wire::BeginKeyOrder {
        jwk: house.key(KeyType::X25519).public().to_value().to_string(),
        identifier: JOHN.to_owned(),
    };
    let order = house.sign(&john.signer, method, body);
    let call = call_of(&john.signer);
    let begin = async || house.registration.begin_key(order.compact(), &call).await;
    let first = begin().await.unwrap();
    assert_eq!(kept(&house, &order).await.reply, first);
    house.clock.advance(7);
    assert_eq!(begin().await.unwrap(), first);
}
