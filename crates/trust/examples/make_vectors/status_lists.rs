//! Status lists (formats.md section 8).

use kleis_trust::{
    Signer, SignerError,
    status::{Status, StatusError, StatusList},
    test_util::{World, reforge},
    typ,
};
use kleis_types::Service;
use serde_json::{Value, json};

use crate::cases::{accepted, b64u, claim, damaged, refused};

pub(crate) fn cases(world: &mut World) -> Vec<Value> {
    let custody = world.service(Service::Custody);
    let good = world.signed_status_list();
    let version = claim(&good, "ver");
    let now = world.now().unix();
    let input = |compact: &str| json!({ "compact": compact });
    let output = json!({
        "version": version,
        "issued": now,
        "expires": now + 900,
        "entries": b64u(world.entries().packed()),
    });
    let mut same = input(&good);
    same["seen"] = json!({ "version": version, "iat": now });
    let mut cases = vec![
        accepted("a list", &input(&good), &output),
        accepted("the list that was seen before", &same, &output),
    ];
    for (name, seen) in [
        (
            "a smaller version than seen",
            json!({"version": version.as_u64().unwrap() + 1, "iat": now}),
        ),
        (
            "an earlier time than seen",
            json!({"version": version, "iat": now + 1}),
        ),
    ] {
        let mut input = input(&good);
        input["seen"] = seen;
        cases.push(refused(name, &input, StatusError::Older.reason()));
    }
    cases.extend(claims(world, &good));
    let by = |signer: &Signer| input(&reforge(signer, typ::STATUS_LIST, &good, |_| ()));
    cases.push(refused(
        "another service",
        &by(&custody),
        StatusError::WrongSigner.reason(),
    ));
    let impostor = World::impostor_of(world, 6);
    let foreign = input(&impostor.signed_status_list());
    cases.push(refused(
        "a foreign CA",
        &foreign,
        SignerError::ForeignCa.reason(),
    ));
    let reason = StatusError::SignerNotInUse.reason();
    cases.push(refused(
        "a list that disowns its signer",
        &input(&disowning(world)),
        reason,
    ));
    let reason = StatusError::SignatureInvalid.reason();
    cases.push(refused(
        "a changed signature",
        &input(&damaged(&good)),
        reason,
    ));
    cases
}

fn claims(world: &World, good: &str) -> Vec<Value> {
    let now = world.now().unix();
    let subject = format!("urn:kleis:status:{}", World::new(1).installation());
    let entries = |bits, lst: &str| json!({"status_list": {"bits": bits, "lst": lst}});
    let stream = claim(good, "status_list")["lst"]
        .as_str()
        .unwrap()
        .to_owned();
    let cases: [(&str, Value, StatusError); 8] = [
        (
            "another installation",
            json!({"sub": subject}),
            StatusError::OtherInstallation,
        ),
        (
            "a life of another length",
            json!({"exp": now + 901}),
            StatusError::Lifetime,
        ),
        (
            "another ttl",
            json!({"ttl": 61}),
            StatusError::ClaimsMalformed,
        ),
        (
            "an unknown claim",
            json!({"x": 1}),
            StatusError::ClaimsMalformed,
        ),
        (
            "the future",
            json!({"iat": now + 61, "exp": now + 961}),
            StatusError::NotYetValid,
        ),
        (
            "a stale list",
            json!({"iat": now - 960, "exp": now - 60}),
            StatusError::Stale,
        ),
        (
            "one bit an entry",
            entries(1, &stream),
            StatusError::EntriesMalformed,
        ),
        (
            "no zlib stream",
            entries(2, "AAAA"),
            StatusError::EntriesMalformed,
        ),
    ];
    let case = |(name, changes, refusal): (&str, Value, StatusError)| {
        let forged = reforge(world.status_signer(), typ::STATUS_LIST, good, |claims| {
            for (claim, value) in changes.as_object().unwrap() {
                claims[claim] = value.clone();
            }
        });
        refused(name, &json!({ "compact": forged }), refusal.reason())
    };
    cases.into_iter().map(case).collect()
}

fn disowning(world: &World) -> String {
    let signer = world.status_signer();
    let mut entries = world.entries().clone();
    entries
        .set(signer.identity().status_index(), Status::Invalid)
        .unwrap();
    StatusList::sign(signer, world.installation(), 1, &entries, world.now()).unwrap()
}
