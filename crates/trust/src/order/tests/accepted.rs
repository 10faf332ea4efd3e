//! Orders that are accepted.

use super::*;

#[test]
fn an_order_is_read_as_it_was_signed() {
    let mut world = World::new(1);
    let alice = world.certify(ALICE, "main");
    let draft = draft().with_version(7).with_jti(Jti::from([9; 16]));
    let signed = sign(
        &alice,
        world.installation(),
        &draft,
        world.now(),
        world.random(),
    )
    .unwrap();
    let order = read(&world, signed.compact()).unwrap();
    assert_eq!(order.body(), &body());
    assert_eq!(
        (order.jti(), signed.jti()),
        (Jti::from([9; 16]), Jti::from([9; 16]))
    );
    assert_eq!(order.version(), Some(7));
    assert_eq!(order.issued_at(), world.now());
    assert_eq!(order.expires_at().seconds_since(world.now()), MAX_LIFETIME);
    assert_eq!(order.compact(), signed.compact());
    assert_eq!(order.digest(), signed.digest());
    assert_eq!(order.digest(), &digest_of(signed.compact()));
    assert!(order.signer().is(&ALICE.parse().unwrap()));
    assert_eq!(order.signer().certificate(), alice.certificate());
    assert_eq!(order.into_body(), body());
}

#[test]
fn an_order_that_its_maker_kept_is_read_back() {
    let mut world = World::new(7);
    let alice = world.certify(ALICE, "main");
    let key = world.key(KeyType::P256);
    for order in [signed(&world, &alice), enrolment(&world, &key)] {
        assert_eq!(SignedOrder::restore(order.compact()), Ok(order));
    }
    let reply = reforge(&alice, typ::REPLY, signed(&world, &alice).compact(), |_| ());
    assert_eq!(SignedOrder::restore(&reply), Err(OrderError::WrongType));
    assert_eq!(SignedOrder::restore("a.b.c"), Err(OrderError::Malformed));
}

#[test]
fn each_order_has_a_jti_of_its_own() {
    let mut world = World::new(2);
    let alice = world.certify(ALICE, "main");
    assert_ne!(signed(&world, &alice).jti(), signed(&world, &alice).jti());
}

#[test]
fn every_kind_of_certified_key_signs() {
    let mut world = World::new(3);
    for key_type in [
        KeyType::P256,
        KeyType::P384,
        KeyType::Ed25519,
        KeyType::Rsa { bits: 2048 },
    ] {
        let key = world.key(key_type);
        let alice = world.certify_key(&key, &[ALICE], "main");
        assert!(
            read(&world, signed(&world, &alice).compact()).is_ok(),
            "{key_type}"
        );
    }
}

#[test]
fn a_body_that_is_no_object_is_not_signed() {
    let mut world = World::new(4);
    let alice = world.certify(ALICE, "main");
    for body in [json!([]), json!(1), Value::Null] {
        let draft = Draft::new(METHOD, body);
        let outcome = sign(
            &alice,
            world.installation(),
            &draft,
            world.now(),
            world.random(),
        );
        assert_eq!(outcome, Err(SigningError::Body));
    }
}

#[test]
fn a_version_and_members_left_out_are_defaults() {
    let mut world = World::new(5);
    let order = with_claims(&mut world, |claims| claims["body"] = json!({})).unwrap();
    assert_eq!(order.version(), None);
    assert_eq!(order.body(), &GetKeyOrder::default());
}

#[test]
fn try_map_keeps_the_evidence() {
    let mut world = World::new(6);
    let alice = world.certify(ALICE, "main");
    let order = read(&world, signed(&world, &alice).compact()).unwrap();
    let (digest, jti) = (*order.digest(), order.jti());
    let order = order.try_map(|body| Ok::<_, ()>(body.key_id)).unwrap();
    assert_eq!(
        (order.body().len(), *order.digest(), order.jti()),
        (22, digest, jti)
    );
    assert_eq!(order.try_map(|_| Err::<(), _>("no")).map(|_| ()), Err("no"));
}

#[test]
fn bodies_and_identifiers_are_not_shown() {
    let mut world = World::new(8);
    let alice = world.certify(ALICE, "main");
    let order = signed(&world, &alice);
    let read = read(&world, order.compact()).unwrap();
    let signer = read.signer();
    let shown = format!("{:?} {order:?} {read:?} {signer:?} {alice:?}", draft());
    for hidden in [&body().key_id, "18749704", &order.compact()[..40], "chain"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
    assert!(shown.contains(&order.jti().to_string()));
}

#[test]
fn an_order_names_the_token_that_goes_with_it() {
    let mut world = World::new(1);
    let alice = world.certify(ALICE, "main");
    let plain = read(&world, signed(&world, &alice).compact()).unwrap();
    assert_eq!(plain.access_token(), None);
    let draft = draft().with_access_token("the.token.text");
    let order = sign(
        &alice,
        world.installation(),
        &draft,
        world.now(),
        world.random(),
    )
    .unwrap();
    let order = read(&world, order.compact()).unwrap();
    // SHA-256 of "the.token.text", by `printf the.token.text | openssl dgst -sha256 -binary | basenc --base64url`.
    assert_eq!(
        order.access_token(),
        Some("IxYIJy2PBDavFXZdpOiIFkiMP67hzsbojut5eSp2bQs")
    );
}

#[test]
fn a_kept_order_is_read_as_of_the_time_when_it_was_received() {
    let mut world = World::new(61);
    let alice = world.certify(ALICE, "main");
    let order = signed(&world, &alice);
    let received = world.now();
    world.set_status(alice.identity().status_index(), Status::Invalid);
    world.clock().advance(2 * CERTIFICATE_LIFE);
    let read = |compact: &str, method: &str, at| {
        verify_kept::<GetKeyOrder>(compact, MAX_SIZE, method, world.anchors(), at)
    };
    let kept = read(order.compact(), METHOD, received).unwrap();
    assert_eq!(kept.body(), &body());
    assert_eq!(kept.digest(), order.digest());
    let now = read(order.compact(), METHOD, world.now());
    assert_refused(now, SignerError::Expired);
    let other = read(order.compact(), "x", received);
    assert_refused(other, OrderError::WrongMethod);
    let later = read(order.compact(), METHOD, received.plus_seconds(400));
    assert_refused(later, OrderError::Expired);
    let changed = reforge(&alice, typ::REPLY, order.compact(), |_| ());
    assert_refused(read(&changed, METHOD, received), OrderError::WrongType);
    let (start, _) = order.compact().rsplit_once('.').unwrap();
    let unsigned = format!("{start}.{}", "A".repeat(86));
    let unsigned = read(&unsigned, METHOD, received);
    assert_refused(unsigned, OrderError::SignatureInvalid);
}
