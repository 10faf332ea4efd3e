//! The registration service on a real database: the whole life of certificates and keys, and every
//! refusal.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a panic here is a failed test"
)]

mod approvals;
mod bindings;
mod certificates;
mod descriptions;
mod endorsement;
mod enrolment;
mod house;
mod http;
mod kept_orders;
mod keys;
mod life;
mod logins;
mod notices;
mod operators;
mod owners;
mod pending;
mod people;
mod races;
mod random_life;
mod register;
mod renewal;
mod replay;
mod requests;
mod revocation;
mod roles;
mod rollover;
mod serials;
mod services;
mod sources;
mod standing;
mod status;
mod wire;
