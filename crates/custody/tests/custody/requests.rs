//! Orders that are none, and keys that nothing is sealed to.

use kleis_custody::{Call, CustodyError};
use kleis_jose::{Jwk, KeyType};
use kleis_proto::custody::v1 as wire;
use kleis_proto::method::custody as method;
use kleis_trust::order::{self, Draft};
use kleis_trust::status::Status;
use kleis_types::{Problem, Timestamp};
use serde_json::Value;

use crate::fixture::{Caller, OWNER, Office, PHARMACY, STRANGER, get, policy};

fn reason<T>(result: Result<T, CustodyError>) -> &'static str {
    match result {
        Ok(_) => "OK",
        Err(error) => Problem::from(&error).code().reason(),
    }
}

async fn scene() -> (Office, Caller, String) {
    let mut office = Office::open().await;
    let (owner, pharmacy) = (office.caller(OWNER), office.caller(PHARMACY));
    let key_id = office.key(&owner, &policy()).await;
    (office, pharmacy, key_id)
}

#[tokio::test]
async fn the_connection_must_show_the_signers_certificate() {
    let (mut office, pharmacy, key_id) = scene().await;
    let stranger = office.caller(STRANGER);
    let order = office.order(&pharmacy, method::GET_KEY, get(&pharmacy, &key_id));
    let anonymous = Call::default();
    let answer = office.custody.get_key(order.compact(), &anonymous).await;
    assert_eq!(reason(answer), "CERTIFICATE_REQUIRED");
    let answer = office
        .custody
        .get_key(order.compact(), stranger.call())
        .await;
    assert_eq!(reason(answer), "SIGNER_MISMATCH");
    let answer = office
        .custody
        .get_key(order.compact(), pharmacy.call())
        .await;
    assert_eq!(reason(answer), "OK");
}

#[tokio::test]
async fn every_method_takes_its_own_orders_only() {
    let (office, pharmacy, key_id) = scene().await;
    let order = office.order(&pharmacy, method::GET_KEY, get(&pharmacy, &key_id));
    let (custody, compact, call) = (&office.custody, order.compact(), pharmacy.call());
    assert_eq!(
        reason(custody.create_keys(compact, call).await),
        "ORDER_METHOD"
    );
    assert_eq!(
        reason(custody.deposit_keys(compact, call).await),
        "ORDER_METHOD"
    );
    assert_eq!(
        reason(custody.confirm_read(compact, call).await),
        "ORDER_METHOD"
    );
    assert_eq!(
        reason(custody.describe_key(compact, call).await),
        "ORDER_METHOD"
    );
    assert_eq!(
        reason(custody.shred_key(compact, call).await),
        "ORDER_METHOD"
    );
}

#[tokio::test]
async fn orders_have_their_time_and_their_status() {
    let (mut office, pharmacy, key_id) = scene().await;
    let order = office.order(&pharmacy, method::GET_KEY, get(&pharmacy, &key_id));
    let send = async |office: &Office| {
        reason(
            office
                .custody
                .get_key(order.compact(), pharmacy.call())
                .await,
        )
    };
    assert_eq!(send(&office).await, "OK");
    office.lose_status();
    assert_eq!(send(&office).await, "STATUS_UNAVAILABLE");
    let index = pharmacy.signer.identity().status_index();
    office.world.set_status(index, Status::Suspended);
    office.publish_status();
    assert_eq!(send(&office).await, "CERTIFICATE_REVOKED");
    office.world.set_status(index, Status::Valid);
    office.advance(360);
    assert_eq!(send(&office).await, "ORDER_EXPIRED");
    // A list that nobody has renewed is none.
    office.clock.advance(1000);
    let order = office.order(&pharmacy, method::GET_KEY, get(&pharmacy, &key_id));
    let answer = office
        .custody
        .get_key(order.compact(), pharmacy.call())
        .await;
    assert_eq!(reason(answer), "STATUS_UNAVAILABLE");
}

#[tokio::test]
async fn orders_of_a_foreign_ca_or_installation_are_refused() {
    let (office, pharmacy, key_id) = scene().await;
    let mut impostor = kleis_trust::test_util::World::impostor_of(&office.world, 66);
    let forged = Caller::of(impostor.certify(PHARMACY, "main"), pharmacy.key.clone());
    let order = office.order(&forged, method::GET_KEY, get(&forged, &key_id));
    let answer = office.custody.get_key(order.compact(), forged.call()).await;
    assert_eq!(reason(answer), "CERTIFICATE_INVALID");

    let elsewhere = kleis_trust::test_util::World::new(8);
    let draft = Draft::new(method::GET_KEY, get(&pharmacy, &key_id));
    let (signer, installation) = (&pharmacy.signer, elsewhere.installation());
    let order = order::sign(
        signer,
        installation,
        &draft,
        office.now(),
        office.world.random(),
    );
    let answer = office
        .custody
        .get_key(order.unwrap().compact(), pharmacy.call())
        .await;
    assert_eq!(reason(answer), "ORDER_AUDIENCE");
}

