//! One test for each rule: the good set first, then a set that breaks just that rule.

mod accepted;
mod binding;
mod certificate;
mod endorsement;
mod set;
mod signature;

use kleis_jose::{Jwk, JwkSet, KeyAlgorithm, KeyType, jws::Header};
use kleis_types::Identifier;
use serde_json::{Value, json};

use super::{BINDING_MEMBER, RecipientError, Seen, VerifiedKey, VerifiedRecipient, verify};
use crate::{
    Signer, SignerError,
    binding::BindingError,
    endorsement::EndorsementError,
    status::Status,
    test_util::{
        CERTIFICATE_LIFE, RegisteredDevice, World, claims_of, forge, private_key, reforge,
        reforge_binding,
    },
    typ,
};

const ALICE: &str = "NIHII:18749704";
const BOB: &str = "NIHII:11530231";

type Outcome = Result<VerifiedRecipient, RecipientError>;

fn ask(world: &World, set: &JwkSet, wanted: &str) -> Outcome {
    let wanted: Identifier = wanted.parse().unwrap();
    verify(
        set,
        &wanted,
        world.anchors(),
        &world.status_list(),
        world.now(),
        None,
    )
}

#[track_caller]
fn assert_refused(outcome: Outcome, expected: impl Into<RecipientError>) {
    assert_eq!(outcome.map(|_| ()), Err(expected.into()));
}

/// The keys of a set, each changed or left out.
fn changed(set: &JwkSet, change: impl Fn(Jwk) -> Option<Jwk>) -> JwkSet {
    set.keys().iter().cloned().filter_map(change).collect()
}

fn is_enc(key: &Jwk) -> bool {
    key.key_use() == Some("enc")
}

/// The set of one device whose binding has other claims.
fn with_claims(alice: &RegisteredDevice, change: impl FnOnce(&mut Value)) -> JwkSet {
    let binding = reforge_binding(alice.signer(), alice.binding(), change);
    World::set(&[&alice.clone().with_raw_binding(binding)])
}
