//! Orders with a token: it adds what its issuer certifies, to the one whose key it is bound to, in the order that names
//! it; and never a thing that somebody else owns.

use kleis_e2e::{Caller, Forge, Party, Refusal, Shown, people};
use kleis_jose::{Jwk, KeyType};
use kleis_proto::method::custody;
use kleis_trust::{order::access_token_hash, release};
use kleis_types::OsRandom;
use serde_json::{Value, json};
use tonic::Code;

use super::{Scene, fresh_key, now};

/// An organisation's key in custody for recognised pharmacies, and an insurer whose certificate says nothing of that.
struct Custody {
    scene: Scene,
    owner: Party,
    reader: Party,
    key_id: String,
    reply: Jwk,
}

impl Custody {
    async fn new() -> Self {
        let scene = Scene::new().await;
        let owner = scene.installation.enrolled("owner", people::APPLICATION);
        let reader = scene.installation.enrolled("reader", people::INSURER);
        let reply = Jwk::generate(KeyType::X25519, &OsRandom).unwrap();
        let pharmacy = json!({
            "namespace": "urn:be:fgov:certified-namespace:ehealth",
            "name": "urn:be:fgov:ehealth:1.0:pharmacy:nihii-number:recognisedpharmacy:boolean",
            "values": ["true"],
        });
        let policy = json!({"readers": [{"allOf": [pharmacy]}], "expiresAt": now() + 86_400});
        let path = scene.installation.path("policy.json");
        std::fs::write(&path, policy.to_string()).unwrap();
        let made = owner.kleis(&["custody", "create", "--policy", path.to_str().unwrap()]);
        let key_id = made["keys"][0]["keyId"].as_str().unwrap().to_owned();
        Self {
            scene,
            owner,
            reader,
            key_id,
            reply,
        }
    }

    /// A token for the reader as a recognised pharmacy, bound to a key.
    fn pharmacy(&self, key: Jwk) -> Shown {
        Shown::bound(
            &self.scene.issuer,
            &self.scene.installation,
            key,
            |claims| {
                claims["cbe"] = json!("0888888895");
                claims["pharmacy"] = json!(true);
            },
        )
    }

    fn get(&self, key_id: &str) -> Forge {
        let reply_to = self.reply.public().to_value().to_string();
        let body = json!({"keyId": key_id, "replyTo": reply_to});
        Forge::order(
            &self.scene.installation,
            &self.reader,
            custody::GET_KEY,
            body,
        )
    }

    fn naming(&self, token: &Shown) -> Forge {
        let hash = access_token_hash(token.token());
        self.get(&self.key_id).with("ath", hash)
    }

    fn anonymous(&self) -> Caller {
        Caller::anonymous(&self.scene.installation)
    }

    /// What is in a release to the reader.
    fn opened(&self, release: &str) -> Value {
        let reply = release::open(&self.reply, release).unwrap();
        Forge::claims_of(&reply)["body"].clone()
    }

    /// The key's row: its state, its version, how often it was read.
    fn record(&self) -> Vec<Vec<Value>> {
        let statement = "SELECT * FROM records WHERE key_id = ?";
        let databases = self.scene.installation.databases();
        databases.custody(statement, &[self.key_id.clone().into()])
    }
}

async fn send(
    caller: &Caller,
    token: &Shown,
    method: &str,
    order: &str,
) -> Result<String, Refusal> {
    let authorization = token.authorization();
    let headers = [("authorization", authorization.as_str())];
    caller.order_with(method, order, &headers).await
}

fn told(refused: &Refusal) -> (Code, &str) {
    (refused.code, &refused.reason)
}

#[tokio::test]
async fn access_a_token_adds_the_credential_that_a_certificate_lacks() {
    let custody = Custody::new().await;
    let token = custody.pharmacy(custody.reader.auth_key());
    let certified = Caller::of(&custody.scene.installation, &custody.reader);
    // Without the token the key might as well not be there.
    let known = custody.get(&custody.key_id).sign();
    let missing = certified.order(custody::GET_KEY, &known).await.unwrap_err();
    let unknown = custody.get("AAAAAAAAAAAAAAAAAAAAAA").sign();
    let unknown = certified
        .order(custody::GET_KEY, &unknown)
        .await
        .unwrap_err();
    assert_eq!(missing, unknown);
    assert_eq!(told(&missing), (Code::NotFound, "KEY_NOT_AVAILABLE"));
    // With it, over its own connection and over nobody's.
    for caller in [certified, custody.anonymous()] {
        let order = custody.naming(&token).sign();
        let released = send(&caller, &token, custody::GET_KEY, &order)
            .await
            .unwrap();
        let body = custody.opened(&released);
        assert_eq!(body["key"]["keyId"], custody.key_id.as_str(), "{body}");
    }
    // A token of the same issuer that does not say so adds nothing.
    let plain = Shown::bound(
        &custody.scene.issuer,
        &custody.scene.installation,
        custody.reader.auth_key(),
        |_| (),
    );
    let order = custody.naming(&plain).sign();
    let refused = send(&custody.anonymous(), &plain, custody::GET_KEY, &order).await;
    assert_eq!(refused.unwrap_err(), missing);
}

