//! A stolen or edited database yields nothing, and the audit shows who was there.

use kleis_proto::method::custody as method;
use kleis_store::Store as _;
use kleis_store::audit::{self, Finding};
use kleis_store::custody::Record;
use kleis_types::{Random, RecordState, SeededRandom, Timestamp};

use crate::fixture::{LIFE, STRANGER, get, policy, policy_with};
use crate::scene::Scene;

type Edit = Box<dyn Fn(&mut Record)>;

#[tokio::test]
async fn wrapped_keys_open_in_their_own_rows_alone() {
    let scene = Scene::new().await;
    let office = &scene.office;
    let (one, two) = (scene.key().await, scene.key().await);
    let (a, b) = (office.record(&one).await, office.record(&two).await);
    // The bytes alone, then everything but the name.
    office
        .overwrite(&Record {
            wrapped: b.wrapped.clone(),
            ..a.clone()
        })
        .await;
    assert!(scene.alarms(&scene.pharmacy, &one).await);
    office
        .overwrite(&Record {
            key_id: a.key_id.clone(),
            ..b.clone()
        })
        .await;
    assert!(scene.alarms(&scene.pharmacy, &one).await);
    office.overwrite(&a).await;
    assert!(office.get(&scene.pharmacy, &one).await.is_ok(), "as it was");
}

#[tokio::test]
async fn a_record_cannot_be_edited() {
    let scene = Scene::new().await;
    let office = &scene.office;
    let for_stranger = policy()
        .to_string()
        .replace("71000436", "19997341")
        .into_bytes();
    let longer = policy_with("expiresAt", office.now().unix() + 2 * LIFE)
        .to_string()
        .into_bytes();
    let end = office.now().plus_seconds(2 * LIFE);
    let edits: Vec<(&str, Edit)> = vec![
        (
            "owner",
            Box::new(|record| record.owner = STRANGER.to_owned()),
        ),
        (
            "algorithm",
            Box::new(|record| record.algorithm = "oct-128".to_owned()),
        ),
        (
            "policy",
            Box::new(move |record| record.policy.clone_from(&for_stranger)),
        ),
        (
            "end",
            Box::new(move |record| {
                record.policy.clone_from(&longer);
                record.expires_at = end;
            }),
        ),
        (
            "column",
            Box::new(|record| record.expires_at = Timestamp::from_unix(1)),
        ),
        (
            "state",
            Box::new(|record| record.state = RecordState::Exhausted),
        ),
        ("reads", Box::new(|record| record.reads = 0)),
        ("version", Box::new(|record| record.version += 1)),
        (
            "destroy at",
            Box::new(|record| record.destroy_at = Some(Timestamp::from_unix(1))),
        ),
        (
            "created at",
            Box::new(|record| record.created_at = Timestamp::from_unix(1)),
        ),
        (
            "wrapping key",
            Box::new(|record| record.wrapping_key.replace_range(..2, "__")),
        ),
        ("mac", Box::new(|record| record.mac[31] ^= 1)),
    ];
    let mut alarms = 0;
    for (what, edit) in edits {
        let key_id = scene.key().await;
        office.get(&scene.pharmacy, &key_id).await.unwrap();
        let good = office.record(&key_id).await;
        let mut bad = good.clone();
        edit(&mut bad);
        assert_ne!(good, bad);
        office.overwrite(&bad).await;
        assert!(scene.alarms(&scene.pharmacy, &key_id).await, "{what}");
        // Nor does the owner learn anything from it, or change it.
        assert!(
            office.describe(&scene.owner, &key_id).await.is_err(),
            "{what}"
        );
        assert!(office.shred(&scene.owner, &key_id).await.is_err(), "{what}");
        assert_eq!(office.record(&key_id).await, bad, "it was left as evidence");
        alarms += 3;
    }
    let rows = office.audit().await;
    assert_eq!(
        rows.iter().filter(|row| row.outcome == "ALARM").count(),
        alarms
    );
}

