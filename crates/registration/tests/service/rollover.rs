//! Another issuing CA takes over; what the one before has issued stays as good as it was.

use std::sync::Arc;

use axum::http::StatusCode;
use kleis_jose::KeyType;
use kleis_pki::IssuingCa;

use crate::{
    house::{DAY, House, JOHN, MARY},
    http::get,
    people::Device,
    revocation::{Told, asked, entries},
};

fn is_of(device: &Device, ca: &IssuingCa) -> bool {
    device.signer.chain()[1] == ca.chain_certificate().der()
}

impl House {
    /// What this CA says of a serial number: whether its list has it, and by OCSP.
    async fn said_by(&mut self, ca: &Arc<IssuingCa>, serial: &str) -> (bool, Told) {
        // Those who ask go by the CA that they know.
        let present = std::mem::replace(&mut self.authority.ca, Arc::clone(ca));
        let listed = entries(self).await.iter().any(|entry| entry.0 == serial);
        let told = asked(self, &[serial]).await.swap_remove(0);
        self.authority.ca = present;
        (listed, told)
    }
}

#[tokio::test]
async fn both_chains_hold_and_both_cas_answer() {
    let mut house = House::new().await;
    let operator = house.bootstrap().await;
    let john = house.welcome(&operator, &[JOHN], JOHN, "main").await;
    house.publish(&john).await;
    let before = Arc::clone(&house.authority.ca);
    house.roll_over().await;
    let after = Arc::clone(&house.authority.ca);
    let mary = house.welcome(&operator, &[MARY], MARY, "main").await;
    assert!(is_of(&john, &before) && is_of(&mary, &after));
    // Those of before act, publish and are found as those of after are.
    house.publish(&john).await;
    house.publish(&mary).await;
    for device in [&john, &mary] {
        let found = house.recipient(device.owner(), None).await.unwrap();
        assert!(!found.keys().is_empty());
    }
    let phone_key = house.key(KeyType::P256);
    let body = house.endorsed(&john, "phone", &phone_key);
    let phone = house.enrol(&phone_key, body).await.unwrap();
    assert!(is_of(&phone, &after));

    let (johns, marys) = (john.serial(), mary.serial());
    assert_eq!(house.said_by(&before, &johns).await, (false, Told::Good));
    assert_eq!(house.said_by(&after, &johns).await, (false, Told::Unknown));
    assert_eq!(house.said_by(&after, &marys).await, (false, Told::Good));
    assert_eq!(house.said_by(&before, &marys).await, (false, Told::Unknown));
    house.clock.advance(10);
    for serial in [&johns, &marys] {
        house.revoke_as_operator(&operator, serial).await.unwrap();
    }
    for (serial, own, other) in [(&johns, &before, &after), (&marys, &after, &before)] {
        let (listed, told) = house.said_by(own, serial).await;
        assert!(listed && matches!(told, Told::Revoked(..)), "{told:?}");
        assert_eq!(house.said_by(other, serial).await, (false, Told::Unknown));
    }
    house.check_audit().await;
}

#[tokio::test]
async fn a_former_ca_is_published_until_its_end() {
    let mut house = House::new().await;
    let first = Arc::clone(&house.authority.ca);
    house.clock.advance(6 * 365 * DAY);
    house.roll_over().await;
    let second = Arc::clone(&house.authority.ca);
    let ders = |cas: &[&Arc<IssuingCa>]| {
        let certificates = cas.iter().map(|ca| ca.chain_certificate().clone());
        certificates.collect::<Vec<_>>()
    };
    let chain = get(&house, "/pki/ca.pem").await;
    assert_eq!(chain.certificates(), ders(&[&second, &first]));
    let paths = |ca: &IssuingCa| {
        let id = ca.id();
        [format!("/pki/ca/{id}.cer"), format!("/pki/crl/{id}/0.crl")]
    };
    for path in [paths(&first), paths(&second)].concat() {
        assert_eq!(get(&house, &path).await.status, StatusCode::OK, "{path}");
    }
    house.clock.advance(5 * 365 * DAY);
    house.restart().await;
    assert_eq!(
        get(&house, "/pki/ca.pem").await.certificates(),
        ders(&[&second])
    );
    for path in paths(&first) {
        let status = get(&house, &path).await.status;
        assert_ne!(status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn the_services_stand_under_the_new_ca_at_once() {
    let mut house = House::new().await;
    let operator = house.bootstrap().await;
    let transport = house.transport_key().await.thumbprint();
    house.roll_over().await;
    house.roll_over().await;
    let config = house.configuration().await;
    let present = house.authority.ca.chain_certificate().der();
    for signer in [&config.signer, &config.status_signer] {
        assert_eq!(signer.chain()[1], present);
    }
    // Whoever has pinned the root notices nothing.
    assert_eq!(house.transport_key().await.thumbprint(), transport);
    house.welcome(&operator, &[JOHN], JOHN, "main").await;
    house.check_audit().await;
}
