//! Certificate requests that others decide about.

use kleis_jose::{Jwk, Thumbprint};
use kleis_pki::Csr;
use kleis_proto::registration::v1::{
    ApproveCertificateRequestOrder, GetCertificateRequestOrder, ListCertificateRequestsRequest,
    RejectCertificateRequestOrder, SubmitCertificateRequestOrder, ValidateCertificateRequestOrder,
    WithdrawCertificateRequestOrder,
};
use kleis_store::registry::RequestFilter;
use kleis_types::{DeviceId, ErrorCode, Identifier, Problem, TypeTable};

use super::{enrol::csr_of, fields};
use crate::{Contracts, RegistrationError};

/// The longest reason of a rejection, in characters.
const MAX_REASON: usize = 500;

/// A request for a certificate, by the holder of its key, without a proof of identity.
#[derive(Debug)]
pub(crate) struct SubmitRequest {
    pub(crate) identifier: Identifier,
    pub(crate) device: DeviceId,
    pub(crate) csr: Csr,
    pub(crate) contract: String,
}

impl SubmitRequest {
    /// Reads the order that `key` has signed.
    pub(crate) fn parse(
        body: &SubmitCertificateRequestOrder,
        key: &Jwk,
        types: &TypeTable,
        contracts: &Contracts,
    ) -> Result<Self, RegistrationError> {
        let identifier = fields::identifier(&body.identifier, types)
            .map_err(|problem| problem.at("identifier"))?;
        let device = fields::device(&body.device)?;
        let csr = csr_of(&body.csr, key)?;
        contracts.check(&identifier, &body.contract)?;
        Ok(Self {
            identifier,
            device,
            csr,
            contract: body.contract.clone(),
        })
    }
}

/// A request, named by whoever submitted it: by the key that did.
#[derive(Debug)]
pub(crate) struct OwnRequest {
    pub(crate) id: String,
    pub(crate) key: Jwk,
}

impl OwnRequest {
    pub(crate) fn parse_get(body: &GetCertificateRequestOrder, key: &Jwk) -> Result<Self, Problem> {
        Self::parse(&body.request, key)
    }

    pub(crate) fn parse_withdrawal(
        body: &WithdrawCertificateRequestOrder,
        key: &Jwk,
    ) -> Result<Self, Problem> {
        Self::parse(&body.request, key)
    }

    pub(crate) fn parse_validation(
        body: &ValidateCertificateRequestOrder,
        key: &Jwk,
    ) -> Result<Self, Problem> {
        Self::parse(&body.request, key)
    }

    fn parse(request: &str, key: &Jwk) -> Result<Self, Problem> {
        Ok(Self {
            id: fields::request(request)?,
            key: key.clone(),
        })
    }
}

/// The approval of a request as the approver has read it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ApproveRequest {
    pub(crate) id: String,
    pub(crate) identifier: Identifier,
    pub(crate) device: DeviceId,
    pub(crate) jkt: Thumbprint,
}

impl ApproveRequest {
    pub(crate) fn parse(
        body: &ApproveCertificateRequestOrder,
        types: &TypeTable,
    ) -> Result<Self, Problem> {
        let what = "the thumbprint of a key is RFC 7638 SHA-256: 43 characters of base64url";
        Ok(Self {
            id: fields::request(&body.request)?,
            identifier: fields::identifier(&body.identifier, types)
                .map_err(|problem| problem.at("identifier"))?,
            device: fields::device(&body.device)?,
            jkt: body.jkt.parse().map_err(|_| fields::invalid("jkt", what))?,
        })
    }
}

/// The rejection of a request.
#[derive(Debug)]
pub(crate) struct RejectRequest {
    pub(crate) id: String,
    pub(crate) reason: String,
}

impl RejectRequest {
    pub(crate) fn parse(body: &RejectCertificateRequestOrder) -> Result<Self, Problem> {
        let length = body.reason.chars().count();
        let is_text = !body.reason.trim().is_empty() && !body.reason.chars().any(char::is_control);
        if !is_text || length > MAX_REASON {
            let what = "say why in 1 to 500 characters, without line breaks";
            return Err(fields::invalid("reason", what));
        }
        Ok(Self {
            id: fields::request(&body.request)?,
            reason: body.reason.clone(),
        })
    }
}

/// Which requests are to be listed.
pub(crate) fn request_filter(
    request: &ListCertificateRequestsRequest,
    types: &TypeTable,
) -> Result<RequestFilter, Problem> {
    let state = |text: &str| {
        let what = "a state is PENDING_APPROVAL, ISSUED, REJECTED, WITHDRAWN or EXPIRED";
        text.parse()
            .map_err(|_| Problem::new(ErrorCode::RequestMalformed, what).at("state"))
    };
    let identifier = |text: &str| {
        let parsed = types.parse(text).map_err(Problem::from);
        parsed.map_err(|problem| problem.at("identifier"))
    };
    Ok(RequestFilter {
        state: some(&request.state).map(state).transpose()?,
        identifier: some(&request.identifier).map(identifier).transpose()?,
    })
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejection_says_why_in_a_line_of_text() {
        let reject = |reason: &str| {
            RejectRequest::parse(&RejectCertificateRequestOrder {
                request: "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
                reason: reason.to_owned(),
            })
        };
        let longest = "é".repeat(MAX_REASON);
        for good in ["x", "Not your number.", &longest] {
            assert_eq!(reject(good).unwrap().reason, good);
        }
        for bad in ["", "  ", "two\nlines", "\u{1b}[2J", &format!("{longest}.")] {
            assert_eq!(reject(bad).unwrap_err().field(), Some("reason"), "{bad:?}");
        }
    }
}
