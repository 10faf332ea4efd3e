//! False replies: the caller refuses each, whatever was changed in it.

use std::sync::{Arc, Mutex};

use kleis_client::ClientError;
use kleis_e2e::{Forge, Installation, Lone, Mischief, Nth, Reply, Way, mutation, people};
use kleis_jose::{
    Jwk, digest,
    jws::{self, Header},
};
use kleis_proto::method::registration;
use kleis_trust::{Signer, release, typ};
use kleis_types::{OsRandom, base64url};
use prost::Message as _;
use serde_json::json;

use super::{Deed, Scene};

const GET_STATUS_LIST: &str = "kleis.registration.v1.RegistrationService/GetStatusList";

/// Whether the client refused of its own judgement.
fn is_refused_by_client(error: &ClientError) -> bool {
    matches!(error, ClientError::NotVerified { .. })
}

#[tokio::test]
async fn api_no_changed_reply_is_accepted() {
    let scene = Scene::new().await;
    for deed in Deed::ALL {
        let on = deed.prepare(&scene.party).await;
        let method = deed.method();
        let forms = |message: &[u8]| mutation::of_message(method, false, message, &[]);
        let client = scene.tapped.client();
        let mut number = 0;
        loop {
            let on = match deed {
                // These are done to something once.
                Deed::Revoke | Deed::Shred => deed.prepare(&scene.party).await,
                _ => on.clone(),
            };
            let mischief = Nth::new(Way::Back, method, number, forms);
            scene.proxy.set(mischief.clone());
            let told = deed.perform(&client, &on).await;
            if mischief.is_exhausted() {
                told.unwrap();
                break;
            }
            let error = told
                .err()
                .unwrap_or_else(|| panic!("{deed:?}: {}", mischief.applied()));
            assert!(
                is_refused_by_client(&error),
                "{deed:?} {}: {error:?}",
                mischief.applied()
            );
            number += 1;
        }
        assert!(number > 8, "{deed:?}: only {number} forms");
    }
}

#[tokio::test]
async fn api_no_changed_status_list_is_accepted() {
    let scene = Scene::new().await;
    let forms = |message: &[u8]| mutation::of_message(GET_STATUS_LIST, false, message, &[]);
    let mut number = 0;
    loop {
        let mischief = Nth::new(Way::Back, GET_STATUS_LIST, number, forms);
        scene.proxy.set(mischief.clone());
        let told = scene.tapped.client().status_list().await;
        if mischief.is_exhausted() {
            told.unwrap();
            break;
        }
        let error = told
            .err()
            .unwrap_or_else(|| panic!("{}", mischief.applied()));
        assert!(
            is_refused_by_client(&error),
            "{}: {error:?}",
            mischief.applied()
        );
        number += 1;
    }
    assert!(number > 20);
}

/// Answers a method with what was answered to it before.
struct Replay {
    method: &'static str,
    reply: Reply,
}

impl Mischief for Replay {
    fn reply(&self, method: &str, reply: Reply) -> Reply {
        if method == self.method {
            self.reply.clone()
        } else {
            reply
        }
    }
}

#[tokio::test]
async fn api_no_reply_is_accepted_for_another_order() {
    let scene = Scene::new().await;
    for deed in Deed::ALL {
        let on = deed.prepare(&scene.party).await;
        scene.proxy.be_honest();
        deed.perform(&scene.tapped.client(), &on).await.unwrap();
        let seen = scene.proxy.seen();
        let method = deed.method();
        let before = seen
            .iter()
            .rev()
            .find(|exchange| exchange.method == method)
            .unwrap();
        scene.proxy.set(Replay {
            method,
            reply: before.reply.clone(),
        });
        let on = deed.prepare(&scene.party).await;
        let error = deed.perform(&scene.tapped.client(), &on).await.unwrap_err();
        assert!(is_refused_by_client(&error), "{deed:?}: {error:?}");
    }
}

#[tokio::test]
async fn api_no_status_list_older_than_one_seen_is_accepted() {
    let scene = Scene::new().await;
    scene.tapped.client().status_list().await.unwrap();
    let seen = scene.proxy.seen();
    let old = seen
        .iter()
        .find(|exchange| exchange.method == GET_STATUS_LIST)
        .unwrap();
    // Something is revoked, and the caller sees it.
    let on = Deed::Revoke.prepare(&scene.party).await;
    Deed::Revoke
        .perform(&scene.party.client(), &on)
        .await
        .unwrap();
    scene.tapped.client().status_list().await.unwrap();
    scene.proxy.set(Replay {
        method: GET_STATUS_LIST,
        reply: old.reply.clone(),
    });
    let error = scene.tapped.client().status_list().await.unwrap_err();
    assert!(is_refused_by_client(&error), "{error:?}");
}

