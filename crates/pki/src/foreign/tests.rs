use std::sync::LazyLock;

use kleis_types::ErrorCode;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CustomExtension,
    DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair,
    KeyUsagePurpose, RevocationReason, RevokedCertParams, SerialNumber,
};
use time::{Duration as Span, OffsetDateTime};

use super::*;
use crate::SubjectAttribute;
use crate::test_support::{self, INSTALLATION, NOW};

const DAY: i64 = 86_400;
const GRACE: u32 = 3600;

fn date(at: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(at.unix()).unwrap()
}

/// A CA with a certificate of its own making or of another.
struct Ca {
    der: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

impl Ca {
    fn new(name: &str, above: Option<&Ca>) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name = named(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.not_before = date(NOW) - Span::days(100);
        params.not_after = date(NOW) + Span::days(1000);
        params.serial_number = Some(SerialNumber::from(vec![0x40, 1]));
        let key = KeyPair::generate().unwrap();
        let certificate = match above {
            Some(above) => params.signed_by(&key, &above.issuer),
            None => params.self_signed(&key),
        };
        Self {
            der: certificate.unwrap().der().to_vec(),
            issuer: Issuer::new(params, key),
        }
    }

    /// Signs a client's certificate, changed.
    fn certify(&self, change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
        let mut params = client();
        change(&mut params);
        let certificate = params.signed_by(&*CLIENT_KEY, &self.issuer).unwrap();
        certificate.der().to_vec()
    }

    /// The list of a day that revokes these serial numbers.
    fn crl(&self, serials: &[u8]) -> Vec<u8> {
        self.crl_of(NOW, serials)
    }

    fn crl_of(&self, from: Timestamp, serials: &[u8]) -> Vec<u8> {
        let revoked = |serial: &u8| RevokedCertParams {
            serial_number: SerialNumber::from(vec![*serial]),
            revocation_time: date(from),
            reason_code: Some(RevocationReason::KeyCompromise),
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: date(from),
            next_update: date(from.plus_seconds(DAY)),
            crl_number: SerialNumber::from(vec![1]),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer).unwrap().der().to_vec()
    }
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

const SERIAL: u8 = 0x42;

/// Like the authentication certificate of an identity card.
fn client() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named("Jane Doe (Authentication)");
    let serial = DnType::CustomDnType(vec![2, 5, 4, 5]);
    params.distinguished_name.push(serial, "85073003328");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.serial_number = Some(SerialNumber::from(vec![SERIAL]));
    params.not_before = date(NOW);
    params.not_after = date(NOW) + Span::days(365);
    params
}

static CLIENT_KEY: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate().unwrap());
static ROOT: LazyLock<Ca> = LazyLock::new(|| Ca::new("Test Root CA", None));
static CITIZEN: LazyLock<Ca> = LazyLock::new(|| Ca::new("Test Citizen CA", Some(&ROOT)));

fn roots() -> ForeignAnchors {
    ForeignAnchors::from_ders(std::slice::from_ref(&ROOT.der)).unwrap()
}

/// The root with fresh lists of both CAs that revoke nobody.
fn anchors() -> ForeignAnchors {
    let crls = [ROOT.crl(&[]), CITIZEN.crl(&[])];
    roots().with_crls(&crls, GRACE).unwrap()
}

fn chain(leaf: Vec<u8>) -> Vec<Vec<u8>> {
    vec![leaf, CITIZEN.der.clone()]
}

fn verdict(anchors: &ForeignAnchors, leaf: Vec<u8>) -> Result<(), ForeignError> {
    anchors.verify_client(&chain(leaf), NOW).map(|_| ())
}

#[test]
fn a_good_certificate_is_verified_and_its_subject_read() {
    let der = CITIZEN.certify(|_| {});
    let verified = anchors().verify_client(&chain(der.clone()), NOW).unwrap();
    assert_eq!(verified.certificate().der(), der);
    let certificate = verified.into_certificate();
    let subject: Vec<_> = certificate.subject_attributes().collect();
    assert_eq!(
        subject,
        [
            (SubjectAttribute::CommonName, "Jane Doe (Authentication)"),
            (SubjectAttribute::SerialNumber, "85073003328"),
        ]
    );
    // What is no identity of ours does not become one.
    assert!(certificate.identity().is_err());
}

