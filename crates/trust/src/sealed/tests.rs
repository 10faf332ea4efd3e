//! Documents: who wrote them, and to whom.

use serde_json::json;

use super::*;
use crate::test_util::{CERTIFICATE_LIFE, World, private_key};

const ALICE: &str = "NIHII:18749704";
const BOB: &str = "NIHII:11530231";
const MAX: usize = 100_000;

fn names(texts: &[&str]) -> Vec<Addressee> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// Bob reads what Alice wrote.
fn read_by(world: &World, compact: &str, reader: &str) -> Result<Document, DocumentError> {
    let (anchors, status, now) = (world.anchors(), world.status_list(), world.now());
    verify(compact, MAX, &names(&[reader]), anchors, &status, now)
}

fn written(seed: u64) -> (World, Signer, String) {
    let mut world = World::new(seed);
    let alice = world.certify(ALICE, "main");
    let compact = sign(&alice, "text/plain", &names(&[BOB]), b"hello").unwrap();
    (world, alice, compact)
}

#[track_caller]
fn assert_refused(outcome: Result<Document, DocumentError>, expected: impl Into<DocumentError>) {
    assert_eq!(outcome.map(|_| ()), Err(expected.into()));
}

#[test]
fn a_document_tells_its_sender_and_readers() {
    let mut world = World::new(1);
    let alice = world.certify(ALICE, "main");
    let key_id = "custody:AAAAAAAAAAAAAAAAAAAAAA";
    let to = names(&[BOB, key_id]);
    let compact = sign(&alice, "application/fhir+json", &to, b"{}").unwrap();
    for reader in [BOB, key_id] {
        let document = read_by(&world, &compact, reader).unwrap();
        assert!(document.sender().is(&ALICE.parse().unwrap()));
        assert_eq!(document.sender_status(), Status::Valid);
        assert_eq!(document.media_type(), "application/fhir+json");
        assert_eq!(document.addressees(), to);
        assert_eq!(document.content(), b"{}");
        let shown = format!("{document:?}");
        assert!(
            !shown.contains("content") && !shown.contains("18749704"),
            "{shown}"
        );
        assert_eq!(document.into_content(), b"{}");
    }
}

#[test]
fn a_document_passed_on_is_refused() {
    let (world, _, compact) = written(2);
    for reader in [
        ALICE,
        "NIHII:11530231/KGSS",
        "custody:AAAAAAAAAAAAAAAAAAAAAA",
    ] {
        assert_refused(
            read_by(&world, &compact, reader),
            DocumentError::NotForReader,
        );
    }
    let (anchors, status, now) = (world.anchors(), world.status_list(), world.now());
    let nobody = verify(&compact, MAX, &[], anchors, &status, now);
    assert_refused(nobody, DocumentError::NotForReader);
}

#[test]
fn a_revoked_or_suspended_sender_is_refused_and_a_superseded_one_is_told() {
    let (mut world, alice, compact) = written(3);
    let index = alice.identity().status_index();
    world.set_status(index, Status::Invalid);
    assert_refused(read_by(&world, &compact, BOB), SignerError::Revoked);
    world.set_status(index, Status::Suspended);
    assert_refused(read_by(&world, &compact, BOB), SignerError::Suspended);
    world.set_status(index, Status::Other);
    let document = read_by(&world, &compact, BOB).unwrap();
    assert_eq!(document.sender_status(), Status::Other);
}

#[test]
fn an_expired_sender_is_told_whatever_the_list_says() {
    let (mut world, alice, compact) = written(4);
    let index = alice.identity().status_index();
    world.clock().advance(CERTIFICATE_LIFE + 61);
    for status in [Status::Valid, Status::Other] {
        world.set_status(index, status);
        let document = read_by(&world, &compact, BOB).unwrap();
        assert_eq!(document.sender_status(), Status::Other);
    }
    // Its end does not wash away that it was revoked.
    world.set_status(index, Status::Invalid);
    assert_refused(read_by(&world, &compact, BOB), SignerError::Revoked);
}

#[test]
fn a_stale_list_decides_nothing() {
    let (world, _, compact) = written(9);
    let (anchors, status) = (world.anchors(), world.status_list());
    let later = world.now().plus_seconds(960);
    let stale = verify(&compact, MAX, &names(&[BOB]), anchors, &status, later);
    assert_refused(stale, SignerError::StatusStale);
}

