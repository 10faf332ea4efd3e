//! Assertions that do not hold: each way to fail has one and the same answer.

use axum::http::StatusCode;
use kleis_jose::{JwkSet, KeyType, digest, jws::Header};
use kleis_trust::status::Status;
use kleis_trust::test_util::{World, claims_of, forge};
use kleis_types::base64url;
use serde_json::{Value, json};

use crate::fixture::{Answer, CLINIC, Client, ISSUER, LAB, Office, Post, TOKEN};

/// An assertion of a client with other claims, signed all the same.
pub(crate) fn forged(office: &Office, client: &Client, change: impl FnOnce(&mut Value)) -> String {
    let mut claims = claims_of(&office.assertion(client));
    change(&mut claims);
    let kid = client.key().thumbprint();
    let header = Header::default().with_kid(kid.as_str());
    forge(client.key(), &header, &claims)
}

async fn show(office: &Office, client: &Client, assertion: &str) -> Answer {
    let post = Post::to(TOKEN).with("grant_type", "client_credentials");
    office.send(post.by(assertion).over(client)).await
}

/// The one answer, and nothing in the audit.
async fn refused(office: &Office, client: &Client, assertion: &str) -> Value {
    let before = office.audit().await.len();
    let answer = show(office, client, assertion).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.error(), "invalid_client");
    assert_eq!(office.audit().await.len(), before);
    answer.body
}

/// All of these are refused, with the same words.
async fn all_refused(office: &Office, client: &Client, assertions: &[String]) {
    let nobody = office.assertion(client).replace('.', "");
    let one_answer = refused(office, client, &nobody).await;
    for (number, assertion) in assertions.iter().enumerate() {
        let body = refused(office, client, assertion).await;
        assert_eq!(body, one_answer, "number {number}");
    }
}

