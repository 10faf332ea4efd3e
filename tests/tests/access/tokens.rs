//! Access tokens: the good ones let in, every other one is refused by the same name at every kind of read.

mod forged;
mod good;

use kleis_e2e::{Caller, Lone, NOTHING, Refusal, people};
use kleis_proto::directory::v1::LookupResponse;
use kleis_proto::registration::v1::{ListKeysRequest, ListKeysResponse};
use kleis_types::base64url;
use serde_json::Value;
use tonic::Code;

use super::{LIST_KEYS, LOOKUP, Scene, wanted};

/// Shows these headers to every kind of read, and expects the same refusal from each; nothing is written. Gives the
/// text for people.
async fn refused(
    scene: &Scene,
    name: &str,
    headers: &[(&str, &str)],
    expected: (Code, &str),
) -> String {
    let caller = Caller::anonymous(&scene.installation);
    let before = scene.installation.databases().contents();
    let list = caller.call_with::<_, ListKeysResponse>(LIST_KEYS, ListKeysRequest {}, headers);
    let mut refusals = vec![Refusal::from(list.await.unwrap_err())];
    for whom in [people::ORGANISATION, people::PATIENT] {
        let lookup = caller.call_with::<_, LookupResponse>(LOOKUP, wanted(whom), headers);
        refusals.push(Refusal::from(lookup.await.unwrap_err()));
    }
    for refused in &refusals {
        let said = (refused.code, refused.reason.as_str());
        assert_eq!(said, expected, "{name}: {refused:?}");
    }
    let after = scene.installation.databases();
    assert_eq!(after.changes_since(&before), NOTHING, "{name}");
    refusals.remove(0).detail
}

/// A refusal says nothing of what is in a token: whoever found one learns nothing by showing it.
fn names_no_claim(detail: &str, token: &str) {
    let Some(payload) = token.split('.').nth(1) else {
        return;
    };
    let Ok(bytes) = base64url::decode(payload) else {
        return;
    };
    let Ok(Value::Object(claims)) = serde_json::from_slice(&bytes) else {
        return;
    };
    for name in ["iss", "sub", "client_id", "aud", "jti", "cbe", "ssin"] {
        if let Some(value) = claims.get(name).and_then(Value::as_str) {
            assert!(!detail.contains(value), "{detail} tells the {name}");
        }
    }
}

#[tokio::test]
async fn access_what_is_no_token_is_told_so() {
    let scene = Scene::new().await;
    let invalid = (Code::Unauthenticated, "TOKEN_INVALID");
    let good = scene.issuer.sign(&scene.issuer.claims(&scene.installation));
    let basic = format!("Basic {good}");
    let long = format!("DPoP {}.a.b", "x".repeat(20_000));
    for (name, authorization) in [
        ("empty", ""),
        ("a scheme alone", "DPoP"),
        ("a scheme and a space", "Bearer "),
        ("another scheme", &basic),
        ("a token without scheme", &good),
        ("noise", "DPoP noise"),
        ("three parts of noise", "Bearer a.b.c"),
        ("five parts", "Bearer a.b.c.d.e"),
        ("20 kB", &long),
    ] {
        refused(&scene, name, &[("authorization", authorization)], invalid).await;
    }
    let bearer = format!("Bearer {good}");
    let twice = [("authorization", bearer.as_str()); 2];
    let malformed = (Code::InvalidArgument, "REQUEST_MALFORMED");
    refused(&scene, "two headers", &twice, malformed).await;
}

#[tokio::test]
async fn access_a_token_is_no_order() {
    let scene = Scene::new().await;
    let party = scene.installation.enrolled("doctor", people::DOCTOR);
    let caller = Caller::of(&scene.installation, &party);
    let token = scene.issuer.sign(&scene.issuer.claims(&scene.installation));
    for method in [
        kleis_proto::method::custody::GET_KEY,
        kleis_proto::method::registration::BEGIN_KEY,
    ] {
        let message = Lone {
            text: token.clone(),
        };
        let refused = caller.call::<_, Lone>(method, message).await.unwrap_err();
        let said = (refused.code, refused.reason.as_str());
        assert_eq!(said, (Code::InvalidArgument, "ORDER_TYPE"), "{method}");
    }
}
