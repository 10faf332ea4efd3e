//! The RPCs that the edge may reach.

use kleis_proto::{
    call,
    method::registration as method,
    registration::v1::{self as wire, registration_service_server::RegistrationService},
};
use kleis_store::registry::RegistryStore;
use kleis_types::{ErrorCode, Problem, RpcRule, Rule, Scope};
use tonic::{Request, Response, Status};

use super::{Adapter, messages, refuse};

/// Who may call each RPC.
pub const RULES: &[RpcRule] = &[
    (
        "kleis.registration.v1.RegistrationService/GetInstallation",
        Rule::Anyone,
    ),
    (
        "kleis.registration.v1.RegistrationService/ListIdentifierTypes",
        Rule::Anyone,
    ),
    (
        "kleis.registration.v1.RegistrationService/GetStatusList",
        Rule::Anyone,
    ),
    (method::ENROL, Rule::Newcomer),
    (method::SUBMIT_CERTIFICATE_REQUEST, Rule::Newcomer),
    (method::GET_CERTIFICATE_REQUEST, Rule::Newcomer),
    (method::WITHDRAW_CERTIFICATE_REQUEST, Rule::Newcomer),
    (method::VALIDATE_CERTIFICATE_REQUEST, Rule::Newcomer),
    (method::RENEW_CERTIFICATE, Rule::Signed(Scope::Registration)),
    (
        "kleis.registration.v1.RegistrationService/GetContract",
        Rule::Anyone,
    ),
    (method::BEGIN_KEY, Rule::Signed(Scope::Registration)),
    (method::COMPLETE_KEY, Rule::Signed(Scope::Registration)),
    (method::ACTIVATE_KEY, Rule::Signed(Scope::Registration)),
    (method::REVOKE_KEY, Rule::Signed(Scope::Registration)),
    (
        method::REVOKE_CERTIFICATE,
        Rule::Signed(Scope::Registration),
    ),
    (
        method::DESCRIBE_CERTIFICATE,
        Rule::Signed(Scope::Registration),
    ),
    (
        "kleis.registration.v1.RegistrationService/ListKeys",
        Rule::Known(Scope::Registration),
    ),
    (
        "kleis.registration.v1.RegistrationService/ListCertificates",
        Rule::Known(Scope::Registration),
    ),
    (
        "kleis.registration.v1.RegistrationService/ListNotices",
        Rule::Known(Scope::Registration),
    ),
];

#[tonic::async_trait]
impl<S: RegistryStore> RegistrationService for Adapter<S> {
    async fn get_installation(
        &self,
        _request: Request<wire::GetInstallationRequest>,
    ) -> Result<Response<wire::GetInstallationResponse>, Status> {
        let (installation, root, now) = self.0.installation();
        Ok(Response::new(wire::GetInstallationResponse {
            installation: installation.to_string(),
            root_certificate: root.to_vec(),
            now: now.unix(),
        }))
    }

    async fn list_identifier_types(
        &self,
        _request: Request<wire::ListIdentifierTypesRequest>,
    ) -> Result<Response<wire::ListIdentifierTypesResponse>, Status> {
        Ok(Response::new(self.0.types().into()))
    }

    async fn get_status_list(
        &self,
        request: Request<wire::GetStatusListRequest>,
    ) -> Result<Response<wire::GetStatusListResponse>, Status> {
        let token = self.0.status_token().await;
        let token = token.map_err(|error| refuse(&call::of(&request), &error))?;
        Ok(Response::new(wire::GetStatusListResponse {
            token: token.to_string(),
        }))
    }

    async fn enrol(
        &self,
        request: Request<wire::EnrolRequest>,
    ) -> Result<Response<wire::EnrolResponse>, Status> {
        let call = call::of(&request);
        let reply = self.0.enrol(&request.get_ref().order, &call).await;
        let reply = reply.map_err(|error| refuse(&call, &error))?;
        Ok(Response::new(wire::EnrolResponse { reply }))
    }

    async fn submit_certificate_request(
        &self,
        request: Request<wire::SubmitCertificateRequestRequest>,
    ) -> Result<Response<wire::SubmitCertificateRequestResponse>, Status> {
        let call = call::of(&request);
        let reply = self
            .0
            .submit_certificate_request(&request.get_ref().order, &call)
            .await;
        let reply = reply.map_err(|error| refuse(&call, &error))?;
        Ok(Response::new(wire::SubmitCertificateRequestResponse {
            reply,
        }))
    }

    async fn get_certificate_request(
        &self,
        request: Request<wire::GetCertificateRequestRequest>,
    ) -> Result<Response<wire::GetCertificateRequestResponse>, Status> {
        let call = call::of(&request);
        let reply = self
            .0
            .certificate_request(&request.get_ref().order, &call)
            .await;
        let reply = reply.map_err(|error| refuse(&call, &error))?;
        Ok(Response::new(wire::GetCertificateRequestResponse { reply }))
    }

    async fn withdraw_certificate_request(
        &self,
        request: Request<wire::WithdrawCertificateRequestRequest>,
    ) -> Result<Response<wire::WithdrawCertificateRequestResponse>, Status> {
        let call = call::of(&request);
        let reply = self
            .0
            .withdraw_certificate_request(&request.get_ref().order, &call)
            .await;
        let reply = reply.map_err(|error| refuse(&call, &error))?;
        Ok(Response::new(wire::WithdrawCertificateRequestResponse {
            reply,
        }))
    }

