//! Enrolment by code: what proves an identity, and what does not.

use kleis_jose::KeyType;
use kleis_pki::{Csr, SubjectName};
use kleis_proto::{method::registration::ENROL, registration::v1 as wire};
use kleis_registration::Call;
use kleis_trust::{enrolment_code::EnrolmentCode, status::Status};
use kleis_types::{ErrorCode, base64url};

use crate::{
    house::{DOCTOR, House, JANE, JOHN, KGSS, MARY, id},
    people::{Device, at, plain},
    requests::{enrolment_of, named_csr},
};

async fn house_with_code(identifiers: &[&str], identity: &str) -> (House, Device, EnrolmentCode) {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    house.register(&operator, identifiers, true).await.unwrap();
    let code = house.code(&operator, identity).await.unwrap();
    (house, operator, code)
}

#[tokio::test]
async fn a_wrong_proof_costs_an_attempt_and_ten_end_the_code() {
    let (mut house, operator, code) = house_with_code(&[JOHN], JOHN).await;
    let key = house.key(KeyType::P256);
    let right = house.enrolment(&code, JOHN, "main", &key);
    let wrong = || wire::EnrolOrder {
        proof: base64url::encode(&[7; 32]),
        ..right.clone()
    };
    for attempt in 1..=10 {
        if attempt == 4 {
            // Attempts are counted in the database, not in the process.
            house.restart().await;
        }
        let before = house.footprint().await;
        let refused = house.enrol(&key, wrong()).await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::EnrolmentRefused);
        assert_eq!(house.footprint().await.rows, before.rows + 1);
        let row = house.last_row().await;
        assert_eq!(
            (row.outcome.as_str(), row.actor.as_str()),
            ("REFUSED", "unknown")
        );
        assert_eq!(row.resource, format!("code:{}", code.id()));
    }
    // The eleventh is refused whatever it says, and costs nothing any more.
    for body in [wrong(), right.clone()] {
        let refused = house.refuses(house.enrol(&key, body)).await;
        assert_eq!(refused, plain(ErrorCode::EnrolmentRefused));
    }
    let other = house.code(&operator, JOHN).await.unwrap();
    house
        .enrol(&key, house.enrolment(&other, JOHN, "main", &key))
        .await
        .unwrap();
    house.check_audit().await;
}

#[tokio::test]
async fn the_same_wrong_order_again_costs_nothing_more() {
    let (house, _, code) = house_with_code(&[JOHN], JOHN).await;
    let key = house.key(KeyType::P256);
    let right = house.enrolment(&code, JOHN, "main", &key);
    let wrong = wire::EnrolOrder {
        proof: base64url::encode(&[7; 32]),
        ..right.clone()
    };
    let order = house.sign_enrolment(ENROL, &key, wrong);
    let call = Call::default();
    let first = house
        .send::<wire::EnrolResult>(ENROL, &order, &call)
        .await
        .unwrap_err();
    for _ in 0..20 {
        let again = house.send::<wire::EnrolResult>(ENROL, &order, &call);
        assert_eq!(house.refuses(again).await, plain(first.code()));
    }
    house.enrol(&key, right).await.unwrap();
}

#[tokio::test]
async fn a_code_is_good_once_in_its_time_for_its_identity() {
    let (house, operator, code) = house_with_code(&[JOHN, DOCTOR], JOHN).await;
    house
        .register(&operator, &["CBE:0809394427"], true)
        .await
        .unwrap();
    let key = house.key(KeyType::P256);
    let refused = |body: wire::EnrolOrder| house.refuses(house.enrol(&key, body));

    // For another of the same person's identities, for somebody else, and for the bootstrap's.
    for identity in [DOCTOR, MARY, JANE] {
        let body = house.enrolment(&code, identity, "main", &key);
        assert_eq!(
            refused(body).await,
            plain(ErrorCode::EnrolmentRefused),
            "{identity}"
        );
    }
    // A code that nobody announced.
    let unknown = EnrolmentCode::generate(&*house.random);
    let body = house.enrolment(&unknown, JOHN, "main", &key);
    assert_eq!(refused(body).await, plain(ErrorCode::EnrolmentRefused));
    // For the organisation as such, not for its application.
    let other = house.code(&operator, "CBE:0809394427").await.unwrap();
    let body = house.enrolment(&other, KGSS, "main", &key);
    assert_eq!(refused(body).await, plain(ErrorCode::EnrolmentRefused));

    // Past its time.
    house.clock.advance(3600);
    let body = house.enrolment(&code, JOHN, "main", &key);
    assert_eq!(refused(body).await, plain(ErrorCode::EnrolmentRefused));
    house.clock.advance(-1);
    let device = house
        .enrol(&key, house.enrolment(&code, JOHN, "main", &key))
        .await
        .unwrap();

    // Once.
    house.revoke(&device, &device.serial()).await.unwrap();
    let other_key = house.key(KeyType::P256);
    let body = house.enrolment(&code, JOHN, "main", &other_key);
    let again = house.refuses(house.enrol(&other_key, body)).await;
    assert_eq!(again, plain(ErrorCode::EnrolmentRefused));
    house.check_audit().await;
}

