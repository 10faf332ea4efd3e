//! The Online Certificate Status Protocol (RFC 6960) with nonces (RFC 9654).
//!
//! Requests are read strictly, behind the DER check of this crate: a request that has two readings
//! has none. Answers are signed by a responder that the CA has certified for nothing else
//! (RFC 6960 section 4.2.2.2), and only after they have been read back and found to be what was
//! asked for.

mod request;
mod responder;
mod response;

pub use request::{CertId, OcspRequest, OcspRequestError};
pub use responder::{OcspResponder, ResponderError};
pub use response::{CertStatus, OcspFailure};

pub(crate) use response::ResponseData;

/// Largest request, in octets.
pub const MAX_REQUEST: usize = 8 * 1024;

/// Most certificates that one request may ask about.
pub const MAX_IDS: usize = 32;

/// Longest nonce, in octets (RFC 9654 section 2.1).
pub const MAX_NONCE: usize = 128;

#[cfg(test)]
mod tests;
