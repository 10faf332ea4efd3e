//! The whole life, as every sender sees it at each step.

use kleis_jose::{KeyAlgorithm, KeyType};
use kleis_registration::Swept;
use kleis_trust::{binding::BindingClaims, recipient::RecipientError, status::Status};
use kleis_types::{ErrorCode, KeyState};

use crate::{
    house::{DAY, DOCTOR, House, JOHN, id},
    people::plain,
};

#[tokio::test]
async fn from_the_first_operator_to_the_last_key() {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    let main = house
        .welcome(&operator, &[JOHN, DOCTOR], DOCTOR, "main")
        .await;
    let owner = id(DOCTOR);
    assert!(main.endorsement.is_empty() && !main.recovered);
    let identifiers: Vec<_> = main
        .signer
        .identity()
        .identifiers()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(identifiers, [DOCTOR, JOHN]);

    // A certificate alone is no recipient.
    let refused = house.recipient(&owner, None).await.unwrap_err();
    assert_eq!(refused, RecipientError::NoKey);
    assert!(!house.stored_set(&owner).await.unwrap().has_keys);

    // The first key is published at once.
    let first = house.publish(&main).await;
    assert_eq!((first.state.as_str(), first.version), ("ACTIVE", 1));
    let seen = house.recipient(&owner, None).await.unwrap();
    assert_eq!(seen.keys().len(), 1);
    assert_eq!(seen.keys()[0].kid().as_str(), first.kid);
    assert!(!seen.is_recovered());

    // The next one waits for its owner, then takes the place of the first.
    let second = house.publish(&main).await;
    assert_eq!(second.state, "PENDING_ACTIVATION");
    assert_eq!(
        house
            .recipient(&owner, Some(seen.newest()))
            .await
            .unwrap()
            .keys()
            .len(),
        1
    );
    let activated = house.activate(&main, &second.kid).await.unwrap();
    assert_eq!(activated.superseded, std::slice::from_ref(&first.kid));
    assert_eq!((activated.state.as_str(), activated.version), ("ACTIVE", 2));
    let seen = house.recipient(&owner, Some(seen.newest())).await.unwrap();
    assert_eq!(seen.keys()[0].kid().as_str(), second.kid);

    // A second device, on the word of the first.
    let key = house.key(KeyType::P384);
    let phone = house
        .enrol(&key, house.endorsed(&main, "phone", &key))
        .await
        .unwrap();
    assert!(!phone.endorsement.is_empty() && !phone.recovered);
    let third = house.publish(&phone).await;
    assert_eq!(
        third.state, "ACTIVE",
        "each device publishes its own first key at once"
    );
    let seen = house.recipient(&owner, Some(seen.newest())).await.unwrap();
    let devices: Vec<_> = seen
        .keys()
        .iter()
        .map(|key| key.device().as_str())
        .collect();
    assert_eq!((seen.keys().len(), seen.is_recovered()), (2, false));
    assert!(devices.contains(&"main") && devices.contains(&"phone"));

    // A third one, on the word of operators: everybody is told.
    let code = house.code(&operator, DOCTOR).await.unwrap();
    let key = house.key(KeyType::Ed25519);
    let tablet = house
        .enrol(&key, house.enrolment(&code, DOCTOR, "tablet", &key))
        .await
        .unwrap();
    assert!(tablet.endorsement.is_empty() && tablet.recovered);
    house.publish(&tablet).await;
    let seen = house.recipient(&owner, Some(seen.newest())).await.unwrap();
    assert_eq!((seen.keys().len(), seen.is_recovered()), (3, true));

    // A key that leaked is gone at once; any device of the owner may say so.
    house.revoke_key(&phone, &second.kid).await.unwrap();
    let seen = house.recipient(&owner, Some(seen.newest())).await.unwrap();
    assert_eq!(seen.keys().len(), 2);

    // A lost phone takes its keys with it.
    let revoked = house.revoke(&main, &phone.serial()).await.unwrap();
    assert_eq!(
        (revoked.state.as_str(), revoked.kids),
        ("REVOKED", vec![third.kid])
    );
    assert_eq!(house.status(phone.status_index()).await, Status::Invalid);
    let seen = house.recipient(&owner, Some(seen.newest())).await.unwrap();
    assert_eq!(seen.keys().len(), 1);
    assert_eq!(seen.keys()[0].device().as_str(), "tablet");

    // What is over by its time is over for the registry as well.
    house.clock.advance(366 * DAY);
    let swept = house.registration.sweep(house.now()).await.unwrap();
    assert_eq!((swept.certificates, swept.keys), (0, 1));
    assert_eq!(
        house
            .recipient(&owner, Some(seen.newest()))
            .await
            .unwrap_err(),
        RecipientError::NoKey
    );
    house.check_audit().await;
}

