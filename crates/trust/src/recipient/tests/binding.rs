//! Refusals of bindings.

use super::*;

#[test]
fn an_expired_binding_is_refused() {
    let mut world = World::new(20);
    let alice = world.register(ALICE, "main");
    let end = world.now().plus_seconds(3600).unix();
    let set = with_claims(&alice, |claims| claims["exp"] = end.into());
    world.clock().advance(3600 + 59);
    assert!(ask(&world, &set, ALICE).is_ok());
    world.clock().advance(1);
    assert_refused(ask(&world, &set, ALICE), BindingError::Expired);
}

#[test]
fn a_binding_from_the_future_is_refused() {
    let mut world = World::new(21);
    let alice = world.register(ALICE, "main");
    let iat = world.now().unix() + 61;
    let set = with_claims(&alice, |claims| claims["iat"] = iat.into());
    assert_refused(ask(&world, &set, ALICE), BindingError::NotYetValid);
}

#[test]
fn a_binding_that_outlives_its_certificate_is_refused() {
    let mut world = World::new(22);
    let alice = world.register(ALICE, "main");
    let set = with_claims(&alice, |claims| {
        claims["exp"] = (claims["exp"].as_i64().unwrap() + 1).into();
    });
    assert_refused(ask(&world, &set, ALICE), BindingError::OutlivesCertificate);
}

#[test]
fn a_binding_for_another_owner_device_use_or_installation_is_refused() {
    let mut world = World::new(23);
    let alice = world.register(ALICE, "main");
    let elsewhere = World::new(24).installation().audience();
    let cases = [
        ("sub", json!(BOB), BindingError::WrongOwner),
        (
            "sub",
            json!(format!("{ALICE}/KGSS")),
            BindingError::WrongOwner,
        ),
        ("device", json!("phone"), BindingError::WrongDevice),
        ("use", json!("sig"), BindingError::WrongUse),
        ("aud", json!(elsewhere), BindingError::OtherInstallation),
        (
            "jkt",
            json!(world.key(KeyType::X25519).thumbprint()),
            BindingError::WrongKey,
        ),
    ];
    for (claim, value, expected) in cases {
        let set = with_claims(&alice, |claims| claims[claim] = value);
        assert_refused(ask(&world, &set, ALICE), expected);
    }
}

#[test]
fn a_binding_by_another_device_of_the_owner_is_refused() {
    let mut world = World::new(25);
    let alice = world.register(ALICE, "main");
    let phone = world.register_endorsed("phone", alice.signer());
    // The phone signs what only the main device may say of itself.
    let forged = reforge_binding(phone.signer(), alice.binding(), |_| ());
    let set = World::set(&[&alice.with_raw_binding(forged), &phone]);
    assert_refused(ask(&world, &set, ALICE), BindingError::WrongDevice);
}

#[test]
fn a_key_swapped_under_its_binding_is_refused() {
    let mut world = World::new(26);
    let alice = world.register(ALICE, "main");
    let mallory = world.key(KeyType::X25519);
    let set = changed(&World::set(&[&alice]), |key| {
        let binding = key.member(BINDING_MEMBER).cloned();
        Some(match binding {
            Some(binding) => mallory
                .public()
                .with_thumbprint_kid()
                .with_member("use", "enc".into())
                .with_member("alg", "ECDH-ES+A256KW".into())
                .with_member(BINDING_MEMBER, binding),
            None => key,
        })
    });
    assert_refused(ask(&world, &set, ALICE), BindingError::WrongKey);
}

#[test]
fn a_binding_signed_by_a_strangers_key_is_refused() {
    let mut world = World::new(27);
    let alice = world.register(ALICE, "main");
    let mallory = world.certify(BOB, "main");
    let header = Header::default()
        .with_typ(typ::BINDING)
        .with_kid(alice.signer().public_key().thumbprint().as_str())
        .with_x5t_s256(alice.signer().certificate().x5t_s256());
    let forged = forge(private_key(&mallory), &header, &claims_of(alice.binding()));
    let set = World::set(&[&alice.with_raw_binding(forged)]);
    assert_refused(ask(&world, &set, ALICE), BindingError::SignatureInvalid);
}