#[test]
fn a_sender_whose_certificate_begins_in_the_future_is_refused() {
    let mut world = World::new(10);
    let key = world.key(kleis_jose::KeyType::P256);
    let identity = world.identity(&[ALICE], "main");
    let (from, to) = (world.now().plus_seconds(61), world.now().plus_seconds(900));
    let alice = Signer::new(key.clone(), world.issue(&key, &identity, from, to)).unwrap();
    let compact = sign(&alice, "text/plain", &names(&[BOB]), b"hello").unwrap();
    assert_refused(read_by(&world, &compact, BOB), SignerError::NotYetValid);
}

#[test]
fn debug_shows_no_word_of_a_document() {
    let (world, _, compact) = written(11);
    let document = read_by(&world, &compact, BOB).unwrap();
    let shown = format!("{document:?}");
    assert!(
        shown.starts_with("Document { sender: VerifiedSigner"),
        "{shown}"
    );
    for secret in ["hello", "104, 101, 108", "18749704", "11530231"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn a_sender_under_a_foreign_ca_is_refused() {
    let (world, _, compact) = written(5);
    let impostor = World::impostor_of(&world, 6);
    assert_refused(read_by(&impostor, &compact, BOB), SignerError::ForeignCa);
}

#[test]
fn what_no_reader_would_accept_is_not_signed() {
    let (_, alice, _) = written(7);
    let many: Vec<_> = std::iter::repeat_n(names(&[BOB]), 257).flatten().collect();
    for (media_type, to) in [
        ("", names(&[BOB])),
        ("text/plain", Vec::new()),
        ("text/plain", many),
    ] {
        let outcome = sign(&alice, media_type, &to, b"hello");
        assert!(matches!(outcome, Err(SigningError::Claims(_))));
    }
}

#[test]
fn another_form_is_refused() {
    let (mut world, alice, compact) = written(8);
    let good = || {
        Header::default()
            .with_typ(typ::DOCUMENT)
            .with_cty("text/plain")
            .with_x5c(alice.chain().to_vec())
    };
    let to = |header: Header, value: Value| header.with_member(RECIPIENTS, value);
    let by = |key, header: &Header| jws::sign(key, header, b"hello").unwrap();
    let key = private_key(&alice);
    assert!(read_by(&world, &by(key, &to(good(), json!([BOB]))), BOB).is_ok());
    let too_many = json!(vec![BOB; 257]);
    let cases = [
        (to(good(), json!([])), DocumentError::AddresseesMalformed),
        (to(good(), json!(BOB)), DocumentError::AddresseesMalformed),
        (
            to(good(), json!([BOB, 1])),
            DocumentError::AddresseesMalformed,
        ),
        (
            to(good(), json!([BOB, "everybody"])),
            DocumentError::AddresseesMalformed,
        ),
        (to(good(), too_many), DocumentError::AddresseesMalformed),
        (
            to(good(), json!([BOB])).with_cty(""),
            DocumentError::MediaTypeMissing,
        ),
        (
            to(good(), json!([BOB])).with_typ("JWT"),
            DocumentError::WrongType,
        ),
        (
            to(good(), json!([BOB])).with_typ(typ::ORDER),
            DocumentError::WrongType,
        ),
        (
            to(good(), json!([BOB])).with_kid("1"),
            DocumentError::HeaderForbidden,
        ),
        (good(), DocumentError::HeaderForbidden),
    ];
    for (header, expected) in cases {
        assert_refused(read_by(&world, &by(key, &header), BOB), expected);
    }
    assert_refused(read_by(&world, "a.b.c", BOB), DocumentError::Malformed);
    assert_refused(
        read_by(&world, &"x".repeat(MAX + 1), BOB),
        DocumentError::TooLarge,
    );
    let mallory = world.certify(BOB, "main");
    let forged = by(private_key(&mallory), &to(good(), json!([BOB])));
    assert_refused(
        read_by(&world, &forged, BOB),
        DocumentError::SignatureInvalid,
    );
    let changed = compact.replace(".aGVsbG8.", ".aHVsbG8.");
    assert_ne!(changed, compact);
    assert_refused(
        read_by(&world, &changed, BOB),
        DocumentError::SignatureInvalid,
    );
}
