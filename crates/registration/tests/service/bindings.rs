//! What a binding must say, and how it is refused when it says something else.

use kleis_jose::{KeyAlgorithm, KeyType};
use kleis_proto::registration::v1 as wire;
use kleis_trust::{
    binding::BindingClaims,
    test_util::{claims_of, reforge_binding},
};
use kleis_types::ErrorCode;

use crate::{
    house::{DAY, House, JOHN, MARY},
    people::{Begun, Device, at, plain},
};

async fn john() -> (House, Device, Device) {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    let device = house.welcome(&operator, &[JOHN], JOHN, "main").await;
    (house, operator, device)
}

/// Claims as they should be, but for what `change` makes of (sequence, index, iat, end).
fn claims_with(
    house: &House,
    begun: &Begun,
    algorithm: KeyAlgorithm,
    change: impl FnOnce(&mut (u64, u32, i64, i64)),
) -> BindingClaims {
    let now = house.now().unix();
    let mut said = (
        begun.result.sequence.into(),
        begun.result.status_index,
        now,
        now + 365 * DAY,
    );
    change(&mut said);
    let (sequence, index, iat, end) = said;
    let time = kleis_types::Timestamp::from_unix;
    BindingClaims::new(
        &begun.key,
        vec![algorithm],
        sequence,
        index,
        time(iat),
        time(end),
    )
}

#[tokio::test]
async fn the_binding_says_what_was_agreed() {
    let (house, _, device) = john().await;
    house.publish(&device).await;
    let begun = house.begin_fresh(&device).await;
    assert_eq!(begun.result.sequence, 2);
    let es = KeyAlgorithm::EcdhEsA256Kw;
    let wrong: Vec<BindingClaims> = vec![
        claims_with(&house, &begun, es, |said| said.0 = 1),
        claims_with(&house, &begun, es, |said| said.0 = 0),
        claims_with(&house, &begun, es, |said| said.0 = u64::from(u32::MAX) + 1),
        claims_with(&house, &begun, es, |said| said.1 += 1),
        claims_with(&house, &begun, es, |said| said.1 = device.status_index()),
        claims_with(&house, &begun, es, |said| said.2 += 61),
        claims_with(&house, &begun, es, |said| {
            (said.2, said.3) = (said.2 - 10, said.2);
        }),
        claims_with(&house, &begun, es, |said| {
            (said.2, said.3) = (said.2 - 99, said.2 - 60);
        }),
        claims_with(&house, &begun, KeyAlgorithm::RsaOaep256, |_| {}),
        claims_with(&house, &begun, es, |_| {}).recovered(),
        claims_with(&house, &begun, es, |_| {}).with_endorsement("a.b.c"),
    ];
    for (index, claims) in wrong.iter().enumerate() {
        let body = house.answer(&device, &begun, claims);
        let refused = house.refuses(house.complete(&device, body)).await;
        assert_eq!(
            refused,
            at(ErrorCode::BindingInvalid, "binding"),
            "case {index}"
        );
    }
    // A wrong binding has cost no attempt.
    let body = house.answer(&device, &begun, &house.claims(&device, &begun));
    house.complete(&device, body).await.unwrap();
    house.check_audit().await;
}

