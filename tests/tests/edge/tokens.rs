//! Tokens on their way: an order names the one that goes with it, so none is added, taken away or swapped.

use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use kleis_client::ClientError;
use kleis_e2e::{Edge, Installation, Mischief, NOTHING, PlayedIssuer, people, xfcc};
use serde_json::json;

use crate::policy;

/// What is done to what goes with a request.
#[derive(Clone, Debug)]
enum Show {
    /// The token is taken away, its proof too.
    NoToken,
    /// The proof alone is taken away.
    NoProof,
    /// Another token goes in the place of the caller's.
    Another(String),
    /// As `Another`, and the certificate is taken away.
    AnotherAlone(String),
    /// Only the token, without the certificate.
    TokenAlone,
}

impl Mischief for Show {
    fn headers(&self, _: &str, headers: &mut HeaderMap) {
        let put = |headers: &mut HeaderMap, token: &str| {
            headers.remove("dpop");
            let value = HeaderValue::from_str(&format!("DPoP {token}")).unwrap();
            headers.insert(AUTHORIZATION, value);
        };
        match self {
            Self::NoToken => {
                headers.remove("dpop");
                headers.remove(AUTHORIZATION);
            }
            Self::NoProof => {
                headers.remove("dpop");
            }
            Self::Another(token) => put(headers, token),
            Self::AnotherAlone(token) => {
                put(headers, token);
                headers.remove(xfcc::HEADER);
            }
            Self::TokenAlone => {
                headers.remove(xfcc::HEADER);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn edge_swaps_strips_and_adds_no_token() {
    let mut installation = Installation::new();
    let issuer = PlayedIssuer::start().await;
    let config = installation.path("issuers.toml");
    std::fs::write(&config, issuer.configuration()).unwrap();
    let config = ["--config", config.to_str().unwrap()];
    let edge = Edge::start_with(&mut installation, &config).await;
    let party = installation.enrolled("mailbox", people::ORGANISATION);
    let jkt = party.auth_key().thumbprint().to_string();
    let token = |further: serde_json::Value| {
        let mut claims = issuer.claims(&installation);
        claims["cnf"] = json!({"jkt": jkt});
        let members = further.as_object().unwrap().clone();
        claims.as_object_mut().unwrap().extend(members);
        issuer.sign(&claims)
    };
    // One of the two says more than the other; both are the caller's own.
    let (plain, more) = (token(json!({})), token(json!({"pharmacy": true})));
    let policy = policy(&json!({}));
    let with_token = party.client().with_access_token(plain.clone()).unwrap();
    let without = party.client();

    // Honestly, both ways.
    for client in [&with_token, &without] {
        client.create_keys(&policy, 1).await.unwrap();
    }
    let before = installation.databases().contents();
    let refused = |error: Result<_, ClientError>, show: &Show| {
        let error: ClientError = error
            .map(|_: Vec<kleis_client::CustodyKey>| ())
            .unwrap_err();
        assert!(error.is_refusal(), "{show:?}: {error:?}");
        error.reason()
    };
    for (show, reason) in [
        (Show::NoToken, "SIGNER_MISMATCH"),
        (Show::Another(more.clone()), "SIGNER_MISMATCH"),
        (Show::AnotherAlone(more.clone()), "SIGNER_MISMATCH"),
    ] {
        edge.set(show.clone());
        let answer = with_token.create_keys(&policy, 1).await;
        assert_eq!(refused(answer, &show), reason, "{show:?}");
    }
    // An order that names none is carried out with none.
    for show in [Show::Another(more.clone()), Show::AnotherAlone(more)] {
        edge.set(show.clone());
        let answer = without.create_keys(&policy, 1).await;
        assert_eq!(refused(answer, &show), "SIGNER_MISMATCH", "{show:?}");
    }
    let changes = installation.databases().changes_since(&before);
    assert_eq!(changes, NOTHING);

    // The order itself proves possession, and the token says the same with or without the certificate beside it: these two
    // change nothing for the order, and so it is carried out as it was meant.
    for show in [Show::NoProof, Show::TokenAlone] {
        edge.set(show.clone());
        let made = with_token.create_keys(&policy, 1).await;
        assert_eq!(made.unwrap().len(), 1, "{show:?}");
    }
    // What it has seen of a bound token is of no use for a read: the proof is for one request, and the key is not here.
    edge.be_honest();
    with_token.keys().await.unwrap();
    let rpc = "kleis.registration.v1.RegistrationService/ListKeys";
    let seen = edge.last(rpc).shown;
    let replayed = edge.send(rpc, seen.clone(), &[]).await;
    assert_eq!(crate::forged::reason(&replayed), "DPOP_REPLAYED");
    let mut bare = seen;
    bare.remove("dpop");
    let bare = edge.send(rpc, bare, &[]).await;
    assert_eq!(crate::forged::reason(&bare), "TOKEN_PROOF_MISSING");
}
