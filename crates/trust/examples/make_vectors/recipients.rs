//! Recipients' JWK Sets (formats.md sections 6 and 7).

use kleis_jose::{Jwk, JwkSet, KeyType};
use kleis_trust::{
    SignerError,
    binding::BindingError,
    recipient::{BINDING_MEMBER, RecipientError},
    status::Status,
    test_util::{RegisteredDevice, World, reforge_binding},
};
use serde_json::{Value, json};

use crate::cases::{accepted, refused};

const ALICE: &str = "NIHII:18749704";
const KGSS: &str = "CBE:0809394427/KGSS";

pub(crate) fn cases(world: &mut World) -> Vec<Value> {
    let alice = world.register(ALICE, "main");
    let phone = world.register_endorsed("phone", alice.signer());
    let tablet = world.certify(ALICE, "tablet");
    let tablet = world.bind(tablet, KeyType::P256).recovered();
    let kgss = world.certify(KGSS, "main");
    let kgss = world.bind(kgss, KeyType::Rsa { bits: 2048 });
    let mut cases = vec![
        good("one device", ALICE, &[&alice], false),
        good("an RSA key of an application", KGSS, &[&kgss], false),
        good(
            "an endorsed and a recovered device",
            ALICE,
            &[&alice, &phone, &tablet],
            true,
        ),
    ];
    let one = World::set(&[&alice]);
    for (name, wanted, set, refusal) in [
        (
            "another recipient",
            "NIHII:11530231",
            &one,
            RecipientError::WrongRecipient,
        ),
        (
            "no application",
            "CBE:0809394427",
            &World::set(&[&kgss]),
            RecipientError::WrongApplication,
        ),
        (
            "another application",
            "CBE:0809394427/UHMEP",
            &World::set(&[&kgss]),
            RecipientError::WrongApplication,
        ),
    ] {
        cases.push(refused(name, &input(wanted, set), refusal.reason()));
    }
    let mut rolled_back = input(ALICE, &one);
    rolled_back["seen"] = json!({ "sequence": alice.sequence() + 1, "idx": alice.status_index() });
    cases.push(refused(
        "a sequence rolled back",
        &rolled_back,
        RecipientError::RolledBack.reason(),
    ));
    let withdrawn = world.fresh_index();
    world.set_status(withdrawn, Status::Invalid);
    let mut after_loss = good("a newer binding withdrawn", ALICE, &[&alice], false);
    after_loss["input"]["seen"] = json!({ "sequence": alice.sequence() + 1, "idx": withdrawn });
    cases.push(after_loss);
    cases.extend(certificates(world));
    cases.extend(bindings(world, &alice));
    cases.extend(sets(world, &alice, &phone));
    cases
}

fn input(wanted: &str, set: &JwkSet) -> Value {
    json!({ "recipient": wanted, "set": set.to_value() })
}

fn good(name: &str, wanted: &str, devices: &[&RegisteredDevice], recovered: bool) -> Value {
    let mut kids: Vec<_> = devices
        .iter()
        .map(|device| device.key().thumbprint())
        .collect();
    kids.sort();
    let sequence = devices.iter().map(|device| device.sequence()).max();
    let output = json!({ "kids": kids, "sequence": sequence, "recovered": recovered });
    accepted(name, &input(wanted, &World::set(devices)), &output)
}

fn certificates(world: &mut World) -> Vec<Value> {
    let mut cases = Vec::new();
    let mut bad = |name: &str, device: &RegisteredDevice, reason| {
        cases.push(refused(name, &input(ALICE, &World::set(&[device])), reason));
    };
    let impostor = World::impostor_of(world, 4).register(ALICE, "main");
    bad("a foreign CA", &impostor, SignerError::ForeignCa.reason());
    for (name, status, refusal) in [
        (
            "a revoked certificate",
            Status::Invalid,
            SignerError::Revoked,
        ),
        (
            "a suspended certificate",
            Status::Suspended,
            SignerError::Suspended,
        ),
        (
            "a superseded certificate",
            Status::Other,
            SignerError::NotInUse,
        ),
    ] {
        let device = world.register(ALICE, "main");
        world.set_status(device.signer().identity().status_index(), status);
        bad(name, &device, refusal.reason());
    }
    for (name, status, refusal) in [
        (
            "a revoked binding",
            Status::Invalid,
            RecipientError::BindingRevoked,
        ),
        (
            "a suspended binding",
            Status::Suspended,
            RecipientError::BindingSuspended,
        ),
        (
            "a superseded binding",
            Status::Other,
            RecipientError::BindingNotInUse,
        ),
    ] {
        let device = world.register(ALICE, "main");
        world.set_status(device.status_index(), status);
        bad(name, &device, refusal.reason());
    }
    cases
}

