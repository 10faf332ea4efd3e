use kleis_jose::{Jwk, KeyType};
use kleis_types::SeededRandom;

use super::*;
use crate::csr::Csr;
use crate::test_support::{INSTALLATION, NOW, YEAR, identity, key, leaf, request};

#[test]
fn issues_what_was_asked_for() {
    let private = key(KeyType::Ed25519);
    let csr = Csr::create(&private).unwrap();
    let identity = identity(&["CBE:0809394427/KGSS"]);
    let request = request(&csr, &identity);
    let certificate = INSTALLATION.ca.issue_identity(&request).unwrap();
    assert_eq!(certificate.serial(), &request.serial);
    assert_eq!(certificate.not_before(), request.not_before);
    assert_eq!(certificate.not_after(), request.not_after);
    assert_eq!(certificate.spki_der(), csr.spki_der());
    assert!(certificate.public_key().is_same_key(&private.public()));
    assert_eq!(certificate.identity().unwrap(), identity);
    assert_eq!(
        certificate.subject(),
        "CN=CBE\\=0809394427\\, KGSS,OU=eHealth-platform Belgium,OU=APOTHEEK ETOILE,\
         OU=CBE\\=0809394427,OU=KGSS,O=Federal Government,C=BE"
    );
}

#[test]
fn issues_nothing_outside_the_profile() {
    let csr = Csr::create(&key(KeyType::P256)).unwrap();
    let identity = identity(&["CBE:0809394427"]);
    let good = request(&csr, &identity);
    let refused = |request: &IdentityRequest<'_>| match INSTALLATION.ca.issue_identity(request) {
        Err(IssueError::Profile(violation)) => violation,
        other => panic!("{other:?}"),
    };
    let ca = INSTALLATION.ca.chain_certificate();

    let backwards = IdentityRequest {
        not_after: NOW.plus_seconds(-1),
        ..good.clone()
    };
    assert_eq!(refused(&backwards), ProfileViolation::Validity);
    let early = IdentityRequest {
        not_before: ca.not_before().plus_seconds(-1),
        ..good.clone()
    };
    assert_eq!(refused(&early), ProfileViolation::OutlivesIssuer);
    let late = ca.not_after().plus_seconds(1);
    let late = IdentityRequest {
        not_before: NOW,
        not_after: late,
        ..good.clone()
    };
    assert_eq!(refused(&late), ProfileViolation::OutlivesIssuer);
    let long = IdentityRequest {
        not_after: NOW.plus_seconds(1200 * 86_400),
        ..good.clone()
    };
    assert_eq!(refused(&long), ProfileViolation::TooLongLived);
    let longest = NOW.plus_seconds(1200 * 86_400 - 1);
    let longest = IdentityRequest {
        not_after: longest,
        ..good.clone()
    };
    assert!(INSTALLATION.ca.issue_identity(&longest).is_ok());
    let short = IdentityRequest {
        serial: "7f".parse().unwrap(),
        ..good.clone()
    };
    assert_eq!(refused(&short), ProfileViolation::SerialTooShort);
    for key_type in [KeyType::P521, KeyType::X25519] {
        let spki = key(key_type).to_spki_der().unwrap();
        let request = IdentityRequest {
            spki_der: &spki,
            ..good.clone()
        };
        assert!(matches!(refused(&request), ProfileViolation::KeyPolicy(_)));
    }
}

#[test]
fn refuses_keys_names_and_times_that_cannot_be_written() {
    let csr = Csr::create(&key(KeyType::P256)).unwrap();
    let identity = identity(&["CBE:0809394427"]);
    let good = request(&csr, &identity);
    let issue = |request: &IdentityRequest<'_>| INSTALLATION.ca.issue_identity(request);

    let unnamed = IdentityRequest {
        name: "?",
        ..good.clone()
    };
    assert!(matches!(
        issue(&unnamed),
        Err(IssueError::Subject(SubjectError::NameEmpty))
    ));
    let ancient = IdentityRequest {
        not_before: Timestamp::from_unix(-1),
        ..good.clone()
    };
    assert!(matches!(issue(&ancient), Err(IssueError::Time(_))));
    let eternal = IdentityRequest {
        not_after: Timestamp::from_unix(i64::MAX),
        ..good.clone()
    };
    assert!(matches!(issue(&eternal), Err(IssueError::Time(_))));
    for spki in [&[][..], &[0x30, 0x00], &csr.spki_der()[1..], csr.der()] {
        let request = IdentityRequest {
            spki_der: spki,
            ..good.clone()
        };
        assert!(matches!(
            issue(&request),
            Err(IssueError::Key(_) | IssueError::Profile(_))
        ));
    }
    let doubled = [csr.spki_der(), csr.spki_der()].concat();
    let request = IdentityRequest {
        spki_der: &doubled,
        ..good
    };
    assert!(issue(&request).is_err());
}