#[test]
fn a_revoked_certificate_is_refused() {
    let leaf = CITIZEN.certify(|_| {});
    let with = |crls: &[Vec<u8>]| verdict(&roots().with_crls(crls, GRACE).unwrap(), leaf.clone());
    assert_eq!(with(&[ROOT.crl(&[]), CITIZEN.crl(&[7])]), Ok(()));
    let refused = with(&[ROOT.crl(&[]), CITIZEN.crl(&[7, SERIAL])]);
    assert_eq!(refused, Err(ForeignError::Revoked));
    assert_eq!(refused.unwrap_err().code(), ErrorCode::CertificateRevoked);
    // The newest list counts, wherever it stands.
    let (old, new) = (
        CITIZEN.crl(&[]),
        CITIZEN.crl_of(NOW.plus_seconds(-9), &[SERIAL]),
    );
    let older = CITIZEN.crl_of(NOW.plus_seconds(-99), &[]);
    assert_eq!(with(&[ROOT.crl(&[]), old, new.clone()]), Ok(()));
    for crls in [[older.clone(), new.clone()], [new, older]] {
        let crls = [vec![ROOT.crl(&[])], crls.to_vec()].concat();
        assert_eq!(with(&crls), Err(ForeignError::Revoked));
    }
}

#[test]
fn a_revoked_ca_takes_its_certificates_along() {
    let issuing = Ca::new("Test Revoked CA", Some(&ROOT));
    let serial = Certificate::from_der(&issuing.der).unwrap();
    assert_eq!(serial.serial().as_bytes(), [0x40, 1]);
    let list = CertificateRevocationListParams {
        this_update: date(NOW),
        next_update: date(NOW.plus_seconds(DAY)),
        crl_number: SerialNumber::from(vec![2]),
        issuing_distribution_point: None,
        revoked_certs: vec![RevokedCertParams {
            serial_number: SerialNumber::from(vec![0x40, 1]),
            revocation_time: date(NOW),
            reason_code: None,
            invalidity_date: None,
        }],
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let list = list.signed_by(&ROOT.issuer).unwrap().der().to_vec();
    let anchors = roots().with_crls(&[list, issuing.crl(&[])], GRACE).unwrap();
    let chain = [issuing.certify(|_| {}), issuing.der.clone()];
    assert_eq!(
        anchors.verify_client(&chain, NOW),
        Err(ForeignError::Revoked)
    );
}

#[test]
fn without_a_list_nobody_is_accepted() {
    let leaf = CITIZEN.certify(|_| {});
    assert_eq!(
        verdict(&roots(), leaf.clone()),
        Err(ForeignError::CrlMissing)
    );
    for crls in [
        vec![],
        vec![ROOT.crl(&[])],
        vec![CITIZEN.crl(&[])],
        vec![ROOT.crl(&[]), Ca::new("Other CA", None).crl(&[])],
    ] {
        let anchors = roots().with_crls(&crls, GRACE).unwrap();
        let refused = verdict(&anchors, leaf.clone()).unwrap_err();
        assert_eq!(refused, ForeignError::CrlMissing);
        assert_eq!(refused.code(), ErrorCode::StatusUnavailable);
    }
    assert_eq!(verdict(&roots().without_revocation(), leaf), Ok(()));
}

#[test]
fn a_list_serves_until_its_grace_is_over() {
    let leaf = chain(CITIZEN.certify(|_| {}));
    let anchors = anchors();
    let end = NOW.plus_seconds(DAY + i64::from(GRACE));
    assert!(anchors.verify_client(&leaf, end).is_ok());
    let late = anchors.verify_client(&leaf, end.plus_seconds(1));
    assert_eq!(late, Err(ForeignError::CrlStale));
    assert_eq!(late.unwrap_err().code(), ErrorCode::StatusUnavailable);
    // A list of the root that is too old refuses as well.
    let crls = [
        ROOT.crl_of(NOW.plus_seconds(-9 * DAY), &[]),
        CITIZEN.crl(&[]),
    ];
    let half = roots().with_crls(&crls, GRACE).unwrap();
    assert_eq!(
        half.verify_client(&leaf, NOW),
        Err(ForeignError::CrlMissing)
    );
}

#[test]
fn a_list_that_another_key_signed_is_no_list() {
    let impostor = Ca::new("Test Citizen CA", None);
    let crls = [ROOT.crl(&[]), impostor.crl(&[])];
    let anchors = roots().with_crls(&crls, GRACE).unwrap();
    let refused = verdict(&anchors, CITIZEN.certify(|_| {}));
    assert_eq!(refused, Err(ForeignError::Path));
}

#[test]
fn another_ca_is_not_accepted() {
    let other = Ca::new("Other Root CA", None);
    let impostor = Ca::new("Test Citizen CA", Some(&other));
    let crls = [ROOT.crl(&[]), CITIZEN.crl(&[]), other.crl(&[])];
    let anchors = roots().with_crls(&crls, GRACE).unwrap();
    let leaf = impostor.certify(|_| {});
    let theirs = [leaf.clone(), impostor.der.clone()];
    assert_eq!(
        anchors.verify_client(&theirs, NOW),
        Err(ForeignError::UnknownIssuer)
    );
    // Under the true CA's certificate the impostor's signature does not verify.
    assert_eq!(verdict(&anchors, leaf), Err(ForeignError::Path));
    let alone = [CITIZEN.certify(|_| {})];
    assert_eq!(
        anchors.verify_client(&alone, NOW),
        Err(ForeignError::UnknownIssuer)
    );
    let own = INSTALLATION.chain(&test_support::leaf());
    assert_eq!(
        roots().without_revocation().verify_client(&own, NOW),
        Err(ForeignError::UnknownIssuer)
    );
}

#[test]
fn a_certificate_of_another_ca_is_that_whatever_lists_there_are() {
    let other = Ca::new("Other Root CA", None);
    let theirs = [other.certify(|_| {})];
    for crls in [vec![], vec![ROOT.crl(&[]), CITIZEN.crl(&[])]] {
        let anchors = roots().with_crls(&crls, GRACE).unwrap();
        assert_eq!(
            anchors.verify_client(&theirs, NOW),
            Err(ForeignError::UnknownIssuer)
        );
    }
    let at_home = ForeignAnchors::from_ders(std::slice::from_ref(&other.der)).unwrap();
    let at_home = at_home.with_crls(&[other.crl(&[])], GRACE).unwrap();
    assert!(at_home.verify_client(&theirs, NOW).is_ok());
}

#[test]
fn times_hold_for_every_certificate() {
    let life = CITIZEN.certify(|_| {});
    let anchors = roots().without_revocation();
    let at = |at: Timestamp| anchors.verify_client(&chain(life.clone()), at).map(|_| ());
    let end = NOW.plus_seconds(365 * DAY);
    assert_eq!(at(NOW.plus_seconds(-60)), Ok(()));
    assert_eq!(at(NOW.plus_seconds(-61)), Err(ForeignError::NotYetValid));
    assert_eq!(at(end.plus_seconds(60)), Ok(()));
    assert_eq!(at(end.plus_seconds(61)), Err(ForeignError::Expired));
    assert_eq!(ForeignError::Expired.code(), ErrorCode::CertificateExpired);
    // A leaf that outlives its CAs.
    let eternal = chain(CITIZEN.certify(|it| it.not_after = date(NOW) + Span::days(2000)));
    let late = NOW.plus_seconds(1001 * DAY);
    assert_eq!(
        anchors.verify_client(&eternal, late),
        Err(ForeignError::Expired)
    );
    let direct = ROOT.certify(|it| it.not_after = date(NOW) + Span::days(2000));
    assert!(
        anchors
            .verify_client(std::slice::from_ref(&direct), NOW)
            .is_ok()
    );
    assert_eq!(
        anchors.verify_client(&[direct], late),
        Err(ForeignError::Expired)
    );
}

#[test]
fn only_a_clients_certificate_serves() {
    let anchors = anchors();
    let with = |change: fn(&mut CertificateParams)| verdict(&anchors, CITIZEN.certify(change));
    let client = |it: &mut CertificateParams| {
        it.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::EmailProtection,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
    };
    assert_eq!(with(client), Ok(()));
    assert_eq!(with(|it| it.key_usages = vec![]), Ok(()));
    let server = |it: &mut CertificateParams| {
        it.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    };
    assert_eq!(with(server), Err(ForeignError::Usage));
    // The identity card's other certificate.
    let contracts =
        |it: &mut CertificateParams| it.key_usages = vec![KeyUsagePurpose::ContentCommitment];
    assert_eq!(with(contracts), Err(ForeignError::Usage));
    let ca = |it: &mut CertificateParams| it.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    assert_eq!(with(ca), Err(ForeignError::Usage));
    let as_leaf = [CITIZEN.der.clone()];
    assert_eq!(
        anchors.verify_client(&as_leaf, NOW),
        Err(ForeignError::Usage)
    );
    let unknown = |it: &mut CertificateParams| {
        let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![0x05, 0x00]);
        extension.set_criticality(true);
        it.custom_extensions = vec![extension];
    };
    assert_eq!(with(unknown), Err(ForeignError::Path));
}

