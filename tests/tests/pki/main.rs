//! What the CA publishes, as other people's software reads it: `openssl`, and `pkilint` where it can be had.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "tests: a panic is a failed test")]

mod lint;
mod openssl;
mod published;
