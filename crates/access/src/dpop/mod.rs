//! DPoP: proofs that a request comes from the holder of a key (RFC 9449).
//!
//! [`verify`] checks the proof alone. What remains is the caller's: that its [`Proof::jkt`] is what
//! the access token is bound to, that its nonce is fresh ([`crate::nonce`]), and, last of all, that
//! it is used for the first time ([`crate::replay`], for [`REPLAY_WINDOW`]).

mod error;
mod make;
mod target;
#[cfg(test)]
mod tests;
mod verify;

use kleis_types::LEEWAY;

pub use error::DpopError;
pub use make::{Request, make};
pub use verify::{Proof, verify};

/// The media type of a proof (RFC 9449 section 4.2).
pub const TYP: &str = kleis_trust::typ::DPOP_PROOF;

/// The longest proof, in bytes.
pub const MAX_SIZE: usize = 8192;

/// How long a used proof must be remembered, in seconds: for as long as it could be accepted again.
pub const REPLAY_WINDOW: i64 = 2 * LEEWAY;
