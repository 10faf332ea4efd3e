//! The directory as programs without gRPC see it, and as those who watch it do.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "tests: a panic is a failed test")]

mod http;
mod times;
mod watch;
