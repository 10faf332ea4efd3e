//! The services' own certificates and keys.

use std::sync::Arc;

use kleis_jose::KeyType;
use kleis_registration::{ConfigError, Lifetimes, Registration, RegistrationError, ServiceKeys};
use kleis_store::{Store as _, registry::RegistryRead as _};
use kleis_trust::status::Status;
use kleis_types::{CertificateState, Identifier, KeyState, Service};

use crate::house::{DAY, House};

fn keys(house: &House) -> ServiceKeys {
    ServiceKeys {
        signing: house.key(KeyType::P256),
        encryption: Some(house.key(KeyType::X25519)),
    }
}

#[tokio::test]
async fn a_service_is_a_recipient_like_any_other() {
    let house = House::new().await;
    let keys = keys(&house);
    let signer = house.provision(Service::Custody, &keys).await.unwrap();
    let custody = Identifier::service(Service::Custody);
    assert_eq!(signer.identity().primary(), &custody);
    // The service that runs does not know of it until it starts anew.
    let mut house = house;
    house.restart().await;
    let recipient = house.recipient(&custody, None).await.unwrap();
    let expected = keys.encryption.as_ref().unwrap().thumbprint();
    assert_eq!(recipient.keys()[0].kid(), &expected);
    assert_eq!(
        house.status(signer.identity().status_index()).await,
        Status::Valid
    );
    house.check_audit().await;
}

#[tokio::test]
async fn the_same_keys_again_change_nothing() {
    let house = House::new().await;
    let keys = keys(&house);
    let first = house.provision(Service::Custody, &keys).await.unwrap();
    let before = house.footprint().await;
    house.clock.advance(300 * DAY);
    let again = house.provision(Service::Custody, &keys).await.unwrap();
    assert_eq!(again.chain(), first.chain());
    assert_eq!(house.footprint().await, before);
}

#[tokio::test]
async fn a_certificate_near_its_end_is_replaced_for_the_same_keys() {
    let mut house = House::new().await;
    let custody = Identifier::service(Service::Custody);
    let keys = keys(&house);
    let former = house.provision(Service::Custody, &keys).await.unwrap();
    house.restart().await;
    let seen = house.recipient(&custody, None).await.unwrap().newest();
    house.clock.advance(2 * 366 * DAY);
    let next = house.provision(Service::Custody, &keys).await.unwrap();
    assert_ne!(next.chain(), former.chain());
    assert!(next.certificate().not_after() > former.certificate().not_after());
    house.restart().await;
    let recipient = house.recipient(&custody, Some(seen)).await.unwrap();
    assert!(recipient.sequence() > seen.sequence());
    assert_eq!(
        recipient.keys()[0].kid(),
        &keys.encryption.unwrap().thumbprint()
    );
    assert_eq!(
        house.status(former.identity().status_index()).await,
        Status::Other
    );
    let mut reader = house.store.read().await.unwrap();
    let states: Vec<_> = reader
        .certificates_of(&custody)
        .await
        .unwrap()
        .iter()
        .map(|certificate| certificate.state)
        .collect();
    assert_eq!(
        states,
        [CertificateState::Active, CertificateState::Superseded]
    );
    house.check_audit().await;
}

#[tokio::test]
async fn other_keys_replace_the_former_ones() {
    let mut house = House::new().await;
    let custody = Identifier::service(Service::Custody);
    let (one, other) = (keys(&house), keys(&house));
    house.provision(Service::Custody, &one).await.unwrap();
    // A new encryption key under the same certificate, then all of them new.
    let half = ServiceKeys {
        signing: one.signing.clone(),
        encryption: other.encryption.clone(),
    };
    house.provision(Service::Custody, &half).await.unwrap();
    house.restart().await;
    let recipient = house.recipient(&custody, None).await.unwrap();
    assert_eq!(
        recipient.keys()[0].kid(),
        &half.encryption.unwrap().thumbprint()
    );
    let seen = recipient.newest();
    house.provision(Service::Custody, &other).await.unwrap();
    house.restart().await;
    let recipient = house.recipient(&custody, Some(seen)).await.unwrap();
    assert!(recipient.sequence() > seen.sequence());
    assert_eq!(recipient.keys().len(), 1);
    let mut reader = house.store.read().await.unwrap();
    let mut states: Vec<_> = reader
        .encryption_keys_of(&custody)
        .await
        .unwrap()
        .iter()
        .map(|key| key.state)
        .collect();
    states.sort();
    assert_eq!(states, [KeyState::Active, KeyState::Superseded]);
    house.check_audit().await;
}

