//! The directory: recipients' keys by identity.
//!
//! It answers from what registration has published: the ready-made JWK Set of a recipient, one key by its
//! `kid`, or the names of those who could be meant. It holds no key of its own and signs nothing: every encryption key
//! carries its owner's binding, which the sender verifies (docs/formats.md section 7). So a directory that lies is found out.
//!
//! # What it must never do
//!
//! - Answer with "the first" of several recipients: they are candidates, and the caller chooses.
//! - Tell an anonymous caller anything about a person, not even that there is nothing.
//! - Write. It is generic over [`kleis_store::registry::RegistryStore`] for its readers alone.
//!
//! # How to add the next thing
//!
//! *A look-up*: a method of [`Directory`] on one snapshot, its refusals in [`DirectoryError`], its adapter in `grpc.rs`.
#![forbid(unsafe_code)]

mod error;
pub mod grpc;
mod service;

pub use error::DirectoryError;
pub use service::{Directory, Found, PublishedKey, Recipient};
