//! Why somebody is not admitted, or not yet.

use kleis_types::{ErrorCode, Problem};

/// Why a certificate is not given, or a decision about one not taken: the caller's to mend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdmissionError {
    /// Neither an operator nor an approver.
    #[error("the caller is neither an operator nor an approver")]
    NotApprover,
    /// What is approved is not what is asked for.
    #[error("the approval is not of what is asked for: {field}")]
    ApprovalDiffers {
        /// In which field it differs.
        field: &'static str,
    },
    /// There is no such request, or it is another's.
    #[error("no such certificate request")]
    RequestUnknown,
    /// There is no such code that can still be used.
    #[error("no such enrolment code")]
    CodeUnknown,
    /// Too many requests wait for a decision.
    #[error("too many certificate requests wait")]
    RequestsPending,
    /// A login does not make a further device.
    #[error("a further device needs a sibling, or the operators")]
    FurtherDevice,
    /// No login came with the request that needs one.
    #[error("no login that may enrol")]
    LoginRequired,
    /// It is too early to renew the certificate.
    #[error("the certificate is not in its replacement period")]
    RenewalNotDue,
    /// The certificate was renewed already.
    #[error("another certificate of the device is in use already")]
    RenewalUnderWay,
    /// An endorsed device renews without an endorsement.
    #[error("the next key is not endorsed")]
    EndorsementMissing,
}

impl From<AdmissionError> for Problem {
    fn from(error: AdmissionError) -> Self {
        use AdmissionError as E;
        match error {
            E::NotApprover => Problem::new(
                ErrorCode::PermissionDenied,
                "this call is for operators and approvers: ask one",
            ),
            E::ApprovalDiffers { field } => Problem::new(
                ErrorCode::StateConflict,
                "this is not what is asked for: read it again, and approve what you have read",
            )
            .at(field),
            E::RequestUnknown => Problem::new(
                ErrorCode::NotFound,
                "there is no such certificate request of yours",
            )
            .at("request"),
            E::CodeUnknown => Problem::new(
                ErrorCode::NotFound,
                "there is no such enrolment code that could still be used: list them",
            )
            .at("codeId"),
            E::RequestsPending => ErrorCode::RequestsPending.into(),
            E::FurtherDevice => Problem::new(
                ErrorCode::StateConflict,
                "this identity has, or had, a device: have one endorse this device, or submit a \
                 certificate request to the operators",
            ),
            E::LoginRequired => Problem::new(
                ErrorCode::TokenInvalid,
                "send an access token of an issuer that may enrol, bound to the key to be certified \
                 by DPoP, and name it in the order",
            ),
            E::RenewalNotDue => ErrorCode::RenewalNotDue.into(),
            E::RenewalUnderWay => Problem::new(
                ErrorCode::CertificateExists,
                "this device has two certificates in use: revoke the older one as superseded first",
            ),
            E::EndorsementMissing => Problem::new(
                ErrorCode::EndorsementInvalid,
                "the certificate is endorsed: endorse the next key with it, or with a sibling",
            )
            .at("endorsement"),
        }
    }
}
