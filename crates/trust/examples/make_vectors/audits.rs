//! Checkpoints and segments (formats.md section 11).

use kleis_trust::{
    Signer, SignerError,
    checkpoint::{self, CheckpointError, Draft, Head},
    segment::{self, Segment, SegmentError},
    test_util::{World, reforge},
    typ,
};
use kleis_types::Service;
use serde_json::{Value, json};

use crate::cases::{accepted, b64u, damaged, refused};

fn input(compact: &str) -> Value {
    json!({ "service": "SERVICE:custody", "compact": compact })
}

pub(crate) fn checkpoints(world: &mut World) -> Vec<Value> {
    let custody = world.service(Service::Custody);
    let registration = world.service(Service::Registration);
    let (mut cases, good) = good_checkpoints(world, &custody);
    let hash = b64u(&[7; 32]);
    let elsewhere = World::new(1).installation().audience();
    for (name, claim, value, refusal) in [
        (
            "another issuer",
            "iss",
            json!("SERVICE:registration"),
            CheckpointError::WrongIssuer,
        ),
        (
            "another installation",
            "aud",
            json!(elsewhere),
            CheckpointError::OtherInstallation,
        ),
        (
            "a second one without the first",
            "seq",
            json!(2),
            CheckpointError::Sequence,
        ),
        (
            "a first one that follows",
            "prev",
            json!(hash),
            CheckpointError::Sequence,
        ),
        ("no heads", "heads", json!([]), CheckpointError::Heads),
        (
            "an unknown claim",
            "x",
            json!(1),
            CheckpointError::ClaimsMalformed,
        ),
    ] {
        let forged = reforge(&custody, typ::CHECKPOINT, &good, |claims| {
            claims[claim] = value;
        });
        cases.push(refused(name, &input(&forged), refusal.reason()));
    }
    let by = |signer: &Signer| input(&reforge(signer, typ::CHECKPOINT, &good, |_| ()));
    let reason = CheckpointError::WrongSigner.reason();
    cases.push(refused("another service", &by(&registration), reason));
    let impostor = World::impostor_of(world, 7).service(Service::Custody);
    let reason = SignerError::ForeignCa.reason();
    cases.push(refused("a foreign CA", &by(&impostor), reason));
    let other = input(&reforge(&custody, typ::SEGMENT, &good, |_| ()));
    cases.push(refused(
        "another type",
        &other,
        CheckpointError::WrongType.reason(),
    ));
    let reason = CheckpointError::SignatureInvalid.reason();
    cases.push(refused(
        "a changed signature",
        &input(&damaged(&good)),
        reason,
    ));
    cases
}

/// Checkpoints that are accepted, and the first of them for others to be made of.
fn good_checkpoints(world: &World, custody: &Signer) -> (Vec<Value>, String) {
    let head = |chain: &str, seq| Head {
        chain: chain.to_owned(),
        seq,
        hash: [7; 32],
    };
    let first = Draft {
        seq: 1,
        previous: None,
        full: true,
        gap: None,
        heads: vec![head("a", 1), head("b", 2)],
    };
    let next = Draft {
        seq: 2,
        previous: Some([1; 32]),
        full: false,
        heads: vec![head("b", 3)],
        ..first.clone()
    };
    let after_a_gap = Draft {
        seq: 9,
        previous: Some([1; 32]),
        gap: Some(4),
        ..first.clone()
    };
    let sign = |draft| checkpoint::sign(custody, draft, world.now()).unwrap();
    let good = sign(&first);
    let mut cases = Vec::new();
    for (name, draft) in [
        ("the first checkpoint", &first),
        ("one that follows", &next),
        ("one after a gap", &after_a_gap),
    ] {
        let heads =
            |head: &Head| json!({"chain": head.chain, "seq": head.seq, "hash": b64u(&head.hash)});
        let output = json!({
            "issued": world.now(),
            "seq": draft.seq,
            "previous": draft.previous.map(|hash| b64u(&hash)),
            "full": draft.full,
            "gap": draft.gap,
            "heads": draft.heads.iter().map(heads).collect::<Vec<_>>(),
        });
        cases.push(accepted(name, &input(&sign(draft)), &output));
    }
    (cases, good)
}

pub(crate) fn segments(world: &mut World) -> Vec<Value> {
    let custody = world.service(Service::Custody);
    let registration = world.service(Service::Registration);
    let segment = Segment {
        chain: "a".to_owned(),
        first: 1,
        last: 9,
        before: [0; 32],
        head: [2; 32],
        rows: [3; 32],
        kept: vec![(2, [4; 32]), (9, [2; 32])],
    };
    let good = segment::sign(&custody, &segment, world.now()).unwrap();
    let kept = |(seq, hash): &(u64, [u8; 32])| json!([seq, b64u(hash)]);
    let output = json!({
        "chain": segment.chain,
        "from": segment.first,
        "to": segment.last,
        "before": b64u(&segment.before),
        "last": b64u(&segment.head),
        "rows": b64u(&segment.rows),
        "kept": segment.kept.iter().map(kept).collect::<Vec<_>>(),
    });
    let mut cases = vec![accepted("a segment", &input(&good), &output)];
    let elsewhere = World::new(1).installation().audience();
    for (name, claim, value, refusal) in [
        (
            "another issuer",
            "iss",
            json!("SERVICE:registration"),
            SegmentError::WrongIssuer,
        ),
        (
            "another installation",
            "aud",
            json!(elsewhere),
            SegmentError::OtherInstallation,
        ),
        (
            "more rows than there may be",
            "to",
            json!(10_001),
            SegmentError::Rows,
        ),
        (
            "no beginning before row 2",
            "from",
            json!(2),
            SegmentError::Rows,
        ),
        (
            "an unknown claim",
            "x",
            json!(1),
            SegmentError::ClaimsMalformed,
        ),
    ] {
        let forged = reforge(&custody, typ::SEGMENT, &good, |claims| {
            claims[claim] = value;
        });
        cases.push(refused(name, &input(&forged), refusal.reason()));
    }
    let by = |signer: &Signer| input(&reforge(signer, typ::SEGMENT, &good, |_| ()));
    let reason = SegmentError::WrongSigner.reason();
    cases.push(refused("another service", &by(&registration), reason));
    let other = input(&reforge(&custody, typ::CHECKPOINT, &good, |_| ()));
    cases.push(refused(
        "another type",
        &other,
        SegmentError::WrongType.reason(),
    ));
    let reason = SegmentError::SignatureInvalid.reason();
    cases.push(refused(
        "a changed signature",
        &input(&damaged(&good)),
        reason,
    ));
    cases
}
