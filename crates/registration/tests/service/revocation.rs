//! Revocation lists and OCSP say the same as the records.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use kleis_jose::KeyType;
use kleis_pki::{Crl, SerialNumber};
use kleis_proto::{method, registration::v1 as wire};
use kleis_store::{Store as _, registry::RegistryRead as _};
use kleis_store_sqlite::test_util;
use kleis_types::{Identifier, Problem, RevocationReason, Timestamp};
use x509_parser::prelude::{CertificateRevocationList, FromDer as _, X509Certificate};

use crate::{
    house::{DAY, DOCTOR, House, JOHN, MARY},
    people::Device,
};

const HOLD: u8 = 6;
const SUPERSEDED: u8 = 4;

/// The serial numbers of a list, with since when and why.
type Entries = Vec<(String, i64, Option<u8>)>;

pub(crate) async fn list(house: &House) -> std::sync::Arc<Crl> {
    let issuer = house.authority.ca.id();
    house.registration.crl(issuer, 0).await.unwrap().unwrap()
}

pub(crate) async fn entries(house: &House) -> Entries {
    let crl = list(house).await;
    let (_, read) = CertificateRevocationList::from_der(crl.der()).unwrap();
    let ca = house.authority.ca.chain_certificate().der();
    let (_, ca) = X509Certificate::from_der(ca).unwrap();
    read.verify_signature(ca.public_key()).unwrap();
    let entry = |it: &x509_parser::revocation_list::RevokedCertificate<'_>| {
        let serial = SerialNumber::from_der_integer(it.raw_serial()).unwrap();
        let serial = serial.to_string();
        let reason = it.reason_code().map(|(_, code)| code.0);
        (serial, it.revocation_date.timestamp(), reason)
    };
    read.iter_revoked_certificates().map(entry).collect()
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let octets = u16::try_from(content.len()).unwrap().to_be_bytes();
    let length = match octets {
        [0, short @ ..0x80] => vec![short],
        [0, long] => vec![0x81, long],
        [high, low] => vec![0x82, high, low],
    };
    [&[tag], &length[..], content].concat()
}

/// A request about these serial numbers, by SHA-1 as most clients make it, or by SHA-256.
pub(crate) fn question(house: &House, serials: &[&str], sha256: bool) -> Vec<u8> {
    let ca = house.authority.ca.chain_certificate().der();
    let (_, ca) = X509Certificate::from_der(ca).unwrap();
    let algorithm = if sha256 {
        &SHA256
    } else {
        &SHA1_FOR_LEGACY_USE_ONLY
    };
    let oid: &[u8] = if sha256 {
        &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01]
    } else {
        &[0x2b, 0x0e, 0x03, 0x02, 0x1a]
    };
    let name = digest(algorithm, ca.subject().as_raw());
    let key = digest(algorithm, &ca.public_key().subject_public_key.data);
    let ids = serials.iter().flat_map(|serial| {
        let octets: Vec<u8> = (0..serial.len() / 2)
            .map(|at| u8::from_str_radix(&serial[2 * at..2 * at + 2], 16).unwrap())
            .collect();
        let id = [
            der(0x30, &der(0x06, oid)),
            der(0x04, name.as_ref()),
            der(0x04, key.as_ref()),
            der(0x02, &octets),
        ];
        der(0x30, &der(0x30, &id.concat()))
    });
    let ids: Vec<u8> = ids.collect();
    der(0x30, &der(0x30, &der(0x30, &ids)))
}

/// What OCSP says of each: the tag of its status, and since when and why where it is revoked.
pub(crate) async fn asked(house: &House, serials: &[&str]) -> Vec<Told> {
    let mut told = Vec::new();
    for sha256 in [false, true] {
        let answer = house
            .registration
            .ocsp(&question(house, serials, sha256))
            .await;
        assert!(answer.is_public, "{:?}", answer.der);
        told.push(read_answer(&answer.der, serials.len()));
    }
    assert_eq!(told[0], told[1]);
    told.swap_remove(0)
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Good,
    Unknown,
    Revoked(i64, Option<u8>),
}