#[tokio::test]
async fn a_proof_is_for_one_request_device_and_identity() {
    let (house, _, code) = house_with_code(&[JOHN], JOHN).await;
    let (key, other) = (house.key(KeyType::P256), house.key(KeyType::P256));
    let body = house.enrolment(&code, JOHN, "main", &key);
    let stolen = wire::EnrolOrder {
        csr: base64url::encode(Csr::create(&other).unwrap().der()),
        ..body.clone()
    };
    let refused = house.enrol(&other, stolen).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::EnrolmentRefused);
    let moved = wire::EnrolOrder {
        device: "phone".into(),
        ..body.clone()
    };
    let refused = house.enrol(&key, moved).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::EnrolmentRefused);
    house.enrol(&key, body).await.unwrap();
}

#[tokio::test]
async fn the_order_is_signed_by_the_key_of_the_request() {
    let (house, _, code) = house_with_code(&[JOHN], JOHN).await;
    let (key, other) = (house.key(KeyType::P256), house.key(KeyType::P256));
    let body = house.enrolment(&code, JOHN, "main", &key);
    let order = house.sign_enrolment(ENROL, &other, body);
    let call = Call::default();
    let refused = house.send::<wire::EnrolResult>(ENROL, &order, &call);
    assert_eq!(
        house.refuses(refused).await,
        at(ErrorCode::SignerMismatch, "csr")
    );
}

#[tokio::test]
async fn every_field_is_named_when_it_is_wrong() {
    let (house, _, code) = house_with_code(&[JOHN], JOHN).await;
    let key = house.key(KeyType::P256);
    let good = house.enrolment(&code, JOHN, "main", &key);
    let with = |change: fn(&mut wire::EnrolOrder)| {
        let mut body = good.clone();
        change(&mut body);
        body
    };
    let cases = [
        (
            with(|b| b.identifier = "SSIN".into()),
            ErrorCode::IdentifierInvalid,
            "identifier",
        ),
        (
            with(|b| b.identifier = "XYZ:1".into()),
            ErrorCode::IdentifierTypeUnknown,
            "identifier",
        ),
        (
            with(|b| b.identifier = "SSIN:12345678901".into()),
            ErrorCode::IdentifierCheckDigit,
            "identifier",
        ),
        (
            with(|b| b.identifier = "SSIN:85073003328/APP".into()),
            ErrorCode::ApplicationInvalid,
            "identifier",
        ),
        (
            with(|b| b.identifier = "SERVICE:custody".into()),
            ErrorCode::IdentifierInvalid,
            "identifier",
        ),
        (
            with(|b| b.device = "Main".into()),
            ErrorCode::DeviceInvalid,
            "device",
        ),
        (
            with(|b| b.csr.push('=')),
            ErrorCode::OrderBodyInvalid,
            "csr",
        ),
        (
            with(|b| b.csr = "AAAA".into()),
            ErrorCode::CsrMalformed,
            "csr",
        ),
        (
            with(|b| b.code_id = "AAAA".into()),
            ErrorCode::OrderBodyInvalid,
            "codeId",
        ),
        (
            with(|b| b.code_id.clear()),
            ErrorCode::OrderBodyInvalid,
            "codeId",
        ),
        (
            with(|b| b.proof = "AAAA".into()),
            ErrorCode::OrderBodyInvalid,
            "proof",
        ),
        (
            with(|b| b.endorsement = "a.b.c".into()),
            ErrorCode::OrderBodyInvalid,
            "endorsement",
        ),
    ];
    for (body, code, field) in cases {
        assert_eq!(
            house.refuses(house.enrol(&key, body)).await,
            at(code, field)
        );
    }
}

