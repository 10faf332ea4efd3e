//! Encryption keys: every way in which a registration, an activation or a withdrawal is refused.

use kleis_jose::{Jwk, KeyType};
use kleis_proto::{method, registration::v1 as wire};
use kleis_trust::{order::Draft, status::Status};
use kleis_types::{ErrorCode, Problem, base64url};

use crate::{
    house::{DAY, DOCTOR, House, JOHN, MARY, call_of},
    people::{Begun, Device, at, plain},
};

async fn john() -> (House, Device, Device) {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    let device = house.welcome(&operator, &[JOHN], JOHN, "main").await;
    (house, operator, device)
}

async fn begin_jwk(
    house: &House,
    device: &Device,
    jwk: String,
) -> Result<wire::BeginKeyResult, Problem> {
    let body = wire::BeginKeyOrder {
        jwk,
        identifier: device.owner().to_string(),
    };
    house
        .order(&device.signer, method::registration::BEGIN_KEY, body)
        .await
}

#[tokio::test]
async fn only_public_encryption_keys_of_good_types_are_taken() {
    let (house, _, device) = john().await;
    let key = house.key(KeyType::X25519);
    let private = String::from_utf8(key.to_private_json().expose().to_vec()).unwrap();
    let symmetric = house.key(KeyType::Oct { bytes: 32 });
    let symmetric = String::from_utf8(symmetric.to_private_json().expose().to_vec()).unwrap();
    let with = |name: &str, value: &str| key.public().with_member(name, value.into());
    let cases = [
        (private, ErrorCode::JwkInvalid),
        (symmetric, ErrorCode::JwkInvalid),
        (
            with("use", "sig").to_value().to_string(),
            ErrorCode::JwkInvalid,
        ),
        ("{}".to_owned(), ErrorCode::JwkInvalid),
        ("not JSON".to_owned(), ErrorCode::JwkInvalid),
        (
            house.key(KeyType::Ed25519).public().to_value().to_string(),
            ErrorCode::KeyAlgorithmUnsupported,
        ),
    ];
    for (jwk, code) in cases {
        let refused = house.refuses(begin_jwk(&house, &device, jwk)).await;
        assert_eq!(refused, at(code, "jwk"));
    }
}

#[tokio::test]
async fn what_the_owner_wrote_beside_the_key_is_not_published() {
    let (house, _, device) = john().await;
    let key = house.key(KeyType::X25519);
    let dressed = key
        .public()
        .with_member("use", "enc".into())
        .with_member("x5u", "https://example.org/".into());
    let result = begin_jwk(&house, &device, dressed.to_value().to_string())
        .await
        .unwrap();
    let begun = Begun { key, result };
    let body = house.answer(&device, &begun, &house.claims(&device, &begun));
    house.complete(&device, body).await.unwrap();
    let recipient = house.recipient(device.owner(), None).await.unwrap();
    let mut members: Vec<_> = recipient.keys()[0]
        .jwk()
        .to_value()
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    members.sort();
    assert_eq!(
        members,
        ["alg", "crv", "kid", "kleis_binding", "kty", "use", "x"]
    );
}

#[tokio::test]
async fn a_key_is_registered_for_the_signers_own_identity() {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    let device = house
        .welcome(&operator, &[JOHN, DOCTOR], JOHN, "main")
        .await;
    let jwk = house.key(KeyType::X25519).public().to_value().to_string();
    for (identifier, expected) in [
        // Certified too, but not the primary identity.
        (DOCTOR, at(ErrorCode::SignerMismatch, "identifier")),
        (MARY, at(ErrorCode::SignerMismatch, "identifier")),
        (
            "SERVICE:custody",
            at(ErrorCode::IdentifierInvalid, "identifier"),
        ),
        ("x", at(ErrorCode::IdentifierInvalid, "identifier")),
    ] {
        let body = wire::BeginKeyOrder {
            jwk: jwk.clone(),
            identifier: identifier.into(),
        };
        let refused: Result<wire::BeginKeyResult, _> = house
            .order(&device.signer, method::registration::BEGIN_KEY, body)
            .await;
        let refused = refused.unwrap_err();
        assert_eq!(
            (refused.code(), refused.field().map(str::to_owned)),
            expected
        );
    }
}

#[tokio::test]
async fn a_public_key_has_one_owner_and_one_use_for_ever() {
    let (house, operator, device) = john().await;
    let mary = house.welcome(&operator, &[MARY], MARY, "main").await;
    let in_use = at(ErrorCode::KeyInUse, "jwk");

    // Two begin with one key: who proves possession first has it.
    let (one, other) = {
        let key = house.key(KeyType::P256);
        (
            house.begin(&device, &key).await.unwrap(),
            house.begin(&mary, &key).await.unwrap(),
        )
    };
    let claims = house.claims(&device, &one);
    let done = house
        .complete(&device, house.answer(&device, &one, &claims))
        .await
        .unwrap();
    let late = house.answer(&mary, &other, &house.claims(&mary, &other));
    assert_eq!(house.refuses(house.complete(&mary, late)).await, in_use);
    assert_eq!(house.refuses(house.begin(&mary, &one.key)).await, in_use);
    // Not even its owner registers it again: active, superseded or revoked.
    assert_eq!(house.refuses(house.begin(&device, &one.key)).await, in_use);
    let next = house.publish(&device).await;
    house.activate(&device, &next.kid).await.unwrap();
    assert_eq!(house.refuses(house.begin(&device, &one.key)).await, in_use);
    house.revoke_key(&device, &done.kid).await.unwrap();
    assert_eq!(house.refuses(house.begin(&device, &one.key)).await, in_use);
    // The key of a certificate is for signatures.
    let certified = device.signer.public_key().public().to_value().to_string();
    assert_eq!(
        house.refuses(begin_jwk(&house, &mary, certified)).await,
        in_use
    );
}

