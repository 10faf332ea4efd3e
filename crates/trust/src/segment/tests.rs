//! Segments: one test for each refusal.

use kleis_jose::jws::Header;
use serde_json::{Value, json};

use super::*;
use crate::{
    SignerError,
    test_util::{World, claims_of, forge, private_key, reforge},
};

struct Archived {
    world: World,
    custody: Signer,
    compact: String,
}

fn segment() -> Segment {
    Segment {
        chain: "a".to_owned(),
        first: 1,
        last: 9,
        before: [0; 32],
        head: [2; 32],
        rows: [3; 32],
        kept: vec![(2, [4; 32]), (9, [5; 32])],
    }
}

impl Archived {
    fn new(seed: u64) -> Self {
        let mut world = World::new(seed);
        let custody = world.service(Service::Custody);
        let compact = sign(&custody, &segment(), world.now()).unwrap();
        Self {
            world,
            custody,
            compact,
        }
    }

    fn read(&self, compact: &str) -> Result<Segment, SegmentError> {
        Verifier::new(self.world.anchors(), Service::Custody).verify(compact)
    }

    fn with_claims(&self, change: impl FnOnce(&mut Value)) -> Result<Segment, SegmentError> {
        self.read(&reforge(&self.custody, typ::SEGMENT, &self.compact, change))
    }
}

#[test]
fn a_segment_comes_back_also_after_the_certificate_has_ended() {
    let archived = Archived::new(1);
    archived.world.clock().advance(4 * 365 * 86_400);
    assert_eq!(archived.read(&archived.compact), Ok(segment()));
    let second = Segment {
        first: 10,
        last: 10,
        before: [2; 32],
        kept: Vec::new(),
        ..segment()
    };
    let at = archived.world.now().plus_seconds(-4 * 365 * 86_400);
    let signed = sign(&archived.custody, &second, at).unwrap();
    assert_eq!(archived.read(&signed), Ok(second));
}

#[test]
fn another_service_issuer_installation_or_key_is_refused() {
    let mut archived = Archived::new(2);
    let registration = archived.world.service(Service::Registration);
    let by = |signer: &Signer| reforge(signer, typ::SEGMENT, &archived.compact, |_| ());
    assert_eq!(
        archived.read(&by(&registration)),
        Err(SegmentError::WrongSigner)
    );
    let foreign = World::impostor_of(&archived.world, 3).service(Service::Custody);
    assert_eq!(
        archived.read(&by(&foreign)),
        Err(SignerError::ForeignCa.into())
    );
    let iss = |claims: &mut Value| claims["iss"] = "SERVICE:registration".into();
    assert_eq!(archived.with_claims(iss), Err(SegmentError::WrongIssuer));
    let elsewhere = World::new(4).installation().audience();
    let aud = |claims: &mut Value| claims["aud"] = elsewhere.into();
    assert_eq!(
        archived.with_claims(aud),
        Err(SegmentError::OtherInstallation)
    );
    let header = Header::default()
        .with_typ(typ::SEGMENT)
        .with_x5c(archived.custody.chain().to_vec());
    let forged = forge(
        private_key(&registration),
        &header,
        &claims_of(&archived.compact),
    );
    assert_eq!(archived.read(&forged), Err(SegmentError::SignatureInvalid));
}

#[test]
fn rows_are_some_and_in_order() {
    let archived = Archived::new(5);
    let hash = kleis_types::base64url::encode(&[1; 32]);
    let mut bad = vec![
        json!({"from": 0}),
        json!({"from": 10}),
        json!({"from": 2}),
        json!({"to": MAX_ROWS + 1}),
        json!({"before": hash}),
        json!({"chain": ""}),
        json!({"chain": "x".repeat(MAX_CHAIN + 1)}),
    ];
    for kept in [
        json!([[10, hash]]),
        json!([[3, hash], [2, hash]]),
        json!([[3, hash], [3, hash]]),
    ] {
        bad.push(json!({ "kept": kept }));
    }
    for changes in bad {
        let read = archived.with_claims(|claims| {
            for (name, value) in changes.as_object().unwrap() {
                claims[name] = value.clone();
            }
        });
        assert_eq!(read, Err(SegmentError::Rows), "{changes}");
    }
    let empty = Segment {
        last: 0,
        ..segment()
    };
    let now = archived.world.now();
    assert!(matches!(
        sign(&archived.custody, &empty, now),
        Err(SigningError::Claims(_))
    ));
}

#[test]
fn another_type_header_or_shape_is_refused() {
    let archived = Archived::new(6);
    let other = reforge(
        &archived.custody,
        typ::CHECKPOINT,
        &archived.compact,
        |_| (),
    );
    assert_eq!(archived.read(&other), Err(SegmentError::WrongType));
    let header = Header::default()
        .with_typ(typ::SEGMENT)
        .with_x5c(archived.custody.chain().to_vec())
        .with_kid("1");
    let forged = forge(
        private_key(&archived.custody),
        &header,
        &claims_of(&archived.compact),
    );
    assert_eq!(archived.read(&forged), Err(SegmentError::HeaderForbidden));
    assert_eq!(archived.read("a.b"), Err(SegmentError::Malformed));
    assert_eq!(
        archived.read(&"x".repeat(MAX_SIZE + 1)),
        Err(SegmentError::TooLarge)
    );
    for (member, value) in [("extra", json!(1)), ("kept", json!([[1]]))] {
        assert_eq!(
            archived.with_claims(|claims| claims[member] = value),
            Err(SegmentError::ClaimsMalformed),
            "{member}"
        );
    }
}
