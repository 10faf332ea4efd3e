//! Tokens that are none: late, early, for others, by others, of other types, made up.

use kleis_e2e::{Caller, Forge, PlayedIssuer, Shown, people};
use kleis_jose::{
    digest,
    jws::{self, Header},
};
use kleis_proto::method::custody;
use kleis_proto::registration::v1::{ListKeysRequest, ListKeysResponse};
use kleis_types::base64url;
use serde_json::{Value, json};
use tonic::Code;

use super::super::{LIST_KEYS, Scene, fresh_key, now, said};
use super::{names_no_claim, refused};

/// A token by no algorithm that signs.
fn hand_made(alg: &str, kid: &str, claims: &Value, key: Option<&[u8]>) -> String {
    let header = json!({"alg": alg, "typ": "at+jwt", "kid": kid});
    let encoded = |value: &Value| base64url::encode(value.to_string().as_bytes());
    let input = format!("{}.{}", encoded(&header), encoded(claims));
    let tag = key.map_or(String::new(), |key| {
        base64url::encode(&digest::hmac_sha256(key, input.as_bytes()))
    });
    format!("{input}.{tag}")
}

/// Claims of a good token with one of them changed, or taken away by `null`.
fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    let members = claims.as_object_mut().unwrap();
    match value {
        Value::Null => drop(members.remove(name)),
        value => drop(members.insert(name.to_owned(), value)),
    }
    claims
}

/// What is wrong with the claims, and how it is called.
#[expect(clippy::too_many_lines, reason = "a table")]
fn bad_claims(good: &Value) -> Vec<(&'static str, Value, &'static str)> {
    let at = now();
    let person = with(&with(good, "cbe", Value::Null), "ssin", json!("x"));
    let other_installation = "urn:kleis:installation:AAAAAAAAAAAAAAAAAAAAAA";
    vec![
        (
            "expired",
            with(good, "exp", json!(at - 120)),
            "TOKEN_EXPIRED",
        ),
        (
            "long expired",
            with(&with(good, "iat", json!(at - 900)), "exp", json!(at - 600)),
            "TOKEN_EXPIRED",
        ),
        (
            "issued in the future",
            with(good, "iat", json!(at + 200)),
            "TOKEN_NOT_YET_VALID",
        ),
        (
            "not before later",
            with(good, "nbf", json!(at + 200)),
            "TOKEN_NOT_YET_VALID",
        ),
        (
            "a life of a day",
            with(good, "exp", json!(at + 86_400)),
            "TOKEN_INVALID",
        ),
        (
            "without end",
            with(good, "exp", Value::Null),
            "TOKEN_INVALID",
        ),
        (
            "an end in words",
            with(good, "exp", json!("tomorrow")),
            "TOKEN_INVALID",
        ),
        (
            "for another service",
            with(good, "aud", json!("https://api.example.be")),
            "TOKEN_AUDIENCE",
        ),
        (
            "for another installation",
            with(good, "aud", json!(other_installation)),
            "TOKEN_AUDIENCE",
        ),
        (
            "for several others",
            with(good, "aud", json!(["a", "b"])),
            "TOKEN_AUDIENCE",
        ),
        (
            "for nobody",
            with(good, "aud", Value::Null),
            "TOKEN_INVALID",
        ),
        (
            "of an unknown issuer",
            with(good, "iss", json!("https://issuer.example.be")),
            "TOKEN_INVALID",
        ),
        ("of nobody", with(good, "iss", Value::Null), "TOKEN_INVALID"),
        (
            "without subject",
            with(good, "sub", Value::Null),
            "TOKEN_INVALID",
        ),
        (
            "without client",
            with(good, "client_id", Value::Null),
            "TOKEN_INVALID",
        ),
        (
            "without jti",
            with(good, "jti", Value::Null),
            "TOKEN_INVALID",
        ),
        (
            "naming nobody",
            with(good, "cbe", Value::Null),
            "TOKEN_INVALID",
        ),
        ("naming somebody ill", person, "TOKEN_INVALID"),
        (
            "naming a wrong number",
            with(good, "cbe", json!("0123456748")),
            "TOKEN_INVALID",
        ),
        (
            "bound to nothing known",
            with(good, "cnf", json!({"kid": "x"})),
            "TOKEN_INVALID",
        ),
        (
            "bound to null",
            with(good, "cnf", json!({})),
            "TOKEN_INVALID",
        ),
        (
            "bound to a text",
            with(good, "cnf", json!("x")),
            "TOKEN_INVALID",
        ),
        (
            "bound to two things",
            with(
                good,
                "cnf",
                json!({
                    "jkt": fresh_key().thumbprint().to_string(),
                    "x5t#S256": fresh_key().thumbprint().to_string(),
                }),
            ),
            "TOKEN_INVALID",
        ),
    ]
}

