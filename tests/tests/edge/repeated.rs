//! Messages that are sent again, or not at all: nothing is done twice, and nothing is lost.

use std::sync::atomic::{AtomicUsize, Ordering};

use http::HeaderMap;
use kleis_client::{Enrolment, Proof};
use kleis_e2e::{Lone, Mischief, Reply, Way, people, xfcc};
use kleis_proto::method::{custody, registration};
use kleis_types::DeviceId;
use prost::Message as _;
use serde_json::json;

use crate::{cast::Cast, deeds::Deed, forged::reason, policy};

/// How many of everything there are that orders make or change.
fn effects(cast: &Cast) -> Vec<Vec<serde_json::Value>> {
    let databases = cast.installation.databases();
    let registry = "SELECT (SELECT count(*) FROM orders), \
        (SELECT count(*) + sum(version) FROM certificates), \
        (SELECT count(*) + sum(version) FROM encryption_keys), \
        (SELECT count(*) FROM key_sessions)";
    let custody = "SELECT (SELECT count(*) FROM orders), \
        (SELECT count(*) + sum(version) + sum(reads) FROM records), \
        (SELECT count(*) FROM releases)";
    [
        databases.registry(registry, &[]),
        databases.custody(custody, &[]),
    ]
    .concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn edge_an_order_that_is_replayed_is_answered_again_and_done_once() {
    let cast = Cast::new().await;
    let orders = [&Deed::REGISTRATION[..], &Deed::CUSTODY].concat();
    for deed in orders {
        let told = deed.ready(&cast, &cast.doctor).await.perform().await;
        let told = told.unwrap();
        let exchange = cast.edge.last(deed.rpc());
        let before = effects(&cast);
        let send = |headers| cast.edge.send(deed.rpc(), headers, &exchange.request);
        let again = send(exchange.shown.clone()).await;
        // Sealed to the key that stood in the order, or signed for this order: of no use to the edge, and no news.
        let Reply::Message(message) = &again else {
            panic!("{deed:?}: {}", reason(&again))
        };
        let text = Lone::decode(message.as_slice()).unwrap().text;
        let is_sealed = [Deed::CreateKeys, Deed::GetKey].contains(&deed);
        assert_eq!(text.split('.').count(), if is_sealed { 5 } else { 3 });
        for secret in &told.secrets {
            assert!(!cast.edge.has_seen(secret), "{deed:?}");
        }
        if !deed.is_a_newcomers() {
            let mut headers = HeaderMap::new();
            assert_eq!(reason(&send(headers.clone()).await), "CERTIFICATE_REQUIRED");
            let insurer = xfcc::of_party(&cast.insurer.party);
            headers.insert(xfcc::HEADER, insurer);
            assert_eq!(reason(&send(headers).await), "SIGNER_MISMATCH", "{deed:?}");
        }
        assert_eq!(effects(&cast), before, "{deed:?} was done twice");
        cast.edge.forget();
    }
}

/// Loses the first messages of an RPC, on one way.
struct Lose {
    rpc: &'static str,
    way: Way,
    left: AtomicUsize,
}

impl Lose {
    fn first(rpc: &'static str, way: Way, number: usize) -> Self {
        Self {
            rpc,
            way,
            left: number.into(),
        }
    }

    fn is_lost(&self, method: &str, way: Way) -> bool {
        let order = Ordering::SeqCst;
        let one_less = |left: usize| left.checked_sub(1);
        method == self.rpc
            && way == self.way
            && self.left.fetch_update(order, order, one_less).is_ok()
    }
}

impl Mischief for Lose {
    fn instead(&self, method: &str, _: &[u8]) -> Option<Reply> {
        self.is_lost(method, Way::There).then(unavailable)
    }

    fn reply(&self, method: &str, reply: Reply) -> Reply {
        if self.is_lost(method, Way::Back) {
            unavailable()
        } else {
            reply
        }
    }
}

fn unavailable() -> Reply {
    let status = ("grpc-status".parse().unwrap(), "14".parse().unwrap());
    Reply::Refused(HeaderMap::from_iter([status]))
}

#[tokio::test(flavor = "multi_thread")]
async fn edge_a_lost_answer_is_asked_for_again_and_loses_no_read() {
    let cast = Cast::new().await;
    let once = policy(&json!({"maxReads": 1}));
    let direct = &cast.doctor.direct;
    let key = direct.create_keys(&once, 1).await.unwrap().remove(0);
    // Every answer of this call is lost; the next call has it, though the key may be read once.
    cast.edge.set(Lose::first(custody::GET_KEY, Way::Back, 4));
    let client = &cast.doctor.client;
    let error = client.custody_key(&key.key_id).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    let receipt = client.custody_key(&key.key_id).await.unwrap();
    assert_eq!(receipt.key.jwk.oct_bytes(), key.jwk.oct_bytes());
    assert_eq!(receipt.reads_left, Some(0));
    let described = direct.describe_key(&key.key_id).await.unwrap();
    assert_eq!(described.reads, 1);

    // What never arrived is sent again by the same call.
    cast.edge
        .set(Lose::first(custody::CREATE_KEYS, Way::There, 2));
    let before = effects(&cast);
    client.create_keys(&once, 1).await.unwrap();
    assert_ne!(effects(&cast), before);

    // A code is good once; whoever did not get the certificate gets it all the same.
    let newcomer = cast.newcomer(client);
    let code = cast.installation.code(people::PATIENT);
    let enrolment = || Enrolment {
        contract: String::new(),
        identifier: people::PATIENT.parse().unwrap(),
        device: DeviceId::main(),
        csr: None,
        proof: Proof::Code(code.parse().unwrap()),
    };
    cast.edge
        .set(Lose::first(registration::ENROL, Way::Back, 4));
    assert!(
        newcomer
            .enrol(enrolment())
            .await
            .unwrap_err()
            .is_transient()
    );
    newcomer.enrol(enrolment()).await.unwrap();
    let query = "SELECT count(*) FROM certificates WHERE owner = ?";
    let rows = cast
        .installation
        .databases()
        .registry(query, &[people::PATIENT.into()]);
    assert_eq!(rows, [[json!(1)]]);
}