#[test]
fn a_binding_of_another_type_or_with_another_header_is_refused() {
    let mut world = World::new(28);
    let alice = world.register(ALICE, "main");
    let (signer, claims) = (alice.signer(), claims_of(alice.binding()));
    let good = Header::default()
        .with_typ(typ::BINDING)
        .with_kid(signer.public_key().thumbprint().as_str())
        .with_x5t_s256(signer.certificate().x5t_s256());
    let cases = [
        (good.clone().with_typ("JWT"), BindingError::WrongType),
        (
            good.clone().with_typ("application/kleis-binding+jwt"),
            BindingError::WrongType,
        ),
        (good.clone().with_typ(typ::ORDER), BindingError::WrongType),
        (good.clone().with_cty("JWT"), BindingError::HeaderForbidden),
        (
            good.clone().with_x5c(signer.chain().to_vec()),
            BindingError::HeaderForbidden,
        ),
        (
            good.clone().with_member("x", 1.into()),
            BindingError::HeaderForbidden,
        ),
        (
            Header::default().with_typ(typ::BINDING),
            BindingError::HeaderForbidden,
        ),
        (
            good.clone().with_kid(alice.key().thumbprint().as_str()),
            BindingError::WrongCertificate,
        ),
    ];
    for (header, expected) in cases {
        let forged = forge(private_key(signer), &header, &claims);
        let set = World::set(&[&alice.clone().with_raw_binding(forged)]);
        assert_refused(ask(&world, &set, ALICE), expected);
    }
    assert!(ask(&world, &with_claims(&alice, |_| ()), ALICE).is_ok());
}

#[test]
fn claims_of_another_shape_are_refused() {
    let mut world = World::new(29);
    let alice = world.register(ALICE, "main");
    let changes: [fn(&mut Value); 10] = [
        |claims| claims["extra"] = 1.into(),
        |claims| claims["seq"] = (-1).into(),
        |claims| claims["seq"] = 1.5.into(),
        |claims| claims["seq"] = "1".into(),
        |claims| claims["exp"] = Value::Null,
        |claims| claims["endorsement"] = Value::Null,
        |claims| claims["recovered"] = false.into(),
        |claims| claims["aud"] = "https://example.org".into(),
        |claims| claims["jkt"] = "short".into(),
        |claims| {
            claims.as_object_mut().unwrap().remove("idx");
        },
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let outcome = ask(&world, &with_claims(&alice, change), ALICE);
        assert_eq!(
            outcome.map(|_| ()),
            Err(BindingError::ClaimsMalformed.into()),
            "change {index}"
        );
    }
}

#[test]
fn algorithms_that_do_not_suit_the_key_are_refused() {
    let mut world = World::new(30);
    let alice = world.register(ALICE, "main");
    for algorithms in [
        json!([]),
        json!(["RSA-OAEP-256"]),
        json!(["dir"]),
        json!(["A256KW"]),
        json!(["ECDH-ES+A256KW", "RSA-OAEP-256"]),
        json!(["ECDH-ES+A256KW", "ECDH-ES+A256KW"]),
        json!(["RSA1_5"]),
    ] {
        let set = with_claims(&alice, |claims| claims["algs"] = algorithms);
        assert_refused(ask(&world, &set, ALICE), BindingError::AlgorithmUnsuited);
    }
}

#[test]
fn a_published_algorithm_that_the_owner_did_not_put_first_is_refused() {
    let mut world = World::new(31);
    let alice = world.register(ALICE, "main");
    let set = with_claims(&alice, |claims| {
        claims["algs"] = json!(["ECDH-ES", "ECDH-ES+A256KW"]);
    });
    assert_refused(ask(&world, &set, ALICE), RecipientError::AlgorithmMismatch);
    let none = changed(&World::set(&[&alice]), |key| {
        Some(if is_enc(&key) {
            key.without_member("alg")
        } else {
            key
        })
    });
    assert_refused(ask(&world, &none, ALICE), RecipientError::AlgorithmMismatch);
}

#[test]
fn a_key_without_a_binding_is_refused_and_the_set_with_it() {
    let mut world = World::new(32);
    let alice = world.register(ALICE, "main");
    let phone = world.register_endorsed("phone", alice.signer());
    let naked = phone.key().thumbprint();
    let set = changed(&World::set(&[&alice, &phone]), |key| {
        let strip = key.thumbprint() == naked;
        Some(if strip {
            key.without_member(BINDING_MEMBER)
        } else {
            key
        })
    });
    assert_refused(ask(&world, &set, ALICE), RecipientError::BindingMissing);
    let number = changed(&World::set(&[&alice]), |key| {
        Some(if is_enc(&key) {
            key.with_member(BINDING_MEMBER, 1.into())
        } else {
            key
        })
    });
    assert_refused(ask(&world, &number, ALICE), RecipientError::BindingMissing);
}

#[test]
fn a_binding_that_the_list_does_not_call_valid_is_refused() {
    let mut world = World::new(33);
    let alice = world.register(ALICE, "main");
    let set = World::set(&[&alice]);
    for (status, expected) in [
        (Status::Invalid, RecipientError::BindingRevoked),
        (Status::Suspended, RecipientError::BindingSuspended),
        (Status::Other, RecipientError::BindingNotInUse),
    ] {
        world.set_status(alice.status_index(), status);
        assert_refused(ask(&world, &set, ALICE), expected);
    }
    let beyond = with_claims(&alice, |claims| claims["idx"] = 1_000_000.into());
    assert_refused(ask(&world, &beyond, ALICE), RecipientError::BindingNotInUse);
}