/// Answers in the place of the service, with a certificate of this installation, and with every claim as it must be.
struct Impersonate {
    method: &'static str,
    by: Signer,
    key: Jwk,
    order: Mutex<String>,
}

impl Mischief for Impersonate {
    fn request(&self, method: &str, message: Vec<u8>) -> Vec<u8> {
        if method == self.method {
            *self.order.lock().unwrap() = Lone::decode(message.as_slice()).unwrap().text;
        }
        message
    }

    fn reply(&self, method: &str, reply: Reply) -> Reply {
        if method != self.method {
            return reply;
        }
        let order = self.order.lock().unwrap().clone();
        let asked = Forge::claims_of(&order);
        let service = if method.contains("custody") {
            "custody"
        } else {
            "registration"
        };
        let claims = json!({
            "iss": format!("SERVICE:{service}"),
            "aud": asked["aud"],
            "iat": asked["iat"],
            "method": asked["method"],
            "jti": asked["jti"],
            "req": base64url::encode(&digest::sha256(order.as_bytes())),
            "body": {},
        });
        let header = Header::default()
            .with_typ(typ::REPLY)
            .with_x5c(self.by.chain().to_vec());
        let signed = jws::sign(&self.key, &header, claims.to_string().as_bytes()).unwrap();
        // The key for the release stands in the order, for everybody to seal to.
        let text = match asked["body"]["replyTo"].as_str() {
            Some(key) => {
                let key = Jwk::from_slice(key.as_bytes()).unwrap();
                release::seal(&key, &signed, &OsRandom).unwrap()
            }
            None => signed,
        };
        Reply::Message(Lone { text }.encode_to_vec())
    }
}

#[tokio::test]
async fn api_nobody_answers_in_the_place_of_a_service() {
    let scene = Scene::new().await;
    let impostor = scene.installation.enrolled("impostor", people::APPLICATION);
    let elsewhere = Installation::new();
    let stranger = elsewhere.enrolled("stranger", people::APPLICATION);
    for deed in Deed::ALL {
        for (by, reason) in [
            (&impostor, "REPLY_SIGNER"),
            (&stranger, "CERTIFICATE_FOREIGN_CA"),
        ] {
            let on = deed.prepare(&scene.party).await;
            scene.proxy.set(Impersonate {
                method: deed.method(),
                by: by.signer(),
                key: by.auth_key(),
                order: Mutex::default(),
            });
            let error = deed.perform(&scene.tapped.client(), &on).await.unwrap_err();
            assert!(is_refused_by_client(&error), "{deed:?}: {error:?}");
            assert_eq!(error.reason(), reason, "{deed:?}");
        }
    }
}

/// Tells the caller that an order was refused, which was carried out.
struct Deny;

impl Mischief for Deny {
    fn reply(&self, method: &str, reply: Reply) -> Reply {
        if method != registration::REVOKE_KEY {
            return reply;
        }
        let headers = [("grpc-status", "14"), ("grpc-message", "go%20away")];
        let parse = |(name, value): (&str, &str)| (name.parse().unwrap(), value.parse().unwrap());
        Reply::Refused(headers.into_iter().map(parse).collect())
    }
}

#[tokio::test]
async fn api_a_hidden_success_is_no_success_and_is_done_once() {
    let scene = Scene::new().await;
    let on = Deed::Revoke.prepare(&scene.party).await;
    scene.proxy.set(Deny);
    let error = Deed::Revoke
        .perform(&scene.tapped.client(), &on)
        .await
        .unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    // It was sent several times, in the same bytes, and carried out once.
    let seen = scene.proxy.seen();
    let sent = seen
        .iter()
        .filter(|exchange| exchange.method == registration::REVOKE_KEY);
    let sent: Vec<_> = sent
        .map(|exchange| Arc::from(exchange.request.as_slice()))
        .collect();
    let first: &Arc<[u8]> = &sent[0];
    assert!(sent.len() > 1 && sent.iter().all(|other| other == first));
    let query = "SELECT version FROM encryption_keys WHERE kid = ?";
    let rows = scene.installation.databases().registry(query, &[on.into()]);
    assert_eq!(rows, [[serde_json::json!(2)]]);
}
