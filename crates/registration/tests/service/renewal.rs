//! The certificate that follows another one, and keys that are bound anew.

use kleis_jose::{Jwk, KeyType};
use kleis_pki::Csr;
use kleis_proto::{method::registration as method, registration::v1 as wire};
use kleis_store::{Store as _, registry::RegistryRead as _};
use kleis_trust::{endorsement, status::Status};
use kleis_types::{CertificateState, ErrorCode, KeyState, Problem, base64url};

use crate::{
    house::{DAY, DOCTOR, House, JOHN},
    people::{Begun, Device, at, device, plain},
};

impl House {
    async fn renew(&self, old: &Device, key: &Jwk, endorsement: &str) -> Result<Device, Problem> {
        let subject = old.signer.certificate().subject_for(old.owner()).unwrap();
        let csr = Csr::create_for(key, &subject).unwrap();
        self.renew_by(old, key, &csr, endorsement).await
    }

    async fn renew_by(
        &self,
        old: &Device,
        key: &Jwk,
        csr: &Csr,
        endorsement: &str,
    ) -> Result<Device, Problem> {
        let body = wire::RenewCertificateOrder {
            csr: base64url::encode(csr.der()),
            endorsement: endorsement.to_owned(),
            contract: String::new(),
        };
        let method = method::RENEW_CERTIFICATE;
        let result: wire::RenewCertificateResult = self.order(&old.signer, method, body).await?;
        assert_eq!(result.replaces, old.serial());
        let result = wire::EnrolResult {
            chain: result.chain,
            serial: result.serial,
            endorsement: result.endorsement,
            recovered: result.recovered,
        };
        Ok(device(key, &result))
    }

    async fn rebind(&self, new: &Device, key: &Jwk) -> Result<wire::CompleteKeyResult, Problem> {
        let begun = self.begin(new, key).await?;
        let body = self.answer(new, &begun, &self.claims(new, &begun));
        self.complete(new, body).await
    }

    async fn state_of(&self, device: &Device) -> CertificateState {
        let mut reader = self.store.read().await.unwrap();
        let found = reader.certificate(&device.serial()).await.unwrap();
        found.unwrap().state
    }

    /// A key of this device, published.
    async fn published(&self, device: &Device) -> Begun {
        let begun = self.begin_fresh(device).await;
        let body = self.answer(device, &begun, &self.claims(device, &begun));
        self.complete(device, body).await.unwrap();
        begun
    }
}

/// John with one device, two and a half years later, in the replacement period.
async fn in_time(identifiers: &[&str]) -> (House, Device, Device, Begun) {
    let mut house = House::new().await;
    let jane = house.bootstrap().await;
    let john = house.welcome(&jane, identifiers, JOHN, "main").await;
    let key = house.published(&john).await;
    house.renew_services().await;
    house
        .clock
        .advance(3 * 365 * DAY - 2 * 366 * DAY - 60 * DAY);
    house.restart().await;
    (house, jane, john, key)
}

#[tokio::test]
async fn a_device_goes_over_to_its_next_certificate_without_a_gap() {
    let (house, _, old, begun) = in_time(&[JOHN]).await;
    let owner = old.owner().clone();
    let seen = house.recipient(&owner, None).await;
    // Its binding has ended with the year; the certificate has not.
    assert!(seen.is_err());
    house.registration.sweep(house.now()).await.unwrap();
    let fresh = house.published(&old).await;
    let before = house.recipient(&owner, None).await.unwrap();
    let next = house.key(KeyType::P256);
    let new = house.renew(&old, &next, "").await.unwrap();
    assert_eq!(
        new.signer.identity().device(),
        old.signer.identity().device()
    );
    // Both are in use, and senders find the key as before.
    let both = house
        .recipient(&owner, Some(before.newest()))
        .await
        .unwrap();
    assert_eq!(both.keys().len(), 1);

    let rebound = house.rebind(&new, &fresh.key).await.unwrap();
    assert_eq!((rebound.state.as_str(), rebound.version), ("ACTIVE", 2));
    assert_eq!(rebound.kid, fresh.key.thumbprint().to_string());
    let after = house
        .recipient(&owner, Some(before.newest()))
        .await
        .unwrap();
    assert_eq!(after.keys().len(), 1);
    assert!(after.newest().sequence() > before.newest().sequence());
    // The former binding is in use no more.
    let former = fresh.result.status_index;
    assert_eq!(house.status(former).await, Status::Other);

    // The old certificate goes; what was bound anew stays.
    let kids = house.revoke(&new, &old.serial()).await.unwrap().kids;
    assert_eq!(kids, [""; 0]);
    let last = house.recipient(&owner, Some(after.newest())).await.unwrap();
    assert_eq!(last.keys().len(), 1);
    assert_eq!(house.state_of(&new).await, CertificateState::Active);
    // The first key, which had ended, is not bound anew.
    let refused = house.refuses(house.begin(&new, &begun.key)).await;
    assert_eq!(refused, at(ErrorCode::KeyInUse, "jwk"));
    house.check_audit().await;
}

