//! Keys that the service makes.

use std::collections::BTreeSet;

use kleis_custody::CustodyError;
use kleis_proto::custody::v1 as wire;
use kleis_proto::method::custody as method;
use kleis_trust::order::Draft;
use kleis_types::RecordState;

use crate::fixture::{OWNER, Office, PHARMACY, create, encode, policy, policy_with, secret};

#[tokio::test]
async fn fresh_keys_are_released_to_their_owner_and_stored_wrapped() {
    let mut office = Office::open().await;
    let owner = office.caller(OWNER);
    let keys = office.create(&owner, &policy(), 100).await;
    assert_eq!(keys.len(), 100);
    let ids: BTreeSet<_> = keys.iter().map(|key| key.key_id.clone()).collect();
    let secrets: BTreeSet<_> = keys
        .iter()
        .map(|key| secret(key).expose().to_vec())
        .collect();
    assert_eq!((ids.len(), secrets.len()), (100, 100));
    assert!(secrets.iter().all(|secret| secret.len() == 32));
    for key in &keys {
        let record = office.record(&key.key_id).await;
        assert_eq!(record.owner, OWNER);
        assert_eq!(record.algorithm, "oct-256");
        assert_eq!(record.policy, policy().to_string().as_bytes());
        assert_eq!(
            (record.state, record.reads, record.version),
            (RecordState::Active, 0, 1)
        );
        assert_eq!(record.wrapped.len(), 40);
    }
    // One wrapping key for all of them, and a row of the audit for each of the 101.
    assert_eq!(office.wrapping_keys().await.len(), 1);
    assert_eq!(office.audit().await.len(), 101);
    assert!(office.audit_is_clean().await);
}

#[tokio::test]
async fn months_of_expiry_have_wrapping_keys_of_their_own() {
    let mut office = Office::open().await;
    let owner = office.caller(OWNER);
    let year = 365 * 86_400;
    for ends in [1, 40 * 86_400, year] {
        let ends = office.now().unix() + ends;
        office.key(&owner, &policy_with("expiresAt", ends)).await;
        office.key(&owner, &policy_with("expiresAt", ends)).await;
    }
    let periods: Vec<_> = office
        .wrapping_keys()
        .await
        .into_iter()
        .map(|key| key.period)
        .collect();
    assert_eq!(periods.len(), 3);
    assert_eq!(periods.iter().collect::<BTreeSet<_>>().len(), 3);
}

#[tokio::test]
async fn the_same_order_gets_the_same_keys_for_five_minutes() {
    let mut office = Office::open().await;
    let owner = office.caller(OWNER);
    let order = office.order(&owner, method::CREATE_KEYS, create(&owner, &policy(), 3));
    let send = async || {
        let release = office
            .custody
            .create_keys(order.compact(), owner.call())
            .await?;
        let result: wire::CreateKeysResult =
            office.open_release(&owner, method::CREATE_KEYS, &order, &release);
        Ok::<_, CustodyError>(result.keys)
    };
    let first = send().await.unwrap();
    let rows = office.audit().await.len();
    office.advance(300);
    assert_eq!(send().await.unwrap(), first);
    // Nothing was counted, but three releases are in the audit.
    assert_eq!(office.record(&first[0].key_id).await.version, 1);
    assert_eq!(office.audit().await.len(), rows + 3);
    assert_eq!(
        office.last_audit().await,
        ("DONE".to_owned(), "REPEATED".to_owned())
    );

    office.advance(1);
    assert!(matches!(send().await, Err(CustodyError::NotAvailable)));
    assert_eq!(
        office.last_audit().await,
        ("REFUSED".to_owned(), "LATE".to_owned())
    );
    assert!(office.audit_is_clean().await);
}

