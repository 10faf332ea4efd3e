//! The keys that sign, across time and processes.

use axum::http::StatusCode;
use kleis_jose::jws::Compact;
use kleis_sts::http::routes;
use serde_json::Value;

use crate::fixture::{CLINIC, Office, ask};

const DAY: i64 = 86_400;

async fn published(office: &Office) -> Vec<String> {
    let set = office.get("/oauth2/jwks").await.body;
    let keys = set["keys"].as_array().unwrap().iter();
    keys.map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

fn kid(token: &str) -> String {
    let token = Compact::parse(token, 8192).unwrap();
    token.header().kid().unwrap().to_owned()
}

#[tokio::test]
async fn a_key_is_published_before_it_signs_and_until_its_last_token_has_ended() {
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    let first = published(&office).await;
    assert_eq!(first.len(), 2);
    let early = office.token(&clinic).await;
    assert_eq!(kid(&early), first[0]);
    assert!(!office.sts.rotate(office.now()).await.unwrap());

    office.advance(30 * DAY);
    let last = office.token(&clinic).await;
    assert_eq!(kid(&last), first[0]);
    assert!(office.sts.rotate(office.now()).await.unwrap());
    let second = published(&office).await;
    assert_eq!((second.len(), &second[0]), (3, &first[1]));
    assert!(second.contains(&first[0]));
    let token = office.token(&clinic).await;
    assert_eq!(kid(&token), first[1]);
    assert!(office.verify(&token).await.is_some());

    // The last token of the former key is good until its end, and the leeway.
    office.advance(359);
    office.sts.rotate(office.now()).await.unwrap();
    assert!(office.verify(&last).await.is_some());
    office.advance(61);
    assert!(office.sts.rotate(office.now()).await.unwrap());
    let third = published(&office).await;
    assert_eq!(third.len(), 2);
    assert!(!third.contains(&first[0]));
    assert_eq!(office.sts.keys().len(), 2);
    office.audit().await;
}

#[tokio::test]
async fn keys_are_audited_by_name_and_state() {
    let office = Office::open().await;
    office.advance(30 * DAY);
    office.sts.rotate(office.now()).await.unwrap();
    office.advance(420);
    office.sts.rotate(office.now()).await.unwrap();
    let rows = office.audit().await;
    let seen: Vec<_> = rows
        .iter()
        .map(|row| (row.details.as_str(), row.resource_version))
        .collect();
    let expected = [
        ("CURRENT", 1),
        ("NEXT", 1),
        ("RETIRED", 2),
        ("CURRENT", 2),
        ("NEXT", 1),
        ("EXPIRED", 3),
    ];
    assert_eq!(seen, expected);
    for row in rows {
        assert_eq!(row.action, "sts.rotate_keys");
        assert_eq!(row.actor, "SERVICE:sts");
        assert!(row.resource.starts_with("sts-key:"), "{row:?}");
    }
}

#[tokio::test]
async fn on_demand_the_next_key_signs_once_it_is_known() {
    let office = Office::open().await;
    let first = published(&office).await;
    assert!(!office.sts.rotate_now(office.now()).await.unwrap());
    office.advance(600);
    assert!(office.sts.rotate_now(office.now()).await.unwrap());
    assert_eq!(published(&office).await[0], first[1]);
    assert!(!office.sts.rotate_now(office.now()).await.unwrap());
}

#[tokio::test]
async fn processes_agree_on_whose_turn_it_is() {
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    let other = office.another().await;
    let kids = |keys: std::sync::Arc<[kleis_jose::Jwk]>| -> Vec<String> {
        let kids = keys.iter().map(|key| key.kid().unwrap().to_owned());
        kids.collect()
    };
    assert_eq!(kids(office.sts.keys()), kids(other.keys()));
    office.advance(30 * DAY);
    let now = office.now();
    let (one, two) = tokio::join!(office.sts.rotate(now), other.rotate(now));
    assert!(one.unwrap() ^ two.unwrap(), "one of them has done it");
    assert_eq!(kids(office.sts.keys()), kids(other.keys()));
    // A process that has not heard of it signs with the right key all the same.
    office.advance(30 * DAY);
    other.rotate(office.now()).await.unwrap();
    assert_ne!(kids(office.sts.keys())[0], kids(other.keys())[0]);
    let token = office.token(&clinic).await;
    assert_eq!(kid(&token), kids(other.keys())[0]);
    assert_eq!(kids(office.sts.keys()), kids(other.keys()));
    let request = office.wish(&clinic).over(&clinic).into_request();
    let answer = ask(routes(other.clone()), request).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert!(office.verify(answer.text("access_token")).await.is_some());
}

#[tokio::test]
async fn keys_outlive_a_restart() {
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    let before = published(&office).await;
    let token = office.token(&clinic).await;
    office.restart().await;
    assert_eq!(published(&office).await, before);
    assert!(office.verify(&token).await.is_some());
    assert_eq!(kid(&office.token(&clinic).await), before[0]);
}

#[tokio::test]
async fn private_keys_are_neither_published_nor_stored() {
    let office = Office::open().await;
    let answer = office.get("/oauth2/jwks").await;
    assert_eq!(answer.header("content-type"), "application/jwk-set+json");
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    for key in answer.body["keys"].as_array().unwrap() {
        let mut members: Vec<&String> = key.as_object().unwrap().keys().collect();
        members.sort();
        assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
        assert_eq!(
            (&key["alg"], &key["use"]),
            (&Value::from("ES256"), &Value::from("sig"))
        );
    }
}
