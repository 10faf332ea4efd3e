//! What was active at some time.

use kleis_directory::{DirectoryError, Found};
use kleis_jose::Thumbprint;
use kleis_proto::directory::v1::directory_service_server::DirectoryService as _;
use kleis_proto::directory::v1::{self as wire, lookup_response};
use kleis_proto::lookup::Lookup;
use kleis_proto::status::from_status;
use kleis_types::{ErrorCode, KeyState, Timestamp};
use tonic::Request;

use crate::world::{DOCTOR, KID, PENDING, PERSON, PLAIN, caller, id, put_key, world};

#[tokio::test]
async fn keys_that_were_active_are_found_with_their_certificates() {
    let world = world().await;
    put_key(&world.store, KID, PERSON, KeyState::Revoked).await;
    let ask = async |text: &str, at: i64| {
        let lookup = Lookup::new(id(text)).as_of(Timestamp::from_unix(at));
        world.directory.lookup(&lookup, Some(&caller())).await
    };
    for name in [PERSON, DOCTOR] {
        let Ok(Found::Recipient(found)) = ask(name, 29).await else {
            panic!("{name}");
        };
        assert_eq!(found.identifier, id(PERSON));
        let set: serde_json::Value = serde_json::from_slice(&found.jwks).unwrap();
        let uses: Vec<_> = set["keys"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| &key["use"])
            .collect();
        assert_eq!(uses, ["sig", "enc"]);
        assert_eq!(set["keys"][0]["x5c"].as_array().unwrap().len(), 2);
        for at in [19, 30] {
            let none = ask(name, at).await;
            assert!(matches!(none, Err(DirectoryError::NoRecipient)), "{at}");
        }
    }
    // By the clock of the tests it is 1000.
    assert!(matches!(
        ask(PERSON, 1_001).await,
        Err(DirectoryError::Future)
    ));
    assert!(matches!(
        ask(PERSON, 1_000).await,
        Err(DirectoryError::NoRecipient)
    ));
    // Strangers learn no more than of the present.
    let lookup = Lookup::new(id(PERSON)).as_of(Timestamp::from_unix(29));
    let stranger = world.directory.lookup(&lookup, None).await;
    assert!(matches!(stranger, Err(DirectoryError::Anonymous)));
}

#[tokio::test]
async fn the_same_set_is_not_sent_again() {
    let world = world().await;
    let service = world.service();
    let ask = async |if_etag: &str| {
        let request = wire::LookupRequest {
            identifier: PLAIN.to_owned(),
            if_etag: if_etag.to_owned(),
            ..Default::default()
        };
        let answer = service.lookup(Request::new(request.clone())).await.unwrap();
        let batch = wire::BatchLookupRequest {
            lookups: vec![request],
        };
        let batch = service.batch_lookup(Request::new(batch)).await.unwrap();
        (
            answer.into_inner().result.unwrap(),
            batch.into_inner().results.remove(0),
        )
    };
    let (lookup_response::Result::Recipient(found), _) = ask("").await else {
        panic!("a recipient");
    };
    let same = wire::NotModified {
        etag: found.etag.clone(),
    };
    let (one, of_many) = ask(&found.etag).await;
    assert_eq!(one, lookup_response::Result::NotModified(same.clone()));
    let expected = wire::batch_lookup_result::Result::NotModified(same);
    assert_eq!(of_many.result, Some(expected));
    // Tags are compared to the byte.
    for other in ["*", &format!("W/{}", found.etag), "\"x\""] {
        let (answer, _) = ask(other).await;
        assert!(
            matches!(answer, lookup_response::Result::Recipient(_)),
            "{other}"
        );
    }
}

#[tokio::test]
async fn a_key_had_its_state_then() {
    let world = world().await;
    put_key(&world.store, KID, PLAIN, KeyState::Revoked).await;
    put_key(&world.store, PENDING, PERSON, KeyState::PendingActivation).await;
    let service = world.service();
    let get = async |kid: &str, as_of: i64| {
        let kid = kid.to_owned();
        service
            .get_key(Request::new(wire::GetKeyRequest { kid, as_of }))
            .await
    };
    let now = get(KID, 0).await.unwrap().into_inner();
    assert_eq!(
        (now.state.as_str(), now.revoked_at, now.superseded_at),
        ("REVOKED", 30, 0)
    );
    let then = get(KID, 20).await.unwrap().into_inner();
    assert_eq!((then.state.as_str(), then.revoked_at), ("ACTIVE", 30));
    for (as_of, code) in [
        (19, ErrorCode::NotFound),
        (1_001, ErrorCode::RequestMalformed),
        (-1, ErrorCode::RequestMalformed),
    ] {
        let refused = get(KID, as_of).await.unwrap_err();
        assert_eq!(from_status(&refused).unwrap().code(), code, "{as_of}");
    }
    let kid: Thumbprint = PENDING.parse().unwrap();
    let pending = world.directory.key(&kid, None, Some(&caller())).await;
    assert!(matches!(pending, Err(DirectoryError::NoKey)));
}
