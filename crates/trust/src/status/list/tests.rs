//! Status lists: one test for each refusal.

use kleis_jose::jws::Header;
use serde_json::{Value, json};

use super::*;
use crate::test_util::{World, claims_of, forge, private_key, reforge};

type Change = fn(&mut Value);

fn read(world: &World, compact: &str) -> Result<StatusList, StatusError> {
    StatusList::verify(compact, world.anchors(), world.now())
}

fn with_claims(world: &World, change: impl FnOnce(&mut Value)) -> Result<StatusList, StatusError> {
    let list = world.signed_status_list();
    read(
        world,
        &reforge(world.status_signer(), typ::STATUS_LIST, &list, change),
    )
}

#[track_caller]
fn assert_refused(outcome: Result<StatusList, StatusError>, expected: impl Into<StatusError>) {
    assert_eq!(outcome.map(|_| ()), Err(expected.into()));
}

#[test]
fn a_list_is_read_as_it_was_signed() {
    let mut world = World::new(1);
    let index = world.fresh_index();
    world.set_status(index, Status::Suspended);
    let list = world.status_list();
    assert_eq!(list.status(index), Status::Suspended);
    assert_eq!(list.status(index + 100), Status::Other);
    assert_eq!(list.entries(), world.entries());
    assert_eq!(list.issued_at(), world.now());
    assert_eq!(list.expires_at(), world.now().plus_seconds(LIFETIME));
    assert!(list.version() > 1);
    assert_eq!(with_claims(&world, |_| ()), Ok(list));
}

#[test]
fn a_list_is_fresh_until_its_end() {
    let world = World::new(2);
    let list = world.status_list();
    assert!(list.is_fresh(world.now().plus_seconds(959)));
    assert!(!list.is_fresh(world.now().plus_seconds(960)));
}

#[test]
fn a_list_by_anybody_but_the_status_service_is_refused() {
    let mut world = World::new(3);
    let list = world.signed_status_list();
    for signer in [
        world.service(Service::Registration),
        world.service(Service::Custody),
        world.certify("NIHII:18749704", "main"),
    ] {
        let forged = reforge(&signer, typ::STATUS_LIST, &list, |_| ());
        assert_refused(read(&world, &forged), StatusError::WrongSigner);
    }
    let impostor = World::impostor_of(&world, 4);
    let foreign = read(&world, &impostor.signed_status_list());
    assert_refused(foreign, SignerError::ForeignCa);
}

#[test]
fn a_list_that_disowns_its_signer_is_refused() {
    let mut world = World::new(5);
    let index = world.status_signer().identity().status_index();
    for status in [Status::Invalid, Status::Suspended, Status::Other] {
        world.set_status(index, status);
        let outcome = read(&world, &world.signed_status_list());
        assert_refused(outcome, StatusError::SignerNotInUse);
    }
}

#[test]
fn a_list_of_another_time_is_refused() {
    let world = World::new(6);
    let list = world.signed_status_list();
    let at =
        |seconds| StatusList::verify(&list, world.anchors(), world.now().plus_seconds(seconds));
    assert!(at(-60).is_ok() && at(959).is_ok());
    assert_refused(at(-61), StatusError::NotYetValid);
    assert_refused(at(960), StatusError::Stale);
}

#[test]
fn a_list_that_lives_for_another_time_is_refused() {
    let world = World::new(7);
    for life in [LIFETIME - 1, LIFETIME + 1, 0, i64::from(u32::MAX)] {
        let exp = world.now().plus_seconds(life).unix();
        let outcome = with_claims(&world, |claims| claims["exp"] = exp.into());
        assert_refused(outcome, StatusError::Lifetime);
    }
}