#[tokio::test]
async fn a_burnt_key_does_not_rise() {
    let scene = Scene::new().await;
    let office = &scene.office;
    let key_id = office.key(&scene.owner, &policy_with("maxReads", 1)).await;
    let order = office.order(
        &scene.pharmacy,
        method::GET_KEY,
        get(&scene.pharmacy, &key_id),
    );
    office.send_get(&scene.pharmacy, &order).await.unwrap();
    let exhausted = office.record(&key_id).await;
    office
        .overwrite(&Record {
            state: RecordState::Active,
            reads: 0,
            ..exhausted.clone()
        })
        .await;
    assert!(scene.alarms(&scene.pharmacy, &key_id).await);
    office.overwrite(&exhausted).await;
    office
        .confirm(&scene.pharmacy, &key_id, &order)
        .await
        .unwrap();
    let shredded = office.record(&key_id).await;
    office
        .overwrite(&Record {
            wrapped: exhausted.wrapped,
            ..shredded
        })
        .await;
    assert!(scene.alarms(&scene.pharmacy, &key_id).await);
}

#[tokio::test]
async fn a_whole_row_put_back_is_found_by_the_audit() {
    let scene = Scene::new().await;
    let office = &scene.office;
    let key_id = office.key(&scene.owner, &policy_with("maxReads", 1)).await;
    let before = office.record(&key_id).await;
    office.get(&scene.pharmacy, &key_id).await.unwrap();
    assert!(office.audit_is_clean().await);
    office.overwrite(&before).await;
    let mut reader = office.store.read().await.unwrap();
    let report = audit::verify(&mut reader).await.unwrap();
    let rolled_back = Finding::RolledBack {
        resource: format!("record:{key_id}"),
        version: 1,
        audited: 2,
    };
    assert_eq!(report.findings, [rolled_back]);
}

/// One bit of what authenticates a record, chosen by two numbers.
fn flip(record: &mut Record, field: u32, bit: usize) {
    let in_bytes = |bytes: &mut [u8]| bytes[bit / 8 % bytes.len()] ^= 1 << (bit % 8);
    let in_text = |text: &mut String| {
        let mut bytes = text.clone().into_bytes();
        // Bits that leave it text.
        let at = bit / 4 % bytes.len();
        bytes[at] ^= 1 << (bit % 4);
        *text = String::from_utf8(bytes).unwrap();
    };
    let in_number = |number: u64| number ^ (1 << (bit % 40));
    let in_time = |at: Timestamp| Timestamp::from_unix(at.unix() ^ (1 << (bit % 40)));
    match field {
        0 => in_bytes(&mut record.wrapped),
        1 => in_bytes(&mut record.policy),
        2 => in_bytes(&mut record.mac),
        3 => in_text(&mut record.owner),
        4 => in_text(&mut record.algorithm),
        5 => in_text(&mut record.wrapping_key),
        6 => record.reads = in_number(record.reads),
        7 => record.version = in_number(record.version),
        8 => record.created_at = in_time(record.created_at),
        9 => record.expires_at = in_time(record.expires_at),
        _ => record.destroy_at = Some(in_time(record.destroy_at.unwrap_or(record.created_at))),
    }
}

#[tokio::test]
async fn no_bit_of_a_record_can_be_flipped() {
    let scene = Scene::new().await;
    let key_id = scene.key().await;
    scene.office.get(&scene.pharmacy, &key_id).await.unwrap();
    let good = scene.office.record(&key_id).await;
    let random = SeededRandom::new(2);
    for round in 0..132_u32 {
        let bit = usize::from(u16::from_be_bytes(random.array()));
        let mut bad = good.clone();
        flip(&mut bad, round % 11, bit);
        assert_ne!(bad, good);
        scene.office.overwrite(&bad).await;
        assert!(
            scene.alarms(&scene.pharmacy, &key_id).await,
            "field {}, bit {bit}",
            round % 11
        );
    }
    scene.office.overwrite(&good).await;
    assert!(scene.office.get(&scene.pharmacy, &key_id).await.is_ok());
}
