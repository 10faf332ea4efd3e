//! Access tokens: JWTs of the profile of RFC 9068, by the practice of RFC 8725.
//!
//! A token is read in two steps. [`Unverified::parse`] tells whose it says it is, and so which
//! issuer's rules and keys to take; [`Unverified::verify`] then believes it, or says why not.
//! Fetching keys is the caller's: [`TokenError::UnknownKey`] is the one refusal after which newer
//! keys may help.

mod error;
mod make;
#[cfg(test)]
mod tests;
mod verified;
mod verify;

pub use error::TokenError;
pub use make::{NewToken, sign};
pub use verified::AccessToken;
pub use verify::{IssuerRules, Unverified};

/// The media type of an access token (RFC 9068 section 2.1).
pub const TYP: &str = kleis_trust::typ::ACCESS_TOKEN;

/// The longest token, in bytes.
pub const MAX_SIZE: usize = 16_384;
