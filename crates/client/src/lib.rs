//! The SDK of Kleis: look up, seal, open, register keys, keep keys in custody.
//!
//! [`Kleis`] is a client with a [`Home`]: a directory that holds who it is (certificate, keys), whom it
//! trusts (the pinned root, the installation), and what it has seen (the largest owner sequence of every recipient, the newest
//! status list). One method group each lives in a module of its own: [`lookup`](crate::Kleis::lookup), seal and open in
//! `document.rs`, enrolment, keys, devices, custody, operators, auditors.
//!
//! # What it never does
//!
//! - Encrypt to a key before certificate chain, binding, status and key are verified (`kleis_trust::recipient`), or use a
//!   reply before its signature is.
//! - Trust a root other than the pinned one, or take a name from anywhere but a certificate's subjectAltName.
//! - Let a private key leave its home, or write one where others may read it.
//! - Send an order in other bytes after a lost answer: the same bytes again are answered the same.
//!
//! # How to add the next thing
//!
//! A call that changes state: its order and result messages in `proto/`, then a method that goes through
//! `Kleis::order` (signs, sends, tries again with the same bytes, verifies the reply). A new kind of remembered fact: a field in
//! [`home`](crate::Home)'s memory, with a default, so that old homes still open.
#![forbid(unsafe_code)]

mod access;
mod approvals;
mod audit;
mod channel;
mod custody;
mod devices;
mod document;
mod enrol;
mod error;
mod history;
mod home;
mod init;
mod kept;
mod keys;
mod lookup;
mod notices;
mod operator;
mod past;
mod renewal;
mod requests;
mod roles;
mod session;
mod signers;
mod status;
mod watch;

pub use access::Token;
pub use approvals::{
    CertificateRequestSummary, EnrolmentCodeSummary, RequestApproval, RequestFilter,
};
pub use audit::{AuditEvent, AuditFilter, AuditPage};
pub use custody::{CustodyKey, KeyDescription, Receipt};
pub use devices::{CertificateSummary, DeviceRequest};
pub use document::{Opened, Readers, Sealed, SenderInfo, VerifiedDocument};
pub use enrol::{Enrolment, Proof};
pub use error::ClientError;
pub use history::{CertificateHistory, PastDocument, named_certificate};
pub use home::{Access, Config, Home, HomeError, IdentityFile, Passphrase};
pub use keys::{KeySummary, PublishOptions, Published};
pub use lookup::Lookup;
pub use notices::Notice;
pub use operator::{ImportReport, IssuedCode, RegistrantLine};
pub use past::PastRecipient;
pub use renewal::{Rebound, RenewOptions};
pub use requests::{Contract, OpenRequest, RequestDraft, RequestStatus};
pub use session::Kleis;
pub use watch::{Heard, Watch};

#[cfg(test)]
mod tests;
