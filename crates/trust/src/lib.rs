//! Orders, replies, bindings, endorsements and status lists, and the one place that verifies them.
//!
//! This crate is the reference implementation of `docs/formats.md` sections 4 to 9 and 11. Each rule there
//! is a check here, and each check has a refusal of its own, named for what failed. It is pure: no
//! clock, no storage, no network; the time, the randomness and the status list are parameters.
//!
//! | module | what | made by | checked by |
//! |---|---|---|---|
//! | [`order`] | a request that changes state or reads a secret | a certified caller | a service |
//! | [`reply`] | the answer | a service | the caller |
//! | [`binding`] | "this encryption key is mine" | its owner | registration, every sender |
//! | [`endorsement`] | "this new device is mine" | a sibling device | registration, every sender |
//! | [`challenge`] | possession of a key that cannot sign | registration | the key's owner |
//! | [`enrolment_code`] | proof of identity for a first certificate | an operator | registration |
//! | [`standing`] | was this certificate good *then*? | registration's records | whoever verifies later |
//! | [`status`] | which certificates and bindings hold | the status service | everybody |
//! | [`recipient`] | chain, binding, status, key: may I encrypt to this? | - | every sender |
//! | [`sealed`] | who wrote a document, and to whom | a sender | its readers |
//! | [`deposit`] | keys on their way into custody | their owner | custody |
//! | [`release`] | keys on their way out | custody | their reader |
//! | [`checkpoint`] | where the chains of an audit stood | a service | whoever verifies the audit |
//! | [`segment`] | rows of an audit that were archived | a service | whoever verifies the audit |
//!
//! What it must never do: take an identity from anywhere but the subjectAltName of a verified
//! certificate; accept a header member, a claim or a `typ` that is not on the list of its format;
//! use a signature made for one purpose for another; say yes when it has no fresh status (but for
//! what is kept for years, and verified as of its own time); show a person's identifier or a secret
//! in an error.
//!
//! # How to add the next signed object
//!
//! Give it a `typ` in [`typ`] and a row in `docs/formats.md` section 1. Write its claims as a
//! struct with `deny_unknown_fields`, its refusals with `refusals!`, `sign` and `verify` over the
//! private module `envelope`, then one negative test for each refusal, and vectors in
//! `examples/make_vectors`.
#![forbid(unsafe_code)]

mod refusal;

mod anchors;
mod as_of;
pub mod binding;
pub mod challenge;
pub mod checkpoint;
pub mod deposit;
pub mod endorsement;
pub mod enrolment_code;
mod envelope;
mod hash;
mod jti;
pub mod moment;
pub mod notice;
pub mod order;
pub mod recipient;
pub mod release;
pub mod reply;
pub mod sealed;
mod sealed_claims;
pub mod segment;
mod signer;
pub mod standing;
pub mod status;
pub mod typ;

#[cfg(any(test, feature = "test-util"))]
pub mod test_util;

pub use anchors::{Anchors, SignerError};
pub use envelope::SigningError;
pub use jti::{Jti, JtiError};
/// Which public keys are accepted: also for keys that a caller names to have its reply sealed to.
pub use kleis_pki::{KeyPolicy, KeyPolicyError};
pub use sealed_claims::SealingError;
pub use signer::{Signer, SignerMaterialError, VerifiedSigner};
pub use typ::is_reserved_typ;
