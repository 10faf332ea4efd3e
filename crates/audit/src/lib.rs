//! The auditors' query: what was done, read page by page over the network.
//!
//! The rows themselves are written by the services, each into its own database, with the act that they
//! speak of (`kleis_store::audit`). This service only reads them, over as many databases as the process has, and
//! leaves in each a row that says who read. It proves nothing: rows are answered as they stand, and whether
//! anybody has tampered with them is for `kleisd audit verify` and the signed checkpoints to say.
//!
//! - `command` reads what is asked for, `page` the place where a listing goes on.
//! - `source` is a database that is read, `service` the query over all of them, [`grpc`] what is on the wire.
//!
//! # What it must never do
//!
//! - Answer a call that showed no certificate of its own, whatever the layer in front let through.
//! - Answer before the row about the question is durable in the database that the answer is from.
//! - Tell who stands behind a pseudonym. An auditor who knows a person finds that person's rows, never the other way.
//! - Let what an auditor asked by (a person's identifier above all) into a log, an error or the audit: the
//!   row names the filters, not their values.
//!
//! # How to add the next thing
//!
//! *A filter*: a field of `ListEventsRequest`, its reading in `command`, its part in the fingerprint there (a page
//! token of other filters is refused), a field of `kleis_store::AuditFilter` with the condition in each backend, and a
//! case in the conformance suite. *A database*: nothing but its name, for any `kleis_store::Store` is an [`AuditSource`].
#![forbid(unsafe_code)]

mod command;
mod error;
pub mod grpc;
mod page;
mod service;
mod source;

pub use command::{ListCommand, OneCommand};
pub use error::AuditError;
pub use service::{Audit, Event, EventPage};
pub use source::{AuditSource, Slice, Source, Wanted};
