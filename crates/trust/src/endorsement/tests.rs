//! Endorsements: one test for each refusal. How a sender uses them is tested with recipients.

use kleis_jose::{Jwk, KeyType, jws::Header};
use serde_json::Value;

use super::*;
use crate::{
    status::Status,
    test_util::{CERTIFICATE_LIFE, World, claims_of, forge, private_key, reforge},
};

const ALICE: &str = "NIHII:18749704";

/// Alice's first device, and the key of the one it endorses.
fn alice(seed: u64) -> (World, Signer, Jwk) {
    let mut world = World::new(seed);
    let signer = world.certify(ALICE, "main");
    let key = world.key(KeyType::P256);
    (world, signer, key)
}

#[track_caller]
fn assert_refused<T>(outcome: Result<T, EndorsementError>, expected: EndorsementError) {
    assert_eq!(outcome.map(|_| ()), Err(expected));
}

#[test]
fn an_endorsement_is_read_as_it_was_signed() {
    let (world, signer, key) = alice(1);
    let compact = world.endorse(&signer, &key, "phone");
    let endorsement = verify(&compact, world.anchors()).unwrap();
    assert_eq!(endorsement.owner(), signer.identity().primary());
    assert_eq!(endorsement.device().as_str(), "phone");
    assert_eq!(endorsement.thumbprint(), &key.thumbprint());
    assert_eq!(endorsement.issued_at(), world.now());
    assert_eq!(
        endorsement.expires_at(),
        world.now().plus_seconds(MAX_LIFETIME)
    );
    assert_eq!(endorsement.endorser().certificate(), signer.certificate());
}

#[test]
fn what_no_reader_would_accept_is_not_signed() {
    let (world, signer, key) = alice(2);
    let (jkt, now) = (key.thumbprint(), world.now());
    let owner = signer.identity().primary();
    let (phone, main) = ("phone".parse().unwrap(), DeviceId::main());
    let stranger: Identifier = "NIHII:11530231".parse().unwrap();
    let refused = |outcome: Result<String, SigningError>| {
        assert!(matches!(outcome, Err(SigningError::Claims(_))));
    };
    refused(sign(&signer, owner, &phone, &jkt, now, 0));
    refused(sign(&signer, owner, &phone, &jkt, now, MAX_LIFETIME + 1));
    refused(sign(&signer, &stranger, &phone, &jkt, now, 60));
    refused(sign(&signer, owner, &main, &jkt, now, 60));
    assert!(sign(&signer, owner, &phone, &jkt, now, 60).is_ok());
}

#[test]
fn the_signers_certificate_counts_as_of_the_signing() {
    let (mut world, signer, key) = alice(3);
    world.clock().advance(CERTIFICATE_LIFE - 10);
    let compact = world.endorse(&signer, &key, "phone");
    world.clock().advance(CERTIFICATE_LIFE);
    world.set_status(signer.identity().status_index(), Status::Other);
    let endorsement = verify(&compact, world.anchors()).unwrap();
    // Whether it was revoked at that time is asked once, by registration.
    let (status, now) = (world.status_list(), world.now());
    let in_use = endorsement.endorser().check_status(&status, now);
    assert_eq!(in_use, Err(SignerError::NotInUse));

    let after = world.now().unix();
    let late = reforge(&signer, typ::ENDORSEMENT, &compact, |claims| {
        claims["iat"] = after.into();
        claims["exp"] = (after + 60).into();
    });
    assert_refused(verify(&late, world.anchors()), SignerError::Expired.into());
}

#[test]
fn other_claims_are_refused() {
    let (world, signer, key) = alice(4);
    let compact = world.endorse(&signer, &key, "phone");
    let elsewhere = World::new(5).installation().audience();
    let own = signer.public_key().thumbprint().to_string();
    let now = world.now().unix();
    let cases: [(&str, Value, EndorsementError); 8] = [
        ("aud", elsewhere.into(), EndorsementError::OtherInstallation),
        (
            "exp",
            (now + MAX_LIFETIME + 1).into(),
            EndorsementError::Lifetime,
        ),
        ("exp", now.into(), EndorsementError::Lifetime),
        ("sub", "NIHII:11530231".into(), EndorsementError::Stranger),
        (
            "sub",
            format!("{ALICE}/KGSS").into(),
            EndorsementError::Stranger,
        ),
        ("device", "main".into(), EndorsementError::SameDevice),
        ("jkt", own.into(), EndorsementError::SameDevice),
        ("extra", 1.into(), EndorsementError::ClaimsMalformed),
    ];
    for (claim, value, expected) in cases {
        let forged = reforge(&signer, typ::ENDORSEMENT, &compact, |claims| {
            claims[claim] = value;
        });
        assert_refused(verify(&forged, world.anchors()), expected);
    }
}

#[test]
fn another_form_is_refused() {
    let (mut world, signer, key) = alice(6);
    let compact = world.endorse(&signer, &key, "phone");
    let anchors = world.anchors().clone();
    assert_refused(verify("a.b.c", &anchors), EndorsementError::Malformed);
    let long = "x".repeat(MAX_SIZE + 1);
    assert_refused(verify(&long, &anchors), EndorsementError::TooLarge);
    let order = reforge(&signer, typ::ORDER, &compact, |_| ());
    assert_refused(verify(&order, &anchors), EndorsementError::WrongType);
    let header = Header::default()
        .with_typ(typ::ENDORSEMENT)
        .with_x5c(signer.chain().to_vec());
    let claims = claims_of(&compact);
    let extra = forge(private_key(&signer), &header.clone().with_kid("1"), &claims);
    assert_refused(verify(&extra, &anchors), EndorsementError::HeaderForbidden);
    let mallory = world.certify("NIHII:11530231", "main");
    let forged = forge(private_key(&mallory), &header, &claims);
    assert_refused(
        verify(&forged, &anchors),
        EndorsementError::SignatureInvalid,
    );
    let foreign = World::impostor_of(&world, 7);
    let outcome = verify(&compact, foreign.anchors());
    assert_refused(outcome, SignerError::ForeignCa.into());
}

