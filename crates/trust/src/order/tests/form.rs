//! Refusals of form, header and signer.

use super::*;

#[test]
fn an_order_that_is_too_long_is_refused() {
    let mut world = World::new(10);
    let alice = world.certify(ALICE, "main");
    let order = signed(&world, &alice);
    let (status, len) = (world.status_list(), order.compact().len());
    let read = |max| {
        let (anchors, now) = (world.anchors(), world.now());
        verify::<GetKeyOrder>(order.compact(), max, METHOD, anchors, &status, now)
    };
    assert!(read(len).is_ok());
    assert_refused(read(len - 1), OrderError::TooLarge);
}

#[test]
fn what_is_no_compact_jws_is_refused() {
    let mut world = World::new(11);
    let alice = world.certify(ALICE, "main");
    let order = signed(&world, &alice);
    let compact = order.compact();
    let payload = compact.split('.').nth(1).unwrap();
    let header = |json: &str| format!("{}.{payload}.", base64url::encode(json.as_bytes()));
    for text in [
        String::new(),
        "..".to_owned(),
        format!("{compact}="),
        format!("{compact}."),
        compact.replace('.', " ."),
        // Algorithm confusion: no signature, or a MAC under a public key.
        header(r#"{"alg":"none","typ":"kleis-order+jwt"}"#),
        header(r#"{"alg":"HS256","typ":"kleis-order+jwt"}"#),
        header(r#"{"alg":"ES256","alg":"ES256","typ":"kleis-order+jwt"}"#),
        header(r#"{"alg":"ES256","typ":"kleis-order+jwt","crit":["x"],"x":1}"#),
    ] {
        assert_refused(read(&world, &text), OrderError::Malformed);
    }
}

#[test]
fn another_algorithm_than_the_keys_is_refused() {
    let mut world = World::new(12);
    let alice = world.certify(ALICE, "main");
    let compact = signed(&world, &alice).compact().to_owned();
    let (header, rest) = compact.split_once('.').unwrap();
    let header = String::from_utf8(base64url::decode(header).unwrap()).unwrap();
    for algorithm in ["ES384", "EdDSA", "RS256", "PS256"] {
        let header = header.replace("ES256", algorithm);
        let confused = format!("{}.{rest}", base64url::encode(header.as_bytes()));
        assert_refused(read(&world, &confused), OrderError::SignatureInvalid);
    }
}

#[test]
fn an_object_of_another_type_is_refused() {
    let mut world = World::new(13);
    let alice = world.certify(ALICE, "main");
    let order = signed(&world, &alice);
    for typ in [
        typ::REPLY,
        typ::ENDORSEMENT,
        typ::BINDING,
        typ::ENROLMENT,
        "JWT",
        "KLEIS-ORDER+JWT",
    ] {
        let reshaped = reforge(&alice, typ, order.compact(), |_| ());
        assert_refused(read(&world, &reshaped), OrderError::WrongType);
    }
    let untyped = Header::default().with_x5c(alice.chain().to_vec());
    let untyped = forge(private_key(&alice), &untyped, &claims_of(order.compact()));
    assert_refused(read(&world, &untyped), OrderError::WrongType);
}

#[test]
fn any_other_header_member_is_refused() {
    let mut world = World::new(14);
    let alice = world.certify(ALICE, "main");
    let claims = claims_of(signed(&world, &alice).compact());
    let good = Header::default()
        .with_typ(typ::ORDER)
        .with_x5c(alice.chain().to_vec());
    assert!(read(&world, &forge(private_key(&alice), &good, &claims)).is_ok());
    let no_chain = Header::default().with_typ(typ::ORDER);
    for header in [
        good.clone().with_kid("1"),
        good.clone().with_cty("JWT"),
        good.clone().with_x5t_s256(alice.certificate().x5t_s256()),
        good.clone().with_jwk(alice.public_key()),
        good.clone()
            .with_member("jku", "https://example.org".into()),
        good.clone().with_member("x", Value::Null),
        no_chain.clone().with_jwk(alice.public_key()),
        no_chain.clone().with_kid("1"),
        no_chain,
    ] {
        let forged = forge(private_key(&alice), &header, &claims);
        assert_refused(read(&world, &forged), OrderError::HeaderForbidden);
    }
}

#[test]
fn a_signer_that_is_not_certified_here_is_refused() {
    let world = World::new(20);
    let mut impostor = World::impostor_of(&world, 21);
    let alice = impostor.certify(ALICE, "main");
    let order = signed(&impostor, &alice);
    assert!(read(&impostor, order.compact()).is_ok());
    assert_refused(read(&world, order.compact()), SignerError::ForeignCa);
}

#[test]
fn a_signature_by_another_key_is_refused() {
    let mut world = World::new(22);
    let alice = world.certify(ALICE, "main");
    let mallory = world.certify("NIHII:11530231", "main");
    let header = Header::default()
        .with_typ(typ::ORDER)
        .with_x5c(alice.chain().to_vec());
    let claims = claims_of(signed(&world, &alice).compact());
    let forged = forge(private_key(&mallory), &header, &claims);
    assert_refused(read(&world, &forged), OrderError::SignatureInvalid);
}

#[test]
fn a_signer_whose_certificate_is_not_in_use_is_refused() {
    let mut world = World::new(23);
    let alice = world.certify(ALICE, "main");
    let order = signed(&world, &alice);
    for (status, expected) in [
        (Status::Invalid, SignerError::Revoked),
        (Status::Suspended, SignerError::Suspended),
        (Status::Other, SignerError::NotInUse),
    ] {
        world.set_status(alice.identity().status_index(), status);
        assert_refused(read(&world, order.compact()), expected);
    }
}

#[test]
fn a_signer_whose_certificate_has_expired_is_refused() {
    let mut world = World::new(24);
    let alice = world.certify(ALICE, "main");
    world.clock().advance(CERTIFICATE_LIFE + 61);
    let order = signed(&world, &alice);
    assert_refused(read(&world, order.compact()), SignerError::Expired);
}

#[test]
fn without_a_fresh_status_nothing_is_accepted() {
    let mut world = World::new(25);
    let alice = world.certify(ALICE, "main");
    let stale = world.status_list();
    world.clock().advance(960);
    let order = signed(&world, &alice);
    let outcome = verify::<GetKeyOrder>(
        order.compact(),
        MAX_SIZE,
        METHOD,
        world.anchors(),
        &stale,
        world.now(),
    );
    assert_refused(outcome, SignerError::StatusStale);
}
