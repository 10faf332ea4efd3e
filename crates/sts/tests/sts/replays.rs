//! An assertion is used once: at any endpoint, in any process, after any restart.

use axum::http::StatusCode;
use kleis_sts::http::routes;

use crate::fixture::{CLINIC, Client, INTROSPECT, Office, Post, REVOKE, TOKEN, ask};

fn wish(client: &Client, path: &'static str, assertion: &str) -> Post {
    Post::to(path)
        .with("grant_type", "client_credentials")
        .with("token", "x")
        .by(assertion)
        .over(client)
}

#[tokio::test]
async fn an_assertion_is_used_once_at_all_endpoints_together() {
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    for first in [TOKEN, REVOKE, INTROSPECT] {
        let assertion = office.assertion(&clinic);
        let answer = office.send(wish(&clinic, first, &assertion)).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        for second in [TOKEN, REVOKE, INTROSPECT] {
            let answer = office.send(wish(&clinic, second, &assertion)).await;
            assert_eq!(answer.error(), "invalid_client", "{first} {second}");
        }
    }
    let replays = office.acts().await.into_iter();
    let replays = replays.filter(|(_, _, details)| details == "ASSERTION_REPLAYED");
    assert_eq!(replays.count(), 9);
}

#[tokio::test]
async fn an_assertion_that_was_refused_something_is_used_up_too() {
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    let assertion = office.assertion(&clinic);
    let refused = wish(&clinic, TOKEN, &assertion).with("scope", "everything");
    assert_eq!(office.send(refused).await.error(), "invalid_scope");
    let answer = office.send(wish(&clinic, TOKEN, &assertion)).await;
    assert_eq!(answer.error(), "invalid_client");
}

#[tokio::test]
async fn a_replay_is_found_after_a_restart_until_the_assertion_has_ended() {
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    let assertion = office.assertion(&clinic);
    office.send(wish(&clinic, TOKEN, &assertion)).await;
    office.restart().await;
    // It lives for a minute, is taken for another one, and is remembered for a third.
    for (seconds, forgotten) in [(0, 0), (60, 0), (59, 0), (60, 0), (1, 1)] {
        office.advance(seconds);
        let swept = office.sts.sweep(office.now()).await.unwrap();
        assert_eq!(swept.used, forgotten);
        let answer = office.send(wish(&clinic, TOKEN, &assertion)).await;
        assert_eq!(answer.error(), "invalid_client");
    }
}

#[tokio::test]
async fn of_two_processes_one_takes_it() {
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    let other = office.another().await;
    for _ in 0..5 {
        let assertion = office.assertion(&clinic);
        let requests = (0..8).map(|number| {
            let sts = if number % 2 == 0 { &office.sts } else { &other };
            let request = wish(&clinic, TOKEN, &assertion).into_request();
            tokio::spawn(ask(routes(sts.clone()), request))
        });
        let mut given = 0;
        for request in requests.collect::<Vec<_>>() {
            given += u32::from(request.await.unwrap().status == StatusCode::OK);
        }
        assert_eq!(given, 1);
    }
}

#[tokio::test]
async fn a_jti_belongs_to_its_client() {
    let mut office = Office::open().await;
    let (clinic, lab) = (office.client(&[CLINIC]), office.client(&["CBE:0888888895"]));
    for client in [&clinic, &lab] {
        let assertion = crate::assertions::forged(&office, client, |claims| {
            claims["jti"] = "the same".into();
        });
        let answer = office.send(wish(client, TOKEN, &assertion)).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    }
}
