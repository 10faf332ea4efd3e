//! Keys that sign tokens, what was used once, and what was revoked.

use kleis_types::SigningKeyState;
use tokio::task::JoinSet;

use super::{
    Backend, Database,
    fixture::{at, event, put_signing_key, signing_key},
    perform::act,
};
use crate::{
    Audited, EvidenceTx, Store, StoreError,
    audit::{self, Finding},
    sts::{Forgotten, RevokedToken, SigningKey, StsRead, StsStore, StsTx},
};

async fn use_once<S: StsStore>(store: &S, name: u8, seconds: i64) -> Result<bool, StoreError> {
    act!(store, tx, [] {
        let is_first = tx.use_once(&[name; 32], at(seconds)).await?;
        tx.append_audit(&event()).await?;
        Ok(is_first)
    })
}

async fn revoke<S: StsStore>(store: &S, token: &RevokedToken) -> Result<bool, StoreError> {
    act!(store, tx, [token] {
        let is_first = tx.revoke_token(&token).await?;
        tx.append_audit(&event()).await?;
        Ok(is_first)
    })
}

async fn forget<S: StsStore>(store: &S, seconds: i64) -> Result<Forgotten, StoreError> {
    act!(store, tx, [] {
        let forgotten = tx.forget(at(seconds)).await?;
        tx.append_audit(&event()).await?;
        Ok(forgotten)
    })
}

fn revoked(jti: &str, until: i64) -> RevokedToken {
    RevokedToken {
        jti: jti.to_owned(),
        revoked_at: at(1),
        until: at(until),
    }
}

pub async fn signing_keys_come_back_as_stored<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.sts();
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.signing_keys().await, Ok(Vec::new()));
    assert_eq!(reader.current_signing_key().await, Ok(None));
    let current = SigningKey {
        activated_at: Some(at(5)),
        ..signing_key("b", SigningKeyState::Current)
    };
    let old = SigningKey {
        wrapped: Vec::new(),
        created_at: at(-9),
        activated_at: Some(at(-8)),
        retired_at: Some(at(-7)),
        ..signing_key("c", SigningKeyState::Expired)
    };
    let next = signing_key("a", SigningKeyState::Next);
    for key in [&current, &old, &next] {
        put_signing_key(store, key).await.unwrap();
    }
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.signing_keys().await, Ok(vec![old, next, current]));
    let kid = reader.current_signing_key().await;
    assert_eq!(kid, Ok(Some("b".to_owned())));
}

pub async fn signing_keys_change_by_version<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.sts();
    let first = signing_key("a", SigningKeyState::Current);
    let second = SigningKey {
        state: SigningKeyState::Retired,
        retired_at: Some(at(3)),
        version: 2,
        ..first.clone()
    };
    let conflict = Err(StoreError::VersionConflict);
    assert_eq!(put_signing_key(store, &second).await, conflict);
    put_signing_key(store, &first).await.unwrap();
    put_signing_key(store, &second).await.unwrap();
    assert_eq!(put_signing_key(store, &second).await, conflict);
    let again = put_signing_key(store, &first).await;
    assert!(
        matches!(again, Err(StoreError::AlreadyExists(_))),
        "{again:?}"
    );
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.signing_keys().await, Ok(vec![second]));
}

pub async fn one_key_signs_and_one_is_next<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.sts();
    for state in [SigningKeyState::Current, SigningKeyState::Next] {
        put_signing_key(store, &signing_key(state.as_str(), state))
            .await
            .unwrap();
        let another = put_signing_key(store, &signing_key("x", state)).await;
        assert!(
            matches!(another, Err(StoreError::AlreadyExists(_))),
            "{another:?}"
        );
    }
    // Of the others there may be many.
    for kid in ["y", "z"] {
        put_signing_key(store, &signing_key(kid, SigningKeyState::Retired))
            .await
            .unwrap();
    }
    // The next one takes the turn of the current one, and not before that one has left.
    let promoted = SigningKey {
        version: 2,
        state: SigningKeyState::Current,
        ..signing_key("NEXT", SigningKeyState::Next)
    };
    let early = put_signing_key(store, &promoted).await;
    assert!(
        matches!(early, Err(StoreError::AlreadyExists(_))),
        "{early:?}"
    );
    let retired = SigningKey {
        version: 2,
        state: SigningKeyState::Retired,
        ..signing_key("CURRENT", SigningKeyState::Current)
    };
    put_signing_key(store, &retired).await.unwrap();
    put_signing_key(store, &promoted).await.unwrap();
    let kid = store.read().await.unwrap().current_signing_key().await;
    assert_eq!(kid, Ok(Some("NEXT".to_owned())));
}

