//! Enrolment codes and their announcement (formats.md section 5).

use kleis_jose::KeyType;
use kleis_trust::{
    Jti,
    enrolment_code::{self, Announcement, AnnouncementError, BOOTSTRAP, EnrolmentCode},
    test_util::World,
};
use kleis_types::{DeviceId, Identifier};
use serde_json::{Value, json};

use crate::cases::{accepted, b64u, damaged, private_jwk, refused};

/// The reason for a text that is no code; it is the only one.
const NO_CODE: &str = "ENROLMENT_CODE";

pub(crate) fn codes(world: &World) -> Vec<Value> {
    let identifier: Identifier = "CBE:0809394427/KGSS".parse().unwrap();
    let (device, installation) = (DeviceId::main(), world.installation());
    let csr = b"stands for the DER of a request";
    let mut cases = Vec::new();
    for (name, identity) in [
        ("a code for an identity", identifier.to_string()),
        ("the bootstrap's code", BOOTSTRAP.to_owned()),
    ] {
        let code = EnrolmentCode::generate(world.random());
        let verifier = code.verifier(installation, &identity);
        let proof = enrolment_code::proof(&verifier, csr, &identifier, &device, installation);
        let input = |text: &str| {
            json!({
                "code": text,
                "codeFor": identity,
                "csr": b64u(csr),
                "identifier": identifier,
                "device": device,
            })
        };
        let output = json!({
            "codeId": code.id(),
            "verifier": b64u(verifier.expose()),
            "proof": b64u(&proof),
        });
        let text = code.to_text();
        cases.push(accepted(name, &input(&text), &output));
        let typed = text
            .to_lowercase()
            .replace('-', " ")
            .replace('0', "o")
            .replace('1', "l");
        cases.push(accepted(
            &format!("{name}, as typed"),
            &input(&typed),
            &output,
        ));
        let short = input(&text[..text.len() - 1]);
        cases.push(refused(&format!("{name}, a symbol short"), &short, NO_CODE));
        let padded = input(&format!("{}1", &text[..text.len() - 1]));
        cases.push(refused(
            &format!("{name}, with a bit too many"),
            &padded,
            NO_CODE,
        ));
        let stray = input(&format!("U{}", &text[1..]));
        cases.push(refused(&format!("{name}, with a U"), &stray, NO_CODE));
    }
    cases
}

pub(crate) fn announcements(world: &World) -> Vec<Value> {
    let identifier: Identifier = "CBE:0809394427/KGSS".parse().unwrap();
    let key = world.key(KeyType::P256);
    let code = EnrolmentCode::generate(world.random());
    let verifier = code.verifier(world.installation(), &identifier.to_string());
    let jti = Jti::random(world.random());
    let announcement = Announcement {
        jti,
        code: code.id(),
        identifier: &identifier,
    };
    let compact = announcement
        .seal(&key.public(), &verifier, world.random())
        .unwrap();
    let input = json!({
        "key": private_jwk(&key),
        "jti": jti,
        "codeId": code.id(),
        "identifier": identifier,
        "compact": compact,
    });
    let output = json!({ "verifier": b64u(verifier.expose()) });
    let mut cases = vec![accepted("an announcement", &input, &output)];
    let other = EnrolmentCode::generate(world.random()).id();
    for (name, member, value, refusal) in [
        (
            "another order",
            "jti",
            json!(Jti::random(world.random())),
            AnnouncementError::OtherOrder,
        ),
        (
            "another code",
            "codeId",
            json!(other),
            AnnouncementError::OtherCode,
        ),
        (
            "another identity",
            "identifier",
            json!("CBE:0809394427"),
            AnnouncementError::OtherIdentity,
        ),
        (
            "a changed tag",
            "compact",
            json!(damaged(&compact)),
            AnnouncementError::Unreadable,
        ),
    ] {
        let mut input = input.clone();
        input[member] = value;
        cases.push(refused(name, &input, refusal.reason()));
    }
    cases
}
