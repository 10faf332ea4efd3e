//! The directory: recipients' keys by identity.
//!
//! It answers from what registration has published: the ready-made JWK Set of a recipient, one key by its
//! `kid`, or the names of those who could be meant. It holds no key of its own and signs nothing: every encryption key
//! carries its owner's binding, which the sender verifies (docs/formats.md section 7). So a directory that lies is found out.
//!
//! Sets are kept in memory (`cache`) for as long as no change of them is known. The feed (`feed`) hears of changes, in
//! commit order; a process that hears nothing for longer than its bound answers nothing, rather than what may be old.
//!
//! # What it must never do
//!
//! - Answer with "the first" of several recipients: they are candidates, and the caller chooses.
//! - Tell an anonymous caller anything about a person, not even that there is nothing.
//! - Keep in memory what may be older than a change that it has heard of already, or that there is nothing.
//! - Write. It is generic over [`kleis_store::registry::RegistryStore`] for its readers alone.
//!
//! # How to add the next thing
//!
//! *A look-up*: a method of [`Directory`] on one `Source`, its refusals in [`DirectoryError`], its adapters in `grpc`
//! and, where it is for machinery without gRPC, in `http`.
//! *A database that notifies*: a [`News`] of its own; the changes are read as before.
#![forbid(unsafe_code)]

mod audience;
mod cache;
mod error;
mod feed;
pub mod grpc;
mod history;
pub mod http;
mod ready;
mod service;
mod settings;
mod source;
mod watch;

pub use audience::{Audience, Audiences};
pub use error::DirectoryError;
pub use feed::{Every, News};
pub use service::{Directory, Found, PublishedKey, Recipient};
pub use settings::{Settings, WatchSettings};
pub use watch::{Cursor, Heard, Watcher};