#[tokio::test]
async fn revoked_keys_and_unfit_ones_are_refused() {
    let mut house = House::new().await;
    let operator = house.bootstrap().await;
    let keys = keys(&house);
    let signer = house.provision(Service::Custody, &keys).await.unwrap();
    house.restart().await;
    let serial = signer.certificate().serial().to_string();
    house.revoke_as_operator(&operator, &serial).await.unwrap();
    let refused = house.provision(Service::Custody, &keys).await.unwrap_err();
    assert!(matches!(refused, RegistrationError::ServiceKeyRevoked));
    let fresh_signing = ServiceKeys {
        signing: house.key(KeyType::P256),
        ..keys.clone()
    };
    let refused = house
        .provision(Service::Custody, &fresh_signing)
        .await
        .unwrap_err();
    assert!(matches!(refused, RegistrationError::ServiceKeyRevoked));

    let (signing, encryption) = (house.key(KeyType::P256), house.key(KeyType::X25519));
    for unfit in [
        ServiceKeys {
            signing: signing.public(),
            encryption: None,
        },
        ServiceKeys {
            signing: encryption.clone(),
            encryption: None,
        },
        ServiceKeys {
            signing: signing.clone(),
            encryption: Some(encryption.public()),
        },
        ServiceKeys {
            signing: signing.clone(),
            encryption: Some(house.key(KeyType::Ed25519)),
        },
    ] {
        let refused = house.provision(Service::Custody, &unfit).await.unwrap_err();
        assert!(matches!(refused, RegistrationError::ServiceKeyUnfit));
    }
    // A key of somebody else, or of the other use.
    let taken = ServiceKeys {
        signing: house.keys[0].1.signing.clone(),
        encryption: None,
    };
    assert!(house.provision(Service::Custody, &taken).await.is_err());
    house.check_audit().await;
}

#[tokio::test]
async fn a_configuration_that_does_not_fit_together_does_not_start() {
    let house = House::new().await;
    let strange = kleis_trust::test_util::World::new(9);
    let start = |config| {
        let (clock, random) = (house.clock.clone(), house.random.clone());
        Registration::new(house.store.clone(), config, clock, random)
    };
    let refused = |result: Result<_, RegistrationError>| match result {
        Err(RegistrationError::Config(error)) => error,
        Err(other) => panic!("another error: {other}"),
        Ok::<Registration<_>, _>(_) => panic!("it has started"),
    };
    let mut config = house.configuration().await;
    std::mem::swap(&mut config.signer, &mut config.status_signer);
    assert_eq!(refused(start(config).await), ConfigError::Signer);
    let mut config = house.configuration().await;
    config.status_signer = config.signer.clone();
    assert_eq!(refused(start(config).await), ConfigError::StatusSigner);
    let mut config = house.configuration().await;
    config.anchors = strange.anchors().clone();
    assert_eq!(refused(start(config).await), ConfigError::SignerChain);
    let mut config = house.configuration().await;
    let issuing = strange.material().intermediate();
    let ca = kleis_pki::IssuingCa::new(issuing.certificate().der(), issuing.key_pkcs8()).unwrap();
    let strangers = Arc::new(ca);
    config.ca = Arc::clone(&strangers);
    assert_eq!(refused(start(config).await), ConfigError::Ca);
    for former in [Arc::clone(&house.authority.ca), Arc::clone(&strangers)] {
        let mut config = house.configuration().await;
        config.former_cas = vec![former];
        assert_eq!(refused(start(config).await), ConfigError::FormerCa);
    }
    let mut config = house.configuration().await;
    config.transport_key = config.transport_key.public();
    assert_eq!(refused(start(config).await), ConfigError::TransportKey);
    for lifetimes in [
        Lifetimes {
            certificate: 0,
            ..Lifetimes::default()
        },
        Lifetimes {
            certificate: 1201 * DAY,
            ..Lifetimes::default()
        },
        Lifetimes {
            bootstrap_code: 31 * DAY,
            ..Lifetimes::default()
        },
    ] {
        let mut config = house.configuration().await;
        config.lifetimes = lifetimes;
        assert_eq!(refused(start(config).await), ConfigError::Lifetimes);
    }
}
