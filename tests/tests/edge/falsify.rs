//! One deed, with every part of its request or of its reply made false in turn.

use std::sync::Arc;

use kleis_client::ClientError;
use kleis_e2e::{Contents, NOTHING, Nth, Way};
use serde_json::Value;

use crate::{
    cast::Cast,
    deeds::{Deed, Told},
    memory::Memory,
};

/// What came of a deed whose message was made false.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// What was done to the message.
    pub(crate) form: String,
    pub(crate) told: Result<Told, ClientError>,
}

/// Everything that was tried, and what is told honestly.
pub(crate) struct Attempts {
    pub(crate) honest: Told,
    pub(crate) attempts: Vec<Attempt>,
}

/// Tries all forms. No false request changes anything, and the edge sees no secret.
pub(crate) async fn falsify(cast: &Cast, deed: Deed, way: Way) -> Attempts {
    // Twice with the edge honest: what it sees then are the parts that it can swap.
    for actor in [&cast.insurer, &cast.doctor] {
        if deed != Deed::Enrol {
            cast.edge.be_honest();
            deed.ready(cast, actor).await.perform().await.unwrap();
        }
    }
    let memory = Arc::new(Memory::new(deed.rpc(), way, &cast.edge.seen()));
    cast.edge.forget();
    let mut ready = deed.ready(cast, &cast.doctor).await;
    let before = cast.installation.databases().contents();
    let (mut attempts, mut left) = (Vec::new(), usize::MAX);
    while left > 0 {
        if deed.is_done_once() && way == Way::Back {
            ready = deed.ready(cast, &cast.doctor).await;
        }
        let memory = Arc::clone(&memory);
        let forms = move |message: &[u8]| memory.forms(message);
        let mischief = Nth::new(way, deed.rpc(), attempts.len(), forms);
        cast.edge.set(mischief.clone());
        let told = ready.perform().await;
        let form = mischief.applied();
        assert!(
            !form.is_empty(),
            "{deed:?} {way:?}: there is no {}",
            deed.rpc()
        );
        left = mischief.left();
        // Looking at the databases takes longer than the call.
        if way == Way::There && (left == 0 || attempts.len().is_multiple_of(25)) {
            unchanged(cast, deed, &before, &format!("{deed:?}, at {form}"));
        }
        attempts.push(Attempt { form, told });
    }
    cast.edge.be_honest();
    if deed.is_done_once() && way == Way::Back {
        ready = deed.ready(cast, &cast.doctor).await;
    }
    let honest = ready.perform().await.unwrap();
    for secret in &honest.secrets {
        assert!(!cast.edge.has_seen(secret), "{deed:?} {way:?}");
    }
    cast.edge.forget();
    Attempts { honest, attempts }
}

/// Nothing has changed but what the audit tells: an order that was sent again was answered again.
fn unchanged(cast: &Cast, deed: Deed, before: &Contents, at: &str) {
    let mut may_change = vec!["audit", "sqlite_sequence"];
    if deed == Deed::CompleteKey {
        // What is completed has been begun, honestly: a session, with its order and its place in the status list.
        may_change.extend(["key_sessions", "orders", "status_entries", "status_list"]);
    }
    let mut changes = cast.installation.databases().changes_since(before);
    changes.retain(|change| {
        let is_of = |table: &&str| change.starts_with(&format!("INSERT INTO \"{table}\""));
        !may_change.iter().any(is_of)
    });
    assert_eq!(changes, NOTHING, "{at}");
}

/// What somebody has: certificates, keys, what is shown of them, keys in custody, and the states of all.
pub(crate) fn owned(cast: &Cast, identifier: &str) -> Vec<Vec<Value>> {
    let databases = cast.installation.databases();
    let registry = "SELECT serial, jkt, state, version FROM certificates WHERE owner = ?1 \
        UNION SELECT kid, device, state, version FROM encryption_keys WHERE owner = ?1 \
        UNION SELECT recipient, etag, '', has_keys FROM jwk_sets WHERE recipient = ?1";
    let custody =
        "SELECT key_id, state, version, reads FROM records WHERE owner = ? ORDER BY key_id";
    let parameters = [identifier.into()];
    [
        databases.registry(registry, &parameters),
        databases.custody(custody, &parameters),
    ]
    .concat()
}
