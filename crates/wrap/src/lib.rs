//! Keys at rest: the root KEK, the wrapping keys below it, and the record keys below those.
//!
//! ```text
//! root KEK            32 bytes from a file or the environment; never in a database
//!   wraps             wrapping keys: one per month of expiry and version, held open in memory
//!     derives         one record key per stored secret, from the record's own description
//!       wraps         the secret: AES-256-KW (RFC 3394), or AES-256-KWP (RFC 5649)
//! ```
//!
//! The byte formats are section 10 of `docs/formats.md`; `tests/vectors/wrap` holds fixed examples
//! made by a program that shares no code with this crate.
//!
//! What the construction gives: a wrapped key opens only in the row it was made for. Its record
//! key is derived from installation, algorithm, key id, owner and policy hash, so moving the
//! bytes to another row, or editing the policy, makes unwrapping fail. What may change in a row
//! (state, version, reads) is under a MAC, and so is which wrapping key is the current one. What
//! it cannot give: rows put back *whole* from an older copy are as good here as they were then.
//! The audit chain finds those.
//!
//! This crate must never
//! - write a key, or anything a key can be computed from, into a log, an error or `Debug` output;
//! - hand out a wrapping key or a record key: callers get secrets they own, and nothing above;
//! - answer faster for a key it does not hold (see [`Keyring::unwrap`]);
//! - do input or output other than reading and creating KEK files.
//!
//! To add a purpose for a derived key, add a label to `derive.rs`, a row to the table in
//! `docs/formats.md`, and a case to `tests/vectors/wrap/generate.py`. To add a place where root
//! KEKs come from, implement [`KekSource`].
#![forbid(unsafe_code)]

mod derive;
mod error;
mod kek;
pub mod kek_env;
pub mod kek_file;
mod key_wrap;
mod keyring;
mod order;
mod period;
mod record;
mod role;
mod work;
mod wrapping_key;

pub use error::{KekError, WrapError};
pub use kek::{KekId, KekIdError, KekSource, RootKek};
pub use keyring::Keyring;
pub use order::OrderFields;
pub use period::{Period, PeriodError};
pub use record::{RecordAlgorithm, RecordContext, StateFields, UnknownAlgorithm};
pub use role::RoleFields;
pub use work::Work;
pub use wrapping_key::{StoredWrappingKey, WrappingKeyId, WrappingKeyIdError};