#[tokio::test]
async fn what_is_not_bound_anew_goes_with_the_old_certificate() {
    let (house, _, old, _) = in_time(&[JOHN]).await;
    house.registration.sweep(house.now()).await.unwrap();
    let kept = house.published(&old).await;
    let next = house.key(KeyType::P256);
    let new = house.renew(&old, &next, "").await.unwrap();
    let kids = house.revoke(&new, &old.serial()).await.unwrap().kids;
    assert_eq!(kids, [kept.key.thumbprint().to_string()]);
    let mut reader = house.store.read().await.unwrap();
    let key = reader.encryption_key(&kids[0]).await.unwrap().unwrap();
    assert_eq!(key.state, KeyState::Revoked);
    // It is not bound anew any more.
    let refused = house.refuses(house.begin(&new, &kept.key)).await;
    assert_eq!(refused, at(ErrorCode::KeyInUse, "jwk"));
}

#[tokio::test]
async fn a_renewal_is_for_its_time_and_once() {
    let mut house = House::new().await;
    let jane = house.bootstrap().await;
    let john = house.welcome(&jane, &[JOHN], JOHN, "main").await;
    let key = house.key(KeyType::P256);
    let refused = house.refuses(house.renew(&john, &key, "")).await;
    assert_eq!(refused, plain(ErrorCode::RenewalNotDue));
    house.renew_services().await;
    let end = john.signer.certificate().not_after();
    let begin = end.plus_seconds(-90 * DAY);
    house.clock.advance(begin.unix() - house.now().unix() - 1);
    house.restart().await;
    let refused = house.refuses(house.renew(&john, &key, "")).await;
    assert_eq!(refused, plain(ErrorCode::RenewalNotDue));
    house.clock.advance(1);
    // Not for its own key, nor anybody's that was used.
    let own = kleis_trust::test_util::private_key(&john.signer).clone();
    let refused = house.refuses(house.renew(&john, &own, "")).await;
    assert_eq!(refused, at(ErrorCode::KeyInUse, "csr"));
    let new = house.renew(&john, &key, "").await.unwrap();
    // Two, and no third one: neither by the old nor by the new.
    let third = house.key(KeyType::P256);
    let refused = house.refuses(house.renew(&john, &third, "")).await;
    assert_eq!(refused, plain(ErrorCode::CertificateExists));
    let refused = house.refuses(house.renew(&new, &third, "")).await;
    assert_eq!(refused, plain(ErrorCode::RenewalNotDue));
    // When the old one has ended by itself, all is as before.
    house.clock.advance(91 * DAY);
    house.restart().await;
    house.registration.sweep(house.now()).await.unwrap();
    assert_eq!(house.state_of(&john).await, CertificateState::Expired);
    assert_eq!(house.state_of(&new).await, CertificateState::Active);
    house.check_audit().await;
}

#[tokio::test]
async fn a_type_has_a_profile_of_its_own() {
    let house = House::new().await;
    let jane = house.bootstrap().await;
    let pharmacy = "NIHII-PHARMACY:71000436";
    let device = house.welcome(&jane, &[pharmacy], pharmacy, "main").await;
    let certificate = device.signer.certificate();
    let life = certificate
        .not_after()
        .seconds_since(certificate.not_before());
    assert_eq!(life, 30 * DAY);
    let key = house.key(KeyType::P256);
    house.clock.advance(20 * DAY - 1);
    let refused = house.refuses(house.renew(&device, &key, "")).await;
    assert_eq!(refused, plain(ErrorCode::RenewalNotDue));
    house.clock.advance(1);
    house.renew(&device, &key, "").await.unwrap();
}

#[tokio::test]
async fn a_suspended_or_revoked_device_renews_nothing() {
    let (house, jane, john, _) = in_time(&[JOHN]).await;
    let jane = house.renewed_operator(&jane).await;
    let key = house.key(KeyType::P256);
    house.register(&jane, &[JOHN], false).await.unwrap();
    let refused = house.refuses(house.renew(&john, &key, "")).await;
    assert_eq!(refused, at(ErrorCode::CertificateRevoked, "order"));
    house.register(&jane, &[JOHN], true).await.unwrap();
    house
        .revoke_as_operator(&jane, &john.serial())
        .await
        .unwrap();
    let refused = house.refuses(house.renew(&john, &key, "")).await;
    assert_eq!(refused, at(ErrorCode::CertificateRevoked, "order"));
}

