//! The rows of kept orders: who edits them gets nothing by repeating the order.

use kleis_custody::CustodyError;
use kleis_proto::custody::v1 as wire;
use kleis_proto::method::custody as method;
use kleis_store::{EvidenceRead as _, Store as _, StoredOrder};
use kleis_store_sqlite::test_util;
use kleis_trust::order::SignedOrder;
use kleis_types::{ErrorCode, Problem};
use kleis_wrap::{OrderFields, WrapError};

use crate::fixture::{OWNER, Office, STRANGER, create, get, kek, policy, policy_with};
use crate::scene::Scene;

type Edit = fn(&mut StoredOrder, &StoredOrder);

/// What somebody at the database makes of a row, and of the row of another order.
const EDITS: [(&str, Edit); 11] = [
    ("result", |row, _| {
        row.result = "{\"readsLeft\":4}".into();
    }),
    ("refused", |row, _| row.result.clear()),
    ("reply", |row, other| row.reply.clone_from(&other.reply)),
    ("no reply", |row, _| row.reply.clear()),
    ("received at", |row, _| {
        row.received_at = row.received_at.plus_seconds(300);
    }),
    ("expires at", |row, _| {
        row.expires_at = row.expires_at.plus_seconds(300);
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

impl Office {
    async fn kept(&self, order: &SignedOrder) -> StoredOrder {
        let mut reader = self.store.read().await.unwrap();
        let kept = reader.order(&order.jti().to_string()).await.unwrap();
        kept.unwrap()
    }

    async fn put_order(&self, row: &StoredOrder) {
        test_util::overwrite_order(&self.path(), row).await;
    }

    /// The MAC that only the service can make.
    fn sealed(&self, row: StoredOrder) -> StoredOrder {
        let fields = OrderFields {
            jti: &row.jti,
            digest: &row.digest,
            method: &row.method,
            signer: &row.signer,
            result: &row.result,
            reply: &row.reply,
            received_at: row.received_at,
            expires_at: row.expires_at,
        };
        let mac = kek(1).order_mac(self.world.installation(), &fields);
        StoredOrder { mac, ..row }
    }

    /// Whether the last thing in the audit is an alarm about the row of this order.
    async fn has_alarm(&self, order: &SignedOrder) -> bool {
        let last = self.audit().await.pop().unwrap();
        (last.outcome.as_str(), last.details.as_str()) == ("ALARM", "ORDER_TAMPERED")
            && last.resource == format!("order:{}", order.jti())
    }
}

fn is_unavailable<T>(outcome: &Result<T, CustodyError>) -> bool {
    matches!(outcome, Err(CustodyError::NotAvailable))
}

fn is_internal<T>(outcome: &Result<T, CustodyError>) -> bool {
    let Err(error) = outcome else { return false };
    let told = Problem::from(error).code();
    matches!(error, CustodyError::Wrap(WrapError::OrderTampered)) && told == ErrorCode::Internal
}

#[tokio::test]
async fn an_edited_read_gives_no_key() {
    let scene = Scene::new().await;
    let (office, reader) = (&scene.office, &scene.pharmacy);
    let key_id = scene.key().await;
    let read = || office.order(reader, method::GET_KEY, get(reader, &key_id));
    let (order, other) = (read(), read());
    let first = office.send_get(reader, &order).await.unwrap();
    office.send_get(reader, &other).await.unwrap();
    let (good, other) = (office.kept(&order).await, office.kept(&other).await);
    let record = office.record(&key_id).await;
    for (what, edit) in EDITS {
        let mut bad = good.clone();
        edit(&mut bad, &other);
        assert_ne!(bad, good, "{what}");
        office.put_order(&bad).await;
        let outcome = office.send_get(reader, &order).await;
        assert!(is_unavailable(&outcome), "{what}: {outcome:?}");
        assert!(office.has_alarm(&order).await, "{what}");
        assert_eq!(office.kept(&order).await, bad, "it was left as evidence");
    }
    assert_eq!(office.record(&key_id).await, record, "nothing was counted");
    office.put_order(&good).await;
    let again = office.send_get(reader, &order).await.unwrap();
    assert_eq!(again, first, "as it was");
}

#[tokio::test]
async fn a_row_that_is_none_gives_no_key() {
    let scene = Scene::new().await;
    let (office, reader) = (&scene.office, &scene.pharmacy);
    let key_id = scene.key().await;
    let order = office.order(reader, method::GET_KEY, get(reader, &key_id));
    office.send_get(reader, &order).await.unwrap();
    office.tamper(&["UPDATE orders SET mac = x'00'"]).await;
    assert!(is_unavailable(&office.send_get(reader, &order).await));
    assert!(office.has_alarm(&order).await);
}

#[tokio::test]
async fn a_late_read_does_not_become_a_recent_one() {
    let scene = Scene::new().await;
    let (office, reader) = (&scene.office, &scene.pharmacy);
    let key_id = scene.key().await;
    let order = office.order(reader, method::GET_KEY, get(reader, &key_id));
    office.send_get(reader, &order).await.unwrap();
    office.advance(301);
    assert!(is_unavailable(&office.send_get(reader, &order).await));
    assert_eq!(office.last_audit().await.1, "LATE");
    let mut row = office.kept(&order).await;
    row.received_at = office.now();
    office.put_order(&row).await;
    assert!(is_unavailable(&office.send_get(reader, &order).await));
    assert!(office.has_alarm(&order).await);
}

#[tokio::test]
async fn an_edited_order_makes_no_keys_again() {
    let scene = Scene::new().await;
    let (office, owner) = (&scene.office, &scene.owner);
    let made = || office.order(owner, method::CREATE_KEYS, create(owner, &policy(), 1));
    let (order, other) = (made(), made());
    for order in [&order, &other, &order] {
        let (compact, call) = (order.compact(), owner.call());
        office.custody.create_keys(compact, call).await.unwrap();
    }
    let (good, other) = (office.kept(&order).await, office.kept(&other).await);
    for (what, edit) in EDITS {
        let mut bad = good.clone();
        edit(&mut bad, &other);
        office.put_order(&bad).await;
        let (compact, call) = (order.compact(), owner.call());
        let outcome = office.custody.create_keys(compact, call).await;
        assert!(is_internal(&outcome), "{what}: {outcome:?}");
        assert!(office.has_alarm(&order).await, "{what}");
    }
    office.put_order(&good).await;
    let (compact, call) = (order.compact(), owner.call());
    assert!(office.custody.create_keys(compact, call).await.is_ok());
}

#[tokio::test]
async fn no_false_reply_is_signed() {
    let scene = Scene::new().await;
    let (office, owner) = (&scene.office, &scene.owner);
    let (custody, call) = (&office.custody, owner.call());
    let key_id = scene.key().await;
    let body = wire::DescribeKeyOrder {
        key_id: key_id.clone(),
    };
    let described = office.order(owner, method::DESCRIBE_KEY, body);
    let body = wire::ShredKeyOrder {
        key_id: key_id.clone(),
    };
    let shredded = office.order(owner, method::SHRED_KEY, body);
    for _ in 0..2 {
        custody
            .describe_key(described.compact(), call)
            .await
            .unwrap();
        custody.shred_key(shredded.compact(), call).await.unwrap();
    }
    for (order, text) in [(&described, "SHREDDED"), (&shredded, "ACTIVE")] {
        let mut row = office.kept(order).await;
        row.result = format!("{{\"keyId\":\"{key_id}\",\"state\":\"{text}\",\"version\":1}}");
        office.put_order(&row).await;
    }
    let outcome = custody.describe_key(described.compact(), call).await;
    assert!(is_unavailable(&outcome));
    assert!(office.has_alarm(&described).await);
    assert!(is_unavailable(
        &custody.shred_key(shredded.compact(), call).await
    ));
    assert!(office.has_alarm(&shredded).await);
}

#[tokio::test]
async fn a_read_that_was_edited_destroys_nothing() {
    let scene = Scene::new().await;
    let (office, reader) = (&scene.office, &scene.pharmacy);
    let key_id = office.key(&scene.owner, &policy_with("maxReads", 2)).await;
    let read = || office.order(reader, method::GET_KEY, get(reader, &key_id));
    let (first, last) = (read(), read());
    office.send_get(reader, &first).await.unwrap();
    office.send_get(reader, &last).await.unwrap();
    let good = office.kept(&first).await;
    let mut row = good.clone();
    row.result = row.result.replace("\"readsLeft\":1", "\"readsLeft\":0");
    assert_ne!(row, good);
    office.put_order(&row).await;
    let outcome = office.confirm(reader, &key_id, &first).await;
    assert!(is_unavailable(&outcome));
    let audited = office.last_audit().await;
    assert_eq!(audited, ("ALARM".to_owned(), "ORDER_TAMPERED".to_owned()));
    assert!(!office.store_has_no_bytes(&key_id).await);
    office.put_order(&good).await;
    let confirmed = office.confirm(reader, &key_id, &first).await.unwrap();
    assert!(!confirmed.destroyed);
    let confirmed = office.confirm(reader, &key_id, &last).await.unwrap();
    assert!(confirmed.destroyed);
}

#[tokio::test]
async fn not_even_a_sealed_order_brings_somebody_elses_key() {
    let mut scene = Scene::new().await;
    let victims = scene.key().await;
    let stranger = scene.office.caller(STRANGER);
    let office = &scene.office;
    assert_eq!(office.record(&victims).await.owner, OWNER);
    let body = create(&stranger, &policy(), 1);
    let order = office.order(&stranger, method::CREATE_KEYS, body);
    let (compact, call) = (order.compact(), stranger.call());
    office.custody.create_keys(compact, call).await.unwrap();
    let row = office.kept(&order).await;
    let made: wire::CreateKeysResult = serde_json::from_str(&row.result).unwrap();
    let result = row.result.replace(&made.keys[0].key_id, &victims);
    // The stranger's own order, signed and kept, now says that it made the owner's key.
    let row = StoredOrder { result, ..row };
    office.put_order(&row).await;
    let outcome = office.custody.create_keys(compact, call).await;
    assert!(is_internal(&outcome), "{outcome:?}");
    // And even if the row verified.
    office.put_order(&office.sealed(row)).await;
    let outcome = office.custody.create_keys(compact, call).await;
    assert!(is_unavailable(&outcome), "{outcome:?}");
    let last = office.audit().await.pop().unwrap();
    assert_eq!(last.outcome, "ALARM");
    assert_eq!(last.resource, format!("record:{victims}"));
}

#[tokio::test]
async fn a_reply_is_kept_and_given_again_to_the_byte() {
    let scene = Scene::new().await;
    let (office, owner) = (&scene.office, &scene.owner);
    let key_id = scene.key().await;
    let order = office.order(
        owner,
        method::DESCRIBE_KEY,
        wire::DescribeKeyOrder { key_id },
    );
    let describe = async || {
        let call = owner.call();
        office.custody.describe_key(order.compact(), call).await
    };
    let first = describe().await.unwrap();
    assert_eq!(office.kept(&order).await.reply, first);
    office.advance(7);
    assert_eq!(describe().await.unwrap(), first);
}

#[tokio::test]
async fn of_a_release_the_reply_is_kept_without_the_key() {
    let scene = Scene::new().await;
    let (office, reader) = (&scene.office, &scene.pharmacy);
    let key_id = scene.key().await;
    let order = office.order(reader, method::GET_KEY, get(reader, &key_id));
    let mut given = office.send_get(reader, &order).await.unwrap();
    let kept = office.kept(&order).await;
    let said: wire::GetKeyResult = office.open_reply(method::GET_KEY, &order, &kept.reply);
    let key = given.key.as_mut().unwrap();
    assert!(!key.jwk.is_empty(), "the reader has it");
    key.jwk.clear();
    assert_eq!(said, given);
    office.send_get(reader, &order).await.unwrap();
    assert_eq!(office.kept(&order).await, kept, "once and for all");
}

#[tokio::test]
async fn a_refused_order_has_no_reply() {
    let scene = Scene::new().await;
    let (office, stranger) = (&scene.office, &scene.pharmacy);
    let key_id = scene.key().await;
    let order = office.order(stranger, method::SHRED_KEY, wire::ShredKeyOrder { key_id });
    let refused = office.custody.shred_key(order.compact(), stranger.call());
    assert!(is_unavailable(&refused.await));
    assert_eq!(office.kept(&order).await.reply, "");
}

#[tokio::test]
async fn a_row_from_before_replies_were_kept_is_answered_anew() {
    let scene = Scene::new().await;
    let (office, owner) = (&scene.office, &scene.owner);
    let key_id = scene.key().await;
    let order = office.order(
        owner,
        method::DESCRIBE_KEY,
        wire::DescribeKeyOrder { key_id },
    );
    let describe = async || {
        let reply = office.custody.describe_key(order.compact(), owner.call());
        let reply = reply.await.unwrap();
        office.open_reply::<wire::DescribeKeyResult>(method::DESCRIBE_KEY, &order, &reply)
    };
    let first = describe().await;
    let mut row = office.kept(&order).await;
    row.reply.clear();
    office.put_order(&office.sealed(row)).await;
    assert_eq!(describe().await, first);
}
