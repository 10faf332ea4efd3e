//! The registration service on a real database: the whole life of certificates and keys, and every
//! refusal.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a panic here is a failed test"
)]

mod bindings;
mod certificates;
mod descriptions;
mod endorsement;
mod enrolment;
mod house;
mod kept_orders;
mod keys;
mod life;
mod notices;
mod operators;
mod owners;
mod people;
mod races;
mod random_life;
mod register;
mod replay;
mod requests;
mod roles;
mod services;
mod sources;
mod standing;
mod status;
mod wire;