#[tokio::test]
async fn access_an_order_counts_with_the_token_that_it_names_alone() {
    let custody = Custody::new().await;
    let own = || custody.pharmacy(custody.reader.auth_key());
    let (token, other, stranger) = (own(), own(), custody.pharmacy(fresh_key()));
    let hash = |token: &Shown| access_token_hash(token.token());
    let plain = || custody.get(&custody.key_id);
    let thief = custody.scene.installation.enrolled("thief", people::DOCTOR);
    let certified = Caller::of(&custody.scene.installation, &custody.reader);
    let before = custody.record();
    let callers = [
        custody.anonymous(),
        certified.clone(),
        Caller::of(&custody.scene.installation, &thief),
    ];
    for (name, order, shown) in [
        ("the order names none", plain(), &token),
        (
            "the order names another",
            plain().with("ath", hash(&other)),
            &token,
        ),
        (
            "the order names noise",
            plain().with("ath", "noise"),
            &token,
        ),
        (
            "somebody else's token",
            plain().with("ath", hash(&stranger)),
            &stranger,
        ),
        ("somebody else's token rides along", plain(), &stranger),
    ] {
        for caller in &callers {
            let refused = send(
                caller,
                shown,
                custody::GET_KEY,
                &order.clone().again().sign(),
            )
            .await;
            let refused = refused.unwrap_err();
            let expected = (Code::PermissionDenied, "SIGNER_MISMATCH");
            assert_eq!(told(&refused), expected, "{name}: {refused:?}");
        }
    }
    // A token that is named and was taken away on the way.
    let order = custody.naming(&token).sign();
    let refused = certified.order(custody::GET_KEY, &order).await.unwrap_err();
    assert_eq!(told(&refused), (Code::PermissionDenied, "SIGNER_MISMATCH"));
    // Everything right, over the connection of somebody else.
    let order = custody.naming(&token).sign();
    let refused = send(&callers[2], &token, custody::GET_KEY, &order)
        .await
        .unwrap_err();
    assert_eq!(told(&refused), (Code::PermissionDenied, "SIGNER_MISMATCH"));
    assert_eq!(custody.record(), before);
}

#[tokio::test]
async fn access_a_token_for_orders_is_bound_and_has_the_scope() {
    let custody = Custody::new().await;
    let issue = |change: &dyn Fn(&mut Value)| {
        let (issuer, installation) = (&custody.scene.issuer, &custody.scene.installation);
        Shown::bound(issuer, installation, custody.reader.auth_key(), change)
    };
    let unbound = issue(&|claims| drop(claims.as_object_mut().unwrap().remove("cnf")));
    let unscoped = issue(&|claims| claims["scope"] = json!("directory registration"));
    for (token, reason) in [(unbound, "TOKEN_NOT_BOUND"), (unscoped, "SCOPE_MISSING")] {
        let authorization = format!("Bearer {}", token.token());
        let headers = [("authorization", authorization.as_str())];
        let order = custody.naming(&token).sign();
        let caller = custody.anonymous();
        let refused = caller.order_with(custody::GET_KEY, &order, &headers).await;
        let refused = refused.unwrap_err();
        assert_eq!(told(&refused), (Code::PermissionDenied, reason));
    }
}

#[tokio::test]
async fn access_an_order_with_its_token_is_carried_out_once() {
    let mut custody = Custody::new().await;
    let token = custody.pharmacy(custody.reader.auth_key());
    let order = custody.naming(&token);
    let (signed, other) = (
        order.sign(),
        order.with_body("keyId", "AAAAAAAAAAAAAAAAAAAAAA").sign(),
    );
    let first = send(&custody.anonymous(), &token, custody::GET_KEY, &signed).await;
    let first = custody.opened(&first.unwrap());
    let read = custody.record();
    for restart in [false, true] {
        if restart {
            custody.scene.installation.restart();
        }
        let caller = custody.anonymous();
        let again = send(&caller, &token, custody::GET_KEY, &signed)
            .await
            .unwrap();
        assert_eq!(custody.opened(&again), first, "after a restart: {restart}");
        let refused = send(&caller, &token, custody::GET_KEY, &other)
            .await
            .unwrap_err();
        assert_eq!(told(&refused), (Code::AlreadyExists, "JTI_REUSED"));
        // Whoever overhears the order needs the token as well.
        let thief = caller.order(custody::GET_KEY, &signed).await.unwrap_err();
        assert_eq!(
            told(&thief),
            (Code::Unauthenticated, "CERTIFICATE_REQUIRED")
        );
    }
    assert_eq!(custody.record(), read, "it counts as one read");
}