#[tokio::test]
async fn claims_must_be_those_of_a_fresh_assertion_for_this_issuer() {
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    let now = office.now().unix();
    let with =
        |name: &str, value: Value| forged(&office, &clinic, |claims| claims[name] = value.clone());
    let without = |name: &str| {
        forged(&office, &clinic, |claims| {
            claims.as_object_mut().unwrap().remove(name);
        })
    };
    let at = |iat: i64, exp: i64| {
        forged(&office, &clinic, |claims| {
            claims["iat"] = iat.into();
            claims["exp"] = exp.into();
        })
    };
    let assertions = [
        at(now - 120, now - 60),
        at(now + 61, now + 120),
        at(now, now + 301),
        with("nbf", (now + 61).into()),
        with("aud", format!("{ISSUER}{TOKEN}").into()),
        with("aud", format!("{ISSUER}/").into()),
        with("aud", json!([ISSUER, format!("{ISSUER}{TOKEN}")])),
        with("aud", office.world.installation().audience().into()),
        with("aud", "https://other.example".into()),
        with("iss", LAB.into()),
        with("sub", LAB.into()),
        with("jti", "".into()),
        with("jti", "a".repeat(129).into()),
        without("aud"),
        without("exp"),
        without("jti"),
        without("iss"),
        without("sub"),
    ];
    all_refused(&office, &clinic, &assertions).await;
    let good = with("aud", json!([ISSUER]));
    assert_eq!(show(&office, &clinic, &good).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_signature_must_be_one_by_the_registered_key() {
    let mut office = Office::open().await;
    let (clinic, lab) = (office.client(&[CLINIC]), office.client(&[LAB]));
    let good = office.assertion(&clinic);
    let claims = claims_of(&good);
    let kid = clinic.key().thumbprint();
    let header = Header::default().with_kid(kid.as_str());
    let thief = office.world.key(KeyType::P256);
    let part = |value: Value| base64url::encode(value.to_string().as_bytes());
    let unsigned = |alg: &str| {
        let header = part(json!({ "alg": alg, "kid": kid.as_str() }));
        format!("{header}.{}", part(claims.clone()))
    };
    // RFC 8725 section 2.1: the public key, in any form, as the secret of a MAC.
    let mac = |secret: &[u8]| {
        let input = unsigned("HS256");
        let tag = digest::hmac_sha256(secret, input.as_bytes());
        format!("{input}.{}", base64url::encode(&tag))
    };
    let public = clinic.key().public();
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let mut bent = base64url::decode(signature).unwrap();
    bent[40] ^= 1;
    let own_key = Header::default().with_jwk(&thief.public());
    let assertions = [
        forge(&thief, &header, &claims),
        forge(lab.key(), &header, &claims),
        forge(&clinic.dpop, &header, &claims),
        // A key in the header is nobody's.
        forge(&thief, &own_key.with_kid(kid.as_str()), &claims),
        forge(clinic.key(), &Header::default(), &claims),
        forge(clinic.key(), &Header::default().with_kid("x"), &claims),
        forge(clinic.key(), &header.clone().with_typ("at+jwt"), &claims),
        forge(clinic.key(), &header.clone().with_typ("dpop+jwt"), &claims),
        forge(clinic.key(), &header.with_typ("kleis-order+jwt"), &claims),
        format!("{}.", unsigned("none")),
        format!("{}.{signature}", unsigned("none")),
        mac(&public.to_spki_der().unwrap()),
        mac(public.to_value().to_string().as_bytes()),
        format!("{signed}.{}", base64url::encode(&bent)),
        format!("{signed}."),
        "x".to_owned(),
    ];
    all_refused(&office, &clinic, &assertions).await;
    assert_eq!(show(&office, &clinic, &good).await.status, StatusCode::OK);
}

#[tokio::test]
async fn who_is_not_known_is_refused_like_everybody_else() {
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    let names = [
        LAB,
        "CBE:0123456749",
        "CBE:0123456749/OTHER",
        "cbe:0123456749/MAILBOX",
        "urn:kleis:id:CBE:0123456749:MAILBOX",
        "NOSUCH:1",
        "a client",
        "",
    ];
    let assertions = names.map(|name| office.assertion_as(&clinic, name));
    all_refused(&office, &clinic, &assertions).await;
    // A directory that answers with another's keys helps nobody.
    let set = World::set(&[&office.world.bind(clinic.signer.clone(), KeyType::X25519)]);
    for name in [LAB, "CBE:0123456749"] {
        office.publish(name, set.clone());
    }
    office.publish_status();
    all_refused(&office, &clinic, &assertions[..2]).await;
}

#[tokio::test]
async fn client_id_may_be_said_again_but_not_otherwise() {
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    let wish = office.wish(&clinic).with("client_id", LAB).over(&clinic);
    assert_eq!(office.send(wish).await.error(), "invalid_client");
    let wish = office.wish(&clinic).with("client_id", CLINIC).over(&clinic);
    assert_eq!(office.send(wish).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_certificate_that_is_not_in_use_is_refused() {
    for status in [Status::Invalid, Status::Suspended, Status::Other] {
        let mut office = Office::open().await;
        let clinic = office.client(&[CLINIC]);
        let index = clinic.signer.identity().status_index();
        office.world.set_status(index, status);
        office.publish_status();
        let assertion = office.assertion(&clinic);
        all_refused(&office, &clinic, &[assertion]).await;
    }
}

#[tokio::test]
async fn a_key_that_is_no_longer_published_is_refused() {
    let mut office = Office::open().await;
    let old = office.client(&[CLINIC]);
    // Another key takes its place; its own certificate is not revoked.
    let new = office.client(&[CLINIC]);
    let assertion = office.assertion(&old);
    all_refused(&office, &old, &[assertion]).await;
    let good = office.assertion(&new);
    assert_eq!(show(&office, &new, &good).await.status, StatusCode::OK);
    office.publish(CLINIC, JwkSet::default());
    let assertion = office.assertion(&new);
    all_refused(&office, &new, &[assertion]).await;
}

#[tokio::test]
async fn a_certificate_of_another_ca_or_time_is_refused() {
    let mut office = Office::open().await;
    let clinic = office.client(&[CLINIC]);
    let mut impostor = World::impostor_of(&office.world, 8);
    let mut foreign = World::new(9);
    for world in [&mut impostor, &mut foreign] {
        let signer = world.certify(CLINIC, "main");
        let client = office.enlist(&[CLINIC], signer);
        let assertion = office.assertion(&client);
        all_refused(&office, &client, &[assertion]).await;
    }
    let again = office.enlist(&[CLINIC], clinic.signer.clone());
    let good = office.assertion(&again);
    assert_eq!(show(&office, &again, &good).await.status, StatusCode::OK);
    office.advance(kleis_trust::test_util::CERTIFICATE_LIFE + 61);
    let late = office.assertion(&again);
    all_refused(&office, &again, &[late]).await;
}

#[tokio::test]
async fn the_encryption_key_signs_nothing() {
    let mut office = Office::open().await;
    let signer = office.world.certify(CLINIC, "main");
    // One that could sign, though it is published for encryption.
    let device = office.world.bind(signer.clone(), KeyType::P256);
    let clinic = office.enlist(&[CLINIC], signer);
    office.publish(CLINIC, World::set(&[&device]));
    let claims = claims_of(&office.assertion(&clinic));
    let kid = device.key().thumbprint();
    let header = Header::default().with_kid(kid.as_str());
    let assertion = forge(device.key(), &header, &claims);
    all_refused(&office, &clinic, &[assertion]).await;
}