#[tokio::test]
async fn a_request_that_does_not_prove_possession_is_refused() {
    let (house, _, code) = house_with_code(&[JOHN], JOHN).await;
    let key = house.key(KeyType::P256);
    let mut body = house.enrolment(&code, JOHN, "main", &key);
    let mut der = Csr::create(&key).unwrap().der().to_vec();
    *der.last_mut().unwrap() ^= 1;
    body.csr = base64url::encode(&der);
    let refused = house.refuses(house.enrol(&key, body)).await;
    assert_eq!(refused, at(ErrorCode::CsrSignatureInvalid, "csr"));
}

#[tokio::test]
async fn an_order_of_another_kind_method_or_time_is_refused() {
    let (house, operator, code) = house_with_code(&[JOHN], JOHN).await;
    let key = house.key(KeyType::P256);
    let body = house.enrolment(&code, JOHN, "main", &key);
    let send = |order| {
        let house = &house;
        async move {
            house
                .send::<wire::EnrolResult>(ENROL, &order, &Call::default())
                .await
        }
    };

    let certified = house.sign(&operator.signer, ENROL, body.clone());
    let refused = house.refuses(send(certified)).await;
    assert_eq!(refused, at(ErrorCode::OrderType, "order"));
    let method = kleis_proto::method::registration_admin::BOOTSTRAP_OPERATOR;
    let other = house.sign_enrolment(method, &key, body.clone());
    assert_eq!(
        house.refuses(send(other)).await,
        at(ErrorCode::OrderMethod, "order")
    );
    let late = house.sign_enrolment(ENROL, &key, body.clone());
    house.clock.advance(360);
    assert_eq!(
        house.refuses(send(late)).await,
        at(ErrorCode::OrderExpired, "order")
    );
    let too_large = wire::EnrolOrder {
        endorsement: "a".repeat(70_000),
        ..body
    };
    let too_large = house.sign_enrolment(ENROL, &key, too_large);
    assert_eq!(
        house.refuses(send(too_large)).await,
        at(ErrorCode::RequestTooLarge, "order")
    );
}

#[tokio::test]
async fn a_registrant_must_be_known_and_active() {
    let (house, operator, code) = house_with_code(&[JOHN], JOHN).await;
    let key = house.key(KeyType::P256);
    house.register(&operator, &[JOHN], false).await.unwrap();
    let wrong = wire::EnrolOrder {
        proof: base64url::encode(&[7; 32]),
        ..house.enrolment(&code, JOHN, "main", &key)
    };
    // Who proves nothing does not learn it.
    let refused = house.enrol(&key, wrong).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::EnrolmentRefused);
    let body = || house.enrolment(&code, JOHN, "main", &key);
    let refused = house.refuses(house.enrol(&key, body())).await;
    assert_eq!(refused, plain(ErrorCode::RegistrantInactive));
    // The refusal has not spent the code.
    house.register(&operator, &[JOHN], true).await.unwrap();
    house.enrol(&key, body()).await.unwrap();
}

#[tokio::test]
async fn the_subject_is_empty_or_exactly_ours() {
    let (house, _, code) = house_with_code(&[JOHN], JOHN).await;
    let key = house.key(KeyType::P256);
    let name = format!("Name of {JOHN}");
    let ours = SubjectName::new(&id(JOHN), &name).unwrap();
    let other = SubjectName::new(&id(JOHN), "Somebody Else").unwrap();
    let enrol = |subject: &SubjectName, code: &EnrolmentCode| {
        let csr = named_csr(&key, subject);
        enrolment_of(&house, code, JOHN, &csr)
    };
    let refused = house.refuses(house.enrol(&key, enrol(&other, &code))).await;
    assert_eq!(refused, at(ErrorCode::CsrSubjectMismatch, "csr"));
    let device = house.enrol(&key, enrol(&ours, &code)).await.unwrap();
    assert_eq!(device.owner(), &id(JOHN));
}

