//! The security token service: OAuth 2.0 access tokens for those whose keys are registered.
//!
//! The client *is* an identifier with a registered signature key, and its credential is that key:
//! there is no register of clients and no client secret. It shows an assertion signed by the key
//! (`private_key_jwt`, RFC 7523); the service looks the key up in the directory and verifies it as any
//! client of Kleis would (chain, status, identity). The answer is an RFC 9068 token for five minutes at
//! most, bound to a key whose possession the request proves: by DPoP (RFC 9449), or by the client's own
//! certificate on the connection (RFC 8705).
//!
//! - [`http`] is what is on the wire: token, revocation (RFC 7009), introspection (RFC 7662), keys,
//!   metadata (RFC 8414).
//! - `service` has the entry points: authenticate, decide, run the act, sign.
//! - `client` authenticates, `binding` finds what a token is bound to, `request` reads what is asked for.
//! - `keys` holds the keys that sign, and the plan of their turns: next, current, retired.
//! - `acts` has one act for each change, each in one transaction with its evidence.
//!
//! # What it must never do
//!
//! - Give a token that is not bound, that lives longer than five minutes, or that is for another
//!   audience than this installation.
//! - Take an assertion or a proof twice: after a restart, in another process, at another endpoint.
//!   Both are used up in the transaction of the act that they were for.
//! - Tell apart, in an answer, an unknown client, an unknown key, a bad signature and a replay.
//! - Sign with a key that was not published before, or publish one whose private key it does not hold.
//! - Let a token or an assertion into a log, an error or the audit.
//!
//! # How to add the next grant
//!
//! Its name in `request::Grant`, what it reads from the form beside it; its entry point in `service`,
//! which authenticates the client first and refuses through `Asked::refuse`, so that the assertion is used up
//! and the refusal is in the audit; an act in `acts` that ends in the same `Issue`; its name in the metadata;
//! then its cases in `tests/`: each refusal, and each replay.
#![forbid(unsafe_code)]

mod acts;
mod binding;
mod client;
mod clients;
mod config;
mod error;
mod evidence;
mod form;
pub mod http;
mod keys;
mod request;
mod revoked;
mod service;

pub use clients::{Clients, ClientsUnavailable, DirectoryClients};
pub use config::{Lifetimes, OpenError, StsConfig};
pub use error::{Refusal, StsError};
pub use kleis_store::sts::Forgotten;
pub use service::Sts;
