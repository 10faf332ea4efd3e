//! Client assertions: how a client proves to a token endpoint who it is (`private_key_jwt`; RFC
//! 7521, RFC 7523, draft-ietf-oauth-rfc7523bis).
//!
//! Read in two steps, like a token: [`Unverified::parse`] tells whose it says it is, so that the key
//! can be found; [`Unverified::verify`] then believes it, or says why not. That its
//! [`Assertion::jti`] is used for the first time is for the caller's database to say.

mod error;
mod make;
#[cfg(test)]
mod tests;
mod verify;

pub use error::AssertionError;
pub use make::make;
pub use verify::{Assertion, Unverified};

/// The media type of a client assertion (draft-ietf-oauth-rfc7523bis).
pub const TYP: &str = kleis_trust::typ::CLIENT_ASSERTION;

/// How an assertion is announced at a token endpoint: the `client_assertion_type` (RFC 7523 section 2.2).
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The longest assertion, in bytes.
pub const MAX_SIZE: usize = 8192;

/// The longest life of an assertion, in seconds.
pub const MAX_LIFETIME: i64 = 300;

/// How long an assertion that we make lives, in seconds.
pub const LIFETIME: i64 = 60;
