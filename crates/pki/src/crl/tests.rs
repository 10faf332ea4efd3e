use super::*;
use crate::profile::{self, ProfileViolation};
use crate::test_support::{INSTALLATION, NOW};

const URI: &str = "http://pki.hospital.example/pki/crl/abababababababab/0.crl";

fn serial(text: &str) -> SerialNumber {
    text.parse().unwrap()
}

fn entries() -> Vec<CrlEntry> {
    let entry = |text, reason| CrlEntry {
        serial: serial(text),
        since: NOW.plus_seconds(-60),
        reason,
    };
    vec![
        entry("40000000000000aa", Some(CrlReason::KeyCompromise)),
        entry("40000000000000ab", Some(CrlReason::AffiliationChanged)),
        entry("40000000000000ac", Some(CrlReason::Superseded)),
        entry("40000000000000ad", Some(CrlReason::CessationOfOperation)),
        entry("40000000000000ae", Some(CrlReason::CertificateHold)),
        entry("80000000000000af", None),
    ]
}

fn request(entries: &[CrlEntry]) -> CrlRequest<'_> {
    CrlRequest {
        uri: URI,
        number: 0x0123_4567_89ab,
        this_update: NOW,
        next_update: NOW.plus_seconds(3600),
        entries,
    }
}

#[test]
fn a_list_is_read_by_another_parser() {
    use x509_parser::prelude::{CertificateRevocationList, FromDer as _, ParsedExtension};
    let entries = entries();
    let crl = INSTALLATION.ca.issue_crl(&request(&entries)).unwrap();
    assert_eq!(crl.number(), 0x0123_4567_89ab);
    let (rest, read) = CertificateRevocationList::from_der(crl.der()).unwrap();
    assert!(rest.is_empty());
    assert_eq!(read.crl_number().unwrap().to_string(), "1250999896491");
    let codes: Vec<_> = read
        .iter_revoked_certificates()
        .map(|it| it.reason_code().map(|(_, code)| code.0))
        .collect();
    assert_eq!(codes, [Some(1), Some(3), Some(4), Some(5), Some(6), None]);
    let point = read
        .extensions()
        .iter()
        .find_map(|it| match it.parsed_extension() {
            ParsedExtension::IssuingDistributionPoint(point) => Some((it.critical, point)),
            _ => None,
        });
    let (critical, point) = point.unwrap();
    assert!(critical && point.only_contains_user_certs && !point.only_contains_ca_certs);
    assert!(!point.indirect_crl);
    assert!(crl.to_pem().starts_with("-----BEGIN X509 CRL-----\n"));
}

#[test]
fn a_list_of_nothing_has_no_list() {
    let crl = INSTALLATION.ca.issue_crl(&request(&[])).unwrap();
    let [tbs, _, _] = crate::der::sequence::<3>(crl.der()).unwrap();
    assert_eq!(crate::der::children(tbs.value).unwrap().len(), 6);
}

#[test]
fn what_is_out_of_order_or_lives_too_long_is_not_signed() {
    use crate::IssueError;
    let refused = |request: &CrlRequest<'_>| match INSTALLATION.ca.issue_crl(request) {
        Err(IssueError::Profile(why)) => why,
        other => panic!("{other:?}"),
    };
    let mut twice = entries();
    twice.insert(0, twice[0].clone());
    let lists = ProfileViolation::RevocationList("list of certificates");
    assert_eq!(refused(&request(&twice)), lists);
    let mut backwards = entries();
    backwards.reverse();
    assert_eq!(refused(&request(&backwards)), lists);
    for next_update in [NOW, NOW.plus_seconds(-1), NOW.plus_seconds(86_401)] {
        let wrong = CrlRequest {
            next_update,
            ..request(&[])
        };
        assert_eq!(refused(&wrong), ProfileViolation::Validity);
    }
}

#[test]
fn what_differs_from_what_was_asked_is_not_signed() {
    let issuer = INSTALLATION.ca.chain_certificate().as_issuer();
    let entries = entries();
    let good = request(&entries);
    let lint = |written: &CrlRequest<'_>| {
        let tbs = write(&issuer, written).unwrap();
        profile::lint_crl(tbs, &issuer, &good).map(drop)
    };
    assert_eq!(lint(&good), Ok(()));
    let mut changed = [entries.clone(), entries.clone(), entries.clone()];
    changed[0][1].reason = None;
    changed[1][1].since = NOW;
    changed[2][1].serial = serial("40000000000000a9");
    for changed in &mut changed {
        changed.sort_by(|one, next| one.serial.cmp(&next.serial));
        let wrong = CrlRequest {
            entries: changed,
            ..good
        };
        let why = ProfileViolation::RevocationList("list of certificates");
        assert_eq!(lint(&wrong), Err(why));
    }
    let fewer = CrlRequest {
        entries: &entries[1..],
        ..good
    };
    assert!(lint(&fewer).is_err());
    let number = CrlRequest { number: 7, ..good };
    let elsewhere = CrlRequest {
        uri: "http://elsewhere.example/0.crl",
        ..good
    };
    for wrong in [number, elsewhere] {
        let why = ProfileViolation::RevocationList("extensions");
        assert_eq!(lint(&wrong), Err(why));
    }
    let later = CrlRequest {
        this_update: NOW.plus_seconds(1),
        ..good
    };
    let why = ProfileViolation::RevocationList("validity");
    assert_eq!(lint(&later), Err(why));
}

#[test]
fn a_list_of_another_issuer_or_algorithm_is_not_signed() {
    let issuer = INSTALLATION.ca.chain_certificate().as_issuer();
    let good = request(&[]);
    let root = INSTALLATION.material.root().certificate().as_issuer();
    let tbs = write(&root, &good).unwrap();
    let refused = profile::lint_crl(tbs, &issuer, &good).map(drop);
    assert_eq!(refused, Err(ProfileViolation::Issuer));

    let mut tbs = write(&issuer, &good).unwrap();
    let at = tbs
        .windows(oid::ECDSA_WITH_SHA384.len())
        .position(|it| it == oid::ECDSA_WITH_SHA384)
        .unwrap();
    tbs[at + oid::ECDSA_WITH_SHA384.len() - 1] = 2;
    let refused = profile::lint_crl(tbs, &issuer, &good).map(drop);
    assert_eq!(refused, Err(ProfileViolation::SignatureAlgorithm));
    let refused = profile::lint_crl(b"\x30\x00".to_vec(), &issuer, &good).map(drop);
    assert_eq!(refused, Err(ProfileViolation::Malformed));
}
