//! Reading: limits, repetitions, and the end.

use kleis_custody::CustodyError;
use kleis_proto::custody::v1 as wire;
use kleis_proto::method::custody as method;
use kleis_trust::order::Draft;
use kleis_types::RecordState;
use serde_json::json;

use crate::fixture::{
    DOCTOR, OWNER, Office, PHARMACY, STRANGER, get, identifier, is_refused, policy, policy_with,
    secret,
};

#[tokio::test]
async fn a_reader_on_the_list_gets_the_key_and_is_counted() {
    let mut office = Office::open().await;
    let (owner, pharmacy) = (office.caller(OWNER), office.caller(PHARMACY));
    let made = office
        .create(&owner, &policy_with("maxReads", 3), 1)
        .await
        .remove(0);
    for left in [2, 1, 0] {
        let result = office.get(&pharmacy, &made.key_id).await.unwrap();
        let key = result.key.unwrap();
        assert_eq!(secret(&key), secret(&made));
        assert_eq!(key.policy_hash, made.policy_hash);
        assert_eq!(
            (result.reads_left, result.owner.as_str()),
            (Some(left), OWNER)
        );
    }
    let record = office.record(&made.key_id).await;
    assert_eq!((record.reads, record.version), (3, 4));
    assert_eq!(record.state, RecordState::Exhausted);
    assert_eq!(record.destroy_at, Some(office.now().plus_seconds(300)));
    assert!(is_refused(office.get(&pharmacy, &made.key_id).await));
    assert_eq!(
        office.last_audit().await,
        ("REFUSED".to_owned(), "EXHAUSTED".to_owned())
    );
    assert!(office.audit_is_clean().await);
}

#[tokio::test]
async fn whoever_is_not_on_the_list_is_refused_and_the_audit_says_why() {
    let mut office = Office::open().await;
    let (owner, pharmacy) = (office.caller(OWNER), office.caller(PHARMACY));
    let (stranger, doctor) = (office.caller(STRANGER), office.caller(DOCTOR));
    let now = office.now().unix();
    let excluding =
        |name: &str, value: &str| policy_with("excluded", json!([identifier(name, value)]));
    let undecidable = json!([{"namespace": "urn:nobody", "name": "can-say"}]);
    let both = json!([{"allOf": [
        identifier("NIHII-PHARMACY", "71000436"), identifier("NIHII", "18749704"),
    ]}]);
    let cases = [
        (&stranger, policy(), "NO_READER"),
        (&doctor, policy(), "NO_READER"),
        (&pharmacy, policy_with("readers", both), "NO_READER"),
        (
            &pharmacy,
            excluding("NIHII-PHARMACY", "71000436"),
            "EXCLUDED",
        ),
        (
            &pharmacy,
            policy_with("excluded", undecidable),
            "EXCLUSION_UNDECIDABLE",
        ),
        (
            &pharmacy,
            policy_with("notBefore", now + 1),
            "NOT_YET_VALID",
        ),
    ];
    for (by, policy, why) in cases {
        let key_id = office.key(&owner, &policy).await;
        assert!(is_refused(office.get(by, &key_id).await), "{why}");
        let row = office.audit().await.pop().unwrap();
        assert_eq!(
            (row.outcome.as_str(), row.details.as_str()),
            ("REFUSED", why)
        );
        assert_eq!(row.resource, format!("record:{key_id}"));
        assert_eq!(row.resource_digest, [0_u8; 0]);
        assert!(!row.actor.contains("18749704"), "persons have pseudonyms");
        assert_eq!(office.record(&key_id).await.reads, 0);
    }
    let key_id = office
        .key(&owner, &excluding("NIHII-PHARMACY", "19997341"))
        .await;
    assert!(
        office.get(&pharmacy, &key_id).await.is_ok(),
        "another one is excluded"
    );
}

#[tokio::test]
async fn exclusions_bind_the_owner_and_see_through_aliases() {
    let mut office = Office::open().await;
    let owner = office.caller(OWNER);
    let excluded = json!([identifier("SSIN", "85073003328")]);
    let key_id = office.key(&owner, &policy_with("excluded", excluded)).await;
    let signer = office
        .world
        .certify_all(&[PHARMACY, "SSIN:85073003328"], "till");
    office.publish_status();
    let mut both = office.caller(PHARMACY);
    assert!(office.get(&both, &key_id).await.is_ok());
    both = crate::fixture::Caller::of(signer, both.key);
    assert!(is_refused(office.get(&both, &key_id).await));
    assert_eq!(office.last_audit().await.1, "EXCLUDED");

    let mut own = policy_with("ownerMayRead", true);
    own["excluded"] = json!([identifier("CBE", "0823257311")]);
    let key_id = office.key(&owner, &own).await;
    assert!(is_refused(office.get(&owner, &key_id).await));
}

