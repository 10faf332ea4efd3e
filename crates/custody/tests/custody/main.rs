//! The custody service on a real database, with a clock that stands still.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bodies;
mod deposits;
mod durability;
mod equal_work;
mod fixture;
mod fresh_keys;
mod kept_orders;
mod owners;
mod reads;
mod requests;
mod scene;
mod start;
mod sweeping;
mod tampering;
mod transport;
mod wrapping_keys;