#[tokio::test]
async fn fresh_keys_are_not_given_again_when_one_is_gone_or_tampered_with() {
    let mut office = Office::open().await;
    let owner = office.caller(OWNER);
    let order = office.order(&owner, method::CREATE_KEYS, create(&owner, &policy(), 2));
    let release = office
        .custody
        .create_keys(order.compact(), owner.call())
        .await
        .unwrap();
    let result: wire::CreateKeysResult =
        office.open_release(&owner, method::CREATE_KEYS, &order, &release);
    office.shred(&owner, &result.keys[1].key_id).await.unwrap();
    let again = office
        .custody
        .create_keys(order.compact(), owner.call())
        .await;
    assert!(matches!(again, Err(CustodyError::NotAvailable)));
    assert_eq!(office.last_audit().await.1, "SHREDDED");

    let mut record = office.record(&result.keys[0].key_id).await;
    record.wrapped[0] ^= 1;
    office.overwrite(&record).await;
    let again = office
        .custody
        .create_keys(order.compact(), owner.call())
        .await;
    assert!(matches!(again, Err(CustodyError::NotAvailable)));
    assert_eq!(
        office.last_audit().await,
        ("ALARM".to_owned(), "TAMPERED".to_owned())
    );
}

#[tokio::test]
async fn bodies_that_are_not_acceptable_are_refused_by_name() {
    let mut office = Office::open().await;
    let owner = office.caller(OWNER);
    let good = create(&owner, &policy(), 1);
    let expired = policy_with("expiresAt", office.now().unix());
    let bad = [
        (
            wire::CreateKeysOrder {
                count: 0,
                ..good.clone()
            },
            "ORDER_BODY_INVALID",
            "count",
        ),
        (
            wire::CreateKeysOrder {
                count: 101,
                ..good.clone()
            },
            "ORDER_BODY_INVALID",
            "count",
        ),
        (
            wire::CreateKeysOrder {
                policy: "{}".to_owned(),
                ..good.clone()
            },
            "POLICY_INVALID",
            "policy",
        ),
        (
            wire::CreateKeysOrder {
                policy: encode(&serde_json::json!({})),
                ..good.clone()
            },
            "POLICY_INVALID",
            "policy.readers",
        ),
        (
            wire::CreateKeysOrder {
                policy: encode(&expired),
                ..good.clone()
            },
            "POLICY_INVALID",
            "policy.expiresAt",
        ),
        (
            wire::CreateKeysOrder {
                reply_to: String::new(),
                ..good.clone()
            },
            "JWK_INVALID",
            "replyTo",
        ),
    ];
    for (body, reason, field) in bad {
        let order = office.order(&owner, method::CREATE_KEYS, body);
        let refused = office
            .custody
            .create_keys(order.compact(), owner.call())
            .await;
        let problem = kleis_types::Problem::from(&refused.unwrap_err());
        assert_eq!(
            (problem.code().reason(), problem.field()),
            (reason, Some(field))
        );
    }
    let draft = Draft::new(method::CREATE_KEYS, good).with_version(1);
    let order = office.sign(&owner, &draft);
    let refused = office
        .custody
        .create_keys(order.compact(), owner.call())
        .await;
    let problem = kleis_types::Problem::from(&refused.unwrap_err());
    assert_eq!(problem.field(), Some("version"));
    assert_eq!(office.audit().await, [], "nothing of it is worth a row");
}

#[tokio::test]
async fn owners_read_their_own_keys_only_if_the_policy_says_so() {
    let mut office = Office::open().await;
    let owner = office.caller(OWNER);
    let pharmacy = office.caller(PHARMACY);
    let closed = office.key(&owner, &policy()).await;
    let open = office
        .create(&owner, &policy_with("ownerMayRead", true), 1)
        .await
        .remove(0);
    assert!(matches!(
        office.get(&owner, &closed).await,
        Err(CustodyError::NotAvailable)
    ));
    let result = office.get(&owner, &open.key_id).await.unwrap();
    assert_eq!(secret(&result.key.unwrap()), secret(&open));
    assert!(office.get(&pharmacy, &closed).await.is_ok());
}

#[tokio::test]
async fn callers_of_the_same_moment_share_one_wrapping_key() {
    let mut office = Office::open().await;
    let owner = office.caller(OWNER);
    let orders: Vec<_> = (0..8)
        .map(|_| office.order(&owner, method::CREATE_KEYS, create(&owner, &policy(), 2)))
        .collect();
    let tasks: Vec<_> = orders
        .iter()
        .map(|order| {
            let (custody, call) = (office.custody.clone(), owner.call().clone());
            let compact = order.compact().to_owned();
            tokio::spawn(async move { custody.create_keys(&compact, &call).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(office.wrapping_keys().await.len(), 1);
    assert!(office.audit_is_clean().await);
}
