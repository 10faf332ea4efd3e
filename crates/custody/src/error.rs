//! Why an order has no answer, and how that is told.

use kleis_store::StoreError;
use kleis_trust::{
    SealingError, SigningError, deposit::DepositError, order::OrderError, status::StatusUnavailable,
};
use kleis_types::{ErrorCode, Problem};
use kleis_wrap::{WrapError, WrappingKeyId};

/// Why an order has no answer.
#[derive(Debug, thiserror::Error)]
pub enum CustodyError {
    /// The caller's: the connection shows no certificate.
    #[error("the connection shows no certificate")]
    CertificateRequired,
    /// The caller's: the order is not signed by the certificate of the connection.
    #[error("the order is not signed by the certificate of the connection")]
    SignerMismatch,
    /// The caller's: the order is not one.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// The caller's: a field of the order's body is not acceptable.
    #[error(transparent)]
    Field(#[from] Problem),
    /// The caller's: the deposit does not belong to the order around it.
    #[error(transparent)]
    Deposit(#[from] DepositError),
    /// The caller's: another order had this `jti`.
    #[error("another order had this jti")]
    JtiReused,
    /// The caller's: the record that it owns, or may read, is at another version.
    #[error("the record is at another version")]
    VersionMismatch,
    /// There is nothing for this caller, for whatever reason: the audit says which.
    #[error("the key is not available to this caller")]
    NotAvailable,
    /// Ours: there is no status list to decide by.
    #[error(transparent)]
    Status(#[from] StatusUnavailable),
    /// Ours: the database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Ours: the wrapping keys.
    #[error(transparent)]
    Wrap(#[from] WrapError),
    /// Ours: the reply could not be signed.
    #[error(transparent)]
    Signing(#[from] SigningError),
    /// Ours: the release could not be sealed.
    #[error(transparent)]
    Sealing(#[from] SealingError),
    /// Ours: a record is under a wrapping key that this process has not read yet. It reads it, and
    /// runs the act again: nobody hears of it.
    #[error("the wrapping key {0} is not known yet")]
    Behind(WrappingKeyId),
    /// Ours: a document that we wrote cannot be read again, or made.
    #[error("{0} cannot be read or written")]
    Document(&'static str),
}

impl CustodyError {
    /// Whether it is ours to mend, and belongs into the log.
    pub fn is_internal(&self) -> bool {
        match self {
            Self::CertificateRequired
            | Self::SignerMismatch
            | Self::Order(_)
            | Self::Field(_)
            | Self::Deposit(_)
            | Self::JtiReused
            | Self::VersionMismatch
            | Self::NotAvailable => false,
            Self::Status(_)
            | Self::Store(_)
            | Self::Wrap(_)
            | Self::Signing(_)
            | Self::Sealing(_)
            | Self::Behind(_)
            | Self::Document(_) => true,
        }
    }
}

impl From<&CustodyError> for Problem {
    fn from(error: &CustodyError) -> Self {
        match error {
            CustodyError::CertificateRequired => Problem::new(
                ErrorCode::CertificateRequired,
                "connect with the client certificate that signs the order",
            ),
            CustodyError::SignerMismatch => Problem::new(
                ErrorCode::SignerMismatch,
                "sign the order with the certificate that the connection shows",
            )
            .at("order"),
            CustodyError::Order(refusal) => Problem::from(*refusal).at("order"),
            CustodyError::Field(problem) => problem.clone(),
            CustodyError::Deposit(refusal) => Problem::from(*refusal).at("sealed"),
            CustodyError::JtiReused => Problem::from(ErrorCode::JtiReused),
            CustodyError::VersionMismatch => {
                Problem::from(ErrorCode::VersionMismatch).at("version")
            }
            CustodyError::NotAvailable => Problem::from(ErrorCode::KeyNotAvailable),
            CustodyError::Status(unavailable) => Problem::from(*unavailable),
            CustodyError::Store(error) => Problem::from(error),
            CustodyError::Wrap(_)
            | CustodyError::Signing(_)
            | CustodyError::Sealing(_)
            | CustodyError::Behind(_)
            | CustodyError::Document(_) => Problem::from(ErrorCode::Internal),
        }
    }
}

#[cfg(test)]
mod tests {
    use kleis_types::Category;

    use super::*;

    #[test]
    fn what_is_ours_to_mend_is_not_told() {
        let ours = [
            CustodyError::Wrap(WrapError::RecordTampered),
            CustodyError::Behind(WrappingKeyId::none()),
            CustodyError::Document("a result"),
            CustodyError::Store(StoreError::Refused("no such table".to_owned())),
        ];
        for error in ours {
            assert!(error.is_internal());
            let problem = Problem::from(&error);
            assert_eq!(problem.category(), Category::Internal);
            assert!(!problem.detail().contains("table"), "{problem}");
        }
        let passing = CustodyError::Status(StatusUnavailable);
        assert!(passing.is_internal());
        assert_eq!(Problem::from(&passing).category(), Category::Unavailable);
    }

    #[test]
    fn one_answer_for_all_that_is_not_available() {
        let problem = Problem::from(&CustodyError::NotAvailable);
        assert_eq!(problem, Problem::from(ErrorCode::KeyNotAvailable));
        assert!(!CustodyError::NotAvailable.is_internal());
    }
}