/// Reads by hand what a client would: the answers after the one GeneralizedTime of producedAt.
fn read_answer(response: &[u8], count: usize) -> Vec<Told> {
    use x509_parser::der_parser::asn1_rs::{Any, FromDer as _, Sequence};
    let inner = |bytes: &[u8]| Any::from_der(bytes).unwrap().1.data.to_vec();
    let members = |bytes: &[u8]| {
        let mut rest = bytes.to_vec();
        let mut found = Vec::new();
        while !rest.is_empty() {
            let (left, any) = Any::from_der(&rest).unwrap();
            let raw = rest[..rest.len() - left.len()].to_vec();
            let tag = raw[0];
            found.push((tag, raw, any.data.to_vec()));
            rest = left.to_vec();
        }
        found
    };
    let (_, outer) = Sequence::from_der(response).unwrap();
    let outer = members(&outer.content);
    assert_eq!(outer[0].2, [0], "successful");
    let bytes = members(&inner(&outer[1].2));
    let basic = members(&inner(&bytes[1].2));
    let data = members(&basic[0].2);
    let answers = members(&data[2].2);
    assert_eq!(answers.len(), count);
    let time = |text: &[u8]| {
        let text = std::str::from_utf8(text).unwrap();
        x509_parser::time::ASN1Time::from_der(&der(0x18, text.as_bytes()))
            .unwrap()
            .1
            .timestamp()
    };
    let read = |(_, _, answer): &(u8, Vec<u8>, Vec<u8>)| {
        let parts = members(answer);
        match parts[1].0 {
            0x80 => Told::Good,
            0x82 => Told::Unknown,
            0xa1 => {
                let revoked = members(&parts[1].2);
                let reason = revoked.get(1).map(|it| *it.2.last().unwrap());
                Told::Revoked(time(&revoked[0].2), reason)
            }
            other => panic!("{other}"),
        }
    };
    answers.iter().map(read).collect()
}

async fn people() -> (House, Device, Device, Device) {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    let john = house.welcome(&operator, &[JOHN], JOHN, "main").await;
    let mary = house.welcome(&operator, &[MARY], MARY, "main").await;
    (house, operator, john, mary)
}

#[tokio::test]
async fn every_reason_stands_in_the_list_and_in_the_answer() {
    let (house, operator, john, _) = people().await;
    assert_eq!(entries(&house).await, []);
    let code = |reason| match reason {
        RevocationReason::KeyCompromise => 1,
        RevocationReason::AffiliationChanged => 3,
        RevocationReason::Superseded => 4,
        RevocationReason::CessationOfOperation => 5,
    };
    let mut expected = Vec::new();
    for (number, reason) in RevocationReason::ALL.iter().enumerate() {
        let key = house.key(KeyType::P256);
        let device = format!("device-{number}");
        let body = house.endorsed(&john, &device, &key);
        let device = house.enrol(&key, body).await.unwrap();
        let serial = device.serial();
        assert_eq!(asked(&house, &[&serial]).await, [Told::Good]);
        house.clock.advance(10);
        house
            .revoke_because(&operator, &serial, *reason)
            .await
            .unwrap();
        let since = house.now().unix();
        let told = Told::Revoked(since, Some(code(*reason)));
        assert_eq!(asked(&house, &[&serial]).await, [told]);
        expected.push((serial, since, Some(code(*reason))));
        expected.sort();
        assert_eq!(entries(&house).await, expected);
    }
    house.check_audit().await;
}

#[tokio::test]
async fn who_is_deactivated_is_on_hold_until_they_come_back() {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    let john = house
        .welcome(&operator, &[JOHN, DOCTOR], JOHN, "main")
        .await;
    let doctor = house
        .welcome(&operator, &[JOHN, DOCTOR], DOCTOR, "main")
        .await;
    house.clock.advance(100);
    house
        .register(&operator, &[JOHN, DOCTOR], false)
        .await
        .unwrap();
    let since = house.now().unix();
    house.clock.advance(100);
    let mut expected = [john.serial(), doctor.serial()].map(|serial| (serial, since, Some(HOLD)));
    expected.sort();
    assert_eq!(entries(&house).await, expected);
    let serial = doctor.serial();
    assert_eq!(
        asked(&house, &[&serial]).await,
        [Told::Revoked(since, Some(HOLD))]
    );
    house
        .register(&operator, &[JOHN, DOCTOR], true)
        .await
        .unwrap();
    assert_eq!(entries(&house).await, []);
    assert_eq!(asked(&house, &[&serial]).await, [Told::Good]);
}