#[tokio::test]
async fn access_a_token_with_a_wrong_claim_is_refused() {
    let scene = Scene::new().await;
    let good = scene.issuer.claims(&scene.installation);
    for (name, claims, reason) in bad_claims(&good) {
        let token = scene.issuer.sign(&claims);
        let bearer = format!("Bearer {token}");
        let expected = (Code::Unauthenticated, reason);
        let detail = refused(&scene, name, &[("authorization", &bearer)], expected).await;
        names_no_claim(&detail, &token);
    }
}

#[tokio::test]
async fn access_a_token_that_its_issuer_did_not_sign_is_refused() {
    let scene = Scene::new().await;
    let issuer = &scene.issuer;
    let claims = issuer.claims(&scene.installation);
    let kid = issuer.key().thumbprint().to_string();
    let public = issuer.key().public().to_value().to_string();
    let spki = issuer.key().public().to_spki_der().unwrap();
    let other = PlayedIssuer::start().await;
    let signed = issuer.sign(&claims);
    let (head, signature) = signed.rsplit_once('.').unwrap();
    let (header, _) = head.split_once('.').unwrap();
    let richer = with(&claims, "cbe", json!("0888888895")).to_string();
    let richer = base64url::encode(richer.as_bytes());
    let own_jwk = Header::default()
        .with_typ("at+jwt")
        .with_jwk(&other.key().public());
    let own_jwk = jws::sign(other.key(), &own_jwk, claims.to_string().as_bytes()).unwrap();
    let order = {
        let party = scene.installation.enrolled("doctor", people::DOCTOR);
        let body = json!({"keyId": "AAAAAAAAAAAAAAAAAAAAAA", "replyTo": "x"});
        Forge::order(&scene.installation, &party, custody::GET_KEY, body).sign()
    };
    for (name, token) in [
        ("alg none", hand_made("none", &kid, &claims, None)),
        ("alg NONE", hand_made("NONE", &kid, &claims, None)),
        (
            "HS256 by the JWK",
            hand_made("HS256", &kid, &claims, Some(public.as_bytes())),
        ),
        (
            "HS256 by the SPKI",
            hand_made("HS256", &kid, &claims, Some(&spki)),
        ),
        ("without signature", format!("{head}.")),
        ("other claims", format!("{header}.{richer}.{signature}")),
        (
            "another key, the right kid",
            issuer.sign_with(&fresh_key(), "at+jwt", &claims),
        ),
        ("another issuer's, under its name", other.sign(&claims)),
        ("a jwk of its own", own_jwk),
        (
            "another issuer's",
            other.sign(&other.claims(&scene.installation)),
        ),
        (
            "an ID token",
            issuer.sign_with(issuer.key(), "JWT", &claims),
        ),
        (
            "a proof",
            issuer.sign_with(issuer.key(), "dpop+jwt", &claims),
        ),
        (
            "an order by its type",
            issuer.sign_with(issuer.key(), "kleis-order+jwt", &claims),
        ),
        ("an order", order),
    ] {
        let bearer = format!("Bearer {token}");
        let expected = (Code::Unauthenticated, "TOKEN_INVALID");
        let detail = refused(&scene, name, &[("authorization", &bearer)], expected).await;
        names_no_claim(&detail, &token);
    }
}

#[tokio::test]
async fn access_invented_key_names_do_not_make_the_issuer_work() {
    let scene = Scene::new().await;
    let (issuer, caller) = (&scene.issuer, Caller::anonymous(&scene.installation));
    let key = fresh_key();
    let claims = issuer.claims(&scene.installation).to_string();
    for number in 0..200 {
        let header = Header::default()
            .with_typ("at+jwt")
            .with_kid(format!("invented-{number}"));
        let token = jws::sign(&key, &header, claims.as_bytes()).unwrap();
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str())];
        let list = caller.call_with::<_, ListKeysResponse>(LIST_KEYS, ListKeysRequest {}, &headers);
        let told = said(list.await.unwrap_err());
        assert_eq!(told, (Code::Unauthenticated, "TOKEN_INVALID".to_owned()));
    }
    assert!((1..=2).contains(&issuer.asked()), "{}", issuer.asked());
    // The honest are not kept out by it.
    let shown = Shown::fresh(issuer, &scene.installation, |_| ());
    let list = shown.call::<_, ListKeysResponse>(&caller, LIST_KEYS, ListKeysRequest {});
    list.await.unwrap();
}