#[tokio::test]
async fn access_an_order_in_the_shape_of_something_else_is_none() {
    let custody = Custody::new().await;
    let token = custody.pharmacy(custody.reader.auth_key());
    let before = custody.record();
    for typ in [
        "kleis-enrolment+jwt",
        "kleis-reply+jwt",
        "kleis-binding+jwt",
        "kleis-endorsement+jwt",
        "kleis-checkpoint+jwt",
        "kleis-segment+jwt",
        "at+jwt",
        "dpop+jwt",
        "client-authentication+jwt",
        "JOSE",
        "JWT",
    ] {
        let order = custody
            .naming(&token)
            .with_header(|header| header.with_typ(typ));
        let refused = send(
            &custody.anonymous(),
            &token,
            custody::GET_KEY,
            &order.sign(),
        )
        .await;
        let refused = refused.unwrap_err();
        assert_eq!(
            told(&refused),
            (Code::InvalidArgument, "ORDER_TYPE"),
            "{typ}"
        );
    }
    assert_eq!(custody.record(), before);
}

#[tokio::test]
async fn access_a_token_that_names_the_owner_makes_nobody_the_owner() {
    let custody = Custody::new().await;
    let (issuer, installation) = (&custody.scene.issuer, &custody.scene.installation);
    let token = Shown::bound(issuer, installation, custody.reader.auth_key(), |claims| {
        claims["cbe"] = json!("0123456749");
        claims["application"] = json!("MAILBOX");
    });
    let before = custody.record();
    for method in [custody::DESCRIBE_KEY, custody::SHRED_KEY] {
        let order = |key_id: &str| {
            Forge::order(
                installation,
                &custody.reader,
                method,
                json!({"keyId": key_id}),
            )
            .with("ath", access_token_hash(token.token()))
            .sign()
        };
        let refused = send(
            &custody.anonymous(),
            &token,
            method,
            &order(&custody.key_id),
        )
        .await;
        let refused = refused.unwrap_err();
        assert_eq!(
            told(&refused),
            (Code::NotFound, "KEY_NOT_AVAILABLE"),
            "{method}"
        );
        let unknown = order("AAAAAAAAAAAAAAAAAAAAAA");
        let unknown = send(&custody.anonymous(), &token, method, &unknown).await;
        assert_eq!(unknown.unwrap_err(), refused, "{method}");
    }
    assert_eq!(custody.record(), before);
    // The owner, with a token or without.
    let described = custody
        .owner
        .kleis(&["custody", "describe", &custody.key_id]);
    assert_eq!(described["state"], "ACTIVE");
    let token = Shown::bound(issuer, installation, custody.owner.auth_key(), |_| ());
    let body = json!({"keyId": custody.key_id});
    let order = Forge::order(installation, &custody.owner, custody::DESCRIBE_KEY, body)
        .with("ath", access_token_hash(token.token()))
        .sign();
    let reply = send(&custody.anonymous(), &token, custody::DESCRIBE_KEY, &order).await;
    assert_eq!(Forge::claims_of(&reply.unwrap())["body"]["state"], "ACTIVE");
}

#[tokio::test]
async fn access_a_token_registers_nothing_for_whom_it_names() {
    let custody = Custody::new().await;
    let (issuer, installation) = (&custody.scene.issuer, &custody.scene.installation);
    let token = Shown::bound(issuer, installation, custody.reader.auth_key(), |_| ());
    let method = kleis_proto::method::registration::BEGIN_KEY;
    let body = json!({
        "identifier": people::ORGANISATION,
        "jwk": custody.reply.public().to_value().to_string(),
    });
    let order = Forge::order(installation, &custody.reader, method, body)
        .with("ath", access_token_hash(token.token()))
        .sign();
    let before = installation.databases().contents();
    let refused = send(&custody.anonymous(), &token, method, &order)
        .await
        .unwrap_err();
    assert_eq!(told(&refused), (Code::PermissionDenied, "SIGNER_MISMATCH"));
    assert_eq!(
        refused.field, "identifier",
        "it was the token's holder who asked"
    );
    assert_eq!(
        installation.databases().changes_since(&before),
        kleis_e2e::NOTHING
    );
}
