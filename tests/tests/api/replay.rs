//! The same order again gives the same answer, another one under its `jti` none: for ever, across restarts.

use kleis_e2e::{Caller, Forge, Installation, NOTHING, Party, people};
use kleis_jose::KeyType;
use kleis_proto::method::{custody, registration, registration_admin};

use serde_json::{Value, json};
use tonic::Code;

use super::{own_policy, public_key};

/// An order to every service that changes something, by whom, with how it differs from itself.
fn orders(installation: &Installation, owner: &Party) -> Vec<(&'static str, Forge, Forge)> {
    let order =
        |party: &Party, method, body: Value| Forge::order(installation, party, method, body);
    let reply_to = public_key(KeyType::X25519);
    let create = order(
        owner,
        custody::CREATE_KEYS,
        json!({"count": 1, "policy": own_policy(), "replyTo": reply_to}),
    );
    let begin = order(
        owner,
        registration::BEGIN_KEY,
        json!({"identifier": owner.identifier(), "jwk": public_key(KeyType::X25519)}),
    );
    let import = order(
        installation.operator(),
        registration_admin::IMPORT_REGISTRANTS,
        json!({"registrants": [
            {"name": "New", "identifiers": ["CBE:0999999922"], "active": true},
        ]}),
    );
    let other_registrant = json!([
        {"name": "Other", "identifiers": ["CBE:1000000021"], "active": true},
    ]);
    vec![
        (
            custody::CREATE_KEYS,
            create.clone(),
            create.with_body("count", 2),
        ),
        (
            registration::BEGIN_KEY,
            begin.clone(),
            begin.with_body("jwk", public_key(KeyType::X25519)),
        ),
        (
            registration_admin::IMPORT_REGISTRANTS,
            import.clone(),
            import.with_body("registrants", other_registrant),
        ),
    ]
}

#[tokio::test]
async fn api_the_memory_of_orders_survives_a_restart() {
    let mut installation = Installation::new();
    let owner = installation.enrolled("owner", people::DOCTOR);
    let orders = orders(&installation, &owner);
    let signed: Vec<_> = orders
        .into_iter()
        .map(|(method, order, other)| (method, order.sign(), other.sign()))
        .collect();
    let callers = |installation: &Installation| {
        (
            Caller::of(installation, &owner),
            Caller::of(installation, installation.operator()),
        )
    };
    let pick = |callers: &(Caller, Caller), method: &str| {
        if method.contains("Admin") {
            callers.1.clone()
        } else {
            callers.0.clone()
        }
    };
    let before = callers(&installation);
    let mut first = Vec::new();
    for (method, order, other) in &signed {
        let caller = pick(&before, method);
        first.push(caller.order(method, order).await.unwrap());
        let refused = caller.order(method, other).await.unwrap_err();
        assert_eq!(
            (refused.code, refused.reason.as_str()),
            (Code::AlreadyExists, "JTI_REUSED")
        );
    }
    let written = counts(&installation);
    installation.restart();
    let after = callers(&installation);
    for ((method, order, other), first) in signed.iter().zip(&first) {
        let caller = pick(&after, method);
        let again = caller.order(method, order).await.unwrap();
        // Signed and sealed anew, so only what they say is the same; of a sealed one not even that can be seen.
        if *method != custody::CREATE_KEYS {
            assert_eq!(
                Forge::claims_of(&again)["body"],
                Forge::claims_of(first)["body"],
                "{method}"
            );
        }
        let refused = caller.order(method, other).await.unwrap_err();
        assert_eq!(refused.reason, "JTI_REUSED", "{method}");
    }
    assert_eq!(counts(&installation), written, "something was done twice");
}

/// How many of everything there are that these orders make.
fn counts(installation: &Installation) -> Vec<Value> {
    let databases = installation.databases();
    let mut counts = Vec::new();
    for table in ["registrants", "key_sessions", "orders"] {
        counts.extend(databases.registry(&format!("SELECT count(*) FROM {table}"), &[]));
    }
    for table in ["records", "orders"] {
        counts.extend(databases.custody(&format!("SELECT count(*) FROM {table}"), &[]));
    }
    counts.into_iter().flatten().collect()
}

#[tokio::test]
async fn api_an_identical_order_is_done_once_however_often_it_comes_at_once() {
    let installation = Installation::new();
    let owner = installation.enrolled("owner", people::DOCTOR);
    let (method, order, _) = orders(&installation, &owner).remove(0);
    let order = order.sign();
    let caller = Caller::of(&installation, &owner);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (caller, order) = (caller.clone(), order.clone());
        calls.spawn(async move { caller.order(method, &order).await.unwrap() });
    }
    assert_eq!(calls.join_all().await.len(), 16);
    let rows = installation
        .databases()
        .custody("SELECT count(*) FROM records", &[]);
    assert_eq!(rows, [[json!(1)]]);
}

#[tokio::test]
async fn api_an_order_of_another_version_changes_nothing() {
    let installation = Installation::new();
    let owner = installation.enrolled("owner", people::DOCTOR);
    let kid = owner.kleis(&["keys", "publish"])["kid"].clone();
    let caller = Caller::of(&installation, &owner);
    let before = installation.databases().contents();
    let method = registration::REVOKE_KEY;
    let order = |version: u64| {
        let body = json!({"kid": kid, "reason": "superseded"});
        Forge::order(&installation, &owner, method, body)
            .with("version", version)
            .sign()
    };
    let refused = caller.order(method, &order(17)).await.unwrap_err();
    assert_eq!(
        (refused.code, refused.reason.as_str()),
        (Code::Aborted, "VERSION_MISMATCH")
    );
    assert_eq!(installation.databases().changes_since(&before), NOTHING);
}
