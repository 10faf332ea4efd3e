//! Possession: a token is good with the key or the certificate that it is bound to, and with a fresh proof.

use kleis_e2e::{Caller, ForgedProof, Shown, people};
use kleis_proto::directory::v1::LookupResponse;
use kleis_proto::registration::v1::{ListKeysRequest, ListKeysResponse};
use serde_json::json;
use tonic::{Code, Status};

use super::{LIST_KEYS, LOOKUP, Scene, fresh_key, now, said, wanted};

async fn list(caller: &Caller, shown: &Shown) -> Result<ListKeysResponse, Status> {
    shown.call(caller, LIST_KEYS, ListKeysRequest {}).await
}

async fn list_with(caller: &Caller, shown: &Shown, proof: &str) -> Result<(), Status> {
    let answer =
        shown.call_with::<_, ListKeysResponse>(caller, LIST_KEYS, ListKeysRequest {}, proof);
    answer.await.map(drop)
}

fn unauthenticated(reason: &str) -> (Code, String) {
    (Code::Unauthenticated, reason.to_owned())
}

#[tokio::test]
async fn access_a_stolen_token_is_good_for_nothing() {
    let scene = Scene::new().await;
    let stolen = Shown::fresh(&scene.issuer, &scene.installation, |_| ());
    let thief = scene.installation.enrolled("thief", people::DOCTOR);
    // The thief's own certificate does not help, nor does calling it a bearer token.
    for caller in [
        Caller::anonymous(&scene.installation),
        Caller::of(&scene.installation, &thief),
    ] {
        for scheme in ["DPoP", "Bearer"] {
            let authorization = format!("{scheme} {}", stolen.token());
            let headers = [("authorization", authorization.as_str())];
            let list =
                caller.call_with::<_, ListKeysResponse>(LIST_KEYS, ListKeysRequest {}, &headers);
            let missing = unauthenticated("TOKEN_PROOF_MISSING");
            assert_eq!(said(list.await.unwrap_err()), missing, "{scheme}");
            for whom in [people::ORGANISATION, people::PATIENT] {
                let found = caller.call_with::<_, LookupResponse>(LOOKUP, wanted(whom), &headers);
                assert_eq!(said(found.await.unwrap_err()), missing, "{scheme} {whom}");
            }
        }
    }
}

#[tokio::test]
async fn access_a_proof_of_something_else_is_refused() {
    let scene = Scene::new().await;
    let caller = Caller::anonymous(&scene.installation);
    let shown = Shown::fresh(&scene.issuer, &scene.installation, |_| ());
    // Once, so that the nonce is known and all else is right.
    list(&caller, &shown).await.unwrap();
    let good = || shown.proof(&caller, LIST_KEYS);
    let other = Shown::new(fresh_key(), "another.access.token");
    let other_token = other.proof(&caller, LIST_KEYS);
    let admin = caller.url("kleis.registration.v1.RegistrationAdminService/ListKeys");
    let proofs: Vec<(&str, ForgedProof)> = vec![
        ("by another key", good().by(&fresh_key())),
        ("for another method", good().with("htm", "GET")),
        ("for a method in other letters", good().with("htm", "post")),
        ("for another RPC", good().with("htu", caller.url(LOOKUP))),
        (
            "for another server",
            good().with("htu", format!("https://kleis.example/{LIST_KEYS}")),
        ),
        ("for the admin side", good().with("htu", admin)),
        (
            "for the path alone",
            good().with("htu", format!("/{LIST_KEYS}")),
        ),
        ("for another token", other_token.by(shown.key())),
        ("for no token", good().without("ath")),
        ("from the future", good().with("iat", now() + 120)),
        ("from the past", good().with("iat", now() - 120)),
        ("without time", good().without("iat")),
        ("without name", good().without("jti")),
        ("of another type", good().as_type("JWT")),
        ("of the type of a token", good().as_type("at+jwt")),
        ("of the type of an order", good().as_type("kleis-order+jwt")),
    ];
    for (name, proof) in proofs {
        let refused = list_with(&caller, &shown, &proof.sign()).await.unwrap_err();
        assert_eq!(said(refused), unauthenticated("DPOP_INVALID"), "{name}");
    }
    for noise in ["noise", "a.b.c", shown.token()] {
        let refused = list_with(&caller, &shown, noise).await.unwrap_err();
        assert_eq!(said(refused), unauthenticated("DPOP_INVALID"), "{noise}");
    }
    list_with(&caller, &shown, &good().sign()).await.unwrap();
}

#[tokio::test]
async fn access_two_proofs_are_one_too_many() {
    let scene = Scene::new().await;
    let caller = Caller::anonymous(&scene.installation);
    let shown = Shown::fresh(&scene.issuer, &scene.installation, |_| ());
    list(&caller, &shown).await.unwrap();
    let (authorization, proof) = (
        shown.authorization(),
        shown.proof(&caller, LIST_KEYS).sign(),
    );
    let headers = [
        ("authorization", authorization.as_str()),
        ("dpop", &proof),
        ("dpop", &proof),
    ];
    let list = caller.call_with::<_, ListKeysResponse>(LIST_KEYS, ListKeysRequest {}, &headers);
    let malformed = (Code::InvalidArgument, "REQUEST_MALFORMED".to_owned());
    assert_eq!(said(list.await.unwrap_err()), malformed);
}