#[tokio::test]
async fn policies_begin_and_end_to_the_second() {
    let mut office = Office::open().await;
    let (owner, pharmacy) = (office.caller(OWNER), office.caller(PHARMACY));
    let now = office.now().unix();
    let mut window = policy_with("notBefore", now + 10);
    window["expiresAt"] = (now + 20).into();
    let key_id = office.key(&owner, &window).await;
    let outcome = async |seconds: i64| {
        office.advance(seconds);
        office.get(&pharmacy, &key_id).await.is_ok()
    };
    assert!(!outcome(9).await);
    assert!(outcome(1).await);
    assert!(outcome(9).await);
    assert!(!outcome(1).await);
    assert_eq!(office.last_audit().await.1, "EXPIRED");
}

#[tokio::test]
async fn the_same_order_is_released_again_uncounted_for_five_minutes() {
    let mut office = Office::open().await;
    let (owner, pharmacy) = (office.caller(OWNER), office.caller(PHARMACY));
    let key_id = office.key(&owner, &policy_with("maxReads", 1)).await;
    let order = office.order(&pharmacy, method::GET_KEY, get(&pharmacy, &key_id));
    let first = office.send_get(&pharmacy, &order).await.unwrap();
    assert_eq!(first.reads_left, Some(0));
    office.advance(300);
    assert_eq!(office.send_get(&pharmacy, &order).await.unwrap(), first);
    assert_eq!(office.record(&key_id).await.reads, 1);
    assert_eq!(
        office.last_audit().await,
        ("DONE".to_owned(), "REPEATED".to_owned())
    );
    office.advance(1);
    assert!(is_refused(office.send_get(&pharmacy, &order).await));
    assert_eq!(office.last_audit().await.1, "LATE");
}

#[tokio::test]
async fn a_repetition_ends_with_the_bytes_and_with_the_policy() {
    let mut office = Office::open().await;
    let (owner, pharmacy) = (office.caller(OWNER), office.caller(PHARMACY));
    let ends = office.now().unix() + 100;
    let short = office.key(&owner, &policy_with("expiresAt", ends)).await;
    let long = office.key(&owner, &policy()).await;
    let mut orders = Vec::new();
    for key_id in [&short, &long] {
        let order = office.order(&pharmacy, method::GET_KEY, get(&pharmacy, key_id));
        office.send_get(&pharmacy, &order).await.unwrap();
        orders.push(order);
    }
    office.shred(&owner, &long).await.unwrap();
    assert!(is_refused(office.send_get(&pharmacy, &orders[1]).await));
    assert_eq!(office.last_audit().await.1, "SHREDDED");
    office.advance(100);
    assert!(is_refused(office.send_get(&pharmacy, &orders[0]).await));
    assert_eq!(office.last_audit().await.1, "EXPIRED");
}

#[tokio::test]
async fn a_refusal_stays_a_refusal() {
    let mut office = Office::open().await;
    let (owner, pharmacy) = (office.caller(OWNER), office.caller(PHARMACY));
    let begins = office.now().unix() + 5;
    let key_id = office.key(&owner, &policy_with("notBefore", begins)).await;
    let order = office.order(&pharmacy, method::GET_KEY, get(&pharmacy, &key_id));
    assert!(is_refused(office.send_get(&pharmacy, &order).await));
    let rows = office.audit().await.len();
    office.advance(5);
    assert!(
        is_refused(office.send_get(&pharmacy, &order).await),
        "the same order"
    );
    assert_eq!(office.audit().await.len(), rows, "said once");
    assert!(office.get(&pharmacy, &key_id).await.is_ok(), "a new one");
}

