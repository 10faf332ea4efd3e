//! The directory on a real database.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

mod feed;
mod http;
mod lookup;
mod times;
mod watch;
mod world;
