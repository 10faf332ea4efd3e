//! Enrolment on the word of a sibling device.

use kleis_jose::KeyType;
use kleis_proto::registration::v1 as wire;
use kleis_trust::{endorsement, test_util, typ};
use kleis_types::ErrorCode;

use crate::{
    house::{DAY, DOCTOR, House, JOHN, MARY},
    people::{Device, at, enrolment_by, plain},
};

async fn john() -> (House, Device, Device) {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    let main = house
        .welcome(&operator, &[JOHN, DOCTOR], JOHN, "main")
        .await;
    (house, operator, main)
}

#[tokio::test]
async fn what_the_endorsement_says_must_be_what_is_asked() {
    let (house, _, main) = john().await;
    let (key, other) = (house.key(KeyType::P256), house.key(KeyType::P256));
    let good = house.endorsed(&main, "phone", &key);
    let wrong = at(ErrorCode::EndorsementInvalid, "endorsement");

    let device = wire::EnrolOrder {
        device: "tablet".into(),
        ..good.clone()
    };
    assert_eq!(house.refuses(house.enrol(&key, device)).await, wrong);
    // The other identity of the same person has an owner's sequence and set of its own.
    let identity = wire::EnrolOrder {
        identifier: DOCTOR.into(),
        ..good.clone()
    };
    assert_eq!(house.refuses(house.enrol(&key, identity)).await, wrong);
    let by_other_key = enrolment_by(&good.endorsement, JOHN, "phone", &other);
    assert_eq!(
        house.refuses(house.enrol(&other, by_other_key)).await,
        wrong
    );
    let mut both = good.clone();
    both.code_id = "AAAAAAAAAAA".into();
    let refused = house.refuses(house.enrol(&key, both)).await;
    assert_eq!(refused, at(ErrorCode::OrderBodyInvalid, "endorsement"));

    house.enrol(&key, good).await.unwrap();
    house.check_audit().await;
}

#[tokio::test]
async fn an_endorsement_has_an_end_and_a_beginning() {
    let (house, _, main) = john().await;
    let key = house.key(KeyType::P256);
    let body = house.endorsed(&main, "phone", &key);
    let wrong = at(ErrorCode::EndorsementInvalid, "endorsement");
    house.clock.advance(DAY + 60);
    assert_eq!(house.refuses(house.enrol(&key, body.clone())).await, wrong);
    house.clock.advance(-DAY - 121);
    assert_eq!(house.refuses(house.enrol(&key, body.clone())).await, wrong);
    house.clock.advance(121);
    house.enrol(&key, body).await.unwrap();
}

#[tokio::test]
async fn only_a_device_in_use_of_the_same_owner_endorses() {
    let (house, operator, main) = john().await;
    let mary = house.welcome(&operator, &[MARY], MARY, "main").await;
    let key = house.key(KeyType::P256);
    let wrong = at(ErrorCode::EndorsementInvalid, "endorsement");

    // Somebody else: by honest software, and by a forger's.
    let by_mary = house.endorsed(&mary, "phone", &key);
    let claimed = wire::EnrolOrder {
        identifier: JOHN.into(),
        ..by_mary.clone()
    };
    assert_eq!(
        house.refuses(house.enrol(&key, claimed.clone())).await,
        wrong
    );
    let forged = test_util::reforge(
        &mary.signer,
        typ::ENDORSEMENT,
        &by_mary.endorsement,
        |claims| claims["sub"] = JOHN.into(),
    );
    let claimed = wire::EnrolOrder {
        endorsement: forged,
        ..claimed
    };
    assert_eq!(house.refuses(house.enrol(&key, claimed)).await, wrong);

    // A device that was revoked in the meantime.
    let phone = house.key(KeyType::P256);
    let phone = house
        .enrol(&phone, house.endorsed(&main, "phone", &phone))
        .await
        .unwrap();
    let by_phone = house.endorsed(&phone, "tablet", &key);
    house.revoke(&main, &phone.serial()).await.unwrap();
    assert_eq!(house.refuses(house.enrol(&key, by_phone)).await, wrong);

    // The same person under another of their identities.
    let doctor = house
        .welcome(&operator, &[JOHN, DOCTOR], DOCTOR, "desk")
        .await;
    let jkt = key.thumbprint();
    let (name, now) = ("tablet".parse().unwrap(), house.now());
    let as_john = endorsement::sign(&doctor.signer, main.owner(), &name, &jkt, now, DAY).unwrap();
    let body = enrolment_by(&as_john, JOHN, "tablet", &key);
    assert_eq!(house.refuses(house.enrol(&key, body)).await, wrong);
    house.check_audit().await;
}

#[tokio::test]
async fn garbage_and_other_documents_are_no_endorsement() {
    let (house, _, main) = john().await;
    let key = house.key(KeyType::P256);
    let good = house.endorsed(&main, "phone", &key);
    let order = house.sign(&main.signer, "some/method", wire::EnrolOrder::default());
    for text in ["", "x", "a.b.c", order.compact()] {
        let mut body = good.clone();
        body.endorsement = text.to_owned();
        let refused = house.refuses(house.enrol(&key, body)).await;
        // Without any endorsement it is a request by code, which is missing.
        let expected = match text {
            "" => at(ErrorCode::OrderBodyInvalid, "codeId"),
            _ => at(ErrorCode::EndorsementInvalid, "endorsement"),
        };
        assert_eq!(refused, expected, "{text}");
    }
}

#[tokio::test]
async fn no_device_takes_the_place_of_its_endorser() {
    let (house, _, main) = john().await;
    let key = house.key(KeyType::P256);
    let good = house.endorsed(&main, "phone", &key);
    let forged = test_util::reforge(
        &main.signer,
        typ::ENDORSEMENT,
        &good.endorsement,
        |claims| {
            claims["device"] = "main".into();
        },
    );
    let body = enrolment_by(&forged, JOHN, "main", &key);
    let refused = house.refuses(house.enrol(&key, body)).await;
    assert_eq!(refused, at(ErrorCode::EndorsementInvalid, "endorsement"));
}

#[tokio::test]
async fn a_suspended_owner_gets_no_further_device() {
    let (house, operator, main) = john().await;
    let key = house.key(KeyType::P256);
    let body = house.endorsed(&main, "phone", &key);
    house
        .register(&operator, &[JOHN, DOCTOR], false)
        .await
        .unwrap();
    let refused = house.refuses(house.enrol(&key, body)).await;
    assert_eq!(refused, plain(ErrorCode::RegistrantInactive));
}
