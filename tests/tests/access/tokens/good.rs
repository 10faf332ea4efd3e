//! Tokens that are good, and those that are good for something else.

use kleis_e2e::{Caller, Shown, people};
use kleis_proto::directory::v1::LookupResponse;
use kleis_proto::registration::v1::{ListKeysRequest, ListKeysResponse};
use serde_json::json;
use tonic::Code;

use super::super::{LIST_KEYS, LOOKUP, Scene, said, wanted};

#[tokio::test]
async fn access_a_bound_token_with_its_proof_lets_in() {
    let scene = Scene::new().await;
    let caller = Caller::anonymous(&scene.installation);
    let shown = Shown::fresh(&scene.issuer, &scene.installation, |_| ());
    let list: ListKeysResponse = shown
        .call(&caller, LIST_KEYS, ListKeysRequest {})
        .await
        .unwrap();
    assert_eq!(list.keys.len(), 1, "the key of whom the token names");
    for whom in [people::ORGANISATION, people::PATIENT] {
        let found = shown.call::<_, LookupResponse>(&caller, LOOKUP, wanted(whom));
        found.await.unwrap();
    }
    let other = Shown::fresh(&scene.issuer, &scene.installation, |claims| {
        claims["cbe"] = json!("0888888895");
    });
    let list: ListKeysResponse = other
        .call(&caller, LIST_KEYS, ListKeysRequest {})
        .await
        .unwrap();
    assert_eq!(list.keys, [], "nobody sees another's");
}

#[tokio::test]
async fn access_a_token_as_long_as_tokens_may_be_lets_in() {
    let scene = Scene::new().await;
    let caller = Caller::anonymous(&scene.installation);
    let shown = Shown::fresh(&scene.issuer, &scene.installation, |claims| {
        claims["groups"] = json!("x".repeat(11_500));
    });
    assert!((15_500..16_384).contains(&shown.token().len()));
    let list = shown.call::<_, ListKeysResponse>(&caller, LIST_KEYS, ListKeysRequest {});
    assert_eq!(list.await.unwrap().keys.len(), 1);
}

#[tokio::test]
async fn access_a_bearer_token_looks_up_and_lists_nothing() {
    let scene = Scene::new().await;
    let caller = Caller::anonymous(&scene.installation);
    let token = scene.issuer.sign(&scene.issuer.claims(&scene.installation));
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    for whom in [people::ORGANISATION, people::PATIENT] {
        let found = caller.call_with::<_, LookupResponse>(LOOKUP, wanted(whom), &headers);
        found.await.unwrap();
    }
    let not_bound = (Code::PermissionDenied, "TOKEN_NOT_BOUND".to_owned());
    let list = caller.call_with::<_, ListKeysResponse>(LIST_KEYS, ListKeysRequest {}, &headers);
    assert_eq!(said(list.await.unwrap_err()), not_bound);
    // Shown as what it is not, it is not even good for a look-up.
    let dpop = format!("DPoP {token}");
    let headers = [("authorization", dpop.as_str())];
    let found = caller.call_with::<_, LookupResponse>(LOOKUP, wanted(people::PATIENT), &headers);
    assert_eq!(said(found.await.unwrap_err()), not_bound);
}

#[tokio::test]
async fn access_a_scope_opens_its_own_service_alone() {
    let scene = Scene::new().await;
    let caller = Caller::anonymous(&scene.installation);
    let missing = (Code::PermissionDenied, "SCOPE_MISSING".to_owned());
    for (scope, lists, looks_up) in [
        ("registration", true, false),
        ("directory", false, true),
        ("custody", false, false),
        ("registrations REGISTRATION", false, false),
        ("", false, false),
    ] {
        let shown = Shown::fresh(&scene.issuer, &scene.installation, |claims| {
            claims["scope"] = json!(scope);
        });
        let list = shown.call::<_, ListKeysResponse>(&caller, LIST_KEYS, ListKeysRequest {});
        let list = list.await.map(drop).map_err(said);
        let expected = |good| if good { Ok(()) } else { Err(missing.clone()) };
        assert_eq!(list, expected(lists), "{scope:?}");
        for whom in [people::ORGANISATION, people::PATIENT] {
            let found = shown.call::<_, LookupResponse>(&caller, LOOKUP, wanted(whom));
            let found = found.await.map(drop).map_err(said);
            assert_eq!(found, expected(looks_up), "{scope:?} {whom}");
        }
    }
}