#[tokio::test]
async fn what_was_superseded_is_so_since_then() {
    let mut house = House::new().await;
    let former = house.service_serials().await;
    house.renew_services().await;
    let since = house.now().unix();
    house.clock.advance(10);
    let mut expected: Vec<_> = former
        .iter()
        .map(|serial| (serial.clone(), since, Some(SUPERSEDED)))
        .collect();
    expected.sort();
    assert_eq!(entries(&house).await, expected);
    let told = Told::Revoked(since, Some(SUPERSEDED));
    assert_eq!(asked(&house, &[&former[0]]).await, [told]);

    // Nobody knows any more since when: it never held, rather than a while too long.
    let begin = house.begin_of(&former[0]).await.unix();
    test_util::tamper(
        &house.path(),
        &["DELETE FROM audit WHERE details = 'SUPERSEDED'"],
    )
    .await;
    let told = Told::Revoked(begin, Some(SUPERSEDED));
    assert_eq!(asked(&house, &[&former[0]]).await, [told]);
}

#[tokio::test]
async fn a_list_is_kept_until_something_in_its_shard_changes_or_half_its_life_is_over() {
    let (mut house, operator, john, mary) = people().await;
    let first = list(&house).await;
    assert_eq!(first.this_update(), house.now());
    assert_eq!(first.next_update(), house.now().plus_seconds(3600));
    house.clock.advance(1799);
    assert_eq!(list(&house).await, first);
    house.clock.advance(1);
    let second = list(&house).await;
    assert!(second.number() > first.number());
    assert_eq!(second.this_update(), house.now());
    house
        .revoke_because(&operator, &john.serial(), RevocationReason::KeyCompromise)
        .await
        .unwrap();
    let third = list(&house).await;
    assert!(third.number() > second.number());
    assert_eq!(list(&house).await, third);
    // Neither a restart nor a clock that was put back makes the number fall.
    house.restart().await;
    let fourth = list(&house).await;
    assert!(fourth.number() > third.number());
    house.die_and_restart().await;
    assert!(list(&house).await.number() > fourth.number());
    // A clock that goes back: a list of the future is not given out.
    let now = house.now();
    house.clock.set(now.unix() - 5);
    assert_eq!(list(&house).await.this_update(), now.plus_seconds(-5));
    drop(mary);
}

#[tokio::test]
async fn there_are_lists_of_what_there_is() {
    let house = House::new().await;
    let issuer = house.authority.ca.id();
    assert!(house.registration.crl(issuer, 1).await.unwrap().is_none());
    let of = async |shard| house.registration.crl(issuer, shard).await.unwrap();
    assert!(of(u32::MAX).await.is_none());
    let other = "0123456789abcdef".parse().unwrap();
    assert!(house.registration.crl(other, 0).await.unwrap().is_none());
}

#[tokio::test]
async fn what_has_ended_leaves_the_list_after_one_more() {
    let (house, operator, john, _) = people().await;
    house
        .revoke_because(&operator, &john.serial(), RevocationReason::KeyCompromise)
        .await
        .unwrap();
    let since = house.now().unix();
    let end: Timestamp = john.signer.certificate().not_after();
    house.clock.set(end.unix() + 3600);
    let expected = [(john.serial(), since, Some(1))];
    assert_eq!(entries(&house).await, expected);
    house.clock.set(end.unix() + 2 * 3600 + 1);
    assert_eq!(entries(&house).await, []);
    // One that ended without having been withdrawn is not known to be good any more.
    let ended = operator.serial();
    assert_eq!(asked(&house, &[&ended]).await, [Told::Unknown]);
    house.registration.sweep(house.now()).await.unwrap();
    assert_eq!(asked(&house, &[&ended]).await, [Told::Unknown]);
    house.clock.advance(DAY);
    assert_eq!(entries(&house).await, []);
}