#[tokio::test]
async fn a_public_key_is_certified_once() {
    let (house, operator, code) = house_with_code(&[JOHN], JOHN).await;
    let key = house.key(KeyType::P256);
    let device = house
        .enrol(&key, house.enrolment(&code, JOHN, "main", &key))
        .await
        .unwrap();

    // Not for somebody else.
    house.register(&operator, &[MARY], true).await.unwrap();
    let for_mary = house.code(&operator, MARY).await.unwrap();
    let body = house.enrolment(&for_mary, MARY, "main", &key);
    assert_eq!(
        house.refuses(house.enrol(&key, body)).await,
        at(ErrorCode::KeyInUse, "csr")
    );
    // Not for another device, nor again after it was revoked.
    let again = house.code(&operator, JOHN).await.unwrap();
    let body = house.enrolment(&again, JOHN, "phone", &key);
    assert_eq!(
        house.refuses(house.enrol(&key, body)).await,
        at(ErrorCode::KeyInUse, "csr")
    );
    house.revoke(&device, &device.serial()).await.unwrap();
    let body = house.enrolment(&again, JOHN, "main", &key);
    assert_eq!(
        house.refuses(house.enrol(&key, body)).await,
        at(ErrorCode::KeyInUse, "csr")
    );
    // Not if it was registered for encryption.
    let john = house.key(KeyType::P256);
    let john = house
        .enrol(&john, house.enrolment(&again, JOHN, "main", &john))
        .await
        .unwrap();
    let begun = house.begin(&john, &house.key(KeyType::P256)).await.unwrap();
    let claims = house.claims(&john, &begun);
    house
        .complete(&john, house.answer(&john, &begun, &claims))
        .await
        .unwrap();
    let body = house.enrolment(&for_mary, MARY, "main", &begun.key);
    let refused = house.refuses(house.enrol(&begun.key, body)).await;
    assert_eq!(refused, at(ErrorCode::KeyInUse, "csr"));
}

#[tokio::test]
async fn a_device_has_one_certificate_until_it_ends() {
    let (mut house, operator, code) = house_with_code(&[JOHN], JOHN).await;
    let key = house.key(KeyType::P256);
    let former = house
        .enrol(&key, house.enrolment(&code, JOHN, "main", &key))
        .await
        .unwrap();
    let code = house.code(&operator, JOHN).await.unwrap();
    let next = house.key(KeyType::P256);
    let body = house.enrolment(&code, JOHN, "main", &next);
    let refused = house.refuses(house.enrol(&next, body)).await;
    assert_eq!(refused, plain(ErrorCode::CertificateExists));

    // One whose time is over makes room, even if no sweep has come by.
    house.renew_services().await;
    let end = former.signer.certificate().not_after().unix();
    house.clock.set(end - 600);
    let code = house.code(&operator, JOHN).await.unwrap();
    house.clock.set(end + 1);
    let device = house
        .enrol(&next, house.enrolment(&code, JOHN, "main", &next))
        .await
        .unwrap();
    assert!(device.recovered);
    assert_eq!(house.status(former.status_index()).await, Status::Other);
    assert_eq!(house.status(device.status_index()).await, Status::Valid);
    house.check_audit().await;
}

#[tokio::test]
async fn the_result_says_how_the_identity_was_proved() {
    let (house, operator, code) = house_with_code(&[JOHN], JOHN).await;
    let key = house.key(KeyType::P256);
    let first = house
        .enrol(&key, house.enrolment(&code, JOHN, "main", &key))
        .await
        .unwrap();
    assert!(!first.recovered);
    house.revoke(&first, &first.serial()).await.unwrap();
    let code = house.code(&operator, JOHN).await.unwrap();
    let key = house.key(KeyType::P256);
    let next = house
        .enrol(&key, house.enrolment(&code, JOHN, "main", &key))
        .await
        .unwrap();
    assert!(next.recovered, "the owner had a certificate before");
}
