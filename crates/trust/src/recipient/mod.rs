//! The one place of chain -> binding -> status -> key (`docs/formats.md` section 7).
//!
//! A sender asks [`verify`] before it encrypts. Directory, database and edge may have put anything
//! into the JWK Set: what comes back are keys that the recipient itself has bound, on a device it
//! endorsed, under a certificate of this installation, none of it revoked. A set with one bad key
//! is refused whole, for a sender that skipped it could be made to skip a device.
//!
//! [`verify_signature_key`] is the same for those who have a signature in hand and look for whose it is.

mod certificates;
mod error;
mod signature;
mod verified;
mod verify;

pub use error::RecipientError;
pub use signature::verify_signature_key;
pub use verified::{Seen, VerifiedKey, VerifiedRecipient};
pub use verify::verify;

/// The member of an encryption key's JWK that holds its binding.
pub const BINDING_MEMBER: &str = "kleis_binding";

#[cfg(test)]
mod tests;