#[tokio::test]
async fn orders_are_bounded_and_strict() {
    let (office, pharmacy, key_id) = scene().await;
    let long = "A".repeat(65_537);
    let answer = office.custody.get_key(&long, pharmacy.call()).await;
    assert_eq!(reason(answer), "REQUEST_TOO_LARGE");
    let body = serde_json::json!({
        "keyId": key_id, "replyTo": pharmacy.reply_to(), "please": true,
    });
    let order = office.order(&pharmacy, method::GET_KEY, body);
    let answer = office
        .custody
        .get_key(order.compact(), pharmacy.call())
        .await;
    assert_eq!(reason(answer), "ORDER_BODY_INVALID");
}

#[tokio::test]
async fn malformed_names_are_the_callers_fault() {
    let (office, pharmacy, key_id) = scene().await;
    for key_id in [
        "",
        "AAAA",
        "AAAAAAAAAAAAAAAAAAAAAB",
        "AAAAAAAAAAAAAAAAAAAAAA==",
    ] {
        let problem = |result: CustodyError| {
            let problem = Problem::from(&result);
            assert_eq!(problem.field(), Some("keyId"));
            problem.code().reason()
        };
        let answer = office.get(&pharmacy, key_id).await.unwrap_err();
        assert_eq!(problem(answer), "ORDER_BODY_INVALID");
        let answer = office.describe(&pharmacy, key_id).await.unwrap_err();
        assert_eq!(problem(answer), "ORDER_BODY_INVALID");
        let answer = office.shred(&pharmacy, key_id).await.unwrap_err();
        assert_eq!(problem(answer), "ORDER_BODY_INVALID");
    }
    let body = wire::ConfirmReadOrder {
        key_id,
        read: "first".to_owned(),
    };
    let order = office.order(&pharmacy, method::CONFIRM_READ, body);
    let answer = office
        .custody
        .confirm_read(order.compact(), pharmacy.call())
        .await;
    let problem = Problem::from(&answer.unwrap_err());
    assert_eq!(
        (problem.code().reason(), problem.field()),
        ("ORDER_BODY_INVALID", Some("read"))
    );
}

#[tokio::test]
async fn nothing_is_counted_for_a_key_that_nothing_can_be_sealed_to() {
    let (office, pharmacy, key_id) = scene().await;
    let public = |key: &Jwk| key.public().to_value();
    let x25519 = office.world.key(KeyType::X25519);
    let member = |name: &str, value: &str| public(&x25519.clone().with_member(name, value.into()));
    let private = serde_json::from_slice(x25519.to_private_json().expose()).unwrap();
    let low_order = serde_json::json!({
        "kty": "OKP", "crv": "X25519", "x": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    });
    let symmetric = serde_json::json!({
        "kty": "oct", "k": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    });
    let cases: Vec<(Value, &str)> = vec![
        (
            public(&office.world.key(KeyType::Ed25519)),
            "KEY_ALGORITHM_UNSUPPORTED",
        ),
        (private, "JWK_INVALID"),
        (low_order, "JWK_INVALID"),
        (symmetric, "JWK_INVALID"),
        (member("use", "sig"), "JWK_INVALID"),
        (member("alg", "RSA-OAEP-256"), "JWK_INVALID"),
        (member("alg", "dir"), "JWK_INVALID"),
        (weak_rsa(), "KEY_WEAK"),
    ];
    for (reply_to, expected) in cases {
        let body = wire::GetKeyOrder {
            key_id: key_id.clone(),
            reply_to: reply_to.to_string(),
        };
        let order = office.order(&pharmacy, method::GET_KEY, body);
        let answer = office
            .custody
            .get_key(order.compact(), pharmacy.call())
            .await;
        let problem = Problem::from(&answer.unwrap_err());
        assert_eq!(
            (problem.code().reason(), problem.field()),
            (expected, Some("replyTo"))
        );
    }
    assert_eq!(office.record(&key_id).await.reads, 0);
}

/// An RSA modulus of 2048 bits that 3 divides.
fn weak_rsa() -> Value {
    let mut modulus = vec![0xff; 256];
    // 2^2048 - 1 is divisible by 3, and stays so less a multiple of it.
    modulus[255] = 0xf9;
    let n = kleis_types::base64url::encode(&modulus);
    serde_json::json!({"kty": "RSA", "n": n, "e": "AQAB"})
}

#[tokio::test]
async fn releases_are_sealed_to_every_kind_of_key() {
    let (office, mut pharmacy, key_id) = scene().await;
    for key_type in [KeyType::P256, KeyType::P384, KeyType::P521, KeyType::X25519] {
        pharmacy.key = office.world.key(key_type);
        assert!(office.get(&pharmacy, &key_id).await.is_ok(), "{key_type}");
    }
    pharmacy.key = office.world.key(KeyType::Rsa { bits: 2048 });
    assert!(office.get(&pharmacy, &key_id).await.is_ok());
    assert_eq!(office.record(&key_id).await.reads, 5);
    assert!(office.now() > Timestamp::from_unix(0));
}
