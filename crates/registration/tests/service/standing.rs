//! Registrants who are deactivated, and come back.

use kleis_jose::KeyType;
use kleis_trust::{recipient::RecipientError, status::Status};
use kleis_types::{ErrorCode, KeyState};

use crate::{
    house::{DOCTOR, House, JANE, JOHN},
    people::{at, plain},
};

#[tokio::test]
async fn a_deactivated_registrant_is_suspended_and_comes_back_as_before() {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    let john = house
        .welcome(&operator, &[JOHN, DOCTOR], JOHN, "main")
        .await;
    let doctor = house
        .welcome(&operator, &[JOHN, DOCTOR], DOCTOR, "main")
        .await;
    let begun = house.begin_fresh(&john).await;
    let body = house.answer(&john, &begun, &house.claims(&john, &begun));
    house.complete(&john, body).await.unwrap();
    let pending = house.begin_fresh(&john).await;
    let body = house.answer(&john, &pending, &house.claims(&john, &pending));
    house.complete(&john, body).await.unwrap();
    house.publish(&doctor).await;
    let key = house.key(KeyType::P256);
    let phone = house
        .enrol(&key, house.endorsed(&john, "phone", &key))
        .await
        .unwrap();
    house.revoke(&john, &phone.serial()).await.unwrap();
    let before = house.stored_set(john.owner()).await.unwrap();

    house
        .register(&operator, &[JOHN, DOCTOR], false)
        .await
        .unwrap();
    for device in [&john, &doctor] {
        assert_eq!(house.status(device.status_index()).await, Status::Suspended);
        let set = house.stored_set(device.owner()).await.unwrap();
        assert_eq!(
            (&set.body[..], set.has_keys),
            (&br#"{"keys":[]}"#[..], false)
        );
        let suspended = at(ErrorCode::CertificateRevoked, "order");
        let key = house.key(KeyType::X25519);
        assert_eq!(house.refuses(house.begin(device, &key)).await, suspended);
    }
    assert_eq!(
        house.status(begun.result.status_index).await,
        Status::Suspended
    );
    assert_eq!(
        house.status(pending.result.status_index).await,
        Status::Other
    );
    assert_eq!(house.status(phone.status_index()).await, Status::Invalid);
    assert_eq!(
        house.recipient(john.owner(), None).await.unwrap_err(),
        RecipientError::NoKey
    );

    // What is revoked meanwhile stays so.
    house
        .revoke_as_operator(&operator, &doctor.serial())
        .await
        .unwrap();
    assert_eq!(house.status(doctor.status_index()).await, Status::Invalid);

    house
        .register(&operator, &[JOHN, DOCTOR], true)
        .await
        .unwrap();
    assert_eq!(house.status(john.status_index()).await, Status::Valid);
    assert_eq!(house.status(begun.result.status_index).await, Status::Valid);
    assert_eq!(
        house.status(pending.result.status_index).await,
        Status::Other
    );
    assert_eq!(house.status(phone.status_index()).await, Status::Invalid);
    assert_eq!(house.status(doctor.status_index()).await, Status::Invalid);
    assert_eq!(house.stored_set(john.owner()).await.unwrap(), before);
    assert!(house.recipient(john.owner(), None).await.is_ok());
    let keys = house
        .registration
        .keys(&crate::house::call_of(&john.signer))
        .await
        .unwrap();
    let states: Vec<_> = keys.iter().map(|key| key.state).collect();
    assert_eq!(states, [KeyState::PendingActivation, KeyState::Active]);
    house.check_audit().await;
}

#[tokio::test]
async fn a_deactivated_operator_is_none() {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    house.register(&operator, &[JANE], false).await.unwrap();
    let refused = house
        .refuses(house.register(&operator, &[JOHN], true))
        .await;
    assert_eq!(refused, at(ErrorCode::CertificateRevoked, "order"));
    let call = crate::house::call_of(&operator.signer);
    let refused = house
        .registration
        .registrants(&call, "", 10)
        .await
        .unwrap_err();
    assert_eq!(
        kleis_types::Problem::from(&refused).code(),
        ErrorCode::PermissionDenied
    );
}

#[tokio::test]
async fn a_registrant_may_come_inactive() {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    house.register(&operator, &[JOHN], false).await.unwrap();
    let refused = house.refuses(house.code(&operator, JOHN)).await;
    assert_eq!(refused, plain(ErrorCode::RegistrantInactive));
}

#[tokio::test]
async fn applications_are_suspended_and_restored_with_their_organisation() {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    let all = ["CBE:0123456749", "NIHII-HOSPITAL:71000436"];
    let plain = house.welcome(&operator, &all, all[0], "main").await;
    let mut devices = vec![plain];
    for application in ["CBE:0123456749/EHR", "NIHII-HOSPITAL:71000436/LAB"] {
        devices.push(house.welcome(&operator, &all, application, "main").await);
    }
    for device in &devices {
        house.publish(device).await;
    }
    let mut before = Vec::new();
    for device in &devices {
        before.push(house.stored_set(device.owner()).await.unwrap());
    }
    house.register(&operator, &all, false).await.unwrap();
    for device in &devices {
        assert_eq!(house.status(device.status_index()).await, Status::Suspended);
        let set = house.stored_set(device.owner()).await.unwrap();
        assert_eq!(&set.body[..], br#"{"keys":[]}"#);
        assert!(house.recipient(device.owner(), None).await.is_err());
    }
    house.register(&operator, &all, true).await.unwrap();
    for (device, before) in devices.iter().zip(before) {
        assert_eq!(house.status(device.status_index()).await, Status::Valid);
        assert_eq!(house.stored_set(device.owner()).await.unwrap(), before);
        assert!(house.recipient(device.owner(), None).await.is_ok());
    }
    house.check_audit().await;
}
