//! Challenges, deposits and releases (formats.md sections 6 and 10).

use kleis_jose::KeyType;
use kleis_trust::{
    Jti,
    challenge::{self, ChallengeError, Nonce, Subject},
    deposit::{self, Context, DepositError},
    release::{self, ReleaseError},
    test_util::World,
};
use kleis_types::{DeviceId, Identifier, SecretBytes};
use serde_json::{Value, json};

use crate::cases::{accepted, b64u, damaged, private_jwk, refused};

const KEY_TYPES: [(&str, KeyType); 3] = [
    ("to an X25519 key", KeyType::X25519),
    ("to a P-256 key", KeyType::P256),
    ("to an RSA key", KeyType::Rsa { bits: 2048 }),
];

pub(crate) fn challenges(world: &World) -> Vec<Value> {
    let (owner, device): (Identifier, _) = ("NIHII:18749704".parse().unwrap(), DeviceId::main());
    let installation = world.installation();
    let subject = Subject {
        installation,
        session: "session",
        owner: &owner,
        device: &device,
    };
    let mut cases = Vec::new();
    for (name, key_type) in KEY_TYPES {
        let (key, nonce) = (world.key(key_type), Nonce::random(world.random()));
        let compact = challenge::seal(&key.public(), &subject, &nonce, world.random()).unwrap();
        let input = json!({
            "key": private_jwk(&key),
            "session": "session",
            "owner": owner,
            "device": device,
            "compact": compact,
        });
        cases.push(accepted(name, &input, &json!({"nonce": *nonce.to_text()})));
        if key_type != KeyType::X25519 {
            continue;
        }
        let other = private_jwk(&world.key(KeyType::X25519));
        for (name, member, value, refusal) in [
            (
                "another session",
                "session",
                json!("x"),
                ChallengeError::OtherSession,
            ),
            (
                "another owner",
                "owner",
                json!("NIHII:11530231"),
                ChallengeError::OtherOwner,
            ),
            (
                "another device",
                "device",
                json!("phone"),
                ChallengeError::OtherOwner,
            ),
            ("another key", "key", other, ChallengeError::Unreadable),
            (
                "a changed tag",
                "compact",
                json!(damaged(&compact)),
                ChallengeError::Unreadable,
            ),
        ] {
            let mut input = input.clone();
            input[member] = value;
            cases.push(refused(name, &input, refusal.reason()));
        }
        let reply = release::seal(&key.public(), "a.b.c", world.random()).unwrap();
        let mut input = input.clone();
        input["compact"] = reply.into();
        cases.push(refused(
            "another type",
            &input,
            ChallengeError::WrongType.reason(),
        ));
    }
    cases
}

pub(crate) fn deposits(world: &World) -> Vec<Value> {
    let key = world.key(KeyType::X25519);
    let depositor: Identifier = "NIHII:18749704".parse().unwrap();
    let (jti, policy_hash) = (Jti::random(world.random()), [7; 32]);
    let context = Context {
        jti,
        depositor: &depositor,
        policy_hash: &policy_hash,
    };
    let keys = [
        SecretBytes::from(vec![1; 32]),
        SecretBytes::from(vec![2; 24]),
    ];
    let compact = deposit::seal(&key.public(), &context, &keys, world.random()).unwrap();
    let input = json!({
        "key": private_jwk(&key),
        "jti": jti,
        "depositor": depositor,
        "policyHash": b64u(&policy_hash),
        "compact": compact,
    });
    let output = json!({ "keys": keys.iter().map(|key| b64u(key.expose())).collect::<Vec<_>>() });
    let mut cases = vec![accepted("a deposit", &input, &output)];
    let other_jti = Jti::random(world.random());
    for (name, member, value, refusal) in [
        (
            "another order",
            "jti",
            json!(other_jti),
            DepositError::OtherOrder,
        ),
        (
            "another depositor",
            "depositor",
            json!("NIHII:11530231"),
            DepositError::OtherDepositor,
        ),
        (
            "another policy",
            "policyHash",
            json!(b64u(&[8; 32])),
            DepositError::OtherPolicy,
        ),
        (
            "a changed tag",
            "compact",
            json!(damaged(&compact)),
            DepositError::Unreadable,
        ),
    ] {
        let mut input = input.clone();
        input[member] = value;
        cases.push(refused(name, &input, refusal.reason()));
    }
    cases
}

pub(crate) fn releases(world: &World) -> Vec<Value> {
    let mut cases = Vec::new();
    for (name, key_type) in KEY_TYPES {
        let key = world.key(key_type);
        let compact = release::seal(&key.public(), "reply.reply.reply", world.random()).unwrap();
        let damaged = damaged(&compact);
        let input = |compact| json!({ "key": private_jwk(&key), "compact": compact });
        cases.push(accepted(
            name,
            &input(compact),
            &json!({"reply": "reply.reply.reply"}),
        ));
        let name = format!("{name}, with a changed tag");
        cases.push(refused(
            &name,
            &input(damaged),
            ReleaseError::Unreadable.reason(),
        ));
    }
    cases
}
