//! The same order again, another one under its name, and orders over somebody else's connection.

use kleis_jose::KeyType;
use kleis_proto::{method, registration::v1 as wire};
use kleis_registration::Call;
use kleis_trust::{Jti, order::Draft};
use kleis_types::{ErrorCode, base64url};

use crate::{
    house::{House, JOHN, MARY, call_of},
    people::{at, plain},
};

#[tokio::test]
async fn the_same_enrolment_again_gives_the_same_certificate() {
    let mut house = House::new().await;
    let operator = house.bootstrap().await;
    house.register(&operator, &[JOHN], true).await.unwrap();
    let code = house.code(&operator, JOHN).await.unwrap();
    let key = house.key(KeyType::P256);
    let method = method::registration::ENROL;
    let order = house.sign_enrolment(method, &key, house.enrolment(&code, JOHN, "main", &key));
    let call = Call::default();
    let first: wire::EnrolResult = house.send(method, &order, &call).await.unwrap();
    let before = house.footprint().await;
    house.clock.advance(300);
    let again: wire::EnrolResult = house.send(method, &order, &call).await.unwrap();
    assert_eq!(again, first);
    assert_eq!(house.footprint().await, before);
    house.restart().await;
    let again: wire::EnrolResult = house.send(method, &order, &call).await.unwrap();
    assert_eq!(again, first);
}

#[tokio::test]
async fn the_same_key_orders_again_give_the_same_answers() {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    let device = house.welcome(&operator, &[JOHN], JOHN, "main").await;
    let call = call_of(&device.signer);
    let method = method::registration::BEGIN_KEY;
    let key = house.key(KeyType::X25519);
    let body = wire::BeginKeyOrder {
        jwk: key.public().to_value().to_string(),
        identifier: JOHN.to_owned(),
    };
    let order = house.sign(&device.signer, method, body);
    let first: wire::BeginKeyResult = house.send(method, &order, &call).await.unwrap();
    let again: wire::BeginKeyResult = house.send(method, &order, &call).await.unwrap();
    assert_eq!(first, again);

    let begun = crate::people::Begun { key, result: first };
    let method = kleis_proto::method::registration::COMPLETE_KEY;
    let body = house.answer(&device, &begun, &house.claims(&device, &begun));
    let order = house.sign(&device.signer, method, body);
    let first: wire::CompleteKeyResult = house.send(method, &order, &call).await.unwrap();
    let before = house.footprint().await;
    let again: wire::CompleteKeyResult = house.send(method, &order, &call).await.unwrap();
    assert_eq!(first, again);
    assert_eq!(house.footprint().await, before);
    house.check_audit().await;
}

#[tokio::test]
async fn another_order_under_a_used_jti_is_refused() {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    let john = house.welcome(&operator, &[JOHN], JOHN, "main").await;
    let mary = house.welcome(&operator, &[MARY], MARY, "main").await;
    let method = method::registration::BEGIN_KEY;
    let jti = Jti::random(&*house.random);
    let order = |device: &crate::people::Device| {
        let key = house.key(KeyType::X25519);
        let body = wire::BeginKeyOrder {
            jwk: key.public().to_value().to_string(),
            identifier: device.owner().to_string(),
        };
        house.sign_draft(&device.signer, &Draft::new(method, body).with_jti(jti))
    };
    let first = order(&john);
    house
        .send::<wire::BeginKeyResult>(method, &first, &call_of(&john.signer))
        .await
        .unwrap();
    // Of the same signer and of another one.
    for device in [&john, &mary] {
        let (second, call) = (order(device), call_of(&device.signer));
        let refused = house.refuses(house.send::<wire::BeginKeyResult>(method, &second, &call));
        assert_eq!(refused.await, plain(ErrorCode::JtiReused));
    }
    // ES256 signs anew each time: other bytes, another order.
    let twice = Draft::new(
        method::registration::REVOKE_KEY,
        wire::RevokeKeyOrder {
            kid: house.publish(&john).await.kid,
            reason: "superseded".into(),
        },
    )
    .with_jti(Jti::random(&*house.random));
    let (one, other) = (
        house.sign_draft(&john.signer, &twice),
        house.sign_draft(&john.signer, &twice),
    );
    let (method, call) = (method::registration::REVOKE_KEY, call_of(&john.signer));
    house
        .send::<wire::RevokeKeyResult>(method, &one, &call)
        .await
        .unwrap();
    let refused = house
        .refuses(house.send::<wire::RevokeKeyResult>(method, &other, &call))
        .await;
    assert_eq!(refused, plain(ErrorCode::JtiReused));
    house
        .send::<wire::RevokeKeyResult>(method, &one, &call)
        .await
        .unwrap();
}

