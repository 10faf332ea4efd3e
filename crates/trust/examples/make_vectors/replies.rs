//! Replies (formats.md section 4).

use kleis_trust::{
    Signer, SignerError,
    order::SignedOrder,
    reply::{self, ReplyError},
    test_util::{World, reforge},
    typ,
};
use kleis_types::{Identifier, Service};
use serde_json::{Value, json};

use crate::{
    cases::{accepted, b64u, damaged, refused},
    orders,
};

pub(crate) fn cases(world: &mut World) -> Vec<Value> {
    let alice = world.certify("NIHII:18749704", "main");
    let custody = world.service(Service::Custody);
    let order = orders::sign(world, &alice);
    let other = orders::sign(world, &alice);
    let good = sign(world, &custody, &order);
    let input = |compact: &str| {
        json!({
            "issuer": Identifier::service(Service::Custody),
            "method": orders::METHOD,
            "order": order.compact(),
            "compact": compact,
        })
    };
    let mut cases = vec![accepted(
        "a reply",
        &input(&good),
        &json!({"body": {"answer": 42}}),
    )];
    let (now, elsewhere) = (world.now().unix(), World::new(1).installation().audience());
    for (name, claim, value, refusal) in [
        (
            "another issuer",
            "iss",
            json!("SERVICE:directory"),
            ReplyError::WrongIssuer,
        ),
        (
            "another installation",
            "aud",
            json!(elsewhere),
            ReplyError::OtherInstallation,
        ),
        (
            "another method",
            "method",
            json!("x"),
            ReplyError::WrongMethod,
        ),
        (
            "another order's jti",
            "jti",
            json!(other.jti()),
            ReplyError::OtherOrder,
        ),
        (
            "another order's hash",
            "req",
            json!(b64u(other.digest())),
            ReplyError::OtherOrder,
        ),
        (
            "the future",
            "iat",
            json!(now + 61),
            ReplyError::NotYetValid,
        ),
        (
            "an unknown claim",
            "exp",
            json!(now + 60),
            ReplyError::ClaimsMalformed,
        ),
    ] {
        let forged = reforge(&custody, typ::REPLY, &good, |claims| claims[claim] = value);
        cases.push(refused(name, &input(&forged), refusal.reason()));
    }
    let by = |signer: &Signer| input(&reforge(signer, typ::REPLY, &good, |_| ()));
    let caller = by(&alice);
    cases.push(refused(
        "a reply by the caller",
        &caller,
        ReplyError::WrongSigner.reason(),
    ));
    let directory = by(&world.service(Service::Directory));
    let reason = ReplyError::WrongSigner.reason();
    cases.push(refused("a reply by another service", &directory, reason));
    let impostor = by(&World::impostor_of(world, 2).service(Service::Custody));
    cases.push(refused(
        "a foreign CA",
        &impostor,
        SignerError::ForeignCa.reason(),
    ));
    let reshaped = input(&reforge(&custody, typ::ORDER, &good, |_| ()));
    cases.push(refused(
        "the type of an order",
        &reshaped,
        ReplyError::WrongType.reason(),
    ));
    let damaged = input(&damaged(&good));
    cases.push(refused(
        "a changed signature",
        &damaged,
        ReplyError::SignatureInvalid.reason(),
    ));
    cases
}

fn sign(world: &World, custody: &Signer, order: &SignedOrder) -> String {
    let (installation, now) = (world.installation(), world.now());
    let (jti, digest, body) = (order.jti(), order.digest(), json!({"answer": 42}));
    reply::sign(
        custody,
        installation,
        orders::METHOD,
        jti,
        digest,
        &body,
        now,
    )
    .unwrap()
}
