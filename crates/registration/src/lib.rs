//! The registration service: certificates and encryption keys, from the request to the end of
//! their life.
//!
//! Whoever proves who they are gets a certificate (an *enrolment*: by an operator's code, or by the
//! endorsement of a device they have already); whoever holds a certificate registers encryption
//! keys (*begin* gives a challenge, *complete* answers it and brings the binding, *activate*
//! publishes); everything can be revoked, and whatever ends takes with it what hangs on it. After
//! each change the recipient's JWK Set stands ready for the directory, and the status list says the
//! same.
//!
//! | module | what |
//! |---|---|
//! | `admission` | an order's outside: verified, and sent by who signed it |
//! | `command` | an order's body: text into types, each failure naming its field |
//! | `acts` | one transaction for each change, in the frame of replay, evidence and audit |
//! | [`Registration`] | the entry points, without transport |
//! | [`StatusBoard`] | what holds now, and the signed list that says so |
//! | [`provision_service`] | the services' own certificates and keys |
//! | [`Registration::crl`], [`Registration::ocsp`] | the same, as revocation lists and OCSP have it |
//! | [`Letter`] | what owners are told, as it goes out |
//! | [`register`] | who exists, as the local administrator changes it |
//! | [`RegistrantSource`] | who is behind an identifier, asked before a transaction |
//! | [`certificate_history`] | what the records say of a certificate, for whoever looks back |
//! | [`grpc`] | the entry points as gRPC services, public and admin |
//! | [`http`] | what the CA publishes: lists, OCSP, chains |
//!
//! # What it must never do
//!
//! - Issue a certificate, or publish a key, on the word of anybody but its proof: a code, an
//!   endorsement, an answered challenge, a binding. No request obtains an identity of type
//!   `SERVICE`.
//! - Take an owner from anywhere but the verified certificate of the order's signer.
//! - Tell those who have not proved anything what exists: a wrong code, a spent one and one of
//!   somebody else get the same answer.
//! - Change anything without its audit row, or answer before the change is durable and the status
//!   list follows it.
//! - Sign a certificate whose serial number is not reserved in the database already: what is signed
//!   and then not stored must still be revocable.
//!
//! One process of this service writes to one database: the status of a certificate is remembered in
//! memory, and only the acts themselves look at the records again.
//!
//! # How to add the next order
//!
//! Its messages go into `proto/`; a command into `command` (`parse` from the body); a struct with
//! `impl Work` into `acts`, which writes through the `Ledger` alone and asks `signer::in_use` or
//! `signer::operator` first; an entry point beside its like in `service`; one line in `grpc`; one
//! negative test for each refusal in `tests/`.
#![forbid(unsafe_code)]

mod acts;
mod admission;
mod authorities;
mod command;
mod config;
mod contract;
mod error;
pub mod grpc;
mod history;
pub mod http;
mod letter;
mod profiles;
mod provision;
pub mod register;
mod revocation;
mod serials;
mod service;
mod source;
mod status;

pub use config::{Admission, ConfigError, Lifetimes, RegistrationConfig};
pub use contract::{Contract, Contracts};
pub use error::{AdmissionError, RegistrationError};
pub use history::certificate_history;
pub use kleis_types::Call;
pub use letter::Letter;
pub use profiles::Profile;
pub use provision::{Authority, ServiceKeys, provision_service};
pub use revocation::OcspAnswer;
pub use service::{
    CodePage, Due, ListedCode, ListedGrant, ListedRequest, NOTICE_OF_END, RegistrantPage,
    Registration, RequestPage, RolePage, Sent, Swept,
};
pub use source::{Asked, Behind, RegisterTable, RegistrantSource, SourceError};
pub use status::StatusBoard;
