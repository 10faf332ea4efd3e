//! A server of this crate over real sockets, and over none.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod calls;
mod connections;
mod http;
mod in_process;
mod limits;
mod stopping;
mod support;
