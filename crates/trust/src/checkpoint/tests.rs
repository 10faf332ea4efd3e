//! Checkpoints: one test for each refusal.

use kleis_jose::jws::Header;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    SignerError,
    test_util::{World, claims_of, forge, private_key, reforge},
};

struct Series {
    world: World,
    custody: Signer,
    first: String,
}

fn head(chain: &str, seq: u64) -> Head {
    Head {
        chain: chain.to_owned(),
        seq,
        hash: [7; 32],
    }
}

fn draft() -> Draft {
    Draft {
        seq: 1,
        previous: None,
        full: true,
        gap: None,
        heads: vec![head("b", 2), head("a", 1)],
    }
}

impl Series {
    fn new(seed: u64) -> Self {
        let mut world = World::new(seed);
        let custody = world.service(Service::Custody);
        let first = sign(&custody, &draft(), world.now()).unwrap();
        Self {
            world,
            custody,
            first,
        }
    }

    fn read(&self, compact: &str) -> Result<Checkpoint, CheckpointError> {
        Verifier::new(self.world.anchors(), Service::Custody).verify(compact)
    }

    fn with_claims(&self, change: impl FnOnce(&mut Value)) -> Result<Checkpoint, CheckpointError> {
        self.read(&reforge(
            &self.custody,
            typ::CHECKPOINT,
            &self.first,
            change,
        ))
    }
}

#[test]
fn a_checkpoint_comes_back_with_its_heads_in_order() {
    let series = Series::new(1);
    let read = series.read(&series.first).unwrap();
    assert_eq!(read.issued_at(), series.world.now());
    assert_eq!(read.content().heads, [head("a", 1), head("b", 2)]);
    assert_eq!(*read.digest(), digest::sha256(series.first.as_bytes()));
    let next = Draft {
        seq: 2,
        previous: Some(*read.digest()),
        full: false,
        heads: vec![head("a", 3)],
        ..draft()
    };
    let signed = sign(&series.custody, &next, series.world.now()).unwrap();
    assert_eq!(series.read(&signed).unwrap().content(), &next);
    let after_a_gap = Draft {
        seq: 9,
        previous: Some([1; 32]),
        gap: Some(4),
        heads: vec![head("a", 3)],
        ..draft()
    };
    let signed = sign(&series.custody, &after_a_gap, series.world.now()).unwrap();
    assert_eq!(series.read(&signed).unwrap().content(), &after_a_gap);
}

#[test]
fn it_stays_good_when_the_service_is_certified_anew_and_when_the_certificate_has_ended() {
    let mut series = Series::new(2);
    let mut verifier = Verifier::new(series.world.anchors(), Service::Custody);
    series.world.clock().advance(4 * 365 * 86_400);
    let second = series.world.service(Service::Custody);
    let later = sign(&second, &draft(), series.world.now()).unwrap();
    for compact in [&series.first, &later, &series.first] {
        assert!(verifier.verify(compact).is_ok());
    }
    // Signed by the first certificate's key after the end of that certificate.
    let late = sign(&series.custody, &draft(), series.world.now()).unwrap();
    assert_eq!(
        verifier.verify(&late),
        Err(SignerError::Expired.into()),
        "also where the certificate was good a moment ago"
    );
}

#[test]
fn another_service_and_an_impostor_are_refused() {
    let mut series = Series::new(3);
    let registration = series.world.service(Service::Registration);
    let by = |signer: &Signer| reforge(signer, typ::CHECKPOINT, &series.first, |_| ());
    assert_eq!(
        series.read(&by(&registration)),
        Err(CheckpointError::WrongSigner)
    );
    let foreign = World::impostor_of(&series.world, 4).service(Service::Custody);
    assert_eq!(
        series.read(&by(&foreign)),
        Err(SignerError::ForeignCa.into())
    );
    let caller = series.world.certify("NIHII:18749704", "main");
    let forged = reforge(&caller, typ::CHECKPOINT, &series.first, |_| ());
    assert_eq!(series.read(&forged), Err(CheckpointError::WrongSigner));
}

#[test]
fn another_issuer_or_installation_is_refused() {
    let series = Series::new(5);
    let iss = |claims: &mut Value| claims["iss"] = "SERVICE:registration".into();
    assert_eq!(series.with_claims(iss), Err(CheckpointError::WrongIssuer));
    let elsewhere = World::new(6).installation().audience();
    let aud = |claims: &mut Value| claims["aud"] = elsewhere.into();
    assert_eq!(
        series.with_claims(aud),
        Err(CheckpointError::OtherInstallation)
    );
}

