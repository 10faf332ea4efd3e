//! The sweeper.

use kleis_custody::Swept;
use kleis_types::RecordState;

use crate::fixture::{OWNER, Office, PHARMACY, policy, policy_with};

#[tokio::test]
async fn expired_keys_lose_their_bytes_and_no_others() {
    let mut office = Office::open().await;
    let owner = office.caller(OWNER);
    let ends = office.now().unix() + 10;
    let short = office.key(&owner, &policy_with("expiresAt", ends)).await;
    let long = office.key(&owner, &policy()).await;
    office.advance(9);
    assert_eq!(
        office.custody.sweep(office.now()).await.unwrap(),
        Swept::default()
    );
    office.advance(1);
    let swept = office.custody.sweep(office.now()).await.unwrap();
    assert_eq!(
        swept,
        Swept {
            expired: 1,
            ..Swept::default()
        }
    );
    let record = office.record(&short).await;
    assert_eq!(
        (record.state, record.wrapped.len(), record.version),
        (RecordState::Expired, 0, 2)
    );
    assert_eq!(office.record(&long).await.state, RecordState::Active);
    let row = office.audit().await.pop().unwrap();
    assert_eq!(
        (row.action.as_str(), row.actor.as_str()),
        ("custody.sweep", "SERVICE:custody")
    );
    assert_eq!(
        office.custody.sweep(office.now()).await.unwrap(),
        Swept::default()
    );
    assert!(office.audit_is_clean().await);
}

#[tokio::test]
async fn exhausted_keys_lose_their_bytes_after_the_window() {
    let mut office = Office::open().await;
    let (owner, pharmacy) = (office.caller(OWNER), office.caller(PHARMACY));
    let key_id = office.key(&owner, &policy_with("maxReads", 1)).await;
    office.get(&pharmacy, &key_id).await.unwrap();
    office.advance(299);
    assert_eq!(
        office.custody.sweep(office.now()).await.unwrap(),
        Swept::default()
    );
    office.advance(1);
    let swept = office.custody.sweep(office.now()).await.unwrap();
    assert_eq!(
        swept,
        Swept {
            shredded: 1,
            ..Swept::default()
        }
    );
    let record = office.record(&key_id).await;
    assert_eq!(
        (record.state, record.wrapped.len()),
        (RecordState::Shredded, 0)
    );
    assert_eq!((record.reads, record.destroy_at), (1, None));
    assert!(office.audit_is_clean().await);
}

#[tokio::test]
async fn more_than_a_batch_is_swept_in_one_go() {
    let mut office = Office::open().await;
    let owner = office.caller(OWNER);
    let policy = policy_with("expiresAt", office.now().unix() + 1);
    for count in [100, 100, 5] {
        office.create(&owner, &policy, count).await;
    }
    office.advance(1);
    let swept = office.custody.sweep(office.now()).await.unwrap();
    assert_eq!(
        swept,
        Swept {
            expired: 205,
            ..Swept::default()
        }
    );
    assert!(office.audit_is_clean().await);
}

#[tokio::test]
async fn a_tampered_record_is_reported_once_and_holds_up_no_other() {
    let mut office = Office::open().await;
    let owner = office.caller(OWNER);
    let policy = policy_with("expiresAt", office.now().unix() + 1);
    office.create(&owner, &policy, 100).await;
    office.tamper(&["UPDATE records SET reads = 7"]).await;
    let honest = office.key(&owner, &policy).await;
    office.advance(1);
    let swept = office.custody.sweep(office.now()).await.unwrap();
    assert_eq!(
        swept,
        Swept {
            expired: 1,
            tampered: 100,
            ..Swept::default()
        }
    );
    assert_eq!(office.record(&honest).await.state, RecordState::Expired);
    let alarms = async || {
        let rows = office.audit().await;
        rows.iter().filter(|row| row.outcome == "ALARM").count()
    };
    assert_eq!(alarms().await, 100);
    assert_eq!(
        office.custody.sweep(office.now()).await.unwrap(),
        Swept::default()
    );
    assert_eq!(alarms().await, 100);
}

#[tokio::test]
async fn the_sweeper_is_not_led_by_the_column() {
    let mut office = Office::open().await;
    let (owner, pharmacy) = (office.caller(OWNER), office.caller(PHARMACY));
    let key_id = office.key(&owner, &policy()).await;
    office.tamper(&["UPDATE records SET expires_at = 1"]).await;
    let swept = office.custody.sweep(office.now()).await.unwrap();
    assert_eq!(
        swept,
        Swept {
            tampered: 1,
            ..Swept::default()
        }
    );
    assert_eq!(office.record(&key_id).await.wrapped.len(), 40);
    assert!(office.get(&pharmacy, &key_id).await.is_err());
    assert_eq!(
        office.last_audit().await,
        ("ALARM".to_owned(), "TAMPERED".to_owned())
    );
}

#[tokio::test]
async fn a_row_that_is_none_raises_one_alarm() {
    let mut office = Office::open().await;
    let owner = office.caller(OWNER);
    let policy = policy_with("expiresAt", office.now().unix() + 1);
    let key_id = office.key(&owner, &policy).await;
    office.tamper(&["UPDATE records SET version = -1"]).await;
    office.advance(1);
    for _ in 0..2 {
        assert!(office.custody.sweep(office.now()).await.is_err());
    }
    let rows = office.audit().await;
    let alarms: Vec<_> = rows.iter().filter(|row| row.outcome == "ALARM").collect();
    assert_eq!(alarms.len(), 1);
    assert_eq!(alarms[0].resource, format!("record:{key_id}"));
}