#[tokio::test]
async fn one_question_may_be_about_several() {
    let (house, operator, john, mary) = people().await;
    house
        .revoke_because(&operator, &john.serial(), RevocationReason::KeyCompromise)
        .await
        .unwrap();
    let since = house.now().unix();
    let (john, mary) = (john.serial(), mary.serial());
    let never = "4000000000000000000000000000beef";
    let told = asked(&house, &[&mary, never, &john, &mary]).await;
    let revoked = Told::Revoked(since, Some(1));
    assert_eq!(told, [Told::Good, Told::Unknown, revoked, Told::Good]);
}

#[tokio::test]
async fn what_cannot_be_answered_is_said_to_be_so() {
    let (house, _, john, _) = people().await;
    let other = House::new().await;
    let foreign = question(&other, &[&john.serial()], false);
    // All houses are made of one seed: another name makes another CA.
    let mut renamed = foreign.clone();
    let at = renamed
        .windows(2)
        .position(|it| it == [0x04, 0x14])
        .unwrap();
    renamed[at + 2] ^= 1;
    let answer = house.registration.ocsp(&renamed).await;
    assert_eq!(answer.der, [0x30, 0x03, 0x0a, 0x01, 6]);
    assert!(!answer.is_public);
    for malformed in [&b""[..], b"\x30\x00", &[0x30; 9000]] {
        let answer = house.registration.ocsp(malformed).await;
        assert_eq!(answer.der, [0x30, 0x03, 0x0a, 0x01, 1]);
    }
    house.store.close().await;
    let answer = house
        .registration
        .ocsp(&question(&house, &[&john.serial()], false))
        .await;
    assert!(
        [2, 3].contains(answer.der.last().unwrap()),
        "{:?}",
        answer.der
    );
    assert!(
        house
            .registration
            .crl(house.authority.ca.id(), 0)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn the_responder_is_certified_anew_in_time() {
    let (house, _, john, _) = people().await;
    let serial = john.serial();
    let ask = async || {
        house
            .registration
            .ocsp(&question(&house, &[&serial], false))
            .await
            .der
    };
    let first = ask().await;
    assert_eq!(
        house.last_row().await.action,
        "registration.certify_responder"
    );
    house.clock.advance(3 * DAY);
    ask().await;
    let rows = house.footprint().await.rows;
    house.clock.advance(DAY);
    let later = ask().await;
    assert_eq!(
        house.last_row().await.action,
        "registration.certify_responder"
    );
    assert!(house.footprint().await.rows > rows);
    assert_ne!(first, later);
    house.check_audit().await;
}

impl House {
    pub(crate) async fn revoke_because(
        &self,
        operator: &Device,
        serial: &str,
        reason: RevocationReason,
    ) -> Result<wire::RevokeCertificateAsOperatorResult, Problem> {
        let body = wire::RevokeCertificateAsOperatorOrder {
            serial: serial.to_owned(),
            reason: reason.to_string(),
        };
        let method = method::registration_admin::REVOKE_CERTIFICATE_AS_OPERATOR;
        self.order(&operator.signer, method, body).await
    }

    /// The serial numbers of the certificates of the services, which are in use.
    async fn service_serials(&self) -> Vec<String> {
        let mut reader = self.store.read().await.unwrap();
        let mut serials = Vec::new();
        for (service, _) in &self.keys {
            let owner = Identifier::service(*service);
            let found = reader.certificates_of(&owner).await.unwrap();
            serials.extend(found.into_iter().map(|one| one.serial));
        }
        serials
    }

    async fn begin_of(&self, serial: &str) -> Timestamp {
        let mut reader = self.store.read().await.unwrap();
        let found = reader.certificate(serial).await.unwrap();
        found.unwrap().not_before
    }
}
