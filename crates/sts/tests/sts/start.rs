//! What a service is started with, and what keeps it from starting.

use kleis_store_sqlite::test_util::tamper;
use kleis_sts::{Lifetimes, OpenError};

use crate::fixture::{Office, config};

#[tokio::test]
async fn another_kek_is_named() {
    let office = Office::open().await;
    let (needed, loaded) = (kek_id(1), kek_id(2));
    let refused = office.start(config(&office.world, 2), 20).await;
    match refused.unwrap_err() {
        OpenError::OtherKek {
            needed: told,
            loaded: at_hand,
        } => assert_eq!((told, at_hand), (needed, loaded)),
        other => panic!("{other}"),
    }
}

fn kek_id(seed: u64) -> String {
    crate::fixture::kek(seed).id().to_string()
}

#[tokio::test]
async fn a_key_that_was_tampered_with_is_not_used() {
    for statement in [
        "UPDATE signing_keys SET wrapped = zeroblob(length(wrapped)) WHERE state = 'NEXT'",
        // Another's private key in its place.
        "UPDATE signing_keys SET wrapped = (SELECT wrapped FROM signing_keys WHERE state = 'NEXT') \
         WHERE state = 'CURRENT'",
        // A thief's own key beside ours.
        "INSERT INTO signing_keys (kid, jwk, wrapped, kek, state, created_at, version) \
         SELECT 'thief', '{}', wrapped, kek, 'RETIRED', created_at, 1 FROM signing_keys \
         WHERE state = 'NEXT'",
    ] {
        let office = Office::open().await;
        let before = office.sts.keys().len();
        tamper(&office.path(), &[statement]).await;
        let refused = office.start(config(&office.world, 1), 20).await;
        assert!(
            matches!(refused, Err(OpenError::SigningKey(_))),
            "{statement}"
        );
        // The running service goes on with what it has.
        assert!(office.sts.refresh(office.now()).await.is_err());
        assert_eq!(office.sts.keys().len(), before);
    }
}

#[tokio::test]
async fn an_unsound_configuration_is_refused() {
    let office = Office::open().await;
    let mut bad = config(&office.world, 1);
    bad.issuer = "http://sts.example".to_owned();
    let refused = office.start(bad, 20).await;
    assert!(matches!(refused, Err(OpenError::Issuer)));
    for (token, signing_key) in [(0, 86_400), (301, 86_400), (300, 86_399)] {
        let mut bad = config(&office.world, 1);
        bad.lifetimes = Lifetimes { token, signing_key };
        let refused = office.start(bad, 20).await;
        assert!(matches!(refused, Err(OpenError::Lifetimes)), "{token}");
    }
}

#[tokio::test]
async fn debug_shows_the_issuer_alone() {
    let office = Office::open().await;
    let shown = format!("{:?}", office.sts);
    assert_eq!(shown, "Sts { issuer: \"https://sts.example:8443\", .. }");
}
