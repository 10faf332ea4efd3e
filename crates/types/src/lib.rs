//! Identifiers, credentials, states, clock, secrets and error codes shared by every crate.
//!
//! This crate is the vocabulary of Kleis. It holds no cryptography, does no input or output, knows
//! no database and no transport, and must never depend on another crate of the workspace. What it
//! offers is *parsed*: a value of [`Identifier`], [`DeviceId`] or [`InstallationId`] cannot exist
//! in a form that `docs/formats.md` forbids.
//!
//! Two things must never happen here: a secret or a person's identifier shown by `Debug` or in the
//! text of an error, and a call to the wall clock or the random generator outside [`SystemClock`]
//! and [`OsRandom`].
//!
//! # How to add the next one
//!
//! - *An identifier type*: a line in `identifier/belgian.json`, or in an operator's configuration
//!   (see [`TypeDefinition`]). No code. A new check-digit rule is a variant of [`CheckDigits`].
//! - *A credential that follows from an identifier*: a line in `credential/belgian.json`.
//! - *An error code*: a line in `error_code.rs`. Reasons are stable: never rename one.
//! - *A state*: a variant and its transitions in `state.rs`; its text form is stored, so it stays.
//! - *A list of refusals*: `refusals!` in the crate that refuses.
//! - *A name with a grammar*: a `text_newtype!` in `names.rs` with a test of each refusal.
#![forbid(unsafe_code)]

mod text;

mod access;
pub mod base64url;
mod call;
mod clock;
mod contact;
mod credential;
mod error_code;
mod identifier;
pub mod lp;
mod names;
mod notice;
mod principal;
mod problem;
mod random;
mod refusal;
mod secret;
mod state;
pub mod strict_json;
#[cfg(any(test, feature = "test-util"))]
mod test_util;
mod trace_id;

pub use access::{Role, RpcRule, Rule, Scope};
pub use call::Call;
pub use clock::{Clock, LEEWAY, SystemClock, Timestamp};
pub use contact::{Contact, ContactError, MailAddress, WebhookUrl};
pub use credential::{
    Credential, CredentialMap, CredentialMapError, CredentialRule, IDENTIFIER_NAMESPACE, Shown,
};
pub use error_code::{Category, ErrorCode};
pub use identifier::{
    CheckDigits, Identifier, IdentifierError, IdentifierType, Kind, Service, TypeDefinition,
    TypeTable, TypeTableError,
};
pub use names::{ApplicationId, DeviceId, InstallationId, NameError};
pub use notice::{Channel, DeliveryState, NoticeKind};
pub use principal::{CertificateProof, Confirmation, NoIdentifier, Principal, TokenProof};
pub use problem::Problem;
pub use random::{OsRandom, Random, random_array};
pub use secret::SecretBytes;
pub use state::{
    CertificateState, GrantState, InvalidTransition, KeyState, RecordState, RequestState,
    RevocationReason, SigningKeyState,
};
#[cfg(any(test, feature = "test-util"))]
pub use test_util::{ManualClock, SeededRandom};
pub use text::UnknownName;
pub use trace_id::TraceId;