fn bindings(world: &World, alice: &RegisteredDevice) -> Vec<Value> {
    let (now, elsewhere) = (world.now().unix(), World::new(1).installation().audience());
    let end = alice.signer().certificate().not_after().unix();
    let other = world.key(KeyType::X25519).thumbprint();
    let cases: [(&str, &str, Value, &str); 12] = [
        (
            "a binding of another installation",
            "aud",
            json!(elsewhere),
            BindingError::OtherInstallation.reason(),
        ),
        (
            "a binding of another owner",
            "sub",
            json!("NIHII:11530231"),
            BindingError::WrongOwner.reason(),
        ),
        (
            "a binding of another device",
            "device",
            json!("phone"),
            BindingError::WrongDevice.reason(),
        ),
        (
            "a binding of another key",
            "jkt",
            json!(other),
            BindingError::WrongKey.reason(),
        ),
        (
            "a binding for another use",
            "use",
            json!("sig"),
            BindingError::WrongUse.reason(),
        ),
        (
            "a binding from the future",
            "iat",
            json!(now + 61),
            BindingError::NotYetValid.reason(),
        ),
        (
            "an expired binding",
            "exp",
            json!(now - 60),
            BindingError::Expired.reason(),
        ),
        (
            "a binding that outlives its certificate",
            "exp",
            json!(end + 1),
            BindingError::OutlivesCertificate.reason(),
        ),
        (
            "an algorithm that does not suit",
            "algs",
            json!(["RSA-OAEP-256"]),
            BindingError::AlgorithmUnsuited.reason(),
        ),
        (
            "an algorithm not put first",
            "algs",
            json!(["ECDH-ES", "ECDH-ES+A256KW"]),
            RecipientError::AlgorithmMismatch.reason(),
        ),
        (
            "a false mark",
            "recovered",
            json!(false),
            BindingError::ClaimsMalformed.reason(),
        ),
        (
            "an unknown claim",
            "x",
            json!(1),
            BindingError::ClaimsMalformed.reason(),
        ),
    ];
    let case = |(name, claim, value, reason): (&str, &str, Value, &str)| {
        let forged = reforge_binding(alice.signer(), alice.binding(), |claims| {
            claims[claim] = value;
        });
        let set = World::set(&[&alice.clone().with_raw_binding(forged)]);
        refused(name, &input(ALICE, &set), reason)
    };
    cases.into_iter().map(case).collect()
}

fn sets(world: &mut World, alice: &RegisteredDevice, phone: &RegisteredDevice) -> Vec<Value> {
    let set = World::set(&[alice]);
    let edit = |use_: &str, change: &dyn Fn(Jwk) -> Option<Jwk>| -> JwkSet {
        let change = |key: &Jwk| {
            if key.key_use() == Some(use_) {
                change(key.clone())
            } else {
                Some(key.clone())
            }
        };
        set.keys().iter().filter_map(change).collect()
    };
    let mallory = world.key(KeyType::X25519).public();
    let swapped = edit("enc", &|key| {
        let binding = key.member(BINDING_MEMBER)?.clone();
        let stolen = mallory
            .clone()
            .with_thumbprint_kid()
            .with_member("use", "enc".into());
        Some(
            stolen
                .with_member("alg", "ECDH-ES+A256KW".into())
                .with_member(BINDING_MEMBER, binding),
        )
    });
    let unbound = edit("enc", &|key| Some(key.without_member(BINDING_MEMBER)));
    let renamed = edit("enc", &|key| Some(key.with_member("kid", "1".into())));
    let useless = edit("enc", &|key| Some(key.without_member("use")));
    let without_signature_key = edit("sig", &|_| None);
    let without_keys = edit("enc", &|_| None);
    let without_chain = edit("sig", &|key| Some(key.without_member("x5c")));
    let twice: JwkSet = set.keys().iter().chain(set.keys()).cloned().collect();
    let stranger = world.register(ALICE, "phone");
    let unendorsed = World::set(&[alice, &stranger]);
    let repeated = reforge_binding(phone.signer(), phone.binding(), |claims| {
        claims["seq"] = alice.sequence().into();
    });
    let repeated = World::set(&[alice, &phone.clone().with_raw_binding(repeated)]);
    let case =
        |(name, set, reason): (&str, &JwkSet, &str)| refused(name, &input(ALICE, set), reason);
    [
        (
            "a key swapped under its binding",
            &swapped,
            BindingError::WrongKey.reason(),
        ),
        (
            "a key without a binding",
            &unbound,
            RecipientError::BindingMissing.reason(),
        ),
        (
            "a kid that is no thumbprint",
            &renamed,
            RecipientError::WrongKid.reason(),
        ),
        (
            "a key without a use",
            &useless,
            RecipientError::UnknownUse.reason(),
        ),
        (
            "no signature key",
            &without_signature_key,
            RecipientError::SignatureKeyMissing.reason(),
        ),
        (
            "no encryption key",
            &without_keys,
            RecipientError::NoKey.reason(),
        ),
        (
            "a signature key without a chain",
            &without_chain,
            RecipientError::CertificateMissing.reason(),
        ),
        (
            "a key that is there twice",
            &twice,
            RecipientError::DuplicateKey.reason(),
        ),
        (
            "a second device that nobody endorsed",
            &unendorsed,
            RecipientError::Unendorsed.reason(),
        ),
        (
            "a sequence used twice",
            &repeated,
            RecipientError::SequenceRepeated.reason(),
        ),
    ]
    .into_iter()
    .map(case)
    .collect()
}
