//! What Kleis remembers, and how: storage traits, the transaction contract and the audit chain.
//!
//! # The contract
//!
//! - Every change is an [`Act`]: a named, re-runnable piece of work on one write transaction. The
//!   store runs it, commits it, and only then answers. An answered act survives the death of the
//!   process; an act that failed left nothing behind. Several acts may share a commit; each fails
//!   alone.
//! - Every act writes its row of the audit chain in its own transaction
//!   ([`EvidenceTx::append_audit`]). No row, no act: [`AuditDuty`] refuses an act that wrote
//!   anything without a row, or that left an [`Audited`] record in a state that no row of the act
//!   carries ([`AuditEvent::about`], one row for every such record).
//! - Every order's `jti` is recorded in the transaction of its act ([`EvidenceTx::record_order`]):
//!   the same order again finds its result, another one under the same `jti` is refused.
//! - A record that changes carries a version. Whoever changes it says which version it expects, and
//!   gets [`StoreError::VersionConflict`] if it is another one.
//! - Reads outside acts see one consistent snapshot ([`Store::read`]) of what is durable: what a
//!   reader has seen, no crash takes back.
//!
//! # What it must never do
//!
//! Know a rule of a service (who may, when, why), see a key in clear, or take the time or
//! randomness from anywhere but its parameters.
//!
//! # How to add the next thing
//!
//! *A record*: a struct with private-free plain fields in `registry/`, `custody.rs` or `sts.rs`, its
//! [`Audited`] implementation, methods in the `...Read` and `...Tx` trait (documented, `Option` for
//! look-ups), a migration for each backend, the methods there, and its cases in the conformance
//! suite, which every backend runs.
//! *A backend*: implement the traits and run `store_suite!` on it; one that does not pass does not
//! exist.
#![forbid(unsafe_code)]

mod act;
pub mod audit;
pub mod custody;
mod duty;
mod error;
mod evidence;
mod proof;
mod query;
pub mod registry;
mod shown;
pub mod sts;
#[cfg(feature = "suite")]
pub mod suite;

pub use act::{Act, Store};
pub use duty::AuditDuty;
pub use error::StoreError;
pub use evidence::{
    Actor, AuditEvent, AuditOutcome, Audited, EvidenceRead, EvidenceTx, StoredAuditRow,
    StoredOrder, audit_row_hash, state_digest,
};
pub use proof::{ChainHead, ProofRead, ProofTx, StoredCheckpoint, StoredSegment};
pub use query::{AuditFilter, AuditSpan, PlacedAuditRow};
