//! Why the service refuses, and what the caller is told.

mod admission;

pub use admission::AdmissionError;

use kleis_jose::JwkError;
use kleis_pki::{CertificateError, IdentityError, IssueError};
use kleis_store::StoreError;
use kleis_trust::{
    SealingError, SigningError, binding::BindingError, endorsement::EndorsementError,
    order::OrderError, status::StatusUnavailable,
};
use kleis_types::{ErrorCode, InvalidTransition, Problem};
use kleis_wrap::WrapError;

use crate::{ConfigError, SourceError};

/// Why the service refused. No variant names a person or holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationError {
    /// The caller's: a field of the request is not what it must be.
    #[error(transparent)]
    Request(#[from] Problem),
    /// The caller's: the order does not verify.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// The caller's: nobody is authenticated on the line.
    #[error("the call needs a client certificate")]
    CertificateRequired,
    /// The caller's: somebody else is on the line than the one who signed, or than the one
    /// concerned.
    #[error("the signer is not the one concerned")]
    SignerMismatch {
        /// Which field tells.
        field: &'static str,
    },
    /// The caller's: the certificate has gone out of use in the meantime.
    #[error("the signer's certificate is not in use")]
    SignerNotInUse,
    /// The caller's: not an operator.
    #[error("the caller is not an operator")]
    NotOperator,
    /// The caller's: a decision that others make, or that is not made yet.
    #[error(transparent)]
    Admission(#[from] AdmissionError),
    /// The caller's: an operator who acts in their own cause.
    #[error("an operator acts for themselves")]
    OwnCause,
    /// The caller's: nobody else could give the role again.
    #[error("the last operator stays one")]
    LastOperator,
    /// The caller's: there is no such role to be taken back.
    #[error("the person does not hold the role")]
    RoleNotHeld,
    /// The caller's: there is an operator already.
    #[error("there is an operator already")]
    OperatorExists,
    /// The caller's: the code or its proof. One answer for all that can be wrong with it.
    #[error("the enrolment is not proved")]
    EnrolmentRefused,
    /// The caller's: the endorsement does not verify.
    #[error(transparent)]
    Endorsement(#[from] EndorsementError),
    /// The caller's: the endorsing device is not in use, or not the owner's.
    #[error("the endorsing device is not one in use of this owner")]
    EndorserNotInUse,
    /// The caller's: nobody active holds the identifier.
    #[error("no active registrant holds the identifier")]
    RegistrantInactive,
    /// The operator's: who is behind the identifier cannot be asked.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The caller's: the public key is known already.
    #[error("the public key is in use")]
    KeyInUse {
        /// Which field holds it.
        field: &'static str,
    },
    /// The caller's: the device has a certificate.
    #[error("the device has a certificate in use")]
    CertificateExists,
    /// The caller's: another order had this `jti`.
    #[error("the jti was used by another order")]
    JtiReused,
    /// The caller's: the answer to the challenge, or the session. One answer for all.
    #[error("the challenge is not answered")]
    ChallengeFailed,
    /// The caller's: the binding does not verify.
    #[error(transparent)]
    Binding(#[from] BindingError),
    /// The caller's: the binding verifies, but says something else than was agreed.
    #[error("the binding differs from the registration in its {0}")]
    BindingDiffers(&'static str),
    /// The caller's: the certificate is none of ours.
    #[error("no certificate of this thumbprint was issued")]
    CertificateUnknown,
    /// The caller's: no such thing of theirs.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// The caller's: the thing is not in a state that allows it.
    #[error(transparent)]
    State(#[from] InvalidTransition),
    /// The caller's: what is to be published has ended.
    #[error("the binding has ended")]
    BindingEnded,
    /// The caller's: the record has another version.
    #[error("the record has another version")]
    VersionMismatch,
    /// The caller's: the order names a version where there is none.
    #[error("the order names a version, its method has none")]
    VersionUnexpected,
    /// The caller's: the owner has used up all sequences.
    #[error("the owner has no sequence left")]
    SequenceExhausted,
    /// The operator's: this key of a service was revoked.
    #[error("the service's key or certificate was revoked: make a new key")]
    ServiceKeyRevoked,
    /// The operator's: this key of a service is not of a type that its use takes.
    #[error("the service's key is not a private key of a fitting type")]
    ServiceKeyUnfit,
    /// The operator's: the configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Ours: the database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Ours: the status list cannot be made.
    #[error(transparent)]
    Status(#[from] StatusUnavailable),
    /// Ours: no serial number is reserved for what is to be signed. It passes: another one is
    /// reserved meanwhile.
    #[error("no serial number is reserved")]
    NoSerial,
    /// Ours: the OCSP responder.
    #[error(transparent)]
    Responder(#[from] kleis_pki::ocsp::ResponderError),
    /// Ours: the CA did not issue.
    #[error("no certificate was issued: {0}")]
    Issue(#[from] IssueError),
    /// Ours: names that were accepted make no identity.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// Ours: a signature.
    #[error(transparent)]
    Signing(#[from] SigningError),
    /// Ours: an encryption.
    #[error(transparent)]
    Sealing(#[from] SealingError),
    /// Ours: a wrapped secret does not open, which means that somebody edited the database.
    #[error(transparent)]
    Wrap(#[from] WrapError),
    /// Ours: a stored document cannot be read.
    #[error("a stored document is not what it was: {0}")]
    StoredJson(#[from] serde_json::Error),
    /// Ours: a stored certificate cannot be read.
    #[error("a stored certificate is not what it was: {0}")]
    StoredCertificate(#[from] CertificateError),
    /// Ours: a stored or provisioned key cannot be read.
    #[error("a stored key is not what it was: {0}")]
    StoredKey(#[from] JwkError),
    /// Ours: the work was cut off.
    #[error("the work was cut off: {0}")]
    Interrupted(String),
}

impl RegistrationError {
    /// Whether the fault is ours, so that the log must tell it.
    pub fn is_internal(&self) -> bool {
        use kleis_types::Category;
        matches!(
            Problem::from(self).category(),
            Category::Internal | Category::Unavailable
        )
    }
}

impl From<&RegistrationError> for Problem {
    fn from(error: &RegistrationError) -> Self {
        use RegistrationError as E;
        match error {
            E::Request(problem) => problem.clone(),
            E::Order(error) => Problem::from(*error).at("order"),
            E::CertificateRequired => ErrorCode::CertificateRequired.into(),
            E::SignerMismatch { field } => Problem::from(ErrorCode::SignerMismatch).at(*field),
            E::SignerNotInUse => ErrorCode::CertificateRevoked.into(),
            E::NotOperator => Problem::new(
                ErrorCode::PermissionDenied,
                "this call is for operators: ask one",
            ),
            E::Admission(error) => Problem::from(*error),
            E::OwnCause => Problem::new(
                ErrorCode::PermissionDenied,
                "operators do not vouch for themselves: ask another operator",
            ),
            E::LastOperator => Problem::new(
                ErrorCode::StateConflict,
                "this is the last operator: make another one first",
            ),
            E::RoleNotHeld => Problem::new(
                ErrorCode::NotFound,
                "this person does not hold the role: list those who do",
            )
            .at("identifier"),
            E::OperatorExists => Problem::new(
                ErrorCode::StateConflict,
                "there is an operator already: ask them for an enrolment code",
            ),
            E::EnrolmentRefused => ErrorCode::EnrolmentRefused.into(),
            E::Endorsement(error) => Problem::from(*error).at("endorsement"),
            E::EndorserNotInUse => Problem::new(
                ErrorCode::EndorsementInvalid,
                "the endorsing device is not one in use of this owner",
            )
            .at("endorsement"),
            E::RegistrantInactive => ErrorCode::RegistrantInactive.into(),
            E::Source(_) => ErrorCode::RegistrantSourceUnavailable.into(),
            E::KeyInUse { field } => Problem::from(ErrorCode::KeyInUse).at(*field),
            E::CertificateExists => Problem::new(
                ErrorCode::CertificateExists,
                "this device has a certificate in use: revoke it first, or name another device",
            ),
            E::JtiReused => ErrorCode::JtiReused.into(),
            E::ChallengeFailed => ErrorCode::ChallengeFailed.into(),
            E::Binding(error) => Problem::from(*error).at("binding"),
            E::BindingDiffers(what) => Problem::new(
                ErrorCode::BindingInvalid,
                format!("the {what} of the binding is not the one of this registration"),
            )
            .at("binding"),
            E::CertificateUnknown => Problem::new(
                ErrorCode::NotFound,
                "this installation has issued no certificate of this thumbprint",
            )
            .at("x5t"),
            E::NotFound(what) => Problem::new(
                ErrorCode::NotFound,
                format!("you have no such {what}; list those you have"),
            ),
            E::State(error) => Problem::from(*error),
            E::BindingEnded => Problem::new(
                ErrorCode::StateConflict,
                "the binding of this key has ended: register a new key",
            ),
            E::VersionMismatch => Problem::from(ErrorCode::VersionMismatch).at("version"),
            E::VersionUnexpected => Problem::new(
                ErrorCode::OrderBodyInvalid,
                "this order changes no record that has a version: leave it out",
            )
            .at("version"),
            E::SequenceExhausted => Problem::new(
                ErrorCode::StateConflict,
                "this owner has used the last sequence: ask the operator for another identity",
            ),
            E::Status(error) => Problem::from(*error),
            E::Store(error) => Problem::from(error),
            E::NoSerial => Problem::new(
                ErrorCode::Overloaded,
                "too many certificates are asked for at this moment; send the same request again",
            ),
            E::ServiceKeyRevoked
            | E::ServiceKeyUnfit
            | E::Config(_)
            | E::Responder(_)
            | E::Issue(_)
            | E::Identity(_)
            | E::Signing(_)
            | E::Sealing(_)
            | E::Wrap(_)
            | E::StoredJson(_)
            | E::StoredCertificate(_)
            | E::StoredKey(_)
            | E::Interrupted(_) => ErrorCode::Internal.into(),
        }
    }
}