#[tokio::test]
async fn access_a_proof_needs_the_nonce_of_this_server() {
    let scene = Scene::new().await;
    let caller = Caller::anonymous(&scene.installation);
    let shown = Shown::fresh(&scene.issuer, &scene.installation, |_| ());
    let invented = shown.proof(&caller, LIST_KEYS).with("nonce", "invented");
    for proof in [shown.proof(&caller, LIST_KEYS), invented] {
        let refused = list_with(&caller, &shown, &proof.sign()).await.unwrap_err();
        let told = |name: &str| refused.metadata().get(name).unwrap().to_str().unwrap();
        assert_eq!(told("www-authenticate"), "DPoP error=\"use_dpop_nonce\"");
        assert!(told("dpop-nonce").len() >= 32);
        assert_eq!(said(refused), unauthenticated("DPOP_NONCE_REQUIRED"));
    }
    // A proof by another key is not worth a nonce.
    let proof = shown
        .proof(&caller, LIST_KEYS)
        .by(&fresh_key())
        .without("nonce");
    let refused = list_with(&caller, &shown, &proof.sign()).await.unwrap_err();
    assert!(refused.metadata().get("dpop-nonce").is_none());
    list(&caller, &shown).await.unwrap();
}

#[tokio::test]
async fn access_a_proof_is_good_once_and_not_after_a_restart() {
    let mut scene = Scene::new().await;
    let caller = Caller::anonymous(&scene.installation);
    let shown = Shown::fresh(&scene.issuer, &scene.installation, |_| ());
    list(&caller, &shown).await.unwrap();
    let used = shown.proof(&caller, LIST_KEYS).sign();
    let kept = shown.proof(&caller, LIST_KEYS).sign();
    list_with(&caller, &shown, &used).await.unwrap();
    for _ in 0..3 {
        let refused = list_with(&caller, &shown, &used).await.unwrap_err();
        assert_eq!(said(refused), unauthenticated("DPOP_REPLAYED"));
    }
    scene.installation.restart();
    let caller = Caller::anonymous(&scene.installation);
    for proof in [used, kept] {
        let refused = list_with(&caller, &shown, &proof).await.unwrap_err();
        assert_eq!(said(refused), unauthenticated("DPOP_NONCE_REQUIRED"));
    }
    list(&caller, &shown).await.unwrap();
}

#[tokio::test]
async fn access_a_proof_that_comes_many_times_at_once_is_good_once() {
    let scene = Scene::new().await;
    let caller = Caller::anonymous(&scene.installation);
    let shown = Shown::fresh(&scene.issuer, &scene.installation, |_| ());
    list(&caller, &shown).await.unwrap();
    let proof = shown.proof(&caller, LIST_KEYS).sign();
    let authorization = shown.authorization();
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (caller, proof, authorization) = (caller.clone(), proof.clone(), authorization.clone());
        calls.spawn(async move {
            let headers = [("authorization", authorization.as_str()), ("dpop", &proof)];
            let list =
                caller.call_with::<_, ListKeysResponse>(LIST_KEYS, ListKeysRequest {}, &headers);
            list.await.map(drop).map_err(said)
        });
    }
    let answers = calls.join_all().await;
    let good = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(good, 1, "{answers:?}");
    let replayed = Err(unauthenticated("DPOP_REPLAYED"));
    assert!(
        answers
            .iter()
            .all(|answer| answer.is_ok() || *answer == replayed)
    );
}

#[tokio::test]
async fn access_a_token_that_is_bound_to_a_certificate_needs_it_on_the_connection() {
    let scene = Scene::new().await;
    let holder = scene.installation.enrolled("holder", people::INSURER);
    let other = scene.installation.enrolled("other", people::DOCTOR);
    let mut claims = scene.issuer.claims(&scene.installation);
    let x5t = holder.signer().certificate().x5t_s256().to_owned();
    claims["cnf"] = json!({ "x5t#S256": x5t });
    let token = scene.issuer.sign(&claims);
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    let ask = async |caller: &Caller, headers: &[(&str, &str)]| {
        let list = caller.call_with::<_, ListKeysResponse>(LIST_KEYS, ListKeysRequest {}, headers);
        list.await
            .map(|list| list.into_inner().keys.len())
            .map_err(said)
    };
    let owner = Caller::of(&scene.installation, &holder);
    assert_eq!(ask(&owner, &headers).await, Ok(1), "whom the token names");
    for caller in [
        Caller::anonymous(&scene.installation),
        Caller::of(&scene.installation, &other),
    ] {
        let missing = Err(unauthenticated("TOKEN_PROOF_MISSING"));
        assert_eq!(ask(&caller, &headers).await, missing);
    }
    // A proof of a key is no answer to the question for a certificate.
    let mixed = Shown::new(holder.auth_key(), token.clone());
    let proof = mixed.proof(&owner, LIST_KEYS).sign();
    let headers = [("authorization", bearer.as_str()), ("dpop", &proof)];
    assert_eq!(
        ask(&owner, &headers).await,
        Err(unauthenticated("DPOP_INVALID"))
    );
    // And the certificate none to the question for a key.
    let keyed = Shown::fresh(&scene.issuer, &scene.installation, |_| ());
    let authorization = keyed.authorization();
    let headers = [("authorization", authorization.as_str())];
    let missing = Err(unauthenticated("TOKEN_PROOF_MISSING"));
    assert_eq!(ask(&owner, &headers).await, missing);
}
