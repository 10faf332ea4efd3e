//! Who may have sent an order.

use std::{collections::BTreeSet, sync::Arc};

use kleis_types::{CertificateProof, CredentialMap, Identifier, Shown, TokenProof};

use super::*;
use crate::test_util::World;

const PHARMACY: &str = "NIHII-PHARMACY:71000436";
const HASH: &str = "hash-of-the-token";

fn verified(world: &World, signer: &Signer) -> VerifiedSigner {
    world.anchors().verify(signer.chain(), world.now()).unwrap()
}

fn shown(principal: Principal, thumbprint: &str) -> Principal {
    principal.with_certificate(CertificateProof {
        thumbprint: thumbprint.to_owned(),
        device: None,
        forwarded: true,
    })
}

fn token(bound: Option<Confirmation>) -> Arc<TokenProof> {
    Arc::new(TokenProof {
        issuer: "https://idp.example".to_owned(),
        client_id: "client".to_owned(),
        scopes: BTreeSet::new(),
        hash: HASH.to_owned(),
        confirmation: bound,
        proven: false,
    })
}

fn somebody() -> Principal {
    let identifiers: [Identifier; 1] = ["SSIN:85073003328".parse().unwrap()];
    Principal::new(&identifiers, Vec::new(), Arc::new(Shown::default())).unwrap()
}

#[test]
fn by_certificate_it_is_the_one_that_signed() {
    let mut world = World::new(1);
    let (one, two) = (world.certify(PHARMACY, "a"), world.certify(PHARMACY, "b"));
    let (one, two) = (verified(&world, &one), verified(&world, &two));
    let caller = one.principal(CredentialMap::belgian()).unwrap();
    assert!(one.is_caller(&caller, None));
    assert!(!two.is_caller(&caller, None));
    assert!(
        !one.is_caller(&caller, Some(HASH)),
        "a token that is not there"
    );
    assert!(!one.is_caller(&somebody(), None), "neither of the two");
}

#[test]
fn a_token_is_bound_to_the_signer_and_named_by_the_order() {
    let mut world = World::new(1);
    let signer = world.certify(PHARMACY, "a");
    let signer = verified(&world, &signer);
    let x5t = signer.certificate().x5t_s256().to_owned();
    let jkt = signer.certificate().public_key().thumbprint().to_string();
    let bound_to = [
        (Some(Confirmation::Certificate(x5t.clone())), true),
        (Some(Confirmation::Key(jkt.clone())), true),
        (Some(Confirmation::Certificate(jkt)), false),
        (Some(Confirmation::Key(x5t.clone())), false),
        (None, false),
    ];
    for (bound, is_good) in bound_to {
        let caller = somebody().with_token(token(bound));
        assert_eq!(signer.is_caller(&caller, Some(HASH)), is_good);
        assert!(!signer.is_caller(&caller, None), "not named");
        assert!(!signer.is_caller(&caller, Some("another")), "another one");
        // A certificate that is shown besides must fit as well.
        let fits = shown(caller.clone(), &x5t);
        assert_eq!(signer.is_caller(&fits, Some(HASH)), is_good);
        assert!(!signer.is_caller(&fits, None));
        assert!(!signer.is_caller(&shown(caller, "another"), Some(HASH)));
    }
}