#[test]
fn a_weak_key_is_refused() {
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P521_SHA512).unwrap();
    let weak = client().signed_by(&key, &CITIZEN.issuer).unwrap();
    let refused = verdict(&anchors(), weak.der().to_vec());
    assert!(matches!(refused, Err(ForeignError::Key(_))), "{refused:?}");
}

#[test]
fn a_chain_has_an_end() {
    let leaf = CITIZEN.certify(|_| {});
    let anchors = anchors();
    assert_eq!(anchors.verify_client(&[], NOW), Err(ForeignError::Length));
    let mut long = chain(leaf.clone());
    long.resize(MAX_CHAIN, ROOT.der.clone());
    assert!(anchors.verify_client(&long, NOW).is_ok());
    long.push(ROOT.der.clone());
    assert_eq!(anchors.verify_client(&long, NOW), Err(ForeignError::Length));
    let huge = [leaf, vec![0x30; MAX_CERTIFICATE + 1]];
    assert_eq!(anchors.verify_client(&huge, NOW), Err(ForeignError::Length));
}

#[test]
fn every_bit_of_the_leaf_counts() {
    let anchors = anchors();
    let der = CITIZEN.certify(|_| {});
    for at in (0..der.len() * 8).step_by(7) {
        let mut changed = der.clone();
        changed[at / 8] ^= 1 << (at % 8);
        assert!(verdict(&anchors, changed).is_err(), "bit {at}");
    }
}

