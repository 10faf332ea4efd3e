//! What owners ask: to see a key, and to destroy it.

use kleis_custody::CustodyError;
use kleis_proto::custody::v1 as wire;
use kleis_proto::method::custody as method;
use kleis_trust::order::Draft;
use kleis_types::{RecordState, base64url};

use crate::fixture::{
    Caller, LIFE, OWNER, Office, PHARMACY, STRANGER, get, is_refused, policy, policy_with,
};

#[tokio::test]
async fn the_owner_sees_policy_and_state() {
    let mut office = Office::open().await;
    let (owner, pharmacy) = (office.caller(OWNER), office.caller(PHARMACY));
    let begun = u32::try_from(office.now().unix()).unwrap();
    let made = office
        .create(&owner, &policy_with("maxReads", 2), 1)
        .await
        .remove(0);
    office.get(&pharmacy, &made.key_id).await.unwrap();
    let seen = office.describe(&owner, &made.key_id).await.unwrap();
    let policy = policy_with("maxReads", 2).to_string();
    let expected = wire::DescribeKeyResult {
        key_id: made.key_id.clone(),
        owner: OWNER.to_owned(),
        algorithm: "oct-256".to_owned(),
        policy: base64url::encode(policy.as_bytes()),
        policy_hash: made.policy_hash,
        state: "ACTIVE".to_owned(),
        reads: 1,
        version: 2,
        created_at: begun,
        expires_at: begun + u32::try_from(LIFE).unwrap(),
    };
    assert_eq!(seen, expected);
    office.get(&pharmacy, &made.key_id).await.unwrap();
    let state = async || office.describe(&owner, &made.key_id).await.unwrap().state;
    assert_eq!(state().await, "EXHAUSTED");
    office.advance(LIFE);
    assert_eq!(
        state().await,
        "EXPIRED",
        "whether or not the sweeper has been there"
    );
    office.custody.sweep(office.now()).await.unwrap();
    assert_eq!(state().await, "EXPIRED");
}

#[tokio::test]
async fn the_owners_other_device_is_the_owner() {
    let mut office = Office::open().await;
    let owner = office.caller(OWNER);
    let key_id = office.key(&owner, &policy()).await;
    let signer = office.world.certify(OWNER, "second");
    office.publish_status();
    let second = Caller::of(signer, owner.key);
    assert!(office.describe(&second, &key_id).await.is_ok());
    assert_eq!(
        office.shred(&second, &key_id).await.unwrap().state,
        "SHREDDED"
    );
}

#[tokio::test]
async fn nobody_but_the_owner_sees_or_destroys() {
    let mut office = Office::open().await;
    let (owner, pharmacy) = (office.caller(OWNER), office.caller(PHARMACY));
    let stranger = office.caller(STRANGER);
    let other_application = office.caller("CBE:0823257311/KGSS");
    let key_id = office.key(&owner, &policy()).await;
    for by in [&pharmacy, &stranger, &other_application] {
        assert!(is_refused(office.describe(by, &key_id).await));
        assert_eq!(
            office.last_audit().await,
            ("REFUSED".to_owned(), "NOT_OWNER".to_owned())
        );
        assert!(is_refused(office.shred(by, &key_id).await));
        assert_eq!(
            office.last_audit().await,
            ("REFUSED".to_owned(), "NOT_OWNER".to_owned())
        );
    }
    assert_eq!(office.record(&key_id).await.state, RecordState::Active);
}

#[tokio::test]
async fn a_shredded_key_is_gone_for_everybody() {
    let mut office = Office::open().await;
    let (owner, pharmacy) = (office.caller(OWNER), office.caller(PHARMACY));
    let key_id = office.key(&owner, &policy()).await;
    let result = office.shred(&owner, &key_id).await.unwrap();
    assert_eq!((result.state.as_str(), result.version), ("SHREDDED", 2));
    let record = office.record(&key_id).await;
    assert_eq!(
        (record.state, record.wrapped.len()),
        (RecordState::Shredded, 0)
    );
    assert!(is_refused(office.get(&pharmacy, &key_id).await));
    assert!(
        is_refused(office.shred(&owner, &key_id).await),
        "there is nothing left"
    );
    assert_eq!(
        office.describe(&owner, &key_id).await.unwrap().state,
        "SHREDDED"
    );
    assert!(office.audit_is_clean().await);
}

