//! One field of a good certificate is changed at a time.

use kleis_jose::KeyType;

use super::*;
use crate::alt_names::{self, AltName};
use crate::ca::IdentityRequest;
use crate::csr::Csr;
use crate::oid;
use crate::publication::{self, Publication};
use crate::subject::SubjectName;
use crate::tbs::Extension;
use crate::test_support::{
    Draft, IDENTIFIER, INSTALLATION, NAME, NOW, identifier, identity as id, key, request,
};

fn verdict(tbs: &[u8]) -> Result<(), ProfileViolation> {
    identity(tbs, &INSTALLATION.ca.chain_certificate().as_issuer()).map(|_| ())
}

#[track_caller]
fn assert_refused(change: impl FnOnce(&mut Draft), why: ProfileViolation) {
    let mut draft = Draft::good();
    change(&mut draft);
    assert_eq!(verdict(&draft.tbs()), Err(why));
}

/// The good TBS with one run of bytes in place of another of the same length.
#[track_caller]
fn assert_bytes_refused(from: &[u8], to: &[u8], why: ProfileViolation) {
    let mut tbs = Draft::good().tbs();
    let at = tbs.windows(from.len()).position(|it| it == from).unwrap();
    tbs[at..at + from.len()].copy_from_slice(to);
    assert_eq!(verdict(&tbs), Err(why));
}

#[test]
fn the_unchanged_draft_passes() {
    assert_eq!(verdict(&Draft::good().tbs()), Ok(()));
}

#[test]
fn numbers_and_algorithm() {
    let short = |draft: &mut Draft| draft.serial = "01234567".parse().unwrap();
    assert_refused(short, ProfileViolation::SerialTooShort);
    let negative = ProfileViolation::Serial(SerialNumberError::NotPositive);
    assert_bytes_refused(b"\x02\x08\x01\x23", b"\x02\x08\x81\x23", negative);
    assert_bytes_refused(
        b"\xa0\x03\x02\x01\x02",
        b"\xa0\x03\x02\x01\x01",
        ProfileViolation::Version,
    );
    let sha384 = oid::ECDSA_WITH_SHA384;
    let sha256 = [&sha384[..7], &[2]].concat();
    assert_bytes_refused(sha384, &sha256, ProfileViolation::SignatureAlgorithm);
}

#[test]
fn issuer_and_times() {
    let root = INSTALLATION.material.root().certificate();
    let other = root.as_issuer().subject_der.to_vec();
    assert_refused(|draft| draft.issuer = other, ProfileViolation::Issuer);
    assert_refused(
        |draft| draft.not_after = NOW.plus_seconds(-1),
        ProfileViolation::Validity,
    );
    let ca = INSTALLATION.ca.chain_certificate();
    let early = ca.not_before().plus_seconds(-1);
    assert_refused(
        |draft| draft.not_before = early,
        ProfileViolation::OutlivesIssuer,
    );
    let late = ca.not_after().plus_seconds(1);
    assert_refused(
        |draft| draft.not_after = late,
        ProfileViolation::OutlivesIssuer,
    );
    let long = NOW.plus_seconds(1200 * 86_400);
    assert_refused(
        |draft| draft.not_after = long,
        ProfileViolation::TooLongLived,
    );
}

#[test]
fn times_have_the_type_of_their_century() {
    let utc = b"\x17\x0d270301000000Z";
    let mut tbs = Draft::good().tbs();
    let at = tbs.windows(utc.len()).position(|it| it == utc).unwrap();
    tbs.splice(at..at + utc.len(), *b"\x18\x0f20270301000000Z");
    // The lengths of the validity and of the whole, which are two more now.
    tbs[at - 16] += 2;
    let total = u16::from_be_bytes([tbs[2], tbs[3]]) + 2;
    tbs[2..4].copy_from_slice(&total.to_be_bytes());
    assert_eq!(verdict(&tbs), Err(ProfileViolation::Validity));
}

#[test]
fn subjects() {
    let of = |identifier_text, name| {
        SubjectName::new(&identifier(identifier_text), name)
            .unwrap()
            .to_der()
    };
    let mut lower = Draft::good().subject;
    let at = lower.windows(8).position(|it| it == b"APOTHEEK").unwrap();
    lower[at..at + 8].copy_from_slice(b"Apotheek");
    for subject in [
        vec![0x30, 0x00],
        of("CBE:0428759497", NAME),
        of("CBE:0809394427/KGSS", NAME),
        of("EHP:0809394427", NAME),
        INSTALLATION
            .ca
            .chain_certificate()
            .as_issuer()
            .subject_der
            .to_vec(),
        lower,
    ] {
        assert_refused(|draft| draft.subject = subject, ProfileViolation::Subject);
    }
    // The same characters in another string type.
    let country = b"\x06\x03\x55\x04\x06\x13\x02BE";
    assert_bytes_refused(
        country,
        b"\x06\x03\x55\x04\x06\x0c\x02BE",
        ProfileViolation::Subject,
    );
}

