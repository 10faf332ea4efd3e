//! An order's body: text into types. Every failure names its field.

mod certificate;
mod code;
mod enrol;
mod fields;
mod key;
mod registrants;
mod renew;
mod request;
mod role;

pub(crate) use certificate::{DescribeCertificate, RevokeCertificate};
pub(crate) use code::{ApproveCode, CreateCode, RevokeCode};
pub(crate) use enrol::{CodeProof, Enrol, Proof, TokenProof, refuse_unfit_operator};
pub(crate) use key::{ActivateKey, BeginKey, CompleteKey, RevokeKey};
pub(crate) use registrants::ImportRegistrants;
pub use registrants::{ContactChange, RegistrantEntry};
pub(crate) use renew::RenewCertificate;
pub(crate) use request::{
    ApproveRequest, OwnRequest, RejectRequest, SubmitRequest, request_filter,
};
pub(crate) use role::RoleOf;