#[tokio::test]
async fn an_order_comes_over_the_connection_of_its_signer() {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    let john = house.welcome(&operator, &[JOHN], JOHN, "main").await;
    let mary = house.welcome(&operator, &[MARY], MARY, "main").await;
    let key = house.key(KeyType::P256);
    let phone = house
        .enrol(&key, house.endorsed(&john, "phone", &key))
        .await
        .unwrap();
    let kid = house.publish(&john).await.kid;
    let method = method::registration::REVOKE_KEY;
    let body = wire::RevokeKeyOrder {
        kid,
        reason: "superseded".into(),
    };
    let order = house.sign(&john.signer, method, body);
    let send = |call: Call| {
        let (house, order) = (&house, &order);
        async move {
            house
                .send::<wire::RevokeKeyResult>(method, order, &call)
                .await
        }
    };
    let refused = house.refuses(send(Call::default())).await;
    assert_eq!(refused, plain(ErrorCode::CertificateRequired));
    for other in [&mary, &phone, &operator] {
        let refused = house.refuses(send(call_of(&other.signer))).await;
        assert_eq!(refused, at(ErrorCode::SignerMismatch, "order"));
    }
    send(call_of(&john.signer)).await.unwrap();
}

#[tokio::test]
async fn an_order_that_does_not_verify_is_refused() {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    let john = house.welcome(&operator, &[JOHN], JOHN, "main").await;
    let kid = house.publish(&john).await.kid;
    let method = method::registration::REVOKE_KEY;
    let call = call_of(&john.signer);
    let body = wire::RevokeKeyOrder {
        kid,
        reason: "superseded".into(),
    };
    let order = house.sign(&john.signer, method, body);

    let mut parts: Vec<String> = order.compact().split('.').map(str::to_owned).collect();
    let mut signature = base64url::decode(&parts[2]).unwrap();
    signature[0] ^= 1;
    parts[2] = base64url::encode(&signature);
    let refused = house.registration.revoke_key(&parts.join("."), &call).await;
    let refused = house.refuses(async { crate::house::told(refused) }).await;
    assert_eq!(refused, at(ErrorCode::OrderSignatureInvalid, "order"));
    for (text, code) in [
        ("", ErrorCode::OrderMalformed),
        ("a.b.c", ErrorCode::OrderMalformed),
    ] {
        let refused = house.registration.revoke_key(text, &call).await;
        let refused = house.refuses(async { crate::house::told(refused) }).await;
        assert_eq!(refused, at(code, "order"));
    }
    // To another method, and with a body that is not its message.
    let refused = house
        .registration
        .activate_key(order.compact(), &call)
        .await;
    let refused = house.refuses(async { crate::house::told(refused) }).await;
    assert_eq!(refused, at(ErrorCode::OrderMethod, "order"));
    let strange = house.sign(
        &john.signer,
        method,
        serde_json::json!({"kid": "k", "why": "?"}),
    );
    let refused = house.send::<wire::RevokeKeyResult>(method, &strange, &call);
    assert_eq!(
        house.refuses(refused).await,
        at(ErrorCode::OrderBodyInvalid, "order")
    );
}
