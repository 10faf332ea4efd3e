//! Certificate requests, subject names, key policy, the issuing CA and chain verification.
//!
//! This crate turns DER into types that hold only what the profile of `docs/formats.md` section 3
//! allows, and back. It is pure: no clock, no storage, no network; times and randomness are
//! parameters.
//!
//! | module | turns |
//! |---|---|
//! | [`csr`] | a certificate request into [`Csr`]: well-formed, possession proved, key acceptable |
//! | [`key_policy`] | a public key into yes or a named refusal |
//! | [`subject`], [`identity`] | identifiers into the subject and the subjectAltName, and back |
//! | [`profile`] | to-be-signed bytes into bytes the CA may sign, or a named violation |
//! | [`ca`] | an identity and a key into a certificate |
//! | [`crl`] | what became of certificates into a revocation list |
//! | [`ocsp`] | a question about certificates into a signed answer |
//! | [`publication`] | a base address into the addresses that stand in certificates |
//! | [`chain`] | a chain of certificates into a [`VerifiedIdentity`] |
//! | [`published`] | a chain into an entry of its owner's JWK Set |
//! | [`foreign`] | a chain of another CA, with its revocation lists, into a [`VerifiedForeign`] |
//!
//! What it must never do: sign bytes that did not pass the profile (only [`profile`] can make the
//! argument that the signing function takes); read an identity from a subject (only the
//! subjectAltName counts; subjects of [`foreign`] certificates are for others to read); accept an
//! encoding of which there are two (everything is strict DER); copy a name or an extension out of a
//! request into a certificate.
//!
//! To add a certificate profile: write its check in [`profile`] first, then its constructor in
//! [`ca`], then a test that the check refuses each field when it is changed.
#![forbid(unsafe_code)]

mod alt_names;
mod der;
mod name;
mod oid;
pub mod pem_text;
mod signature;
mod spki;
mod tbs;
#[cfg(test)]
mod test_support;

pub mod ca;
pub mod certificate;
pub mod chain;
pub mod crl;
pub mod csr;
pub mod foreign;
pub mod identity;
pub mod key_policy;
pub mod ocsp;
pub mod profile;
pub mod publication;
pub mod published;
pub mod serial;
pub mod subject;

pub use ca::{
    CaError, CaMaterial, CaSigner, CaSigningError, IdentityRequest, IssueError, IssuingCa,
};
pub use certificate::{Certificate, CertificateError, SubjectAttribute};
pub use chain::{AnchorError, ChainError, TrustAnchors, VerifiedIdentity};
pub use crl::{Crl, CrlEntry, CrlReason, CrlRequest};
pub use csr::{Csr, CsrError};
pub use der::DerError;
pub use foreign::{ForeignAnchorError, ForeignAnchors, ForeignError, VerifiedForeign};
pub use identity::{Identity, IdentityError};
pub use key_policy::{InvalidWeakModuli, KeyPolicy, KeyPolicyError, RsaWeakness, WeakModuli};
pub use ocsp::{CertStatus, OcspFailure, OcspRequest, OcspResponder};
pub use profile::ProfileViolation;
pub use publication::{InvalidPublication, IssuerId, Publication};
pub use serial::{SerialNumber, SerialNumberError};
pub use subject::{SubjectError, SubjectName};