#[test]
fn numbers_go_with_what_is_said_of_those_before() {
    let series = Series::new(7);
    let hash = base64_of([1; 32]);
    for changes in [
        json!({"seq": 0}),
        json!({"seq": 2}),
        json!({"prev": hash}),
        json!({"gap": 0}),
        json!({"seq": 2, "prev": hash, "gap": 2}),
    ] {
        assert_eq!(
            series.with_claims(|claims| merge(claims, &changes)),
            Err(CheckpointError::Sequence),
            "{changes}"
        );
    }
    for changes in [
        json!({"seq": 2, "prev": hash}),
        json!({"seq": 3, "prev": hash, "gap": 0}),
    ] {
        let read = series.with_claims(|claims| merge(claims, &changes));
        assert!(read.is_ok(), "{changes}: {read:?}");
    }
    for (seq, prev, gap) in [(1, None, None), (3, Some(&hash), Some(1))] {
        let read = series.with_claims(|claims| {
            let heads = claims["heads"].clone();
            *claims = json!({
                "iss": claims["iss"], "aud": claims["aud"], "iat": claims["iat"],
                "seq": seq, "heads": heads,
            });
            if let Some(prev) = prev {
                claims["prev"] = prev.clone().into();
            }
            if let Some(gap) = gap {
                claims["gap"] = Value::from(gap);
            }
        });
        assert_eq!(read, Err(CheckpointError::Sequence), "not full, {seq}");
    }
}

#[test]
fn heads_are_some_in_order_and_of_chains() {
    let series = Series::new(8);
    let hash = base64_of([1; 32]);
    let long = "x".repeat(MAX_CHAIN + 1);
    for heads in [
        json!([]),
        json!([{"chain": "b", "seq": 1, "hash": hash}, {"chain": "a", "seq": 1, "hash": hash}]),
        json!([{"chain": "a", "seq": 1, "hash": hash}, {"chain": "a", "seq": 2, "hash": hash}]),
        json!([{"chain": "", "seq": 1, "hash": hash}]),
        json!([{"chain": long, "seq": 1, "hash": hash}]),
        json!([{"chain": "a", "seq": 0, "hash": hash}]),
    ] {
        let read = series.with_claims(|claims| claims["heads"] = heads.clone());
        assert_eq!(read, Err(CheckpointError::Heads), "{heads}");
    }
}

#[test]
fn what_no_verifier_accepts_is_not_signed() {
    let series = Series::new(9);
    let now = series.world.now();
    for bad in [
        Draft { seq: 0, ..draft() },
        Draft { seq: 2, ..draft() },
        Draft {
            full: false,
            ..draft()
        },
        Draft {
            heads: Vec::new(),
            ..draft()
        },
        Draft {
            heads: vec![head("a", 1), head("a", 2)],
            ..draft()
        },
    ] {
        assert!(
            matches!(
                sign(&series.custody, &bad, now),
                Err(SigningError::Claims(_))
            ),
            "{bad:?}"
        );
    }
}

#[test]
fn another_type_header_or_shape_is_refused() {
    let series = Series::new(10);
    let reply = reforge(&series.custody, typ::REPLY, &series.first, |_| ());
    assert_eq!(series.read(&reply), Err(CheckpointError::WrongType));
    let header = Header::default()
        .with_typ(typ::CHECKPOINT)
        .with_x5c(series.custody.chain().to_vec())
        .with_kid("1");
    let forged = forge(
        private_key(&series.custody),
        &header,
        &claims_of(&series.first),
    );
    assert_eq!(series.read(&forged), Err(CheckpointError::HeaderForbidden));
    assert_eq!(series.read("a.b"), Err(CheckpointError::Malformed));
    assert_eq!(
        series.read(&"x".repeat(MAX_SIZE + 1)),
        Err(CheckpointError::TooLarge)
    );
    for (member, value) in [
        ("extra", json!(1)),
        ("full", json!(false)),
        ("prev", Value::Null),
        ("seq", json!(-1)),
    ] {
        assert_eq!(
            series.with_claims(|claims| claims[member] = value),
            Err(CheckpointError::ClaimsMalformed),
            "{member}"
        );
    }
}

#[test]
fn a_changed_byte_anywhere_is_refused() {
    let series = Series::new(11);
    proptest!(|(at: prop::sample::Index, byte: u8)| {
        let mut bytes = series.first.as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = (bytes[at] ^ (byte | 1)) & 0x7f;
        let text = String::from_utf8(bytes).unwrap();
        prop_assume!(text != series.first);
        prop_assert!(series.read(&text).is_err());
    });
}

#[test]
fn a_signature_by_another_key_is_refused() {
    let mut series = Series::new(12);
    let other = series.world.service(Service::Custody);
    let header = Header::default()
        .with_typ(typ::CHECKPOINT)
        .with_x5c(series.custody.chain().to_vec());
    let forged = forge(private_key(&other), &header, &claims_of(&series.first));
    assert_eq!(series.read(&forged), Err(CheckpointError::SignatureInvalid));
}

fn base64_of(hash: [u8; 32]) -> String {
    kleis_types::base64url::encode(&hash)
}

fn merge(claims: &mut Value, changes: &Value) {
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
}
