//! Refusals of certificates.

use super::*;

#[test]
fn a_foreign_ca_is_refused() {
    let world = World::new(5);
    let mut impostor = World::impostor_of(&world, 6);
    let alice = impostor.register(ALICE, "main");
    let set = World::set(&[&alice]);
    assert!(ask(&impostor, &set, ALICE).is_ok());
    assert_refused(ask(&world, &set, ALICE), SignerError::ForeignCa);
}

#[test]
fn another_registrants_valid_set_is_refused() {
    let mut world = World::new(7);
    let bob = world.register(BOB, "main");
    assert_refused(
        ask(&world, &World::set(&[&bob]), ALICE),
        RecipientError::WrongRecipient,
    );
}

#[test]
fn another_application_is_refused_both_ways() {
    let mut world = World::new(8);
    let with = world.register("CBE:0809394427/KGSS", "main");
    let without = world.register("CBE:0809394427", "main");
    for (device, wanted) in [
        (&with, "CBE:0809394427"),
        (&with, "CBE:0809394427/UHMEP"),
        (&without, "CBE:0809394427/KGSS"),
    ] {
        let set = World::set(&[device]);
        assert_refused(ask(&world, &set, wanted), RecipientError::WrongApplication);
    }
    assert!(ask(&world, &World::set(&[&with]), "CBE:0809394427/KGSS").is_ok());
    assert!(ask(&world, &World::set(&[&without]), "CBE:0809394427").is_ok());
}

#[test]
fn another_installation_under_the_same_root_is_refused() {
    let mut world = World::new(9);
    let other = World::new(10);
    let identity = kleis_pki::Identity::new(
        vec![ALICE.parse().unwrap()],
        "main".parse().unwrap(),
        other.installation().clone(),
        world.fresh_index(),
    )
    .unwrap();
    let key = world.key(KeyType::P256);
    let end = world.now().plus_seconds(CERTIFICATE_LIFE);
    let chain = world.issue(&key, &identity, world.now(), end);
    let alice = world.bind(Signer::new(key, chain).unwrap(), KeyType::X25519);
    assert_refused(
        ask(&world, &World::set(&[&alice]), ALICE),
        SignerError::OtherInstallation,
    );
}

#[test]
fn a_certificate_outside_its_time_is_refused() {
    let mut world = World::new(11);
    let alice = world.register(ALICE, "main");
    let set = World::set(&[&alice]);
    world.clock().advance(-61);
    assert_refused(ask(&world, &set, ALICE), SignerError::NotYetValid);

    // The binding ends with the certificate; the certificate is looked at first.
    world.clock().advance(61 + CERTIFICATE_LIFE + 61);
    assert_refused(ask(&world, &set, ALICE), SignerError::Expired);
}

#[test]
fn a_certificate_that_the_list_does_not_call_valid_is_refused() {
    let mut world = World::new(12);
    let alice = world.register(ALICE, "main");
    let set = World::set(&[&alice]);
    let index = alice.signer().identity().status_index();
    for (status, expected) in [
        (Status::Invalid, SignerError::Revoked),
        (Status::Suspended, SignerError::Suspended),
        (Status::Other, SignerError::NotInUse),
    ] {
        world.set_status(index, status);
        assert_refused(ask(&world, &set, ALICE), expected);
    }
    world.set_status(index, Status::Valid);
    assert!(ask(&world, &set, ALICE).is_ok());
}

#[test]
fn a_chain_of_another_length_is_refused() {
    let mut world = World::new(13);
    let alice = world.register(ALICE, "main");
    let root = world.material().root().certificate().der().to_vec();
    let [leaf, issuing] = alice.signer().chain() else {
        panic!("two")
    };
    for chain in [
        vec![leaf.clone()],
        vec![leaf.clone(), issuing.clone(), root],
    ] {
        let set = changed(&World::set(&[&alice]), |key| {
            Some(if is_enc(&key) {
                key
            } else {
                key.with_x5c(&chain)
            })
        });
        assert_refused(ask(&world, &set, ALICE), SignerError::ChainLength);
    }
}

#[test]
fn a_missing_signature_key_is_refused() {
    let mut world = World::new(14);
    let alice = world.register(ALICE, "main");
    let set = World::set(&[&alice]);
    let without = changed(&set, |key| is_enc(&key).then_some(key));
    assert_refused(
        ask(&world, &without, ALICE),
        RecipientError::SignatureKeyMissing,
    );
    // Another certificate of the same owner and device does not do.
    let newer = world.register(ALICE, "main");
    let other: JwkSet = [newer.signature_jwk(), alice.encryption_jwk()]
        .into_iter()
        .collect();
    assert_refused(
        ask(&world, &other, ALICE),
        RecipientError::SignatureKeyMissing,
    );
}

#[test]
fn a_signature_key_that_is_not_its_certificates_is_refused() {
    let mut world = World::new(15);
    let alice = world.register(ALICE, "main");
    let set = World::set(&[&alice]);
    let edit = |change: &dyn Fn(Jwk) -> Jwk| {
        changed(&set, |key| {
            Some(if is_enc(&key) { key } else { change(key) })
        })
    };
    let no_chain = edit(&|key| key.without_member("x5c"));
    assert_refused(
        ask(&world, &no_chain, ALICE),
        RecipientError::CertificateMissing,
    );
    let no_thumbprint = edit(&|key| key.without_member("x5t#S256"));
    assert_refused(
        ask(&world, &no_thumbprint, ALICE),
        RecipientError::CertificateMismatch,
    );
    let other = world.key(KeyType::P256).public();
    let swapped = edit(&|key| {
        other
            .clone()
            .with_member("use", "sig".into())
            .with_member("alg", "ES256".into())
            .with_thumbprint_kid()
            .with_member("x5t#S256", key.member("x5t#S256").unwrap().clone())
            .with_member("x5c", key.member("x5c").unwrap().clone())
    });
    assert_refused(
        ask(&world, &swapped, ALICE),
        RecipientError::CertificateMismatch,
    );
    for algorithm in ["ES384", "HS256", "none", "ECDH-ES"] {
        let confused = edit(&|key| key.with_member("alg", algorithm.into()));
        assert_refused(
            ask(&world, &confused, ALICE),
            RecipientError::SignatureAlgorithm,
        );
    }
}
