//! Who is calling: access tokens, DPoP proofs, client assertions, forwarded certificates, and which
//! identifiers and credentials follow from them.
//!
//! It is pure: no clock, no storage, no network; the time, the randomness and the issuers' keys are
//! parameters. The formats are section 13 of `docs/formats.md`.
//!
//! | module | what | made by | checked by |
//! |---|---|---|---|
//! | [`token`] | what a caller is good for, as certified by an issuer | an issuer | every service |
//! | [`dpop`] | possession of the key that a token is bound to | the caller, for each request | every service, the token endpoint |
//! | [`nonce`] | freshness of a proof | a service | that service |
//! | [`replay`] | that something is used once | - | a service |
//! | [`assertion`] | who a client is | the client | the token endpoint |
//! | [`mapping`] | what follows from the claims of a token | an operator's configuration | every service |
//! | [`subject`] | what follows from the subject of a foreign certificate | the same | every service |
//! | [`xfcc`] | the certificate that a caller showed to the edge | the edge | every service |
//!
//! What it must never do: take a key from a header, but for the one whose possession a DPoP proof
//! proves; accept a signature by an algorithm that is not on the list, or that does not suit the
//! key; take a JWT of one kind for one of another (each has its `typ`, see [`kleis_trust::typ`]);
//! believe anything of a token that is bound to something it does not know; show a person's
//! identifier in an error.
//!
//! # How to add the next kind of JWT
//!
//! Give it a `typ` in [`kleis_trust::typ`], reserved if a signature under it is an act. Read it with
//! the private module `jwt`; write its refusals with `refusals!`; add one negative test for each,
//! and a row in `tests/confusion.rs`.
#![forbid(unsafe_code)]

pub mod assertion;
pub mod dpop;
mod jwt;
pub mod nonce;
pub mod replay;
pub mod token;

mod derived;
mod mapped;
pub mod mapping;
mod name_or_table;
pub mod subject;
pub mod xfcc;

pub use jwt::ALGORITHMS;
/// Why a token, a proof or an assertion could not be made.
pub use kleis_trust::SigningError;
pub use mapped::Mapped;