#[tokio::test]
async fn five_wrong_answers_end_a_session() {
    let (mut house, _, device) = john().await;
    let begun = house.begin_fresh(&device).await;
    let right = house.answer(&device, &begun, &house.claims(&device, &begun));
    let wrong = || wire::CompleteKeyOrder {
        nonce: base64url::encode(&[1; 32]),
        ..right.clone()
    };
    for attempt in 1..=5 {
        if attempt == 3 {
            house.restart().await;
        }
        let before = house.footprint().await;
        let refused = house.complete(&device, wrong()).await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::ChallengeFailed);
        assert_eq!(house.footprint().await.rows, before.rows + 1);
        assert_eq!(house.last_row().await.outcome, "REFUSED");
    }
    let refused = house.refuses(house.complete(&device, right)).await;
    assert_eq!(refused, plain(ErrorCode::ChallengeFailed));
}

#[tokio::test]
async fn one_wrong_answer_leaves_four() {
    let (house, _, device) = john().await;
    let begun = house.begin_fresh(&device).await;
    let right = house.answer(&device, &begun, &house.claims(&device, &begun));
    let wrong = wire::CompleteKeyOrder {
        nonce: base64url::encode(&[1; 32]),
        ..right.clone()
    };
    let wrong = house.sign(&device.signer, method::registration::COMPLETE_KEY, wrong);
    // The same order again is the same attempt.
    for _ in 0..10 {
        let refused = house
            .send::<wire::CompleteKeyResult>(
                method::registration::COMPLETE_KEY,
                &wrong,
                &call_of(&device.signer),
            )
            .await
            .unwrap_err();
        assert_eq!(refused.code(), ErrorCode::ChallengeFailed);
    }
    house.complete(&device, right).await.unwrap();
    house.check_audit().await;
}

#[tokio::test]
async fn a_session_is_its_devices_and_has_an_end() {
    let (house, operator, device) = john().await;
    let failed = plain(ErrorCode::ChallengeFailed);
    let begun = house.begin_fresh(&device).await;
    let body = house.answer(&device, &begun, &house.claims(&device, &begun));

    // Another person, and another device of the same one.
    let mary = house.welcome(&operator, &[MARY], MARY, "main").await;
    assert_eq!(
        house.refuses(house.complete(&mary, body.clone())).await,
        failed
    );
    let key = house.key(KeyType::P256);
    let phone = house
        .enrol(&key, house.endorsed(&device, "phone", &key))
        .await
        .unwrap();
    assert_eq!(
        house.refuses(house.complete(&phone, body.clone())).await,
        failed
    );
    // No such session, in form and out of it.
    let unknown = wire::CompleteKeyOrder {
        session: base64url::encode(&[9; 16]),
        ..body.clone()
    };
    assert_eq!(
        house.refuses(house.complete(&device, unknown)).await,
        failed
    );
    for (session, nonce, field) in [("x", None, "session"), ("", Some("x"), "nonce")] {
        let mut malformed = body.clone();
        match nonce {
            None => malformed.session = session.to_owned(),
            Some(nonce) => malformed.nonce = nonce.to_owned(),
        }
        let refused = house.refuses(house.complete(&device, malformed)).await;
        assert_eq!(refused, at(ErrorCode::OrderBodyInvalid, field));
    }
    // Used once.
    house.complete(&device, body.clone()).await.unwrap();
    assert_eq!(house.refuses(house.complete(&device, body)).await, failed);
    // Too late.
    let begun = house.begin_fresh(&device).await;
    let body = house.answer(&device, &begun, &house.claims(&device, &begun));
    house.clock.advance(300);
    assert_eq!(
        house.refuses(house.complete(&device, body.clone())).await,
        failed
    );
    house.clock.advance(-1);
    house.complete(&device, body).await.unwrap();
}

