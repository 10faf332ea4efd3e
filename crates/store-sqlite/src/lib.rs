//! The SQLite store: one file for each database, one writer, many readers.
//!
//! - *Writing.* One task owns the only connection that writes. Acts queue up for it; those that
//!   have arrived while the commit before was on its way share the next one, each in a savepoint of
//!   its own, and are answered once it is on the disk (`writer`).
//! - *Reading.* A small pool of connections that cannot write, each in a transaction that sees one
//!   snapshot (`store`).
//! - *Statements* are static and checked against the migrations when they are compiled:
//!   `prepare.sh` describes them in `.sqlx`.
//!
//! # What it must never do
//!
//! Answer an act that is not on the disk, keep half an act, write without a row of the audit, or
//! open a database whose schema is not exactly the one it was built for.
//!
//! # How to add the next thing
//!
//! *A record*: a migration in `migrations/sqlite`, a file with its row struct and statements beside
//! the others, its methods in `registry`, `custody` or `sts`; run `prepare.sh`, then the suite. Every
//! statement takes its connection from `Link::next` and hands its result to `Link::done`.
#![forbid(unsafe_code)]

#[cfg(feature = "test-util")]
pub mod bulk;
mod chain;
mod custody;
mod error;
mod evidence;
mod job;
mod link;
mod options;
mod proof;
mod query;
mod registry;
mod row;
mod schema;
mod session;
mod states;
mod store;
mod sts;
#[cfg(feature = "test-util")]
pub mod test_util;
mod writer;

pub use schema::{Applied, Custody, Registry, Schema, Sts};
pub use session::{Reader, Session, Tx};
pub use store::SqliteStore;

/// The database of the registration service, which the directory reads.
pub type RegistrySqlite = SqliteStore<Registry>;
/// The database of the custody service.
pub type CustodySqlite = SqliteStore<Custody>;
/// The database of the token service.
pub type StsSqlite = SqliteStore<Sts>;
