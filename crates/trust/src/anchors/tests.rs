//! Chains, as of a time, and with status.

use super::*;
use crate::{
    status::Status,
    test_util::{CERTIFICATE_LIFE, World},
};

#[test]
fn a_chain_gives_the_identity_in_its_certificate() {
    let mut world = World::new(1);
    let alice = world.certify_all(&["NIHII:18749704", "SSIN:85073003328"], "phone");
    let verified = world.anchors().verify(alice.chain(), world.now()).unwrap();
    assert_eq!(verified.identity(), alice.identity());
    assert_eq!(verified.certificate(), alice.certificate());
    assert_eq!(verified.chain(), alice.chain());
    assert!(verified.is(&"SSIN:85073003328".parse().unwrap()));
    assert!(!verified.is(&"SSIN:85073003328/KGSS".parse().unwrap()));
    let map = kleis_types::CredentialMap::belgian();
    let principal = verified.principal(map).unwrap();
    assert_eq!(principal.thumbprint(), Some(alice.certificate().x5t_s256()));
    assert_eq!(principal.device().unwrap().as_str(), "phone");
}

#[test]
fn times_have_a_leeway_of_a_minute() {
    let mut world = World::new(2);
    let alice = world.certify("NIHII:18749704", "main");
    let at = |seconds| {
        let at = world.now().plus_seconds(seconds);
        world.anchors().verify(alice.chain(), at).map(|_| ())
    };
    assert_eq!(
        (at(-60), at(0), at(CERTIFICATE_LIFE + 60)),
        (Ok(()), Ok(()), Ok(()))
    );
    assert_eq!(at(-61), Err(SignerError::NotYetValid));
    assert_eq!(at(CERTIFICATE_LIFE + 61), Err(SignerError::Expired));
}

#[test]
fn a_chain_that_is_none_is_refused() {
    let mut world = World::new(3);
    let alice = world.certify("NIHII:18749704", "main");
    let [leaf, issuing] = alice.chain() else {
        panic!("two")
    };
    let root = world.material().root().certificate().der().to_vec();
    let verify = |chain: &[Vec<u8>]| world.anchors().verify(chain, world.now()).map(|_| ());
    assert_eq!(verify(&[]), Err(SignerError::ChainLength));
    assert_eq!(
        verify(std::slice::from_ref(leaf)),
        Err(SignerError::ChainLength)
    );
    let with_root = [leaf.clone(), issuing.clone(), root.clone()];
    assert_eq!(verify(&with_root), Err(SignerError::ChainLength));
    assert_eq!(verify(&[vec![], vec![]]), Err(SignerError::Profile));
    // A CA's certificate is no identity.
    assert_eq!(verify(&[issuing.clone(), root]), Err(SignerError::Profile));
    let mut foreign = World::impostor_of(&world, 4);
    let stranger = foreign.certify("NIHII:18749704", "main");
    assert_eq!(verify(stranger.chain()), Err(SignerError::ForeignCa));
    // Our leaf under their intermediate, and theirs under ours.
    let theirs = stranger.chain();
    assert_eq!(
        verify(&[leaf.clone(), theirs[1].clone()]),
        Err(SignerError::ForeignCa)
    );
    assert_eq!(
        verify(&[theirs[0].clone(), issuing.clone()]),
        Err(SignerError::ForeignCa)
    );
}

#[test]
fn a_changed_certificate_is_refused() {
    let mut world = World::new(5);
    let alice = world.certify("NIHII:18749704", "main");
    let leaf = &alice.chain()[0];
    for at in 0..leaf.len() {
        let mut chain = alice.chain().to_vec();
        chain[0][at] ^= 1;
        assert!(
            world.anchors().verify(&chain, world.now()).is_err(),
            "byte {at}"
        );
    }
}

#[test]
fn a_server_certificate_is_no_identity() {
    let world = World::new(6);
    let key = world.key(kleis_jose::KeyType::P256);
    let server = world.ca().issue_server(
        &key.to_spki_der().unwrap(),
        &["registration.example".to_owned()],
        &[],
        world.now(),
        world.now().plus_seconds(86_400),
        &kleis_pki::SerialNumber::random(world.random()),
    );
    let issuing = world.ca().chain_certificate().der().to_vec();
    let chain = [server.unwrap().der().to_vec(), issuing];
    let outcome = world.anchors().verify(&chain, world.now()).map(|_| ());
    assert_eq!(outcome, Err(SignerError::Profile));
}

#[test]
fn only_a_valid_status_is_in_use() {
    let mut world = World::new(7);
    let alice = world.certify("NIHII:18749704", "main");
    let index = alice.identity().status_index();
    for (status, expected) in [
        (Status::Valid, Ok(())),
        (Status::Invalid, Err(SignerError::Revoked)),
        (Status::Suspended, Err(SignerError::Suspended)),
        (Status::Other, Err(SignerError::NotInUse)),
    ] {
        world.set_status(index, status);
        let (list, now) = (world.status_list(), world.now());
        let outcome = world.anchors().verify_in_use(alice.chain(), &list, now);
        assert_eq!(outcome.map(|_| ()), expected);
        let stale = now.plus_seconds(960);
        let outcome = world.anchors().verify_in_use(alice.chain(), &list, stale);
        assert_eq!(outcome.map(|_| ()), Err(SignerError::StatusStale));
    }
}
