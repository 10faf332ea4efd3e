//! Enrolments.

use super::*;

fn read_enrolment(world: &World, compact: &str) -> Result<Enrolment<GetKeyOrder>, OrderError> {
    verify_enrolment(compact, MAX_SIZE, METHOD, world.anchors(), world.now())
}

#[test]
fn an_enrolment_gives_the_key_that_signed() {
    let world = World::new(40);
    let key = world.key(KeyType::P256);
    let order = read_enrolment(&world, enrolment(&world, &key).compact()).unwrap();
    assert_eq!(order.key().thumbprint(), key.thumbprint());
    assert!(!order.key().is_private());
    assert_eq!(order.body(), &body());
}

#[test]
fn enrolments_and_orders_do_not_pass_for_each_other() {
    let mut world = World::new(41);
    let alice = world.certify(ALICE, "main");
    let order = signed(&world, &alice);
    assert_refused(
        read_enrolment(&world, order.compact()),
        OrderError::WrongType,
    );
    let enrolment = enrolment(&world, private_key(&alice));
    assert_refused(read(&world, enrolment.compact()), OrderError::WrongType);
    let reshaped = reforge(&alice, typ::ENROLMENT, order.compact(), |_| ());
    assert_refused(
        read_enrolment(&world, &reshaped),
        OrderError::HeaderForbidden,
    );
}

#[test]
fn an_enrolment_with_another_header_or_key_is_refused() {
    let world = World::new(42);
    let (key, other) = (world.key(KeyType::P256), world.key(KeyType::P256));
    let claims = claims_of(enrolment(&world, &key).compact());
    let good = Header::default().with_typ(typ::ENROLMENT).with_jwk(&key);
    for header in [
        good.clone().with_kid("1"),
        Header::default().with_typ(typ::ENROLMENT),
        Header::default().with_typ(typ::ENROLMENT).with_kid("1"),
    ] {
        let forged = forge(&key, &header, &claims);
        assert_refused(read_enrolment(&world, &forged), OrderError::HeaderForbidden);
    }
    let forged = forge(&other, &good, &claims);
    assert_refused(
        read_enrolment(&world, &forged),
        OrderError::SignatureInvalid,
    );
}

#[test]
fn an_enrolment_that_shows_a_private_key_is_refused() {
    let world = World::new(43);
    let key = world.key(KeyType::P256);
    let order = enrolment(&world, &key);
    let (header, rest) = order.compact().split_once('.').unwrap();
    let mut header: Value = serde_json::from_slice(&base64url::decode(header).unwrap()).unwrap();
    let private: Value = serde_json::from_slice(key.to_private_json().expose()).unwrap();
    header["jwk"] = private;
    let shown = format!(
        "{}.{rest}",
        base64url::encode(header.to_string().as_bytes())
    );
    assert_refused(read_enrolment(&world, &shown), OrderError::Malformed);
}

#[test]
fn an_enrolment_obeys_the_rules_of_orders() {
    let world = World::new(44);
    let key = world.key(KeyType::P256);
    let good = enrolment(&world, &key);
    let header = Header::default().with_typ(typ::ENROLMENT).with_jwk(&key);
    let changes: [(Change, OrderError); 4] = [
        (
            |claims| claims["method"] = "x".into(),
            OrderError::WrongMethod,
        ),
        (
            |claims| claims["exp"] = json!(claims["iat"].as_i64().unwrap() + 301),
            OrderError::Lifetime,
        ),
        (
            |claims| claims["extra"] = 1.into(),
            OrderError::ClaimsMalformed,
        ),
        (
            |claims| claims["body"] = json!({"extra": 1}),
            OrderError::BodyInvalid,
        ),
    ];
    for (change, expected) in changes {
        let mut claims = claims_of(good.compact());
        change(&mut claims);
        assert_refused(
            read_enrolment(&world, &forge(&key, &header, &claims)),
            expected,
        );
    }
    let elsewhere = World::new(45);
    assert_refused(
        read_enrolment(&elsewhere, good.compact()),
        OrderError::OtherInstallation,
    );
}
