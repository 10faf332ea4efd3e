//! What operators and approvers decide: certificate requests and enrolment codes.

use kleis_jose::Thumbprint;
use kleis_proto::method::registration_admin as method;
use kleis_proto::registration::v1::{
    ApproveCertificateRequestOrder, ApproveCertificateRequestRequest,
    ApproveCertificateRequestResult, ApproveEnrolmentCodeOrder, ApproveEnrolmentCodeRequest,
    ApproveEnrolmentCodeResult, ListCertificateRequestsRequest, ListEnrolmentCodesRequest,
    RejectCertificateRequestOrder, RejectCertificateRequestRequest, RejectCertificateRequestResult,
    RevokeEnrolmentCodeOrder, RevokeEnrolmentCodeRequest, RevokeEnrolmentCodeResult,
};
use kleis_trust::order::Draft;
use kleis_types::{DeviceId, Identifier, RequestState, Service};

use crate::{ClientError, Kleis};

pub use kleis_proto::registration::v1::{CertificateRequestSummary, EnrolmentCodeSummary};

/// Which certificate requests are wanted: all where nothing is said.
#[derive(Debug, Clone, Default)]
pub struct RequestFilter {
    /// Those in this state.
    pub state: Option<RequestState>,
    /// Those for this identity.
    pub identifier: Option<Identifier>,
}

/// The approval of a request, as whoever approves it has read it.
#[derive(Debug, Clone)]
pub struct RequestApproval {
    /// The id of the request.
    pub request: String,
    /// The identity.
    pub identifier: Identifier,
    /// The device.
    pub device: DeviceId,
    /// The thumbprint of the key, compared with whoever asks.
    pub jkt: Thumbprint,
}

impl Kleis {
    /// The certificate requests that came without a proof of identity, the newest first: at most `most`.
    pub async fn certificate_requests(
        &self,
        filter: &RequestFilter,
        most: usize,
    ) -> Result<Vec<CertificateRequestSummary>, ClientError> {
        let mut client = self.operators()?;
        let mut all = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = ListCertificateRequestsRequest {
                page_size: u32::try_from(most - all.len())
                    .unwrap_or(u32::MAX)
                    .min(1_000),
                page_token,
                state: filter
                    .state
                    .map(|state| state.to_string())
                    .unwrap_or_default(),
                identifier: filter
                    .identifier
                    .as_ref()
                    .map(ToString::to_string)
                    .unwrap_or_default(),
            };
            let page = client
                .list_certificate_requests(request)
                .await?
                .into_inner();
            all.extend(page.requests);
            page_token = page.next_page_token;
            if page_token.is_empty() || all.len() >= most {
                all.truncate(most);
                return Ok(all);
            }
        }
    }

    /// Approves a certificate request. The last approval that is needed has it issued.
    pub async fn approve_request(
        &self,
        approval: &RequestApproval,
    ) -> Result<ApproveCertificateRequestResult, ClientError> {
        let body = ApproveCertificateRequestOrder {
            request: approval.request.clone(),
            identifier: approval.identifier.to_string(),
            device: approval.device.to_string(),
            jkt: approval.jkt.to_string(),
        };
        let client = self.operators()?;
        let draft = Draft::new(method::APPROVE_CERTIFICATE_REQUEST, body);
        self.order(Service::Registration, draft, |order| {
            let mut client = client.clone();
            async move {
                let request = ApproveCertificateRequestRequest { order };
                let answer = client.approve_certificate_request(request).await?;
                Ok(answer.into_inner().reply)
            }
        })
        .await
    }

    /// Refuses a certificate request, and tells whoever asked why.
    pub async fn reject_request(
        &self,
        request: &str,
        reason: &str,
    ) -> Result<RejectCertificateRequestResult, ClientError> {
        let body = RejectCertificateRequestOrder {
            request: request.to_owned(),
            reason: reason.to_owned(),
        };
        let client = self.operators()?;
        let draft = Draft::new(method::REJECT_CERTIFICATE_REQUEST, body);
        self.order(Service::Registration, draft, |order| {
            let mut client = client.clone();
            async move {
                let request = RejectCertificateRequestRequest { order };
                let answer = client.reject_certificate_request(request).await?;
                Ok(answer.into_inner().reply)
            }
        })
        .await
    }

    /// The enrolment codes, page by page.
    pub async fn enrolment_codes(&self) -> Result<Vec<EnrolmentCodeSummary>, ClientError> {
        let mut client = self.operators()?;
        let mut all = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = ListEnrolmentCodesRequest {
                page_size: 1_000,
                page_token,
            };
            let page = client.list_enrolment_codes(request).await?.into_inner();
            all.extend(page.codes);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(all);
            }
        }
    }

    /// Approves a code that another operator has made for this identity.
    pub async fn approve_enrolment_code(
        &self,
        code_id: &str,
        identifier: &Identifier,
    ) -> Result<ApproveEnrolmentCodeResult, ClientError> {
        let body = ApproveEnrolmentCodeOrder {
            code_id: code_id.to_owned(),
            identifier: identifier.to_string(),
        };
        let client = self.operators()?;
        let draft = Draft::new(method::APPROVE_ENROLMENT_CODE, body);
        self.order(Service::Registration, draft, |order| {
            let mut client = client.clone();
            async move {
                let request = ApproveEnrolmentCodeRequest { order };
                Ok(client
                    .approve_enrolment_code(request)
                    .await?
                    .into_inner()
                    .reply)
            }
        })
        .await
    }

    /// Takes a code back.
    pub async fn revoke_enrolment_code(
        &self,
        code_id: &str,
    ) -> Result<RevokeEnrolmentCodeResult, ClientError> {
        let body = RevokeEnrolmentCodeOrder {
            code_id: code_id.to_owned(),
        };
        let client = self.operators()?;
        let draft = Draft::new(method::REVOKE_ENROLMENT_CODE, body);
        self.order(Service::Registration, draft, |order| {
            let mut client = client.clone();
            async move {
                let request = RevokeEnrolmentCodeRequest { order };
                Ok(client
                    .revoke_enrolment_code(request)
                    .await?
                    .into_inner()
                    .reply)
            }
        })
        .await
    }
}