#[tokio::test]
async fn an_endorsed_device_endorses_its_next_key() {
    let mut house = House::new().await;
    let jane = house.bootstrap().await;
    let main = house.welcome(&jane, &[JOHN], JOHN, "main").await;
    let phone_key = house.key(KeyType::P256);
    let phone = house
        .enrol(&phone_key, house.endorsed(&main, "phone", &phone_key))
        .await
        .unwrap();
    house.renew_services().await;
    house
        .clock
        .advance(3 * 365 * DAY - 2 * 366 * DAY - 60 * DAY);
    house.restart().await;
    let next = house.key(KeyType::P256);
    let refused = house.refuses(house.renew(&phone, &next, "")).await;
    assert_eq!(refused, at(ErrorCode::EndorsementInvalid, "endorsement"));
    let other = house.key(KeyType::P256);
    let (now, jkt) = (house.now(), next.thumbprint());
    let for_another =
        endorsement::sign_successor(&phone.signer, &phone.endorsement, &other.thumbprint(), now);
    let for_another = for_another.unwrap();
    let refused = house.refuses(house.renew(&phone, &next, &for_another));
    assert_eq!(
        refused.await,
        at(ErrorCode::EndorsementInvalid, "endorsement")
    );
    let own = endorsement::sign_successor(&phone.signer, &phone.endorsement, &jkt, now).unwrap();
    // It makes no further device.
    let enrolment = crate::people::enrolment_by(&own, JOHN, "phone", &next);
    let refused = house.refuses(house.enrol(&next, enrolment)).await;
    assert_eq!(refused, at(ErrorCode::EndorsementInvalid, "endorsement"));
    let new = house.renew(&phone, &next, &own).await.unwrap();
    assert_eq!(new.endorsement, own);
    house.publish(&new).await;
    let owner = new.owner().clone();
    assert_eq!(house.recipient(&owner, None).await.unwrap().keys().len(), 1);
    // Or a sibling does.
    house.revoke(&new, &phone.serial()).await.unwrap();
    house.check_audit().await;
}

#[tokio::test]
async fn a_request_that_somebody_saw_is_of_no_use_to_them() {
    let (house, jane, john, _) = in_time(&[JOHN]).await;
    let key = house.key(KeyType::P256);
    // John's request under the operator's order, and one that does not say whose it is.
    let subject = john.signer.certificate().subject_for(john.owner()).unwrap();
    let johns = Csr::create_for(&key, &subject).unwrap();
    let unnamed = Csr::create(&key).unwrap();
    for (device, csr) in [(&jane, &johns), (&jane, &unnamed), (&john, &unnamed)] {
        let refused = house.refuses(house.renew_by(device, &key, csr, "")).await;
        assert_eq!(refused, at(ErrorCode::CsrSubjectMismatch, "csr"));
    }
    house.renew_by(&john, &key, &johns, "").await.unwrap();
}

#[tokio::test]
async fn a_renewal_certifies_nothing_new() {
    let (house, jane, john, _) = in_time(&[JOHN]).await;
    let jane = house.renewed_operator(&jane).await;
    // The register says more of John now: whoever wrote that has not shown it to anybody.
    house.register(&jane, &[JOHN, DOCTOR], true).await.unwrap();
    let key = house.key(KeyType::P256);
    let new = house.renew(&john, &key, "").await.unwrap();
    let identity = new.signer.identity();
    assert_eq!(identity.identifiers(), john.signer.identity().identifiers());
    // Nor does a sibling's endorsement.
    let phone_key = house.key(KeyType::P256);
    let phone = house
        .enrol(&phone_key, house.endorsed(&new, "phone", &phone_key))
        .await
        .unwrap();
    let identity = phone.signer.identity();
    assert_eq!(identity.identifiers(), john.signer.identity().identifiers());
    // A code does: it is the operators' word.
    let code = house.code(&jane, JOHN).await.unwrap();
    let tablet_key = house.key(KeyType::P256);
    let body = house.enrolment(&code, JOHN, "tablet", &tablet_key);
    let tablet = house.enrol(&tablet_key, body).await.unwrap();
    assert_eq!(tablet.signer.identity().identifiers().len(), 2);
}

impl House {
    /// The operator with a certificate of this time.
    async fn renewed_operator(&self, operator: &Device) -> Device {
        let key = self.key(KeyType::P256);
        self.renew(operator, &key, "").await.unwrap()
    }
}