#[test]
fn servers_have_names_and_no_identity() {
    let spki = key(KeyType::P256).to_spki_der().unwrap();
    let dns = ["edge.example".to_owned(), "registration.example".to_owned()];
    let ips = ["192.0.2.7".parse().unwrap(), "2001:db8::7".parse().unwrap()];
    let serial = SerialNumber::random(&SeededRandom::new(4));
    let ca = &INSTALLATION.ca;
    let until = NOW.plus_seconds(YEAR);
    let certificate = ca
        .issue_server(&spki, &dns, &ips, NOW, until, &serial)
        .unwrap();
    assert_eq!(certificate.subject(), "");
    assert!(certificate.identity().is_err());

    let refused = |dns: &[&str]| {
        let dns: Vec<String> = dns.iter().map(ToString::to_string).collect();
        match ca.issue_server(&spki, &dns, &[], NOW, until, &serial) {
            Err(IssueError::Profile(violation)) => violation,
            other => panic!("{other:?}"),
        }
    };
    for name in [
        "Edge.example",
        "*.example",
        "edge.example.",
        "",
        "a..b",
        "a b",
        "é.example",
    ] {
        assert!(
            matches!(
                refused(&[name]),
                ProfileViolation::DnsName | ProfileViolation::Der(_)
            ),
            "{name}"
        );
    }
    assert_eq!(refused(&[]), ProfileViolation::Extension("subjectAltName"));
    let long = NOW.plus_seconds(398 * 86_400);
    assert!(matches!(
        ca.issue_server(&spki, &dns, &[], NOW, long, &serial),
        Err(IssueError::Profile(ProfileViolation::TooLongLived))
    ));
}

#[test]
fn a_ca_needs_its_own_key_of_the_right_type() {
    let intermediate = INSTALLATION.material.intermediate();
    let der = intermediate.certificate().der();
    let new = |key: &SecretBytes| IssuingCa::new(der, key);
    assert!(new(intermediate.key_pkcs8()).is_ok());
    assert!(matches!(
        new(INSTALLATION.material.root().key_pkcs8()),
        Err(CaError::KeyMismatch)
    ));
    let p256 = key(KeyType::P256).to_pkcs8_der().unwrap();
    assert!(matches!(new(&p256), Err(CaError::Key)));
    assert!(matches!(new(&vec![0; 40].into()), Err(CaError::Key)));
    let root = INSTALLATION.material.root();
    for other in [root.certificate().der(), leaf().der()] {
        let refused = IssuingCa::new(other, root.key_pkcs8());
        assert!(matches!(refused, Err(CaError::Profile(_))), "{refused:?}");
    }
    let broken = IssuingCa::new(&der[1..], intermediate.key_pkcs8());
    assert!(matches!(broken, Err(CaError::Certificate(_))));
}

#[test]
fn material_comes_from_the_randomness_it_is_given() {
    let random = SeededRandom::new(1);
    let id = kleis_types::InstallationId::random(&random);
    let again = CaMaterial::generate(&id, NOW, &random).unwrap();
    let first = &INSTALLATION.material;
    for (a, b) in [
        (first.root(), again.root()),
        (first.intermediate(), again.intermediate()),
    ] {
        assert_eq!(a.key_pkcs8(), b.key_pkcs8());
        assert_eq!(a.certificate().serial(), b.certificate().serial());
    }
    assert_ne!(first.root().key_pkcs8(), first.intermediate().key_pkcs8());
}

