//! Revocation (RFC 7009).

use axum::http::StatusCode;
use kleis_types::Timestamp;

use crate::fixture::{Answer, CLINIC, Client, LAB, Office, Post, REVOKE};

async fn revoke(office: &Office, client: &Client, token: &str) -> Answer {
    let post = Post::to(REVOKE)
        .with("token", token)
        .with("token_type_hint", "access_token")
        .by(&office.assertion(client));
    office.send(post).await
}

async fn jti(office: &Office, token: &str) -> String {
    office.verify(token).await.unwrap().jti().to_owned()
}

#[tokio::test]
async fn a_client_revokes_its_token_and_it_is_refused_at_once() {
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    let (token, kept) = (office.token(&clinic).await, office.token(&clinic).await);
    let (revoked, valid) = (jti(&office, &token).await, jti(&office, &kept).await);
    assert!(!office.sts.is_revoked(&revoked));
    let answer = revoke(&office, &clinic, &token).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.body.is_null());
    assert!(office.sts.is_revoked(&revoked) && !office.sts.is_revoked(&valid));
    let row = office.audit().await.pop().unwrap();
    assert_eq!((&*row.action, &*row.outcome), ("sts.revoke_token", "DONE"));
    assert_eq!(
        (row.actor, row.resource),
        (CLINIC.to_owned(), format!("token:{revoked}"))
    );
    // Twice is as good as once.
    assert_eq!(
        revoke(&office, &clinic, &token).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_revocation_is_known_after_a_restart_and_in_other_processes() {
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    let other = office.another().await;
    let token = office.token(&clinic).await;
    let jti = jti(&office, &token).await;
    revoke(&office, &clinic, &token).await;
    assert!(!other.is_revoked(&jti));
    other.refresh(office.now()).await.unwrap();
    assert!(other.is_revoked(&jti));
    office.restart().await;
    assert!(office.sts.is_revoked(&jti));
}

#[tokio::test]
async fn a_revocation_is_kept_until_nobody_takes_the_token_any_more() {
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    let token = office.token(&clinic).await;
    let jti = jti(&office, &token).await;
    revoke(&office, &clinic, &token).await;
    // 300 seconds of life, and the leeway on either side.
    office.advance(419);
    assert_eq!(office.sts.sweep(office.now()).await.unwrap().revoked, 0);
    office.sts.refresh(office.now()).await.unwrap();
    assert!(office.sts.is_revoked(&jti));
    office.advance(1);
    assert_eq!(office.sts.sweep(office.now()).await.unwrap().revoked, 1);
    office.sts.refresh(office.now()).await.unwrap();
    assert!(!office.sts.is_revoked(&jti));
    assert_eq!(office.verify(&token).await.map(drop), None);
    let nothing = office.sts.sweep(Timestamp::from_unix(i64::MAX)).await;
    assert!(nothing.unwrap().is_nothing());
    assert!(office.sts.sweep(office.now()).await.unwrap().is_nothing());
    office.audit().await;
}

#[tokio::test]
async fn another_clients_token_is_not_revoked() {
    let mut office = Office::open().await;
    let (clinic, lab) = (office.client(&[CLINIC]), office.client(&[LAB]));
    let token = office.token(&clinic).await;
    let answer = revoke(&office, &lab, &token).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.error(), "unauthorized_client");
    assert!(!office.sts.is_revoked(&jti(&office, &token).await));
    let (action, outcome, details) = office.acts().await.pop().unwrap();
    assert_eq!((&*action, &*outcome), ("sts.revoke_token", "REFUSED"));
    assert_eq!(details, "TOKEN_OF_ANOTHER_CLIENT");
}

#[tokio::test]
async fn what_is_no_live_token_of_ours_needs_no_revoking() {
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    let ended = office.token(&clinic).await;
    office.advance(360);
    let live = office.token(&clinic).await;
    let bent = format!("{}AA", &live[..live.len() - 2]);
    for token in ["x", "a.b.c", &ended, &bent, &office.assertion(&clinic)] {
        let answer = revoke(&office, &clinic, token).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        let (_, outcome, details) = office.acts().await.pop().unwrap();
        assert_eq!((&*outcome, &*details), ("DONE", "NOTHING_TO_REVOKE"));
    }
    assert!(!office.sts.is_revoked(&jti(&office, &live).await));
}

#[tokio::test]
async fn a_token_must_be_named_and_the_client_known() {
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    assert_eq!(
        revoke(&office, &clinic, "").await.error(),
        "invalid_request"
    );
    let token = office.token(&clinic).await;
    let anonymous = Post::to(REVOKE).with("token", &token).over(&clinic);
    assert_eq!(office.send(anonymous).await.error(), "invalid_client");
    assert!(!office.sts.is_revoked(&jti(&office, &token).await));
}
