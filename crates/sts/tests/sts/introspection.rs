//! Introspection (RFC 7662).

use axum::http::StatusCode;
use kleis_types::Service;
use serde_json::{Value, json};

use crate::fixture::{CLINIC, Client, INTROSPECT, ISSUER, LAB, Office, Post, REVOKE};

async fn introspect(office: &Office, client: &Client, token: &str) -> Value {
    let post = Post::to(INTROSPECT).with("token", token);
    let answer = office.send(post.by(&office.assertion(client))).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.body
}

fn service(office: &mut Office, service: Service) -> Client {
    let signer = office.world.service(service);
    office.enlist(&[&format!("SERVICE:{service}")], signer)
}

fn inactive() -> Value {
    json!({ "active": false })
}

#[tokio::test]
async fn its_own_client_and_our_services_are_told_of_a_token() {
    let mut office = Office::open().await;
    let (clinic, lab) = (office.client(&[CLINIC]), office.client(&[LAB]));
    let edge = service(&mut office, Service::Edge);
    let token = office.token(&clinic).await;
    let jti = office.verify(&token).await.unwrap().jti().to_owned();
    let active = json!({
        "active": true,
        "iss": ISSUER,
        "sub": CLINIC,
        "client_id": CLINIC,
        "aud": office.world.installation().audience(),
        "iat": office.now().unix(),
        "exp": office.now().unix() + 300,
        "jti": jti,
        "scope": "directory registration custody",
        "token_type": "DPoP",
        "cnf": { "jkt": clinic.dpop.thumbprint().as_str() },
        "identifiers": ["urn:kleis:id:CBE:0123456749:MAILBOX"],
    });
    assert_eq!(introspect(&office, &clinic, &token).await, active);
    assert_eq!(introspect(&office, &edge, &token).await, active);
    assert_eq!(introspect(&office, &lab, &token).await, inactive());
    let rows = office.audit().await;
    let told: Vec<_> = rows[rows.len() - 3..]
        .iter()
        .map(|row| {
            (
                row.actor.as_str(),
                row.resource.as_str(),
                row.details.as_str(),
            )
        })
        .collect();
    let resource = format!("token:{jti}");
    let expected = [
        (CLINIC, &*resource, ""),
        ("SERVICE:edge", &*resource, ""),
        (LAB, "", "INACTIVE"),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn revoked_and_ended_tokens_are_not_active() {
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    let (revoked, ended) = (office.token(&clinic).await, office.token(&clinic).await);
    let post = Post::to(REVOKE).with("token", &revoked);
    office.send(post.by(&office.assertion(&clinic))).await;
    assert_eq!(introspect(&office, &clinic, &revoked).await, inactive());
    assert_eq!(introspect(&office, &clinic, &ended).await["active"], true);
    office.advance(299);
    assert_eq!(introspect(&office, &clinic, &ended).await["active"], true);
    office.advance(1);
    assert_eq!(introspect(&office, &clinic, &ended).await, inactive());
}

#[tokio::test]
async fn nothing_else_is_active() {
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    let token = office.token(&clinic).await;
    let foreign = Office::open_as(2).await.token_of(CLINIC).await;
    let bent = format!("{}AA", &token[..token.len() - 2]);
    for other in ["x", &foreign, &bent, &office.assertion(&clinic)] {
        assert_eq!(introspect(&office, &clinic, other).await, inactive());
    }
}

#[tokio::test]
async fn a_token_must_be_named_and_the_client_known() {
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    let token = office.token(&clinic).await;
    let anonymous = Post::to(INTROSPECT).with("token", &token).over(&clinic);
    assert_eq!(office.send(anonymous).await.error(), "invalid_client");
    // A token is no way to authenticate here.
    let unnamed = Post::to(INTROSPECT).by(&office.assertion(&clinic));
    assert_eq!(office.send(unnamed).await.error(), "invalid_request");
}
