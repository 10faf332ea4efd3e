//! The custody service: symmetric keys, wrapped at rest, released by policy (`docs/formats.md`
//! section 10).
//!
//! A caller has the service make keys, or brings its own, with a policy that says who may read
//! them. A reader that nobody knew then asks for a key by its id. Every request is a signed order;
//! every key goes out inside a signed reply, sealed to the key that the order names.
//!
//! - [`policy`] holds the rules of release: pure, without storage or transport.
//! - `service` has the entry points: read the order, check it, run the act, sign the answer.
//! - `acts` has one act for each change, each in one transaction with its evidence.
//! - `replies` signs; what is signed in an act is kept with its order.
//! - `record` is the one place that makes, believes and changes a stored key.
//! - [`grpc`] is the thin adapter.
//!
//! # What it must never do
//!
//! - Tell somebody who may not have a key whether it exists, or why not: [`CustodyError`] has one
//!   variant for all of it, and every way to it takes the same statements, derivations, unwrappings
//!   and MACs. Why is written into the audit.
//! - Count a read that it does not give, or give one that is not counted and audited: the release
//!   leaves after the commit.
//! - Believe a row before its MAC has been verified, or start with wrapping keys that do not verify.
//! - Write, log or keep a key in clear.
//!
//! # How to add the next order
//!
//! Its messages in `proto/`, its typed form in `command.rs`, an act in `acts/` (look for the order
//! first, find the record through `record::Sighting`, collect every refusal into one `Refusal`), an
//! entry point in `service.rs`, a line in `grpc.rs`; then its cases in `tests/`: each refusal, and
//! that all of them count alike.
#![forbid(unsafe_code)]

mod acts;
mod admission;
mod command;
mod config;
mod error;
mod evidence;
pub mod grpc;
mod kept;
mod keys;
pub mod policy;
mod record;
mod refusal;
mod replies;
mod service;
mod trivial;

pub use config::{CustodyConfig, OpenError};
pub use error::CustodyError;
pub use kleis_types::Call;
pub use service::{Custody, Swept};
