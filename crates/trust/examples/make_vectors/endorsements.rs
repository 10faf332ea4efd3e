//! Endorsements (formats.md sections 5 and 7).

use kleis_jose::KeyType;
use kleis_trust::{
    Signer, SignerError,
    endorsement::EndorsementError,
    test_util::{World, reforge},
    typ,
};
use serde_json::{Value, json};

use crate::cases::{accepted, base64, claim, damaged, refused};

const ALICE: &str = "NIHII:18749704";

pub(crate) fn cases(world: &mut World) -> Vec<Value> {
    let alice = world.certify(ALICE, "main");
    let mallory = world.certify("NIHII:11530231", "main");
    let key = world.key(KeyType::P256);
    let phone = world.certify_key(&key, &[ALICE], "phone");
    let renamed = world.certify_key(&key, &[ALICE], "tablet");
    let other_key = world.certify(ALICE, "phone");
    let good = world.endorse(&alice, &key, "phone");
    let output = json!({
        "owner": ALICE,
        "device": "phone",
        "thumbprint": key.thumbprint(),
        "endorser": "main",
        "expires": claim(&good, "exp"),
    });
    let mut cases = vec![accepted("an endorsement", &input(&good, &phone), &output)];
    for (name, certificate, refusal) in [
        ("another device", &renamed, EndorsementError::WrongDevice),
        ("another key", &other_key, EndorsementError::WrongKey),
        ("another owner", &mallory, EndorsementError::WrongOwner),
    ] {
        cases.push(refused(name, &input(&good, certificate), refusal.reason()));
    }
    let by = |signer: &Signer| reforge(signer, typ::ENDORSEMENT, &good, |_| ());
    let impostor = World::impostor_of(world, 3).certify(ALICE, "main");
    for (name, signer, reason) in [
        (
            "by a stranger",
            &mallory,
            EndorsementError::Stranger.reason(),
        ),
        (
            "by the device itself",
            &phone,
            EndorsementError::SameDevice.reason(),
        ),
        (
            "by the same key, renamed",
            &renamed,
            EndorsementError::SameDevice.reason(),
        ),
        (
            "by a foreign CA's device",
            &impostor,
            SignerError::ForeignCa.reason(),
        ),
    ] {
        cases.push(refused(name, &input(&by(signer), &phone), reason));
    }
    cases.extend(forged(world, &alice, &phone, &good));
    cases
}

fn input(compact: &str, certificate: &Signer) -> Value {
    let certificate = base64(certificate.certificate().der());
    json!({ "compact": compact, "certificate": certificate })
}

/// What Alice's own device might sign amiss.
fn forged(world: &World, alice: &Signer, phone: &Signer, good: &str) -> Vec<Value> {
    let mut cases = Vec::new();
    let (now, elsewhere) = (world.now().unix(), World::new(1).installation().audience());
    for (name, claim, value, refusal) in [
        (
            "another installation",
            "aud",
            json!(elsewhere),
            EndorsementError::OtherInstallation,
        ),
        (
            "a life too long",
            "exp",
            json!(now + 86_401),
            EndorsementError::Lifetime,
        ),
        (
            "an unknown claim",
            "x",
            json!(1),
            EndorsementError::ClaimsMalformed,
        ),
    ] {
        let forged = reforge(alice, typ::ENDORSEMENT, good, |claims| {
            claims[claim] = value;
        });
        cases.push(refused(name, &input(&forged, phone), refusal.reason()));
    }
    let late = reforge(alice, typ::ENDORSEMENT, good, |claims| {
        claims["iat"] = (now + 61).into();
        claims["exp"] = (now + 120).into();
    });
    let reason = EndorsementError::OutsideCertificate.reason();
    cases.push(refused(
        "made after the certificate",
        &input(&late, phone),
        reason,
    ));
    let reshaped = reforge(alice, typ::ORDER, good, |_| ());
    let reason = EndorsementError::WrongType.reason();
    cases.push(refused(
        "the type of an order",
        &input(&reshaped, phone),
        reason,
    ));
    let reason = EndorsementError::SignatureInvalid.reason();
    cases.push(refused(
        "a changed signature",
        &input(&damaged(good), phone),
        reason,
    ));
    cases
}
