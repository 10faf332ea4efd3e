//! Withdrawing a certificate, and looking back at one.

use kleis_pki::SerialNumber;
use kleis_proto::registration::v1::{
    DescribeCertificateOrder, RevokeCertificateAsOperatorOrder, RevokeCertificateOrder,
};
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

/// Looks back at a certificate.
#[derive(Debug)]
pub(crate) struct DescribeCertificate {
    pub(crate) x5t: String,
}

impl DescribeCertificate {
    pub(crate) fn parse(body: &DescribeCertificateOrder) -> Result<Self, Problem> {
        Ok(Self {
            x5t: fields::x5t(&body.x5t)?,
        })
    }
}
