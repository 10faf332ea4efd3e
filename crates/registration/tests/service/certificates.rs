//! Certificates withdrawn: by themselves, by siblings, by operators, and by nobody else.

use kleis_jose::KeyType;
use kleis_proto::{method, registration::v1 as wire};
use kleis_trust::status::Status;
use kleis_types::{CertificateState, ErrorCode, KeyState, RevocationReason};

use crate::{
    house::{House, JOHN, MARY, call_of},
    people::{Device, at, plain},
};

async fn john() -> (House, Device, Device) {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    let device = house.welcome(&operator, &[JOHN], JOHN, "main").await;
    (house, operator, device)
}

#[tokio::test]
async fn a_certificate_revokes_itself_and_is_then_nobody() {
    let (house, _, main) = john().await;
    let (active, pending) = (house.publish(&main).await, house.publish(&main).await);
    let result = house.revoke(&main, &main.serial()).await.unwrap();
    let mut kids = result.kids;
    kids.sort();
    let mut expected = vec![active.kid.clone(), pending.kid];
    expected.sort();
    assert_eq!(kids, expected);
    let set = house.stored_set(main.owner()).await.unwrap();
    assert_eq!(
        (&set.body[..], set.has_keys),
        (&br#"{"keys":[]}"#[..], false)
    );

    let revoked = at(ErrorCode::CertificateRevoked, "order");
    assert_eq!(
        house.refuses(house.revoke(&main, &main.serial())).await,
        revoked
    );
    let key = house.key(KeyType::X25519);
    assert_eq!(house.refuses(house.begin(&main, &key)).await, revoked);
    assert_eq!(
        house.refuses(house.revoke_key(&main, &active.kid)).await,
        revoked
    );
    let key = house.key(KeyType::P256);
    let body = house.endorsed(&main, "phone", &key);
    let refused = house.refuses(house.enrol(&key, body)).await;
    assert_eq!(refused, at(ErrorCode::EndorsementInvalid, "endorsement"));
    house.check_audit().await;
}

#[tokio::test]
async fn a_stranger_learns_nothing_of_a_certificate() {
    let (house, operator, main) = john().await;
    let mary = house.welcome(&operator, &[MARY], MARY, "main").await;
    let unknown = plain(ErrorCode::NotFound);
    assert_eq!(
        house.refuses(house.revoke(&mary, &main.serial())).await,
        unknown
    );
    assert_eq!(house.refuses(house.revoke(&mary, "4123")).await, unknown);
    // An operator is a stranger too on the public side.
    assert_eq!(
        house.refuses(house.revoke(&operator, &main.serial())).await,
        unknown
    );
    let malformed = at(ErrorCode::OrderBodyInvalid, "serial");
    assert_eq!(house.refuses(house.revoke(&mary, "XYZ")).await, malformed);
}

#[tokio::test]
async fn an_operator_revokes_anybody_and_nobody_else_does() {
    let (house, operator, main) = john().await;
    let kid = house.publish(&main).await.kid;
    let denied = plain(ErrorCode::PermissionDenied);
    assert_eq!(
        house
            .refuses(house.revoke_as_operator(&main, &operator.serial()))
            .await,
        denied
    );
    let unknown = plain(ErrorCode::NotFound);
    assert_eq!(
        house
            .refuses(house.revoke_as_operator(&operator, "4123"))
            .await,
        unknown
    );

    let result = house
        .revoke_as_operator(&operator, &main.serial())
        .await
        .unwrap();
    assert_eq!((result.state.as_str(), result.kids), ("REVOKED", vec![kid]));
    assert_eq!(house.status(main.status_index()).await, Status::Invalid);
    let conflict = plain(ErrorCode::StateConflict);
    let again = house
        .refuses(house.revoke_as_operator(&operator, &main.serial()))
        .await;
    assert_eq!(again, conflict);
    house.check_audit().await;
}

#[tokio::test]
async fn records_keep_the_reason_and_only_bound_keys_go() {
    let (house, _, main) = john().await;
    let key = house.key(KeyType::P256);
    let phone = house
        .enrol(&key, house.endorsed(&main, "phone", &key))
        .await
        .unwrap();
    let (mains, phones) = (house.publish(&main).await, house.publish(&phone).await);
    house.revoke(&main, &phone.serial()).await.unwrap();

    let call = call_of(&main.signer);
    let certificates = house.registration.certificates(&call).await.unwrap();
    let states: Vec<_> = certificates
        .iter()
        .map(|one| (one.device.as_str(), one.state, one.reason, one.revoked_at))
        .collect();
    let (compromise, now) = (Some(RevocationReason::KeyCompromise), Some(house.now()));
    assert_eq!(
        states,
        [
            ("phone", CertificateState::Revoked, compromise, now),
            ("main", CertificateState::Active, None, None)
        ]
    );
    let keys = house.registration.keys(&call).await.unwrap();
    let states: Vec<_> = keys
        .iter()
        .map(|one| (one.kid.as_str(), one.state))
        .collect();
    assert_eq!(
        states,
        [
            (phones.kid.as_str(), KeyState::Revoked),
            (mains.kid.as_str(), KeyState::Active)
        ]
    );
}

#[tokio::test]
async fn an_expected_version_is_compared() {
    let (house, _, main) = john().await;
    let method = method::registration::REVOKE_CERTIFICATE;
    let body = wire::RevokeCertificateOrder {
        serial: main.serial(),
        reason: "cessationOfOperation".into(),
    };
    let draft = kleis_trust::order::Draft::new(method, body).with_version(2);
    let order = house.sign_draft(&main.signer, &draft);
    let call = call_of(&main.signer);
    let refused = house
        .refuses(house.send::<wire::RevokeCertificateResult>(method, &order, &call))
        .await;
    assert_eq!(refused, at(ErrorCode::VersionMismatch, "version"));
}