#[test]
fn an_older_list_is_refused() {
    let mut world = World::new(8);
    let first = world.status_list();
    world.fresh_index();
    let second = world.status_list();
    assert_eq!(second.not_older_than(&first.memory()), Ok(()));
    assert_eq!(second.not_older_than(&second.memory()), Ok(()));
    assert_eq!(
        first.not_older_than(&second.memory()),
        Err(StatusError::Older)
    );
    // A higher version with an earlier time is older too.
    world.clock().advance(-10);
    world.fresh_index();
    let back = world.status_list();
    assert!(back.version() > second.version());
    assert_eq!(
        back.not_older_than(&second.memory()),
        Err(StatusError::Older)
    );
    let memory = serde_json::to_string(&second.memory()).unwrap();
    let memory: StatusMemory = serde_json::from_str(&memory).unwrap();
    assert_eq!(memory, second.memory());
}

#[test]
fn a_list_of_another_installation_is_refused() {
    let world = World::new(9);
    let other = World::new(10);
    for sub in [
        subject(other.installation()),
        world.installation().audience(),
        String::new(),
    ] {
        let outcome = with_claims(&world, |claims| claims["sub"] = sub.into());
        assert_refused(outcome, StatusError::OtherInstallation);
    }
}

#[test]
fn other_claims_are_refused() {
    let world = World::new(11);
    let changes: [(Change, StatusError); 9] = [
        (
            |claims| claims["ttl"] = 61.into(),
            StatusError::ClaimsMalformed,
        ),
        (
            |claims| claims["ver"] = (-1).into(),
            StatusError::ClaimsMalformed,
        ),
        (
            |claims| claims["extra"] = 1.into(),
            StatusError::ClaimsMalformed,
        ),
        (
            |claims| claims["status_list"]["x"] = 1.into(),
            StatusError::ClaimsMalformed,
        ),
        (
            |claims| claims["status_list"]["bits"] = 1.into(),
            StatusError::EntriesMalformed,
        ),
        (
            |claims| claims["status_list"]["bits"] = 8.into(),
            StatusError::EntriesMalformed,
        ),
        (
            |claims| claims["status_list"]["lst"] = "".into(),
            StatusError::EntriesMalformed,
        ),
        (
            |claims| claims["status_list"]["lst"] = "AA==".into(),
            StatusError::EntriesMalformed,
        ),
        (
            |claims| claims["status_list"]["lst"] = "AAAA".into(),
            StatusError::EntriesMalformed,
        ),
    ];
    for (index, (change, expected)) in changes.into_iter().enumerate() {
        let outcome = with_claims(&world, change);
        assert_eq!(outcome.map(|_| ()), Err(expected), "change {index}");
    }
    let missing = |claims: &mut Value| {
        claims.as_object_mut().unwrap().remove("ver");
    };
    assert_refused(with_claims(&world, missing), StatusError::ClaimsMalformed);
}

#[test]
fn a_bomb_is_refused() {
    use std::io::Write;

    let world = World::new(12);
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder
        .write_all(&vec![0; super::super::MAX_PACKED + 1])
        .unwrap();
    let bomb = base64url::encode(&encoder.finish().unwrap());
    assert!(bomb.len() < 200_000);
    let outcome = with_claims(&world, |claims| {
        claims["status_list"] = json!({"bits": 2, "lst": bomb});
    });
    assert_refused(outcome, StatusError::EntriesTooLarge);
}

#[test]
fn another_form_is_refused() {
    let mut world = World::new(13);
    let list = world.signed_status_list();
    let signer = world.status_signer().clone();
    let order = reforge(&signer, typ::ORDER, &list, |_| ());
    assert_refused(read(&world, &order), StatusError::WrongType);
    let header = Header::default()
        .with_typ(typ::STATUS_LIST)
        .with_x5c(signer.chain().to_vec());
    let claims = claims_of(&list);
    let extra = forge(private_key(&signer), &header.clone().with_kid("1"), &claims);
    assert_refused(read(&world, &extra), StatusError::HeaderForbidden);
    let mallory = world.certify("NIHII:11530231", "main");
    let forged = forge(private_key(&mallory), &header, &claims);
    assert_refused(read(&world, &forged), StatusError::SignatureInvalid);
    assert_refused(read(&world, "a.b.c"), StatusError::Malformed);
    let long = "x".repeat(MAX_COMPACT + 1);
    assert_refused(read(&world, &long), StatusError::TooLarge);
}
