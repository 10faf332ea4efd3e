//! Tokens that are given.

use axum::http::StatusCode;
use kleis_jose::jws::Compact;
use kleis_types::Confirmation;
use serde_json::json;

use crate::fixture::{CITIZEN, CLINIC, DOCTOR, ISSUER, LAB, Office};

#[tokio::test]
async fn a_client_gets_a_token_that_is_bound_to_its_dpop_key() {
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    let wish = office.wish(&clinic).proof(office.proof(&clinic).await);
    let answer = office.send(wish).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.text("token_type"), "DPoP");
    assert_eq!(answer.body["expires_in"], 300);
    assert_eq!(answer.text("scope"), "directory registration custody");
    let token = answer.text("access_token");
    let verified = office.verify(token).await.unwrap();
    let claims = json!({
        "iss": ISSUER,
        "sub": CLINIC,
        "client_id": CLINIC,
        "aud": office.world.installation().audience(),
        "iat": office.now().unix(),
        "exp": office.now().unix() + 300,
        "jti": verified.jti(),
        "scope": "directory registration custody",
        "cnf": { "jkt": clinic.dpop.thumbprint().as_str() },
        "identifiers": ["urn:kleis:id:CBE:0123456749:MAILBOX"],
    });
    assert_eq!(json!(verified.claims()), claims);
    let header = Compact::parse(token, 8192).unwrap();
    let mut members: Vec<&str> = header.members().collect();
    members.sort_unstable();
    assert_eq!(members, ["alg", "kid", "typ"]);
    assert_eq!(header.header().typ(), Some("at+jwt"));
    assert_eq!(header.header().kid(), office.sts.keys()[0].kid());
}

#[tokio::test]
async fn without_a_proof_the_clients_own_certificate_binds() {
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    let answer = office.send(office.wish(&clinic).over(&clinic)).await;
    assert_eq!(answer.text("token_type"), "Bearer", "{answer:?}");
    let token = office.verify(answer.text("access_token")).await.unwrap();
    let x5t = clinic.signer.certificate().x5t_s256().to_owned();
    assert_eq!(token.confirmation(), Some(&Confirmation::Certificate(x5t)));
}

#[tokio::test]
async fn a_proof_goes_before_a_certificate() {
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    let proof = office.proof(&clinic).await;
    let wish = office.wish(&clinic).over(&clinic).proof(proof);
    let answer = office.send(wish).await;
    assert_eq!(answer.text("token_type"), "DPoP", "{answer:?}");
    let token = office.verify(answer.text("access_token")).await.unwrap();
    let jkt = clinic.dpop.thumbprint().to_string();
    assert_eq!(token.confirmation(), Some(&Confirmation::Key(jkt)));
}

#[tokio::test]
async fn the_wrong_certificate_or_none_binds_nothing() {
    let mut office = Office::open().await;
    let (clinic, lab) = (office.client(&[CLINIC]), office.client(&[LAB]));
    let sibling = office.client(&["CBE:0123456749"]);
    for wish in [
        office.wish(&clinic),
        office.wish(&clinic).over(&lab),
        // The same organisation, for another application.
        office.wish(&clinic).over(&sibling),
    ] {
        let answer = office.send(wish).await;
        assert_eq!(answer.error(), "invalid_request");
        assert!(answer.text("error_description").contains("DPoP proof"));
    }
    let refused = (
        "sts.issue_token".to_owned(),
        "REFUSED".to_owned(),
        "TOKEN_UNBOUND".to_owned(),
    );
    assert_eq!(office.acts().await, vec![refused; 3]);
}

#[tokio::test]
async fn a_person_may_use_any_of_the_names_that_its_certificate_has() {
    let mut office = Office::open().await;
    let doctor = office.client(&[DOCTOR, CITIZEN]);
    let wish = |assertion: String| {
        crate::fixture::Post::to(crate::fixture::TOKEN)
            .with("grant_type", "client_credentials")
            .by(&assertion)
            .over(&doctor)
    };
    for (name, urns) in [
        (
            DOCTOR,
            [
                "urn:kleis:id:NIHII:18749704",
                "urn:kleis:id:SSIN:85073003328",
            ],
        ),
        (
            CITIZEN,
            [
                "urn:kleis:id:SSIN:85073003328",
                "urn:kleis:id:NIHII:18749704",
            ],
        ),
    ] {
        let answer = office.send(wish(office.assertion_as(&doctor, name))).await;
        let token = office.verify(answer.text("access_token")).await.unwrap();
        assert_eq!((token.subject(), token.client_id()), (name, name));
        assert_eq!(token.claims()["identifiers"], json!(urns));
    }
}

#[tokio::test]
async fn a_client_may_ask_for_less_and_name_the_installation() {
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    let installation = office.world.installation().audience();
    let wish = office
        .wish(&clinic)
        .with("scope", "custody directory")
        .with("resource", &installation)
        .with("client_id", CLINIC)
        .with("what_nobody_knows", "is ignored")
        .over(&clinic);
    let answer = office.send(wish).await;
    assert_eq!(answer.text("scope"), "directory custody", "{answer:?}");
    let token = office.verify(answer.text("access_token")).await.unwrap();
    let scopes: Vec<&String> = token.scopes().iter().collect();
    assert_eq!(scopes, ["custody", "directory"]);
}

#[tokio::test]
async fn other_key_types_are_clients_too() {
    use kleis_jose::KeyType::{Ed25519, P384, Rsa};
    let mut office = Office::open().await;
    for (number, key_type) in [P384, Ed25519, Rsa { bits: 2048 }].into_iter().enumerate() {
        let id = [LAB, CLINIC, DOCTOR][number];
        let key = office.world.key(key_type);
        let signer = office.world.certify_key(&key, &[id], "main");
        let client = office.enlist(&[id], signer);
        let answer = office.send(office.wish(&client).over(&client)).await;
        assert_eq!(answer.status, StatusCode::OK, "{key_type:?} {answer:?}");
    }
}

#[tokio::test]
async fn every_token_is_in_the_audit_and_no_person_is() {
    let mut office = Office::open().await;
    let (clinic, doctor) = (office.client(&[CLINIC]), office.client(&[DOCTOR]));
    let token = office.token(&clinic).await;
    let jti = office.verify(&token).await.unwrap().jti().to_owned();
    let wish = office.wish(&doctor).with("scope", "custody").over(&doctor);
    office.send(wish).await;
    let rows = office.audit().await;
    let row = &rows[rows.len() - 2];
    assert_eq!(row.action, "sts.issue_token");
    assert_eq!((row.actor.as_str(), row.outcome.as_str()), (CLINIC, "DONE"));
    assert_eq!(row.resource, format!("token:{jti}"));
    let all = "directory registration custody; bound to a key";
    assert_eq!(row.details, all);
    let row = &rows[rows.len() - 1];
    assert!(row.actor.starts_with("person:") && row.actor.len() == 29);
    assert_eq!(row.details, "custody; bound to a certificate");
    for row in rows {
        let shown = format!("{row:?}");
        assert!(!shown.contains("18749704") && !shown.contains(&token));
    }
}
