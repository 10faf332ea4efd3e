//! Withdrawing a certificate.

use kleis_pki::SerialNumber;
use kleis_proto::registration::v1::{RevokeCertificateAsOperatorOrder, RevokeCertificateOrder};
use kleis_types::{Problem, RevocationReason};

use super::fields;

/// Withdraws a certificate and all that it binds.
#[derive(Debug)]
pub(crate) struct RevokeCertificate {
    pub(crate) serial: SerialNumber,
    pub(crate) reason: RevocationReason,
}

impl RevokeCertificate {
    pub(crate) fn parse(body: &RevokeCertificateOrder) -> Result<Self, Problem> {
        Self::read(&body.serial, &body.reason)
    }

    pub(crate) fn parse_as_operator(
        body: &RevokeCertificateAsOperatorOrder,
    ) -> Result<Self, Problem> {
        Self::read(&body.serial, &body.reason)
    }

    fn read(serial: &str, reason: &str) -> Result<Self, Problem> {
        Ok(Self {
            serial: fields::serial(serial)?,
            reason: fields::reason(reason)?,
        })
    }
}
