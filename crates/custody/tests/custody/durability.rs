//! What was answered stays, and no key stands anywhere in clear.

use std::fmt::Write as _;

use kleis_custody::CustodyError;
use kleis_proto::custody::v1 as wire;
use kleis_proto::method::custody as method;
use kleis_types::{RecordState, base64url};

use crate::fixture::{OWNER, Office, PHARMACY, create, get, policy_with, secret};

#[tokio::test]
async fn a_counted_release_survives_the_process() {
    let mut office = Office::open().await;
    let (owner, pharmacy) = (office.caller(OWNER), office.caller(PHARMACY));
    let made = office
        .create(&owner, &policy_with("maxReads", 2), 1)
        .await
        .remove(0);
    let order = office.order(&pharmacy, method::GET_KEY, get(&pharmacy, &made.key_id));
    office.send_get(&pharmacy, &order).await.unwrap();

    office.restart().await;
    let record = office.record(&made.key_id).await;
    assert_eq!((record.reads, record.state), (1, RecordState::Active));
    // The same order is still known, across processes: uncounted.
    let again = office.send_get(&pharmacy, &order).await.unwrap();
    assert_eq!(secret(&again.key.unwrap()), secret(&made));
    assert_eq!(office.record(&made.key_id).await.reads, 1);
    assert_eq!(
        office
            .get(&pharmacy, &made.key_id)
            .await
            .unwrap()
            .reads_left,
        Some(0)
    );
    let refused = office.get(&pharmacy, &made.key_id).await;
    assert!(matches!(refused, Err(CustodyError::NotAvailable)));
    assert!(office.audit_is_clean().await);
}

#[tokio::test]
async fn no_key_stands_in_the_files_or_in_debug_output() {
    let mut office = Office::open().await;
    let (owner, pharmacy) = (office.caller(OWNER), office.caller(PHARMACY));
    let order = office.order(
        &owner,
        method::CREATE_KEYS,
        create(&owner, &policy_with("maxReads", 9), 5),
    );
    let release = office
        .custody
        .create_keys(order.compact(), owner.call())
        .await
        .unwrap();
    let result: wire::CreateKeysResult =
        office.open_release(&owner, method::CREATE_KEYS, &order, &release);
    for key in &result.keys {
        office.get(&pharmacy, &key.key_id).await.unwrap();
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(office.directory()).unwrap() {
        files.push(std::fs::read(entry.unwrap().path()).unwrap());
    }
    assert!(
        files
            .iter()
            .any(|file| contains(file, result.keys[0].key_id.as_bytes()))
    );
    let shown = format!("{:?} {result:?} {:?}", office.custody, office.store);
    for key in &result.keys {
        let secret = secret(key);
        let text = base64url::encode(secret.expose());
        let hex = hex(secret.expose());
        for needle in [secret.expose(), text.as_bytes(), hex.as_bytes()] {
            assert!(!files.iter().any(|file| contains(file, needle)));
            assert!(!contains(shown.as_bytes(), needle));
        }
        assert!(!contains(release.as_bytes(), text.as_bytes()));
    }
}

#[tokio::test]
async fn destroyed_bytes_are_overwritten_on_the_disk() {
    let mut office = Office::open().await;
    let owner = office.caller(OWNER);
    let key_id = office.key(&owner, &policy_with("maxReads", 9)).await;
    let wrapped = office.record(&key_id).await.wrapped;
    office.shred(&owner, &key_id).await.unwrap();
    office.store.close().await;
    let file = std::fs::read(office.path()).unwrap();
    assert!(!contains(&file, &wrapped));
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}