#[tokio::test]
async fn another_order_under_a_used_jti_is_refused() {
    let mut office = Office::open().await;
    let (owner, pharmacy) = (office.caller(OWNER), office.caller(PHARMACY));
    let key_id = office.key(&owner, &policy()).await;
    let order = office.order(&pharmacy, method::GET_KEY, get(&pharmacy, &key_id));
    office.send_get(&pharmacy, &order).await.unwrap();
    office.advance(1);
    let draft = Draft::new(method::GET_KEY, get(&pharmacy, &key_id)).with_jti(order.jti());
    let other = office.sign(&pharmacy, &draft);
    let refused = office.send_get(&pharmacy, &other).await;
    assert!(matches!(refused, Err(CustodyError::JtiReused)));
    // Also an order to another method, by somebody else.
    let body = wire::ShredKeyOrder {
        key_id: key_id.clone(),
    };
    let draft = Draft::new(method::SHRED_KEY, body).with_jti(order.jti());
    let other = office.sign(&owner, &draft);
    let refused = office
        .custody
        .shred_key(other.compact(), owner.call())
        .await;
    assert!(matches!(refused, Err(CustodyError::JtiReused)));
    assert_eq!(office.record(&key_id).await.state, RecordState::Active);
    assert_eq!(office.record(&key_id).await.reads, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_readers_at_once_get_exactly_as_many_keys_as_allowed() {
    let mut office = Office::open().await;
    let (owner, pharmacy) = (office.caller(OWNER), office.caller(PHARMACY));
    let key_id = office.key(&owner, &policy_with("maxReads", 10)).await;
    let orders: Vec<_> = (0..64)
        .map(|_| office.order(&pharmacy, method::GET_KEY, get(&pharmacy, &key_id)))
        .collect();
    let tasks: Vec<_> = orders
        .iter()
        .map(|order| {
            let (custody, call) = (office.custody.clone(), pharmacy.call().clone());
            let compact = order.compact().to_owned();
            tokio::spawn(async move { custody.get_key(&compact, &call).await })
        })
        .collect();
    let (mut given, mut refused) = (Vec::new(), 0);
    for (task, order) in tasks.into_iter().zip(&orders) {
        match task.await.unwrap() {
            Ok(release) => {
                let result: wire::GetKeyResult =
                    office.open_release(&pharmacy, method::GET_KEY, order, &release);
                given.push(result.reads_left.unwrap());
            }
            Err(CustodyError::NotAvailable) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    given.sort_unstable();
    assert_eq!(
        given,
        (0..10).collect::<Vec<_>>(),
        "each read once, each number once"
    );
    assert_eq!(refused, 54);
    let record = office.record(&key_id).await;
    assert_eq!((record.reads, record.state), (10, RecordState::Exhausted));
    assert!(office.audit_is_clean().await);
}

#[tokio::test]
async fn one_order_sent_many_times_at_once_counts_once() {
    let mut office = Office::open().await;
    let (owner, pharmacy) = (office.caller(OWNER), office.caller(PHARMACY));
    let key_id = office.key(&owner, &policy_with("maxReads", 1)).await;
    let order = office.order(&pharmacy, method::GET_KEY, get(&pharmacy, &key_id));
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (custody, call) = (office.custody.clone(), pharmacy.call().clone());
            let compact = order.compact().to_owned();
            tokio::spawn(async move { custody.get_key(&compact, &call).await })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap().is_ok());
    }
    assert_eq!(office.record(&key_id).await.reads, 1);
}

#[tokio::test]
async fn burn_after_reading() {
    let mut office = Office::open().await;
    let (owner, pharmacy) = (office.caller(OWNER), office.caller(PHARMACY));
    let key_id = office.key(&owner, &policy_with("maxReads", 1)).await;
    let read = office.order(&pharmacy, method::GET_KEY, get(&pharmacy, &key_id));
    office.send_get(&pharmacy, &read).await.unwrap();
    assert_eq!(
        office.record(&key_id).await.wrapped.len(),
        40,
        "in case the reply is lost"
    );
    let result = office.confirm(&pharmacy, &key_id, &read).await.unwrap();
    assert_eq!(
        (result.key_id.as_str(), result.destroyed),
        (key_id.as_str(), true)
    );
    let record = office.record(&key_id).await;
    assert_eq!(
        (record.state, record.wrapped.len()),
        (RecordState::Shredded, 0)
    );
    assert_eq!(record.destroy_at, None);
    assert!(
        is_refused(office.send_get(&pharmacy, &read).await),
        "the bytes are gone"
    );
    assert!(
        office
            .confirm(&pharmacy, &key_id, &read)
            .await
            .unwrap()
            .destroyed,
        "still"
    );
    assert!(office.audit_is_clean().await);
}

#[tokio::test]
async fn only_the_reader_of_the_last_read_destroys() {
    let mut office = Office::open().await;
    let (owner, pharmacy) = (office.caller(OWNER), office.caller(PHARMACY));
    let doctor = office.caller(DOCTOR);
    let mut readers = policy_with("maxReads", 2);
    readers["readers"] = json!([
        {"allOf": [identifier("NIHII-PHARMACY", "71000436")]},
        {"allOf": [identifier("NIHII", "18749704")]},
    ]);
    let key_id = office.key(&owner, &readers).await;
    let first = office.order(&pharmacy, method::GET_KEY, get(&pharmacy, &key_id));
    office.send_get(&pharmacy, &first).await.unwrap();
    assert!(
        !office
            .confirm(&pharmacy, &key_id, &first)
            .await
            .unwrap()
            .destroyed
    );
    let last = office.order(&doctor, method::GET_KEY, get(&doctor, &key_id));
    office.send_get(&doctor, &last).await.unwrap();
    // The first reader's word is about the first reading.
    assert!(
        !office
            .confirm(&pharmacy, &key_id, &first)
            .await
            .unwrap()
            .destroyed
    );
    assert!(is_refused(office.confirm(&pharmacy, &key_id, &last).await));
    assert_eq!(office.last_audit().await.1, "NOT_READER");
    assert!(
        is_refused(office.confirm(&owner, &key_id, &last).await),
        "not even the owner"
    );
    assert_eq!(office.record(&key_id).await.state, RecordState::Exhausted);
    assert!(
        office
            .confirm(&doctor, &key_id, &last)
            .await
            .unwrap()
            .destroyed
    );
    assert_eq!(office.record(&key_id).await.state, RecordState::Shredded);
}
