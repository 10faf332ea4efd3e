//! The signature inside a sealed document (formats.md section 9).

use kleis_trust::{
    Signer, SignerError,
    sealed::{self, Addressee, DocumentError},
    status::Status,
    test_util::World,
};
use serde_json::{Value, json};

use crate::cases::{accepted, b64u, damaged, identifiers, refused};

const BOB: &str = "NIHII:11530231";
const CUSTODY: &str = "custody:AAAAAAAAAAAAAAAAAAAAAA";

pub(crate) fn cases(world: &mut World) -> Vec<Value> {
    let alice = world.certify("NIHII:18749704", "main");
    let good = sign(&alice);
    let input = |compact: &str, reader: &str| json!({ "readers": [reader], "compact": compact });
    let mut cases = vec![
        accepted("a document", &input(&good, BOB), &output(&alice, 0)),
        accepted(
            "by a custody key",
            &input(&good, CUSTODY),
            &output(&alice, 0),
        ),
    ];
    for (name, status, reason) in [
        ("a superseded sender", Status::Other, None),
        (
            "a revoked sender",
            Status::Invalid,
            Some(SignerError::Revoked.reason()),
        ),
        (
            "a suspended sender",
            Status::Suspended,
            Some(SignerError::Suspended.reason()),
        ),
    ] {
        let sender = world.certify("NIHII:18749704", "phone");
        world.set_status(sender.identity().status_index(), status);
        let input = input(&sign(&sender), BOB);
        cases.push(match reason {
            Some(reason) => refused(name, &input, reason),
            None => accepted(name, &input, &output(&sender, status.bits())),
        });
    }
    let impostor = World::impostor_of(world, 5).certify("NIHII:18749704", "main");
    let foreign = input(&sign(&impostor), BOB);
    cases.push(refused(
        "a foreign CA",
        &foreign,
        SignerError::ForeignCa.reason(),
    ));
    let passed_on = input(&good, "NIHII:19997341");
    cases.push(refused(
        "passed on",
        &passed_on,
        DocumentError::NotForReader.reason(),
    ));
    let damaged = input(&damaged(&good), BOB);
    cases.push(refused(
        "a changed signature",
        &damaged,
        DocumentError::SignatureInvalid.reason(),
    ));
    cases
}

fn sign(sender: &Signer) -> String {
    let to: Vec<Addressee> = [BOB, CUSTODY]
        .iter()
        .map(|name| name.parse().unwrap())
        .collect();
    sealed::sign(sender, "text/plain", &to, b"Goeiedag").unwrap()
}

fn output(sender: &Signer, status: u8) -> Value {
    json!({
        "sender": identifiers(sender),
        "senderStatus": status,
        "mediaType": "text/plain",
        "recipients": [BOB, CUSTODY],
        "content": b64u(b"Goeiedag"),
    })
}