#[tokio::test]
async fn an_organisation_has_keys_for_each_application() {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    let identifiers = ["CBE:0809394427"];
    let organisation = house
        .welcome(&operator, &identifiers, "CBE:0809394427", "main")
        .await;
    let kgss = house
        .welcome(&operator, &identifiers, "CBE:0809394427/KGSS", "main")
        .await;
    assert!(!kgss.recovered, "another application is another owner");
    let (one, other) = (
        house.publish(&organisation).await,
        house.publish(&kgss).await,
    );
    for (device, kid) in [(&organisation, one.kid), (&kgss, other.kid)] {
        let recipient = house.recipient(device.owner(), None).await.unwrap();
        assert_eq!(recipient.keys()[0].kid().as_str(), kid);
    }
    house.check_audit().await;
}

#[tokio::test]
async fn every_kind_of_key_is_registered() {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    let device = house.welcome(&operator, &[JOHN], JOHN, "main").await;
    let kinds = [
        KeyType::X25519,
        KeyType::P256,
        KeyType::P384,
        KeyType::P521,
        KeyType::Rsa { bits: 2048 },
    ];
    for kind in kinds {
        let begun = house.begin(&device, &house.key(kind)).await.unwrap();
        let body = house.answer(&device, &begun, &house.claims(&device, &begun));
        let result = house.complete(&device, body).await.unwrap();
        if result.state == KeyState::PendingActivation.as_str() {
            house.activate(&device, &result.kid).await.unwrap();
        }
        let recipient = house.recipient(device.owner(), None).await.unwrap();
        assert_eq!(recipient.keys()[0].kid().as_str(), result.kid, "{kind:?}");
    }
    house.check_audit().await;
}

#[tokio::test]
async fn what_is_held_waits_even_as_the_first() {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    let device = house.welcome(&operator, &[JOHN], JOHN, "main").await;
    let begun = house.begin_fresh(&device).await;
    let mut body = house.answer(&device, &begun, &house.claims(&device, &begun));
    body.hold = true;
    let held = house.complete(&device, body).await.unwrap();
    assert_eq!(held.state, "PENDING_ACTIVATION");
    assert_eq!(house.status(begun.result.status_index).await, Status::Other);
    assert_eq!(
        house.recipient(device.owner(), None).await.unwrap_err(),
        RecipientError::NoKey
    );
    house.activate(&device, &held.kid).await.unwrap();
    assert_eq!(house.status(begun.result.status_index).await, Status::Valid);
    assert!(house.recipient(device.owner(), None).await.is_ok());

    let again = house.refuses(house.activate(&device, &held.kid)).await;
    assert_eq!(again, plain(ErrorCode::StateConflict));
}

#[tokio::test]
async fn a_certificate_that_ends_takes_its_keys_with_it() {
    let mut house = House::new().await;
    let operator = house.bootstrap().await;
    let device = house.welcome(&operator, &[JOHN], JOHN, "main").await;
    house.renew_services().await;
    let begun = house.begin_fresh(&device).await;
    let end = device.signer.certificate().not_after();
    let claims = BindingClaims::new(
        &begun.key,
        vec![KeyAlgorithm::EcdhEsA256Kw],
        begun.result.sequence.into(),
        begun.result.status_index,
        house.now(),
        end,
    );
    house
        .complete(&device, house.answer(&device, &begun, &claims))
        .await
        .unwrap();
    let pending = house.publish(&device).await;
    assert_eq!(pending.state, "PENDING_ACTIVATION");

    house.clock.set(end.unix() - 1);
    assert_eq!(
        house.registration.sweep(house.now()).await.unwrap(),
        Swept::default()
    );
    assert!(house.recipient(device.owner(), None).await.is_ok());
    house.clock.set(end.unix() + 1);
    // The operator's came on the same day.
    let swept = house.registration.sweep(house.now()).await.unwrap();
    assert_eq!((swept.certificates, swept.keys), (2, 2));
    assert_eq!(house.status(device.status_index()).await, Status::Other);
    assert_eq!(house.status(begun.result.status_index).await, Status::Other);
    let set = house.stored_set(device.owner()).await.unwrap();
    assert_eq!(
        (set.body, set.has_keys),
        (br#"{"keys":[]}"#.to_vec(), false)
    );
    assert_eq!(house.last_row().await.actor, "SERVICE:registration");
    assert_eq!(
        house.registration.sweep(house.now()).await.unwrap(),
        Swept::default()
    );
    house.check_audit().await;
}

#[tokio::test]
async fn a_sweep_takes_as_many_rounds_as_it_needs() {
    let mut house = House::new().await;
    let operator = house.bootstrap().await;
    let first = house.welcome(&operator, &[JOHN], JOHN, "main").await;
    for index in 0..120 {
        let key = house.key(KeyType::Ed25519);
        let body = house.endorsed(&first, &format!("device-{index}"), &key);
        house.enrol(&key, body).await.unwrap();
    }
    house.renew_services().await;
    house
        .clock
        .set(first.signer.certificate().not_after().unix() + 1);
    let swept = house.registration.sweep(house.now()).await.unwrap();
    assert_eq!((swept.certificates, swept.keys), (122, 0));
    house.check_audit().await;
}