    async fn validate_certificate_request(
        &self,
        request: Request<wire::ValidateCertificateRequestRequest>,
    ) -> Result<Response<wire::ValidateCertificateRequestResponse>, Status> {
        let call = call::of(&request);
        let reply = self
            .0
            .validate_certificate_request(&request.get_ref().order, &call)
            .await;
        let reply = reply.map_err(|error| refuse(&call, &error))?;
        Ok(Response::new(wire::ValidateCertificateRequestResponse {
            reply,
        }))
    }

    async fn renew_certificate(
        &self,
        request: Request<wire::RenewCertificateRequest>,
    ) -> Result<Response<wire::RenewCertificateResponse>, Status> {
        let call = call::of(&request);
        let reply = self
            .0
            .renew_certificate(&request.get_ref().order, &call)
            .await;
        let reply = reply.map_err(|error| refuse(&call, &error))?;
        Ok(Response::new(wire::RenewCertificateResponse { reply }))
    }

    async fn get_contract(
        &self,
        request: Request<wire::GetContractRequest>,
    ) -> Result<Response<wire::GetContractResponse>, Status> {
        let name = &request.get_ref().r#type;
        if self.0.types().get(name).is_none() {
            let problem = Problem::from(ErrorCode::IdentifierTypeUnknown).at("type");
            return Err(refuse(&call::of(&request), &problem.into()));
        }
        let contract = self.0.contract(name).cloned();
        let contract = contract.map(|(digest, contract)| wire::GetContractResponse {
            digest,
            media_type: contract.media_type,
            text: contract.text,
        });
        Ok(Response::new(contract.unwrap_or_default()))
    }

    async fn begin_key(
        &self,
        request: Request<wire::BeginKeyRequest>,
    ) -> Result<Response<wire::BeginKeyResponse>, Status> {
        let call = call::of(&request);
        let reply = self.0.begin_key(&request.get_ref().order, &call).await;
        let reply = reply.map_err(|error| refuse(&call, &error))?;
        Ok(Response::new(wire::BeginKeyResponse { reply }))
    }

    async fn complete_key(
        &self,
        request: Request<wire::CompleteKeyRequest>,
    ) -> Result<Response<wire::CompleteKeyResponse>, Status> {
        let call = call::of(&request);
        let reply = self.0.complete_key(&request.get_ref().order, &call).await;
        let reply = reply.map_err(|error| refuse(&call, &error))?;
        Ok(Response::new(wire::CompleteKeyResponse { reply }))
    }

    async fn activate_key(
        &self,
        request: Request<wire::ActivateKeyRequest>,
    ) -> Result<Response<wire::ActivateKeyResponse>, Status> {
        let call = call::of(&request);
        let reply = self.0.activate_key(&request.get_ref().order, &call).await;
        let reply = reply.map_err(|error| refuse(&call, &error))?;
        Ok(Response::new(wire::ActivateKeyResponse { reply }))
    }

    async fn revoke_key(
        &self,
        request: Request<wire::RevokeKeyRequest>,
    ) -> Result<Response<wire::RevokeKeyResponse>, Status> {
        let call = call::of(&request);
        let reply = self.0.revoke_key(&request.get_ref().order, &call).await;
        let reply = reply.map_err(|error| refuse(&call, &error))?;
        Ok(Response::new(wire::RevokeKeyResponse { reply }))
    }

    async fn revoke_certificate(
        &self,
        request: Request<wire::RevokeCertificateRequest>,
    ) -> Result<Response<wire::RevokeCertificateResponse>, Status> {
        let call = call::of(&request);
        let reply = self
            .0
            .revoke_certificate(&request.get_ref().order, &call)
            .await;
        let reply = reply.map_err(|error| refuse(&call, &error))?;
        Ok(Response::new(wire::RevokeCertificateResponse { reply }))
    }

    async fn describe_certificate(
        &self,
        request: Request<wire::DescribeCertificateRequest>,
    ) -> Result<Response<wire::DescribeCertificateResponse>, Status> {
        let call = call::of(&request);
        let reply = self
            .0
            .describe_certificate(&request.get_ref().order, &call)
            .await;
        let reply = reply.map_err(|error| refuse(&call, &error))?;
        Ok(Response::new(wire::DescribeCertificateResponse { reply }))
    }

    async fn list_keys(
        &self,
        request: Request<wire::ListKeysRequest>,
    ) -> Result<Response<wire::ListKeysResponse>, Status> {
        let call = call::of(&request);
        let keys = self
            .0
            .keys(&call)
            .await
            .map_err(|error| refuse(&call, &error))?;
        let keys = keys.into_iter().map(messages::key).collect();
        Ok(Response::new(wire::ListKeysResponse { keys }))
    }

    async fn list_certificates(
        &self,
        request: Request<wire::ListCertificatesRequest>,
    ) -> Result<Response<wire::ListCertificatesResponse>, Status> {
        let call = call::of(&request);
        let found = self
            .0
            .certificates(&call)
            .await
            .map_err(|error| refuse(&call, &error))?;
        let certificates = found.into_iter().map(messages::certificate).collect();
        Ok(Response::new(wire::ListCertificatesResponse {
            certificates,
        }))
    }
    async fn list_notices(
        &self,
        request: Request<wire::ListNoticesRequest>,
    ) -> Result<Response<wire::ListNoticesResponse>, Status> {
        let call = call::of(&request);
        let listed = async {
            let (before, limit) = messages::notice_page(request.get_ref())?;
            self.0
                .notices(&call, before, limit)
                .await
                .map(|found| (found, limit))
        };
        let (found, limit) = listed.await.map_err(|error| refuse(&call, &error))?;
        let (installation, _, _) = self.0.installation();
        Ok(Response::new(messages::notices(found, limit, installation)))
    }
}