#[test]
fn anchors_are_cas_and_lists_are_whole() {
    use ForeignAnchorError::{Certificate, Crl, Empty, NotACa};
    let from = |ders: &[Vec<u8>]| ForeignAnchors::from_ders(ders).map(|_| ());
    assert_eq!(from(&[]), Err(Empty));
    assert_eq!(from(&[vec![0x30; 9]]), Err(Certificate));
    assert_eq!(from(&[vec![0x30; MAX_CERTIFICATE + 1]]), Err(Certificate));
    assert_eq!(
        from(&[ROOT.der.clone(), CITIZEN.certify(|_| {})]),
        Err(NotACa)
    );
    let both = [ROOT.der.clone(), CITIZEN.der.clone()];
    let anchors = ForeignAnchors::from_ders(&both).unwrap();
    assert!(anchors.ders().eq(both.iter().map(Vec::as_slice)));
    // An issuing CA may be the configured one; then its certificate needs no list.
    let pinned = ForeignAnchors::from_ders(&both[1..]).unwrap();
    let pinned = pinned.with_crls(&[CITIZEN.crl(&[])], 0).unwrap();
    let leaf = CITIZEN.certify(|_| {});
    assert!(
        pinned
            .verify_client(std::slice::from_ref(&leaf), NOW)
            .is_ok()
    );

    let crl = CITIZEN.crl(&[SERIAL]);
    let trailing = [&crl[..], &[0]].concat();
    for bad in [vec![], crl[..crl.len() - 1].to_vec(), trailing, leaf] {
        assert_eq!(roots().with_crls(&[bad], 0).map(|_| ()), Err(Crl));
    }
    assert_eq!(
        roots().with_crls(&vec![crl; MAX_CRLS + 1], 0).map(|_| ()),
        Err(Crl)
    );
}
