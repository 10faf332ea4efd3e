//! Orders and enrolments: one test for each refusal.

mod accepted;
mod claims;
mod enrolment;
mod form;
mod tampering;

use kleis_jose::{Jwk, KeyType, jws::Header};
use kleis_types::{Random, base64url};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::*;
use crate::{
    Signer, SignerError, SigningError,
    status::Status,
    test_util::{CERTIFICATE_LIFE, World, claims_of, forge, private_key, reforge},
    typ,
};

const METHOD: &str = "kleis.custody.v1.CustodyService/GetKey";
const ALICE: &str = "NIHII:18749704";

type Change = fn(&mut Value);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct GetKeyOrder {
    key_id: String,
}

fn body() -> GetKeyOrder {
    GetKeyOrder {
        key_id: "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
    }
}

fn draft() -> Draft<'static, GetKeyOrder> {
    Draft::new(METHOD, body())
}

fn signed(world: &World, signer: &Signer) -> SignedOrder {
    sign(
        signer,
        world.installation(),
        &draft(),
        world.now(),
        world.random(),
    )
    .unwrap()
}

fn read(world: &World, compact: &str) -> Result<Order<GetKeyOrder>, OrderError> {
    let status = world.status_list();
    verify(
        compact,
        MAX_SIZE,
        METHOD,
        world.anchors(),
        &status,
        world.now(),
    )
}

#[track_caller]
fn assert_refused<B, P>(outcome: Result<Order<B, P>, OrderError>, expected: impl Into<OrderError>) {
    assert_eq!(outcome.map(|_| ()), Err(expected.into()));
}

/// An order of Alice's with other claims, signed by her.
fn with_claims(
    world: &mut World,
    change: impl FnOnce(&mut Value),
) -> Result<Order<GetKeyOrder>, OrderError> {
    let alice = world.certify(ALICE, "main");
    let order = signed(world, &alice);
    read(world, &reforge(&alice, typ::ORDER, order.compact(), change))
}

fn enrolment(world: &World, key: &Jwk) -> SignedOrder {
    sign_enrolment(
        key,
        world.installation(),
        &draft(),
        world.now(),
        world.random(),
    )
    .unwrap()
}