#[test]
fn keys() {
    let unsupported = ProfileViolation::KeyPolicy(KeyPolicyError::Unsupported);
    for key_type in [KeyType::P521, KeyType::X25519] {
        let spki = key(key_type).to_spki_der().unwrap();
        assert_refused(|draft| draft.set_key(spki), unsupported.clone());
    }
    let other = key(KeyType::P384).to_spki_der().unwrap();
    let wrong = ProfileViolation::Extension("subjectKeyIdentifier");
    assert_refused(|draft| draft.spki = other, wrong);
}

#[test]
fn extensions_are_the_profiles_to_the_octet() {
    let names = |names: &[AltName]| alt_names::to_der(names);
    let uris = || {
        id(&[IDENTIFIER])
            .to_uris()
            .into_iter()
            .map(AltName::Uri)
            .collect::<Vec<_>>()
    };
    let san = names(&uris());
    for (name, changed) in [
        (
            "keyUsage",
            Extension::new(oid::KEY_USAGE, false, DIGITAL_SIGNATURE),
        ),
        (
            "keyUsage",
            Extension::new(oid::KEY_USAGE, true, CERT_AND_CRL_SIGN),
        ),
        (
            "keyUsage",
            Extension::new(oid::KEY_USAGE, true, [0x03, 0x02, 0x06, 0xc0]),
        ),
        (
            "extendedKeyUsage",
            Extension::new(oid::EXTENDED_KEY_USAGE, true, CLIENT_AUTH),
        ),
        (
            "extendedKeyUsage",
            Extension::new(oid::EXTENDED_KEY_USAGE, false, SERVER_AUTH),
        ),
        (
            "extendedKeyUsage",
            Extension::new(oid::EXTENDED_KEY_USAGE, false, CLIENT_AND_SERVER_AUTH),
        ),
        (
            "basicConstraints",
            Extension::new(oid::BASIC_CONSTRAINTS, false, NOT_A_CA),
        ),
        (
            "basicConstraints",
            Extension::new(oid::BASIC_CONSTRAINTS, true, [0x30, 0x03, 0x01, 0x01, 0xff]),
        ),
        (
            "authorityKeyIdentifier",
            Extension::new(
                oid::AUTHORITY_KEY_IDENTIFIER,
                false,
                [0x30, 0x02, 0x80, 0x00],
            ),
        ),
        (
            "subjectAltName",
            Extension::new(oid::SUBJECT_ALT_NAME, true, san),
        ),
    ] {
        assert_refused(
            |draft| draft.set(changed),
            ProfileViolation::Extension(name),
        );
    }
    for missing in 0..6 {
        let mut draft = Draft::good();
        draft.extensions.remove(missing);
        let refused = verdict(&draft.tbs());
        assert!(
            matches!(refused, Err(ProfileViolation::Extension(_))),
            "{refused:?}"
        );
    }
}

#[test]
fn no_extension_is_foreign_or_there_twice() {
    // certificatePolicies
    let foreign = Extension::new(&[0x55, 0x1d, 0x20], false, [0x30, 0x00]);
    assert_refused(
        |draft| draft.extensions.push(foreign),
        ProfileViolation::ForeignExtension,
    );
    let doubled = Extension::new(oid::KEY_USAGE, true, DIGITAL_SIGNATURE);
    assert_refused(
        |draft| draft.extensions.push(doubled),
        ProfileViolation::ForeignExtension,
    );
}

#[test]
fn names_are_an_identity() {
    let uris = || {
        id(&[IDENTIFIER])
            .to_uris()
            .into_iter()
            .map(AltName::Uri)
            .collect::<Vec<_>>()
    };
    let mut with_dns = uris();
    with_dns.push(AltName::Dns("edge.example".to_owned()));
    let mut reversed = uris();
    reversed.reverse();
    for names in [vec![], with_dns, reversed] {
        let changed = Extension::new(oid::SUBJECT_ALT_NAME, false, alt_names::to_der(&names));
        let why = ProfileViolation::Identity(IdentityError::Form);
        assert_refused(|draft| draft.set(changed), why);
    }
    let rubbish = Extension::new(oid::SUBJECT_ALT_NAME, false, [0x30, 0x01]);
    assert_refused(
        |draft| draft.set(rubbish),
        ProfileViolation::Der(DerError::Truncated),
    );
}

