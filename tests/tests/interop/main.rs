//! Other people's JOSE libraries read what we wrote, and we read what they wrote.
//!
//! The libraries are `jwcrypto` (Python) and `jose` (JavaScript), installed by `tests/tools/interop.sh`. Where they cannot
//! be had, because the registries cannot be reached, these tests say so and show nothing.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "tests: a panic is a failed test")]

mod documents;
mod encryption;
mod library;
mod plumbing;
mod signatures;

use library::Library;

/// Runs a test with each library, as far as they can be had.
#[expect(
    clippy::print_stdout,
    reason = "for whoever wonders why nothing was shown"
)]
fn with_each_library(test: impl Fn(Library)) {
    match library::are_there() {
        Ok(()) => Library::ALL.into_iter().for_each(test),
        Err(reason) => println!("skipped: {reason}"),
    }
}
