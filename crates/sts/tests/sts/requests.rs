//! Requests that are not as they should be.

use axum::body::Body;
use axum::http::{Request, StatusCode};

use crate::fixture::{
    ASSERTION_TYPE, Answer, CLINIC, INTROSPECT, Office, Post, REVOKE, TOKEN, ask,
};

const FORM: &str = "application/x-www-form-urlencoded";

async fn raw(office: &Office, method: &str, uri: &str, kind: &str, body: &str) -> Answer {
    let request = Request::builder().method(method).uri(uri);
    let request = request.header("content-type", kind);
    let request = request.body(Body::from(body.to_owned())).unwrap();
    ask(office.router(), request).await
}

#[tokio::test]
async fn other_methods_are_refused() {
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    for path in [TOKEN, REVOKE, INTROSPECT] {
        for method in ["GET", "PUT", "DELETE"] {
            let body = office.wish(&clinic).body();
            let answer = raw(&office, method, path, FORM, &body).await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
            assert_eq!(answer.error(), "invalid_request");
            assert_eq!(answer.header("allow"), "POST");
        }
    }
}

#[tokio::test]
async fn a_body_that_is_no_form_is_refused() {
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    for path in [TOKEN, REVOKE, INTROSPECT] {
        for kind in ["", "application/json", "text/plain", "multipart/form-data"] {
            let body = office.wish(&clinic).body();
            let answer = raw(&office, "POST", path, kind, &body).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST);
            assert_eq!(answer.error(), "invalid_request", "{kind}");
        }
        let body = office.wish(&clinic).body();
        let in_url = format!("{path}?{body}");
        for (uri, body) in [(&*in_url, ""), (&*in_url, &*body), (path, "a=é")] {
            let answer = raw(&office, "POST", uri, FORM, body).await;
            assert_eq!(answer.error(), "invalid_request", "{uri}");
        }
    }
    assert_eq!(office.acts().await, []);
}

#[tokio::test]
async fn two_content_types_are_none() {
    let office = Office::open().await;
    let request = Request::post(TOKEN)
        .header("content-type", FORM)
        .header("content-type", FORM)
        .body(Body::empty())
        .unwrap();
    assert_eq!(
        ask(office.router(), request).await.error(),
        "invalid_request"
    );
}

#[tokio::test]
async fn a_long_body_is_refused() {
    let office = Office::open().await;
    let body = format!("x={}", "a".repeat(16 * 1024 - 2));
    let answer = raw(&office, "POST", TOKEN, FORM, &body).await;
    assert_eq!(answer.error(), "invalid_client", "within the limit");
    let answer = raw(&office, "POST", TOKEN, FORM, &format!("{body}a")).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.error(), "invalid_request");
}

#[tokio::test]
async fn repeated_parameters_are_refused() {
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    for (name, value) in [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", "x"),
        ("scope", ""),
        ("unheard_of", "1"),
    ] {
        let wish = office
            .wish(&clinic)
            .with("scope", "")
            .with("unheard_of", "");
        let answer = office.send(wish.with(name, value).over(&clinic)).await;
        assert_eq!(answer.error(), "invalid_request", "{name}");
        assert!(answer.text("error_description").contains("once"));
    }
    assert_eq!(office.acts().await, []);
}

#[tokio::test]
async fn clients_authenticate_by_an_assertion_alone() {
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    let assertion = office.assertion(&clinic);
    let post = || Post::to(TOKEN).with("grant_type", "client_credentials");
    let wrong_type = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer";
    for wish in [
        post(),
        post().with("client_id", CLINIC),
        post().with("client_assertion", &assertion),
        post().with("client_assertion_type", ASSERTION_TYPE),
        post()
            .with("client_assertion", &assertion)
            .with("client_assertion_type", wrong_type),
        post().by(&assertion).with("client_secret", "secret"),
        post()
            .with("client_id", CLINIC)
            .with("client_secret", "secret"),
    ] {
        let answer = office.send(wish.over(&clinic)).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert_eq!(answer.error(), "invalid_client");
        assert!(answer.text("error_description").contains("private_key_jwt"));
    }
    for scheme in ["Basic Og==", "Bearer x", "DPoP x"] {
        let request = Request::post(TOKEN)
            .header("content-type", FORM)
            .header("authorization", scheme)
            .body(Body::from(post().by(&assertion).body()))
            .unwrap();
        let answer = ask(office.router(), request).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.error(), "invalid_client");
        assert!(answer.header("www-authenticate").starts_with("Basic "));
    }
    assert_eq!(office.acts().await, []);
}

#[tokio::test]
async fn what_a_known_client_may_not_have_is_refused_and_audited() {
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    let installation = office.world.installation().audience();
    let other = "urn:kleis:installation:AAAAAAAAAAAAAAAAAAAAAA";
    let lists = format!("{installation} {installation}");
    for (grant, name, value, error, reason) in [
        ("", "", "", "invalid_request", "GRANT_MISSING"),
        (
            "password",
            "",
            "",
            "unsupported_grant_type",
            "GRANT_UNSUPPORTED",
        ),
        (
            "client_credentials",
            "scope",
            "custody admin",
            "invalid_scope",
            "SCOPE_UNKNOWN",
        ),
        (
            "client_credentials",
            "scope",
            "operator",
            "invalid_scope",
            "SCOPE_UNKNOWN",
        ),
        (
            "client_credentials",
            "resource",
            other,
            "invalid_target",
            "RESOURCE_UNKNOWN",
        ),
        (
            "client_credentials",
            "resource",
            "https://a.example",
            "invalid_target",
            "RESOURCE_UNKNOWN",
        ),
        (
            "client_credentials",
            "resource",
            &*lists,
            "invalid_target",
            "RESOURCE_UNKNOWN",
        ),
    ] {
        let assertion = office.assertion(&clinic);
        let wish = Post::to(TOKEN).with("grant_type", grant).by(&assertion);
        let answer = office.send(wish.with(name, value).over(&clinic)).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert_eq!(answer.error(), error, "{grant} {name} {value}");
        let (action, outcome, details) = office.acts().await.pop().unwrap();
        assert_eq!(action, "sts.issue_token");
        assert_eq!((&*outcome, &*details), ("REFUSED", reason));
    }
}

#[tokio::test]
async fn when_keys_or_their_status_cannot_be_had_nobody_is_refused_for_good() {
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    let assertion = office.assertion(&clinic);
    let wish = || {
        let post = Post::to(TOKEN).with("grant_type", "client_credentials");
        post.by(&assertion).over(&clinic)
    };
    office.lose_status();
    let answer = office.send(wish()).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.error(), "temporarily_unavailable");
    office.publish_status();
    assert_eq!(office.send(wish()).await.status, StatusCode::OK);
    office.lose_directory();
    let answer = office.send(office.wish(&clinic).over(&clinic)).await;
    assert_eq!(answer.error(), "temporarily_unavailable");
    // A database that is gone is ours to bear, too.
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    let wish = office.wish(&clinic).over(&clinic);
    office.store.close().await;
    let answer = office.send(wish).await;
    assert_eq!(answer.error(), "temporarily_unavailable");
}
