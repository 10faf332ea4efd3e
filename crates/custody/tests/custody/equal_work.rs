//! No existence oracle: whatever the reason, one answer after the same work.

use std::collections::BTreeMap;

use kleis_custody::CustodyError;
use kleis_proto::method::custody as method;
use kleis_store::custody::Record;
use kleis_trust::Jti;
use kleis_types::{Problem, base64url};
use kleis_wrap::Work;
use serde_json::json;

use crate::fixture::{Caller, OWNER, Office, PHARMACY, get, identifier, policy, policy_with};

type Cost = (u64, u64, Work);
type Edit = fn(&mut Record);

fn difference(before: Cost, after: Cost) -> [u64; 6] {
    [
        after.0 - before.0,
        after.1 - before.1,
        after.2.derivations - before.2.derivations,
        after.2.wraps - before.2.wraps,
        after.2.unwraps - before.2.unwraps,
        after.2.macs - before.2.macs,
    ]
}

/// What each refusal was, what the audit calls it, and what it has cost.
#[derive(Default)]
struct Ledger(BTreeMap<String, (Problem, String, [u64; 6])>);

impl Ledger {
    async fn enter<T>(
        &mut self,
        office: &Office,
        what: &str,
        ask: impl AsyncFnOnce() -> Result<T, CustodyError>,
    ) {
        let before = office.effort();
        let Err(refused) = ask().await else {
            panic!("{what} was not refused");
        };
        let cost = difference(before, office.effort());
        let (_, why) = office.last_audit().await;
        self.0
            .insert(what.to_owned(), (Problem::from(&refused), why, cost));
    }

    /// All answers are the same, word by word, after the same work, for these different reasons.
    fn settle(&self, reasons: &[&str]) {
        let (first, (problem, _, cost)) = self.0.first_key_value().unwrap();
        assert_eq!(problem.code().reason(), "KEY_NOT_AVAILABLE");
        assert!(cost[0] > 0 && cost[5] > 0, "the work was counted");
        assert_eq!(cost[1], 0, "nothing is signed for who is refused");
        for (what, (other, _, other_cost)) in &self.0 {
            assert_eq!(other, problem, "{what} is not answered as {first}");
            assert_eq!(other_cost, cost, "{what} does not cost what {first} does");
        }
        let mut found: Vec<_> = self.0.values().map(|(_, why, _)| why.as_str()).collect();
        found.sort_unstable();
        found.dedup();
        assert_eq!(found, reasons);
    }
}

fn unknown(office: &Office) -> String {
    base64url::encode(Jti::random(office.world.random()).as_bytes())
}

/// Keys in every state that a reader must not be able to tell apart.
async fn keys(office: &Office, owner: &Caller, pharmacy: &Caller) -> Vec<(&'static str, String)> {
    let now = office.now().unix();
    let excluded = json!([identifier("NIHII-PHARMACY", "71000436")]);
    let undecidable = json!([{"namespace": "urn:nobody", "name": "can-say"}]);
    let others = json!([{"allOf": [identifier("NIHII-PHARMACY", "19997341")]}]);
    let key = async |policy| office.key(owner, &policy).await;
    let short = policy_with("expiresAt", now + 400);
    let swept = key(policy_with("expiresAt", now + 1)).await;
    let shredded = key(policy()).await;
    office.shred(owner, &shredded).await.unwrap();
    let burnt = key(policy_with("maxReads", 1)).await;
    office.get(pharmacy, &burnt).await.unwrap();
    office.advance(300);
    office.custody.sweep(office.now()).await.unwrap();
    let exhausted = key(policy_with("maxReads", 1)).await;
    office.get(pharmacy, &exhausted).await.unwrap();
    let expired = key(short).await;
    office.advance(200);
    let mut all = vec![
        ("unknown", unknown(office)),
        ("expired", expired),
        ("swept", swept),
        ("shredded", shredded),
        ("exhausted and destroyed", burnt),
        ("exhausted", exhausted),
        (
            "not yet valid",
            key(policy_with("notBefore", now + 100_000)).await,
        ),
        ("excluded", key(policy_with("excluded", excluded)).await),
        (
            "undecidable",
            key(policy_with("excluded", undecidable)).await,
        ),
        ("not on the list", key(policy_with("readers", others)).await),
    ];
    let tampered: [(&str, Edit); 8] = [
        ("another count", |record| record.reads += 1),
        ("another key", |record| record.wrapped[0] ^= 1),
        ("no key", |record| record.wrapped.clear()),
        ("a longer key", |record| record.wrapped.extend([0; 8])),
        ("no algorithm", |record| record.algorithm.clear()),
        ("no policy", |record| record.policy.clear()),
        ("no owner", |record| record.owner.clear()),
        ("an unknown wrapping key", |record| {
            record.wrapping_key.replace_range(..4, "AAAA");
        }),
    ];
    for (what, edit) in tampered {
        let key_id = key(policy()).await;
        let mut record = office.record(&key_id).await;
        edit(&mut record);
        office.overwrite(&record).await;
        // At the first sight of a wrapping key that it does not know, the service looks whether
        // another process has made it.
        assert!(office.describe(pharmacy, &key_id).await.is_err());
        all.push((what, key_id));
    }
    let garbled = key(policy_with("maxReads", 77)).await;
    office
        .tamper(&["UPDATE records SET reads = -1 WHERE policy LIKE '%\"maxReads\":77%'"])
        .await;
    all.push(("a row that is none", garbled));
    all
}