#[tokio::test]
async fn a_key_is_activated_by_its_own_device_while_its_binding_lasts() {
    let (house, operator, main) = john().await;
    let mary = house.welcome(&operator, &[MARY], MARY, "main").await;
    let key = house.key(KeyType::P256);
    let phone = house
        .enrol(&key, house.endorsed(&main, "phone", &key))
        .await
        .unwrap();
    let first = house.publish(&main).await;
    let second = house.publish(&main).await;

    let unknown = plain(ErrorCode::NotFound);
    assert_eq!(
        house.refuses(house.activate(&mary, &second.kid)).await,
        unknown
    );
    assert_eq!(
        house
            .refuses(house.activate(&mary, &house_kid(&house)))
            .await,
        unknown
    );
    let mismatch = at(ErrorCode::SignerMismatch, "kid");
    assert_eq!(
        house.refuses(house.activate(&phone, &second.kid)).await,
        mismatch
    );
    let conflict = plain(ErrorCode::StateConflict);
    assert_eq!(
        house.refuses(house.activate(&main, &first.kid)).await,
        conflict
    );
    let malformed = at(ErrorCode::OrderBodyInvalid, "kid");
    assert_eq!(house.refuses(house.activate(&main, "x")).await, malformed);

    house.clock.advance(365 * DAY);
    assert_eq!(
        house.refuses(house.activate(&main, &second.kid)).await,
        conflict
    );
    house.clock.advance(-1);
    house.activate(&main, &second.kid).await.unwrap();
    let superseded = house.refuses(house.activate(&main, &first.kid)).await;
    assert_eq!(superseded, conflict);
}

fn house_kid(house: &House) -> String {
    house.key(KeyType::X25519).thumbprint().to_string()
}

#[tokio::test]
async fn a_key_is_revoked_once_by_its_owner_for_a_reason() {
    let (house, operator, main) = john().await;
    let mary = house.welcome(&operator, &[MARY], MARY, "main").await;
    let begun = house.begin_fresh(&main).await;
    let body = house.answer(&main, &begun, &house.claims(&main, &begun));
    let kid = house.complete(&main, body).await.unwrap().kid;

    assert_eq!(
        house.refuses(house.revoke_key(&mary, &kid)).await,
        plain(ErrorCode::NotFound)
    );
    let body = wire::RevokeKeyOrder {
        kid: kid.clone(),
        reason: "becauseIWantTo".into(),
    };
    let revoke = method::registration::REVOKE_KEY;
    let refused = house
        .refuses(house.order::<_, wire::RevokeKeyResult>(&main.signer, revoke, body))
        .await;
    assert_eq!(refused, at(ErrorCode::OrderBodyInvalid, "reason"));
    let result = house.revoke_key(&main, &kid).await.unwrap();
    assert_eq!(result.state, "REVOKED");
    assert_eq!(
        house.status(begun.result.status_index).await,
        Status::Invalid
    );
    assert!(!house.stored_set(main.owner()).await.unwrap().has_keys);
    let again = house.refuses(house.revoke_key(&main, &kid)).await;
    assert_eq!(again, plain(ErrorCode::StateConflict));

    let keys = house
        .registration
        .keys(&call_of(&main.signer))
        .await
        .unwrap();
    assert_eq!(
        keys[0].reason,
        Some(kleis_types::RevocationReason::KeyCompromise)
    );
}

#[tokio::test]
async fn an_order_may_say_which_version_it_expects() {
    let (house, _, main) = john().await;
    house.publish(&main).await;
    let second = house.publish(&main).await;
    let method = method::registration::ACTIVATE_KEY;
    let body = wire::ActivateKeyOrder {
        kid: second.kid.clone(),
    };
    let call = call_of(&main.signer);
    for version in [0, 2, u64::MAX] {
        let draft = Draft::new(method, body.clone()).with_version(version);
        let order = house.sign_draft(&main.signer, &draft);
        let refused = house
            .refuses(house.send::<wire::ActivateKeyResult>(method, &order, &call))
            .await;
        assert_eq!(refused, at(ErrorCode::VersionMismatch, "version"));
    }
    let draft = Draft::new(method, body).with_version(second.version.into());
    let order = house.sign_draft(&main.signer, &draft);
    house
        .send::<wire::ActivateKeyResult>(method, &order, &call)
        .await
        .unwrap();

    // Where there is nothing that has a version, none is expected.
    let method = method::registration::BEGIN_KEY;
    let key: Jwk = house.key(KeyType::X25519);
    let body = wire::BeginKeyOrder {
        jwk: key.public().to_value().to_string(),
        identifier: JOHN.to_owned(),
    };
    let order = house.sign_draft(&main.signer, &Draft::new(method, body).with_version(1));
    let refused = house
        .refuses(house.send::<wire::BeginKeyResult>(method, &order, &call))
        .await;
    assert_eq!(refused, at(ErrorCode::OrderBodyInvalid, "version"));
}

#[tokio::test]
async fn a_modulus_that_shares_a_factor_is_refused_for_either_use() {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    let weak = kleis_jose::Jwk::from_pem(include_str!("weak_key.pem")).unwrap();
    house.register(&operator, &[JOHN], true).await.unwrap();
    let code = house.code(&operator, JOHN).await.unwrap();
    let body = house.enrolment(&code, JOHN, "main", &weak);
    let refused = house.refuses(house.enrol(&weak, body)).await;
    assert_eq!(refused, at(ErrorCode::KeyWeak, "csr"));
    let refused = house.refuses(house.begin(&operator, &weak)).await;
    assert_eq!(refused, at(ErrorCode::KeyWeak, "jwk"));
}
