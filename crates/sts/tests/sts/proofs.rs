//! DPoP proofs (RFC 9449).

use axum::http::StatusCode;
use kleis_access::dpop;
use kleis_trust::test_util::claims_of;
use serde_json::{Value, json};

use crate::assertions::forged;
use crate::fixture::{CLINIC, Client, INTROSPECT, ISSUER, Office, Post, TOKEN};

/// Asks for a token with these proofs.
async fn ask(office: &Office, client: &Client, proofs: &[String]) -> crate::fixture::Answer {
    let wish = proofs
        .iter()
        .fold(office.wish(client), |wish, proof| wish.proof(proof.clone()));
    office.send(wish).await
}

#[tokio::test]
async fn a_proof_without_a_nonce_gets_one_and_the_assertion_is_not_used_up() {
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    let assertion = office.assertion(&clinic);
    let wish = |proof: String| {
        Post::to(TOKEN)
            .with("grant_type", "client_credentials")
            .by(&assertion)
            .proof(proof)
    };
    let answer = office
        .send(wish(office.proof_with(&clinic, TOKEN, None)))
        .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.error(), "use_dpop_nonce");
    let nonce = answer.header("dpop-nonce").to_owned();
    let proof = office.proof_with(&clinic, TOKEN, Some(&nonce));
    let answer = office.send(wish(proof)).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    // The next one comes with the answer.
    assert_eq!(answer.header("dpop-nonce"), nonce);
}

#[tokio::test]
async fn an_old_or_foreign_nonce_is_refused() {
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    let old = office.nonce().await;
    office.advance(120);
    for nonce in [old.as_str(), "AAAA"] {
        let proof = office.proof_with(&clinic, TOKEN, Some(nonce));
        let answer = ask(&office, &clinic, &[proof]).await;
        assert_eq!(answer.error(), "use_dpop_nonce");
        assert_ne!(answer.header("dpop-nonce"), nonce);
    }
    assert_eq!(office.acts().await, []);
}

#[tokio::test]
async fn proofs_that_do_not_hold_are_refused() {
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    let nonce = office.nonce().await;
    let good = office.proof_with(&clinic, TOKEN, Some(&nonce));
    let elsewhere = office.proof_with(&clinic, INTROSPECT, Some(&nonce));
    let make = |method, url, seconds| {
        let request = dpop::Request {
            method,
            url,
            access_token: None,
            nonce: Some(&nonce),
        };
        let made = office.now().plus_seconds(seconds);
        dpop::make(&clinic.dpop, &request, made, office.world.random()).unwrap()
    };
    let url = format!("{ISSUER}{TOKEN}");
    for proofs in [
        vec![elsewhere],
        vec![good.clone(), good.clone()],
        vec![make("GET", &url, 0)],
        vec![make("POST", "https://other.example/oauth2/token", 0)],
        vec![make("POST", &url, -61)],
        vec![make("POST", &url, 61)],
        vec![good[..good.len() - 4].to_owned()],
        vec![office.assertion(&clinic)],
        vec!["x".to_owned()],
        vec![String::new()],
    ] {
        let answer = ask(&office, &clinic, &proofs).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert_eq!(answer.error(), "invalid_dpop_proof", "{proofs:?}");
    }
    // A bad proof is not made good by a certificate.
    let wish = office.wish(&clinic).over(&clinic).proof("x");
    assert_eq!(office.send(wish).await.error(), "invalid_dpop_proof");
    assert_eq!(office.acts().await, []);
    assert_eq!(ask(&office, &clinic, &[good]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_proof_is_used_once() {
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    let proof = office.proof(&clinic).await;
    let proofs = [proof.clone()];
    assert_eq!(ask(&office, &clinic, &proofs).await.status, StatusCode::OK);
    let again = ask(&office, &clinic, &proofs).await;
    assert_eq!(again.error(), "invalid_dpop_proof");
    let (_, outcome, details) = office.acts().await.pop().unwrap();
    assert_eq!((&*outcome, &*details), ("REFUSED", "DPOP_PROOF_REPLAYED"));
    // Its jti is the one of its key, and says nothing of another's.
    let other = office.client(&["CBE:0888888895"]);
    let mut claims = claims_of(&proof);
    claims["iat"] = office.now().unix().into();
    let header = kleis_jose::jws::Header::default()
        .with_typ("dpop+jwt")
        .with_jwk(&other.dpop.public());
    let forged = kleis_trust::test_util::forge(&other.dpop, &header, &claims);
    assert_eq!(ask(&office, &other, &[forged]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_assertion_that_names_a_key_gives_no_token_for_another() {
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    let thief = office.client(&["CBE:0888888895"]);
    let jkt = clinic.dpop.thumbprint().to_string();
    let x5t = clinic.signer.certificate().x5t_s256().to_owned();
    let wish = |cnf: &Value| {
        let assertion = forged(&office, &clinic, |claims| claims["cnf"] = cnf.clone());
        let post = Post::to(TOKEN).with("grant_type", "client_credentials");
        post.by(&assertion)
    };
    let (by_key, by_certificate) = (json!({ "jkt": jkt }), json!({ "x5t#S256": x5t }));
    // Somebody on the way takes the assertion, and puts a proof of their own beside it.
    for cnf in [&by_key, &by_certificate] {
        let answer = office
            .send(wish(cnf).proof(office.proof(&thief).await))
            .await;
        assert_eq!(answer.error(), "invalid_request");
        let (_, outcome, details) = office.acts().await.pop().unwrap();
        assert_eq!(
            (&*outcome, &*details),
            ("REFUSED", "ASSERTION_FOR_ANOTHER_KEY")
        );
    }
    let answer = office.send(wish(&by_key).over(&clinic)).await;
    assert_eq!(answer.error(), "invalid_request");
    let answer = office.send(wish(&by_certificate).over(&clinic)).await;
    assert_eq!(answer.text("token_type"), "Bearer");
    let proof = office.proof(&clinic).await;
    let answer = office.send(wish(&by_key).proof(proof)).await;
    assert_eq!(answer.text("token_type"), "DPoP");
    for unclear in [
        json!(null),
        json!({}),
        json!({ "jkt": 1 }),
        json!({ "jwk": {} }),
        json!({ "jkt": jkt, "x5t#S256": x5t }),
    ] {
        let answer = office.send(wish(&unclear).over(&clinic)).await;
        assert_eq!(answer.error(), "invalid_client", "{unclear}");
    }
}