#[tokio::test]
async fn readers_cannot_tell_why() {
    let mut office = Office::open().await;
    let (owner, pharmacy) = (office.caller(OWNER), office.caller(PHARMACY));
    let mut ledger = Ledger::default();
    for (what, key_id) in keys(&office, &owner, &pharmacy).await {
        ledger
            .enter(&office, what, async || office.get(&pharmacy, &key_id).await)
            .await;
    }
    assert_eq!(ledger.0.len(), 19);
    assert_eq!(ledger.0["a row that is none"].1, "TAMPERED");
    ledger.settle(&[
        "EXCLUDED",
        "EXCLUSION_UNDECIDABLE",
        "EXHAUSTED",
        "EXPIRED",
        "NOT_YET_VALID",
        "NO_READER",
        "SHREDDED",
        "TAMPERED",
        "UNKNOWN",
    ]);
}

#[tokio::test]
async fn persons_cannot_tell_either() {
    let mut office = Office::open().await;
    let (owner, pharmacy) = (office.caller(OWNER), office.caller(PHARMACY));
    let doctor = office.caller(crate::fixture::DOCTOR);
    // The first refusal also gives the person a pseudonym.
    assert!(office.get(&doctor, &unknown(&office)).await.is_err());
    let mut ledger = Ledger::default();
    for (what, key_id) in keys(&office, &owner, &pharmacy).await {
        ledger
            .enter(&office, what, async || office.get(&doctor, &key_id).await)
            .await;
    }
    let (_, why, _) = &ledger.0["unknown"];
    assert_eq!(why, "UNKNOWN");
    let (_, why, _) = &ledger.0["exhausted"];
    assert_eq!(why, "EXHAUSTED");
    let costs: std::collections::BTreeSet<_> = ledger.0.values().map(|entry| entry.2).collect();
    assert_eq!(costs.len(), 1);
}

#[tokio::test]
async fn others_than_the_owner_cannot_tell_what_there_is() {
    let mut office = Office::open().await;
    let (owner, pharmacy) = (office.caller(OWNER), office.caller(PHARMACY));
    let keys = keys(&office, &owner, &pharmacy).await;
    let (mut seen, mut shredded) = (Ledger::default(), Ledger::default());
    for (what, key_id) in &keys {
        seen.enter(&office, what, async || {
            office.describe(&pharmacy, key_id).await
        })
        .await;
        shredded
            .enter(&office, what, async || {
                office.shred(&pharmacy, key_id).await
            })
            .await;
    }
    seen.settle(&["NOT_OWNER", "TAMPERED", "UNKNOWN"]);
    shredded.settle(&["NOT_OWNER", "TAMPERED", "UNKNOWN"]);
}

#[tokio::test]
async fn the_owner_of_what_is_gone_gets_the_same_answer() {
    let mut office = Office::open().await;
    let (owner, pharmacy) = (office.caller(OWNER), office.caller(PHARMACY));
    let keys = keys(&office, &owner, &pharmacy).await;
    let mut ledger = Ledger::default();
    for (what, key_id) in &keys {
        let gone = office.store_has_no_bytes(key_id).await;
        if gone || matches!(*what, "unknown" | "another count" | "a row that is none") {
            ledger
                .enter(&office, what, async || office.shred(&owner, key_id).await)
                .await;
        }
    }
    ledger.settle(&["SHREDDED", "TAMPERED", "UNKNOWN"]);
}

#[tokio::test]
async fn confirmations_tell_nothing() {
    let mut office = Office::open().await;
    let (owner, pharmacy) = (office.caller(OWNER), office.caller(PHARMACY));
    let other = office.order(&owner, method::GET_KEY, get(&owner, "-"));
    let mut ledger = Ledger::default();
    for (what, key_id) in keys(&office, &owner, &pharmacy).await {
        let confirm = async || office.confirm(&pharmacy, &key_id, &other).await;
        ledger.enter(&office, what, confirm).await;
    }
    // Somebody else's reading, of a key that exists.
    let key_id = office.key(&owner, &policy_with("ownerMayRead", true)).await;
    let read = office.order(&owner, method::GET_KEY, get(&owner, &key_id));
    office.send_get(&owner, &read).await.unwrap();
    let confirm = async || office.confirm(&pharmacy, &key_id, &read).await;
    ledger.enter(&office, "somebody else's", confirm).await;
    ledger.settle(&["NOT_READER", "TAMPERED", "UNKNOWN"]);
}

#[tokio::test]
async fn a_repetition_that_is_refused_tells_nothing() {
    let mut office = Office::open().await;
    let (owner, pharmacy) = (office.caller(OWNER), office.caller(PHARMACY));
    let ends = office.now().unix() + 200;
    let mut orders = Vec::new();
    for policy in [policy(), policy(), policy_with("expiresAt", ends), policy()] {
        let key_id = office.key(&owner, &policy).await;
        let order = office.order(&pharmacy, method::GET_KEY, get(&pharmacy, &key_id));
        office.send_get(&pharmacy, &order).await.unwrap();
        orders.push((key_id, order));
    }
    office.shred(&owner, &orders[0].0).await.unwrap();
    let mut record = office.record(&orders[1].0).await;
    record.reads = 0;
    office.overwrite(&record).await;
    office.advance(301);
    let mut ledger = Ledger::default();
    for (what, (_, order)) in ["shredded", "tampered", "expired", "late"]
        .iter()
        .zip(&orders)
    {
        ledger
            .enter(&office, what, async || {
                office.send_get(&pharmacy, order).await
            })
            .await;
    }
    ledger.settle(&["EXPIRED", "LATE", "SHREDDED", "TAMPERED"]);
}
