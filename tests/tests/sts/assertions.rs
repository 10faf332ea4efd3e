//! What is shown at the token endpoint is good once: also for whoever saw it on its way, also after the server was
//! killed.

use http::StatusCode;
use kleis_e2e::{Installation, people};

use super::endpoint::{ASSERTION_TYPE, Client, channel, get, post};

#[tokio::test]
async fn sts_an_assertion_is_good_once_also_after_a_crash() {
    let mut installation = Installation::new();
    let party = installation.enrolled("party", people::APPLICATION);
    let (assertion, early) = {
        let client = Client {
            installation: &installation,
            party: &party,
        };
        let channel = channel(&installation);
        let nonce = client.nonce(&channel).await;
        let assertion = client.assertion();
        let good = client
            .ask(&channel, &assertion, &client.proof(Some(&nonce)))
            .await;
        assert_eq!(good.status, StatusCode::OK, "{}", good.body);
        assert_eq!(good.body["token_type"], "DPoP");
        let again = client
            .ask(&channel, &assertion, &client.proof(Some(&nonce)))
            .await;
        assert_eq!(again.error(), "invalid_client", "{}", again.body);
        (assertion, client.proof(Some(&nonce)))
    };
    installation.take_kleisd().kill();
    installation.start_again(&[]).unwrap();
    let client = Client {
        installation: &installation,
        party: &party,
    };
    let channel = channel(&installation);
    // A proof from before the start has a nonce that nobody gave out.
    let stale = client.ask(&channel, &client.assertion(), &early).await;
    assert_eq!(stale.error(), "use_dpop_nonce", "{}", stale.body);
    let nonce = client.nonce(&channel).await;
    let replayed = client
        .ask(&channel, &assertion, &client.proof(Some(&nonce)))
        .await;
    assert_eq!(replayed.error(), "invalid_client", "{}", replayed.body);
    let fresh = client
        .ask(&channel, &client.assertion(), &client.proof(Some(&nonce)))
        .await;
    assert_eq!(fresh.status, StatusCode::OK, "{}", fresh.body);
}

#[tokio::test]
async fn sts_a_proof_is_good_once_and_an_assertion_alone_gives_nothing() {
    let installation = Installation::new();
    let party = installation.enrolled("party", people::APPLICATION);
    let client = Client {
        installation: &installation,
        party: &party,
    };
    let channel = channel(&installation);
    let nonce = client.nonce(&channel).await;
    let proof = client.proof(Some(&nonce));
    let good = client.ask(&channel, &client.assertion(), &proof).await;
    assert_eq!(good.status, StatusCode::OK, "{}", good.body);
    let replayed = client.ask(&channel, &client.assertion(), &proof).await;
    assert_eq!(replayed.error(), "invalid_dpop_proof", "{}", replayed.body);
    let form = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", &client.assertion()),
    ];
    let unbound = post(&channel, "/oauth2/token", &form, None).await;
    assert_eq!(unbound.error(), "invalid_request", "{}", unbound.body);
}

#[tokio::test]
async fn sts_a_revoked_client_gets_nothing_and_nobody_learns_who_is_one() {
    let installation = Installation::new();
    let party = installation.enrolled("party", people::APPLICATION);
    let stranger = installation.stranger("stranger", people::INSURER, "main");
    let channel = channel(&installation);
    let client = Client {
        installation: &installation,
        party: &party,
    };
    let nonce = client.nonce(&channel).await;
    let good = client
        .ask(&channel, &client.assertion(), &client.proof(Some(&nonce)))
        .await;
    assert_eq!(good.status, StatusCode::OK, "{}", good.body);
    // Somebody without a certificate signs in the name of one who has none either: by the party's key.
    let unknown = {
        use kleis_access::assertion;
        use kleis_types::{Clock as _, OsRandom, SystemClock};

        let issuer = &installation.facts().public;
        let (key, id) = (party.auth_key(), stranger.identifier());
        assertion::make(&key, id, issuer, None, SystemClock.now(), &OsRandom).unwrap()
    };
    let unknown = client
        .ask(&channel, &unknown, &client.proof(Some(&nonce)))
        .await;
    let serial = party.kleis(&["whoami"])["serial"]
        .as_str()
        .unwrap()
        .to_owned();
    let revoke = ["operator", "revoke", &serial, "--reason", "keyCompromise"];
    installation.operator().kleis(&revoke);
    let revoked = client
        .ask(&channel, &client.assertion(), &client.proof(Some(&nonce)))
        .await;
    assert_eq!(
        (unknown.error(), revoked.error()),
        ("invalid_client", "invalid_client")
    );
    assert_eq!(
        unknown.body["error_description"],
        revoked.body["error_description"]
    );
}

#[tokio::test]
async fn sts_its_metadata_and_its_keys_are_open_to_all_and_nothing_else_is() {
    let installation = Installation::new();
    let channel = channel(&installation);
    let metadata = get(&channel, "/.well-known/oauth-authorization-server").await;
    assert_eq!(metadata.status, StatusCode::OK);
    assert_eq!(
        metadata.body["issuer"],
        installation.facts().public.as_str()
    );
    let keys = get(&channel, "/oauth2/jwks").await;
    let keys = keys.body["keys"].as_array().unwrap().clone();
    assert_eq!(keys.len(), 2, "the current one and the next");
    assert!(keys.iter().all(|key| key.get("d").is_none()), "{keys:?}");
    for path in ["/oauth2/token", "/oauth2/revoke", "/oauth2/introspect"] {
        let answer = post(&channel, path, &[], None).await;
        assert!(answer.status.is_client_error(), "{path} {}", answer.body);
    }
}
