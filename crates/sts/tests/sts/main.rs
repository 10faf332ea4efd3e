//! The token service on a real database, over its routes, with a clock that stands still.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod assertions;
mod directory;
mod discovery;
mod fixture;
mod introspection;
mod issue;
mod keys;
mod proofs;
mod replays;
mod requests;
mod revocation;
mod start;