pub async fn what_is_used_is_used_once<B: Backend>() {
    let backend = B::fresh().await;
    let (first, second) = (backend.sts().clone(), backend.second_sts().await);
    assert_eq!(use_once(&first, 1, 10).await, Ok(true));
    assert_eq!(use_once(&first, 1, 10).await, Ok(false));
    // Whatever its end is said to be, and in another process.
    assert_eq!(use_once(&second, 1, 20).await, Ok(false));
    assert_eq!(use_once(&second, 2, 10).await, Ok(true));
    let mut acts = JoinSet::new();
    for number in 0..20 {
        let store = if number % 2 == 0 { &first } else { &second }.clone();
        acts.spawn(async move { use_once(&store, 3, 10).await.unwrap() });
    }
    let firsts = acts.join_all().await.into_iter().filter(|first| *first);
    assert_eq!(firsts.count(), 1);
}

pub async fn a_use_owes_an_audit_row<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.sts();
    let silent = act!(store, tx, [] { tx.use_once(&[1; 32], at(10)).await });
    assert!(
        matches!(silent, Err(StoreError::Unaudited { .. })),
        "{silent:?}"
    );
    assert_eq!(use_once(store, 1, 10).await, Ok(true));
    // To have found that it was used owes nothing, as little as to have found nothing to forget.
    let again = act!(store, tx, [] { tx.use_once(&[1; 32], at(10)).await });
    assert_eq!(again, Ok(false));
    let nothing = act!(store, tx, [] { tx.forget(at(9)).await });
    assert_eq!(nothing, Ok(Forgotten::default()));
}

pub async fn revoked_tokens_are_listed_until_their_end<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.sts();
    let (one, two) = (revoked("one", 10), revoked("two", 20));
    for token in [&two, &one] {
        assert_eq!(revoke(store, token).await, Ok(true));
    }
    let later = revoked("one", 99);
    assert_eq!(revoke(store, &later).await, Ok(false));
    let mut reader = store.read().await.unwrap();
    let both = vec![one, two.clone()];
    assert_eq!(reader.revoked_tokens(at(9)).await, Ok(both));
    assert_eq!(reader.revoked_tokens(at(10)).await, Ok(vec![two]));
    assert_eq!(reader.revoked_tokens(at(20)).await, Ok(Vec::new()));
}

pub async fn what_has_had_its_time_is_forgotten<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.sts();
    for (name, until) in [(1, 10), (2, 20)] {
        use_once(store, name, until).await.unwrap();
        revoke(store, &revoked(&name.to_string(), until))
            .await
            .unwrap();
    }
    let one_each = Forgotten {
        used: 1,
        revoked: 1,
    };
    assert_eq!(forget(store, 9).await, Ok(Forgotten::default()));
    assert_eq!(forget(store, 10).await, Ok(one_each));
    assert_eq!(forget(store, 10).await, Ok(Forgotten::default()));
    assert_eq!(use_once(store, 2, 20).await, Ok(false));
    assert_eq!(use_once(store, 1, 20).await, Ok(true));
    let left = store.read().await.unwrap().revoked_tokens(at(0)).await;
    assert_eq!(left, Ok(vec![revoked("2", 20)]));
}

pub async fn an_altered_signing_key_shows<B: Backend>() {
    let alterations = [
        "UPDATE signing_keys SET state = 'RETIRED' WHERE kid = 'b'",
        "UPDATE signing_keys SET wrapped = x'00' WHERE kid = 'b'",
        "UPDATE signing_keys SET jwk = '{}' WHERE kid = 'b'",
        "UPDATE signing_keys SET kek = '' WHERE kid = 'b'",
        "UPDATE signing_keys SET created_at = created_at - 1 WHERE kid = 'b'",
        "UPDATE signing_keys SET activated_at = 1 WHERE kid = 'b'",
        "UPDATE signing_keys SET retired_at = 1 WHERE kid = 'b'",
    ];
    for alteration in alterations {
        let backend = B::fresh().await;
        let store = backend.sts();
        let (next, current) = (
            signing_key("a", SigningKeyState::Next),
            signing_key("b", SigningKeyState::Current),
        );
        put_signing_key(store, &next).await.unwrap();
        put_signing_key(store, &current).await.unwrap();
        let report = audit::verify(&mut store.read().await.unwrap())
            .await
            .unwrap();
        assert!(report.is_clean() && report.records == 2, "{report:?}");
        backend.tamper(Database::Sts, alteration).await;
        let report = audit::verify(&mut store.read().await.unwrap())
            .await
            .unwrap();
        let altered = Finding::Altered {
            resource: current.resource(),
            version: 1,
        };
        assert_eq!(report.findings, [altered], "{alteration}");
    }
}