#[test]
fn what_is_signed_is_what_was_asked() {
    let csr = Csr::create(&key(KeyType::P256)).unwrap();
    let identity = id(&[IDENTIFIER]);
    let other = id(&[IDENTIFIER, "EHP:0809394427"]);
    let draft = Draft::good();
    let asked = IdentityRequest {
        serial: draft.serial.clone(),
        not_after: draft.not_after,
        ..request(&csr, &identity)
    };
    let issuer = INSTALLATION.ca.chain_certificate().as_issuer();
    let lint =
        |asked: &IdentityRequest<'_>| lint_identity(draft.tbs(), &issuer, asked, None).map(|_| ());
    assert_eq!(lint(&asked), Ok(()));
    for changed in [
        IdentityRequest {
            serial: "0123456789abcde0".parse().unwrap(),
            ..asked.clone()
        },
        IdentityRequest {
            not_before: NOW.plus_seconds(1),
            ..asked.clone()
        },
        IdentityRequest {
            not_after: NOW.plus_seconds(1),
            ..asked.clone()
        },
        IdentityRequest {
            name: "Other",
            ..asked.clone()
        },
        IdentityRequest {
            identity: &other,
            ..asked.clone()
        },
        IdentityRequest {
            spki_der: &[],
            ..asked.clone()
        },
    ] {
        assert_eq!(lint(&changed), Err(ProfileViolation::NotAsAsked));
    }
}

#[test]
fn addresses_are_there_together_and_of_this_certificate() {
    let publication = Publication::new("http://pki.hospital.example").unwrap();
    let issuer = INSTALLATION.ca.id();
    let index = id(&[IDENTIFIER]).status_index();
    let [points, access] = publication.extensions(issuer, index);
    let mut draft = Draft::good();
    draft.set(points);
    draft.set(access);
    let facts = INSTALLATION.ca.chain_certificate().as_issuer();
    assert!(identity(&draft.tbs(), &facts).is_ok());

    let extensions = || publication.extensions(issuer, index);
    let points = || ProfileViolation::Extension("cRLDistributionPoints");
    let [only_points, only_access] = extensions();
    let alone = ProfileViolation::Extension("authorityInfoAccess");
    assert_refused(|draft| draft.set(only_points), alone);
    assert_refused(|draft| draft.set(only_access), points());
    let of_others = [
        publication.extensions(issuer, index + publication::SHARD),
        publication.extensions("0123456789abcdef".parse().unwrap(), index),
    ];
    for [first, second] in of_others {
        let both = |draft: &mut Draft| {
            draft.set(first);
            draft.set(second);
        };
        assert_refused(both, points());
    }
    let critical = |draft: &mut Draft| {
        for mut extension in extensions() {
            extension.critical = true;
            draft.set(extension);
        }
    };
    assert_refused(critical, points());
    let doubled = |draft: &mut Draft| {
        draft
            .extensions
            .extend(extensions().into_iter().chain(extensions()));
    };
    assert_refused(doubled, ProfileViolation::ForeignExtension);
}

#[test]
fn addresses_are_those_of_the_ca() {
    let publication = Publication::new("http://pki.hospital.example").unwrap();
    let other = Publication::new("http://pki.elsewhere.example").unwrap();
    let csr = Csr::create(&key(KeyType::P256)).unwrap();
    let identity = id(&[IDENTIFIER]);
    let mut draft = Draft::good();
    for extension in publication.extensions(INSTALLATION.ca.id(), identity.status_index()) {
        draft.set(extension);
    }
    let asked = IdentityRequest {
        serial: draft.serial.clone(),
        not_after: draft.not_after,
        ..request(&csr, &identity)
    };
    let issuer = INSTALLATION.ca.chain_certificate().as_issuer();
    let lint = |publication: Option<&Publication>| {
        lint_identity(draft.tbs(), &issuer, &asked, publication).map(drop)
    };
    assert_eq!(lint(Some(&publication)), Ok(()));
    for wrong in [None, Some(&other)] {
        assert_eq!(lint(wrong), Err(ProfileViolation::NotAsAsked));
    }
}

#[test]
fn cas_are_root_or_issuing_and_not_each_other() {
    let root = INSTALLATION.material.root().certificate();
    let issuing = INSTALLATION.ca.chain_certificate();
    let facts = root.as_issuer();
    assert_eq!(authority(root.tbs_der(), Authority::Root), Ok(()));
    assert_eq!(
        authority(issuing.tbs_der(), Authority::Issuing(&facts)),
        Ok(())
    );
    assert_eq!(
        authority(issuing.tbs_der(), Authority::Root),
        Err(ProfileViolation::Issuer)
    );
    // The root outlives the longest life of an issuing CA.
    let refused = authority(root.tbs_der(), Authority::Issuing(&facts));
    assert_eq!(refused, Err(ProfileViolation::TooLongLived));
    let refused = authority(&Draft::good().tbs(), Authority::Issuing(&facts));
    assert_eq!(refused, Err(ProfileViolation::AuthorityKey));
    let mut draft = Draft::good();
    draft.set_key(key(KeyType::P384).to_spki_der().unwrap());
    let refused = authority(&draft.tbs(), Authority::Issuing(&issuing.as_issuer()));
    assert_eq!(refused, Err(ProfileViolation::Subject));
}
