//! The binary, as whoever types it meets it.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod audit;
mod ca;
mod commands;
mod hsm;
mod life;
mod notices;
mod refusals;
mod registrants;
mod served;
mod support;