#[tokio::test]
async fn an_exhausted_key_and_an_expired_one_can_be_shredded_while_there_are_bytes() {
    let mut office = Office::open().await;
    let (owner, pharmacy) = (office.caller(OWNER), office.caller(PHARMACY));
    let exhausted = office.key(&owner, &policy_with("maxReads", 1)).await;
    office.get(&pharmacy, &exhausted).await.unwrap();
    assert_eq!(
        office.shred(&owner, &exhausted).await.unwrap().state,
        "SHREDDED"
    );
    let ends = office.now().unix() + 1;
    let expired = office.key(&owner, &policy_with("expiresAt", ends)).await;
    let swept = office.key(&owner, &policy_with("expiresAt", ends)).await;
    office.advance(1);
    assert_eq!(
        office.shred(&owner, &expired).await.unwrap().state,
        "SHREDDED"
    );
    office.custody.sweep(office.now()).await.unwrap();
    assert!(is_refused(office.shred(&owner, &swept).await));
}

#[tokio::test]
async fn orders_that_expect_another_version_change_nothing() {
    let mut office = Office::open().await;
    let (owner, pharmacy) = (office.caller(OWNER), office.caller(PHARMACY));
    let key_id = office.key(&owner, &policy()).await;
    let shred = |version| {
        let body = wire::ShredKeyOrder {
            key_id: key_id.clone(),
        };
        office.sign(
            &owner,
            &Draft::new(method::SHRED_KEY, body).with_version(version),
        )
    };
    let read = |version| {
        let body = get(&pharmacy, &key_id);
        office.sign(
            &pharmacy,
            &Draft::new(method::GET_KEY, body).with_version(version),
        )
    };
    for version in [0, 2] {
        let refused = office
            .custody
            .shred_key(shred(version).compact(), owner.call())
            .await;
        assert!(matches!(refused, Err(CustodyError::VersionMismatch)));
        let refused = office.send_get(&pharmacy, &read(version)).await;
        assert!(matches!(refused, Err(CustodyError::VersionMismatch)));
    }
    assert_eq!(office.record(&key_id).await.version, 1);
    office.send_get(&pharmacy, &read(1)).await.unwrap();
    office
        .custody
        .shred_key(shred(2).compact(), owner.call())
        .await
        .unwrap();

    // Whoever may not have the key does not learn its version either.
    let stranger = office.caller(STRANGER);
    for version in [3, 4] {
        let body = wire::ShredKeyOrder {
            key_id: key_id.clone(),
        };
        let draft = Draft::new(method::SHRED_KEY, body).with_version(version);
        let order = office.sign(&stranger, &draft);
        let refused = office
            .custody
            .shred_key(order.compact(), stranger.call())
            .await;
        assert!(is_refused(refused));
    }
}

#[tokio::test]
async fn the_same_order_gets_the_same_answer() {
    let mut office = Office::open().await;
    let owner = office.caller(OWNER);
    let key_id = office.key(&owner, &policy()).await;
    let describe = wire::DescribeKeyOrder {
        key_id: key_id.clone(),
    };
    let describe = office.order(&owner, method::DESCRIBE_KEY, describe);
    let shred = office.order(&owner, method::SHRED_KEY, wire::ShredKeyOrder { key_id });
    let (custody, call) = (&office.custody, owner.call());
    let seen = custody
        .describe_key(describe.compact(), call)
        .await
        .unwrap();
    let seen: wire::DescribeKeyResult = office.open_reply(method::DESCRIBE_KEY, &describe, &seen);
    let gone = custody.shred_key(shred.compact(), call).await.unwrap();
    let gone: wire::ShredKeyResult = office.open_reply(method::SHRED_KEY, &shred, &gone);
    let rows = office.audit().await.len();
    let again = custody
        .describe_key(describe.compact(), call)
        .await
        .unwrap();
    let again: wire::DescribeKeyResult = office.open_reply(method::DESCRIBE_KEY, &describe, &again);
    assert_eq!(
        (again.state.as_str(), &again),
        ("ACTIVE", &seen),
        "as it was then"
    );
    let again = custody.shred_key(shred.compact(), call).await.unwrap();
    let again: wire::ShredKeyResult = office.open_reply(method::SHRED_KEY, &shred, &again);
    assert_eq!(again, gone);
    assert_eq!(office.audit().await.len(), rows);
}