#[test]
fn it_covers_the_certificate_it_was_made_for_and_no_other() {
    let (mut world, signer, key) = alice(8);
    let endorsement = verify(&world.endorse(&signer, &key, "phone"), world.anchors()).unwrap();
    let covers = |signer: &Signer| endorsement.covers(signer.certificate(), signer.identity());
    assert_eq!(covers(&world.certify_key(&key, &[ALICE], "phone")), Ok(()));
    let with_alias = world.certify_key(&key, &["SSIN:85073003328", ALICE], "phone");
    assert_eq!(covers(&with_alias), Ok(()));
    let other_key = world.certify(ALICE, "phone");
    assert_refused(covers(&other_key), EndorsementError::WrongKey);
    let other_device = world.certify_key(&key, &[ALICE], "tablet");
    assert_refused(covers(&other_device), EndorsementError::WrongDevice);
    let other_owner = world.certify_key(&key, &["NIHII:11530231"], "phone");
    assert_refused(covers(&other_owner), EndorsementError::WrongOwner);
    world.clock().advance(-61);
    let before = world.certify_key(&key, &[ALICE], "phone");
    assert_refused(covers(&before), EndorsementError::OutsideCertificate);
    world.clock().advance(61 + MAX_LIFETIME + 61);
    let after = world.certify_key(&key, &[ALICE], "phone");
    assert_refused(covers(&after), EndorsementError::OutsideCertificate);
}

#[test]
fn it_lets_a_device_enrol_for_its_life() {
    let (world, signer, key) = alice(9);
    let endorsement = verify(&world.endorse(&signer, &key, "phone"), world.anchors()).unwrap();
    let at = |seconds| endorsement.check_time(world.now().plus_seconds(seconds));
    assert_eq!(
        (at(-60), at(0), at(MAX_LIFETIME + 59)),
        (Ok(()), Ok(()), Ok(()))
    );
    assert_refused(at(-61), EndorsementError::NotYetValid);
    assert_refused(at(MAX_LIFETIME + 60), EndorsementError::Expired);
}

/// A phone that its sibling has endorsed, and the next key of it.
fn endorsed_phone(seed: u64) -> (World, Signer, String, Jwk) {
    let (mut world, signer, key) = alice(seed);
    let endorsement = world.endorse(&signer, &key, "phone");
    let phone = world.certify_key(&key, &[ALICE], "phone");
    let next = world.key(KeyType::P256);
    (world, phone, endorsement, next)
}

#[test]
fn a_device_endorses_its_own_next_key_in_the_line_of_a_sibling() {
    let (mut world, mut phone, mut endorsement, mut next) = endorsed_phone(10);
    let mut renewals = 0;
    let too_long = loop {
        world.clock().advance(CERTIFICATE_LIFE / 2);
        let now = world.now();
        let longer = sign_successor(&phone, &endorsement, &next.thumbprint(), now).unwrap();
        let verified = match verify(&longer, world.anchors()) {
            Ok(verified) => verified,
            Err(error) => break error,
        };
        assert_eq!(verified.endorser().certificate(), phone.certificate());
        let successor = world.certify_key(&next, &[ALICE], "phone");
        let covers = verified.covers(successor.certificate(), successor.identity());
        assert_eq!(covers, Ok(()));
        renewals += 1;
        (phone, endorsement, next) = (successor, longer, world.key(KeyType::P256));
    };
    assert_eq!(renewals, 2);
    assert_refused::<()>(Err(too_long), EndorsementError::TooLarge);
}

#[test]
fn a_line_that_leads_to_no_sibling_is_refused() {
    let (mut world, phone, endorsement, next) = endorsed_phone(11);
    let now = world.now();
    let jkt = next.thumbprint();
    let refused = |compact: &str, expected| {
        assert_refused(verify(compact, world.anchors()), expected);
    };
    // What the device was endorsed with, changed; of another device; of another key of its own.
    let good = sign_successor(&phone, &endorsement, &jkt, now).unwrap();
    let with = |former: Value| {
        reforge(&phone, typ::ENDORSEMENT, &good, |claims| {
            claims["predecessor"] = former;
        })
    };
    let mut broken = endorsement.clone();
    broken.truncate(broken.len() - 8);
    refused(&with(broken.into()), EndorsementError::Malformed);
    refused(&with("".into()), EndorsementError::Malformed);
    refused(&with(1.into()), EndorsementError::ClaimsMalformed);
    refused(&with(good.clone().into()), EndorsementError::WrongKey);
    let itself = reforge(&phone, typ::ENDORSEMENT, &good, |claims| {
        claims["jkt"] = phone.public_key().thumbprint().to_string().into();
    });
    refused(&itself, EndorsementError::SameDevice);
    // A sibling needs no line, and says nothing of one.
    let tablet = reforge(&phone, typ::ENDORSEMENT, &good, |claims| {
        claims["device"] = "tablet".into();
    });
    refused(&tablet, EndorsementError::ClaimsMalformed);
    // A device that nobody has endorsed endorses nothing of its own.
    let thief = world.certify(ALICE, "phone");
    let forged = sign_successor(&thief, &endorsement, &jkt, now).unwrap();
    assert_refused(verify(&forged, world.anchors()), EndorsementError::WrongKey);
}