#[test]
fn material_names_its_installation_and_hides_its_keys() {
    let material = &INSTALLATION.material;
    let root = material.root().certificate();
    assert_eq!(
        root.subject(),
        format!("CN=Kleis Root CA,OU={},O=Kleis", INSTALLATION.id)
    );
    let issuing = material.intermediate().certificate();
    assert_eq!(
        issuing.subject(),
        format!("CN=Kleis Issuing CA,OU={},O=Kleis", INSTALLATION.id)
    );
    assert!(root.not_after() > issuing.not_after());
    let shown = format!("{material:?} {:?}", INSTALLATION.ca);
    assert!(
        shown.contains("SecretBytes(..)") && shown.contains("CaKey(..)"),
        "{shown}"
    );
    let far = CaMaterial::generate(
        &INSTALLATION.id,
        Timestamp::from_unix(253_402_300_799),
        &SeededRandom::new(1),
    );
    assert!(matches!(far, Err(CaError::Time(_))));
}

#[test]
fn another_ca_follows_under_the_same_root() {
    let (random, id) = (SeededRandom::new(9), &INSTALLATION.id);
    let (root, first) = (
        INSTALLATION.material.root(),
        INSTALLATION.material.intermediate(),
    );
    let later = NOW.plus_seconds(15 * YEAR);
    let next = CaMaterial::generate_next(root, id, 2, later, &random).unwrap();
    let certificate = next.certificate();
    let name = format!("CN=Kleis Issuing CA 2,OU={id},O=Kleis");
    assert_eq!(certificate.subject(), name);
    // It ends with the root.
    assert!(certificate.not_after() <= root.certificate().not_after());
    assert_ne!(next.key_pkcs8(), first.key_pkcs8());
    let ca = IssuingCa::new(certificate.der(), next.key_pkcs8()).unwrap();
    assert_ne!(ca.id(), INSTALLATION.ca.id());
    let private = Jwk::generate(KeyType::P256, &random).unwrap();
    let csr = Csr::create(&private).unwrap();
    let identity = identity(&["CBE:0809394427"]);
    let request = IdentityRequest {
        not_before: later,
        not_after: later.plus_seconds(YEAR),
        ..request(&csr, &identity)
    };
    let leaf = ca.issue_identity(&request).unwrap();
    let roots = crate::TrustAnchors::from_ders(vec![root.certificate().der().to_vec()]).unwrap();
    let chain = |issuing: &Certificate| vec![leaf.der().to_vec(), issuing.der().to_vec()];
    roots.verify_identity(&chain(certificate), later).unwrap();
    let mixed = roots.verify_identity(&chain(first.certificate()), later);
    assert!(mixed.is_err());
    // Nothing comes after the root, and nothing stands under another key.
    let end = root.certificate().not_after();
    let none = CaMaterial::generate_next(root, id, 3, end, &random);
    assert!(matches!(none, Err(CaError::RootEnds)));
    let other = CaCredential::new(root.certificate().der(), first.key_pkcs8().clone());
    assert!(matches!(other, Err(CaError::KeyMismatch)));
    let again = CaCredential::new(root.certificate().der(), root.key_pkcs8().clone()).unwrap();
    assert_eq!(again.certificate().der(), root.certificate().der());
}

#[test]
fn the_gate_refuses_other_bytes() {
    use rcgen::SigningKey as _;
    let root = CaKey::from_pkcs8(INSTALLATION.material.root().key_pkcs8()).unwrap();
    let gate = key::LintingKey::new(&root, |tbs| {
        profile::authority(tbs, profile::Authority::Root)
    });
    let own = INSTALLATION.material.root().certificate();
    assert!(gate.sign(own.tbs_der()).is_ok());
    for foreign in [
        leaf().tbs_der(),
        &[],
        INSTALLATION.ca.chain_certificate().tbs_der(),
    ] {
        assert!(gate.sign(foreign).is_err());
    }
}

#[test]
fn a_certificate_may_end_after_2049() {
    let random = SeededRandom::new(6);
    let now = Timestamp::from_unix(2_524_608_000 - YEAR / 2);
    let id = kleis_types::InstallationId::random(&random);
    let material = CaMaterial::generate(&id, now, &random).unwrap();
    let intermediate = material.intermediate();
    let ca = IssuingCa::new(intermediate.certificate().der(), intermediate.key_pkcs8()).unwrap();
    let private = Jwk::generate(KeyType::P256, &random).unwrap();
    let csr = Csr::create(&private).unwrap();
    let identity = identity(&["CBE:0809394427"]);
    let not_after = now.plus_seconds(YEAR);
    let request = IdentityRequest {
        not_before: now,
        not_after,
        ..request(&csr, &identity)
    };
    assert_eq!(ca.issue_identity(&request).unwrap().not_after(), not_after);
}