#[tokio::test]
async fn the_binding_is_for_this_key_owner_device_and_certificate() {
    let (house, operator, device) = john().await;
    let mary = house.welcome(&operator, &[MARY], MARY, "main").await;
    let begun = house.begin_fresh(&device).await;
    let good = house.answer(&device, &begun, &house.claims(&device, &begun));
    let forge =
        |change: fn(&mut serde_json::Value)| reforge_binding(&device.signer, &good.binding, change);
    let end = device.signer.certificate().not_after().unix();
    assert_eq!(claims_of(&good.binding)["sub"], JOHN);
    let wrong = [
        forge(|claims| claims["sub"] = MARY.into()),
        forge(|claims| claims["device"] = "phone".into()),
        forge(|claims| claims["use"] = "sig".into()),
        forge(|claims| claims["aud"] = "urn:kleis:installation:AAECAwQFBgcICQoLDA0ODw".into()),
        forge(|claims| claims["jkt"] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8".into()),
        forge(|claims| claims["algs"] = serde_json::json!([])),
        forge(|claims| claims["more"] = true.into()),
        reforge_binding(&device.signer, &good.binding, |claims| {
            claims["exp"] = (end + 1).into();
        }),
        kleis_trust::binding::sign(&mary.signer, &house.claims(&mary, &begun)).unwrap(),
        String::new(),
        "a.b.c".to_owned(),
    ];
    for (index, binding) in wrong.into_iter().enumerate() {
        let body = wire::CompleteKeyOrder {
            binding,
            ..good.clone()
        };
        let refused = house.refuses(house.complete(&device, body)).await;
        assert_eq!(
            refused,
            at(ErrorCode::BindingInvalid, "binding"),
            "case {index}"
        );
    }
    // Its end may be the certificate's.
    let binding = reforge_binding(&device.signer, &good.binding, |claims| {
        claims["exp"] = end.into();
    });
    house
        .complete(&device, wire::CompleteKeyOrder { binding, ..good })
        .await
        .unwrap();
}

#[tokio::test]
async fn a_further_device_shows_how_it_was_approved_in_each_binding() {
    let (house, operator, main) = john().await;
    let phone_key = house.key(KeyType::P256);
    let body = house.endorsed(&main, "phone", &phone_key);
    let phone = house.enrol(&phone_key, body).await.unwrap();
    let code = house.code(&operator, JOHN).await.unwrap();
    let key = house.key(KeyType::P256);
    let tablet = house
        .enrol(&key, house.enrolment(&code, JOHN, "tablet", &key))
        .await
        .unwrap();
    let es = KeyAlgorithm::EcdhEsA256Kw;
    let wrong = at(ErrorCode::BindingInvalid, "binding");

    let begun = house.begin_fresh(&phone).await;
    assert_eq!(begun.result.endorsement, phone.endorsement);
    let silent = house.answer(&phone, &begun, &claims_with(&house, &begun, es, |_| {}));
    assert_eq!(house.refuses(house.complete(&phone, silent)).await, wrong);
    let other = house.endorsed(&main, "phone", &phone_key).endorsement;
    let claims = claims_with(&house, &begun, es, |_| {}).with_endorsement(other);
    let body = house.answer(&phone, &begun, &claims);
    assert_eq!(house.refuses(house.complete(&phone, body)).await, wrong);

    let begun = house.begin_fresh(&tablet).await;
    assert!(begun.result.recovered);
    let silent = house.answer(&tablet, &begun, &claims_with(&house, &begun, es, |_| {}));
    assert_eq!(house.refuses(house.complete(&tablet, silent)).await, wrong);
}

#[tokio::test]
async fn sequences_rise_across_devices() {
    let (house, _, main) = john().await;
    let key = house.key(KeyType::P256);
    let phone = house
        .enrol(&key, house.endorsed(&main, "phone", &key))
        .await
        .unwrap();
    let (one, other) = (
        house.begin_fresh(&main).await,
        house.begin_fresh(&phone).await,
    );
    assert_eq!((one.result.sequence, other.result.sequence), (1, 1));
    let body = house.answer(&phone, &other, &house.claims(&phone, &other));
    house.complete(&phone, body).await.unwrap();
    // The other device was faster: the number is taken.
    let body = house.answer(&main, &one, &house.claims(&main, &one));
    let refused = house.refuses(house.complete(&main, body)).await;
    assert_eq!(refused, at(ErrorCode::BindingInvalid, "binding"));
    let es = KeyAlgorithm::EcdhEsA256Kw;
    let claims = claims_with(&house, &one, es, |said| said.0 = u32::MAX.into());
    house
        .complete(&main, house.answer(&main, &one, &claims))
        .await
        .unwrap();
    // It was the last one there is.
    let refused = house
        .refuses(house.begin(&main, &house.key(KeyType::X25519)))
        .await;
    assert_eq!(refused, plain(ErrorCode::StateConflict));
}
