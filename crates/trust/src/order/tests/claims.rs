//! Refusals of claims.

use super::*;

#[test]
fn an_order_for_another_installation_is_refused() {
    let mut world = World::new(30);
    let elsewhere = World::new(31).installation().audience();
    let outcome = with_claims(&mut world, |claims| claims["aud"] = elsewhere.into());
    assert_refused(outcome, OrderError::OtherInstallation);
}

#[test]
fn an_order_for_another_method_is_refused() {
    let mut world = World::new(32);
    for method in [
        "kleis.custody.v1.CustodyService/ShredKey",
        "",
        "/kleis.custody.v1.GetKey",
    ] {
        let outcome = with_claims(&mut world, |claims| claims["method"] = method.into());
        assert_refused(outcome, OrderError::WrongMethod);
    }
}

#[test]
fn an_order_that_lives_too_long_or_not_at_all_is_refused() {
    let mut world = World::new(33);
    let now = world.now().unix();
    for (iat, exp, accepted) in [
        (now, now + 300, true),
        (now, now + 1, true),
        (now, now + 301, false),
        (now, now, false),
        (now, now - 1, false),
        (now - 400, now, false),
        (i64::MIN, i64::MAX, false),
    ] {
        let outcome = with_claims(&mut world, |claims| {
            claims["iat"] = iat.into();
            claims["exp"] = exp.into();
        });
        match outcome {
            Ok(_) => assert!(accepted, "{iat} {exp}"),
            Err(error) => assert_eq!((error, accepted), (OrderError::Lifetime, false)),
        }
    }
}

#[test]
fn an_order_of_another_time_is_refused() {
    let mut world = World::new(34);
    let alice = world.certify(ALICE, "main");
    let order = signed(&world, &alice);
    let status = world.status_list();
    let at = |seconds| {
        let now = world.now().plus_seconds(seconds);
        let anchors = world.anchors();
        verify::<GetKeyOrder>(order.compact(), MAX_SIZE, METHOD, anchors, &status, now)
    };
    assert!(at(359).is_ok());
    assert_refused(at(360), OrderError::Expired);
    let future = world.now().unix() + 61;
    let outcome = with_claims(&mut world, |claims| {
        claims["iat"] = future.into();
        claims["exp"] = (future + 10).into();
    });
    assert_refused(outcome, OrderError::NotYetValid);
}

#[test]
fn claims_of_another_shape_are_refused() {
    let mut world = World::new(35);
    let changes: [Change; 12] = [
        |claims| claims["extra"] = 1.into(),
        |claims| claims["body"] = json!([]),
        |claims| claims["body"] = Value::Null,
        |claims| claims["jti"] = "short".into(),
        |claims| claims["jti"] = 1.into(),
        |claims| claims["iat"] = json!(claims["iat"].as_f64().unwrap() + 0.5),
        |claims| claims["exp"] = claims["exp"].to_string().into(),
        |claims| claims["version"] = Value::Null,
        |claims| claims["version"] = (-1).into(),
        |claims| claims["aud"] = json!([claims["aud"]]),
        |claims| {
            claims.as_object_mut().unwrap().remove("method");
        },
        |claims| {
            claims.as_object_mut().unwrap().remove("jti");
        },
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let outcome = with_claims(&mut world, change);
        assert_eq!(
            outcome.map(|_| ()),
            Err(OrderError::ClaimsMalformed),
            "change {index}"
        );
    }
}

#[test]
fn a_claim_given_twice_is_refused() {
    let mut world = World::new(36);
    let alice = world.certify(ALICE, "main");
    let claims = claims_of(signed(&world, &alice).compact()).to_string();
    let twice = claims.replacen(
        '{',
        r#"{"method":"kleis.custody.v1.CustodyService/ShredKey","#,
        1,
    );
    let nested = claims.replace(r#""keyId""#, r#""keyId":"x","keyId""#);
    for payload in [twice, nested, format!("{claims} x")] {
        let header = Header::default()
            .with_typ(typ::ORDER)
            .with_x5c(alice.chain().to_vec());
        let key = private_key(&alice);
        let forged = kleis_jose::jws::sign(key, &header, payload.as_bytes()).unwrap();
        assert_refused(read(&world, &forged), OrderError::ClaimsMalformed);
    }
}

#[test]
fn a_body_that_is_not_its_methods_is_refused() {
    let mut world = World::new(37);
    for body in [
        json!({"keyId": 1}),
        json!({"key_id": "x"}),
        json!({"keyId": "x", "more": 1}),
    ] {
        let outcome = with_claims(&mut world, |claims| claims["body"] = body);
        assert_refused(outcome, OrderError::BodyInvalid);
    }
}
