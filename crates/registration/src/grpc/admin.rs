//! The RPCs of the admin listener.

use kleis_proto::{
    call,
    method::registration_admin as method,
    registration::v1::{self as wire, registration_admin_service_server::RegistrationAdminService},
};
use kleis_store::registry::RegistryStore;
use kleis_types::{Role, RpcRule, Rule};
use tonic::{Request, Response, Status};

use super::{Adapter, messages, refuse};
use crate::command::request_filter;

/// Whoever runs the register.
const OPERATORS: Rule = Rule::Holder(&[Role::Operator]);

/// Whoever decides about requests.
const APPROVERS: Rule = Rule::Holder(&[Role::Operator, Role::Approver]);

/// Who may call each RPC.
pub const RULES: &[RpcRule] = &[
    (method::BOOTSTRAP_OPERATOR, Rule::Newcomer),
    (method::IMPORT_REGISTRANTS, OPERATORS),
    (method::CREATE_ENROLMENT_CODE, OPERATORS),
    (method::APPROVE_ENROLMENT_CODE, APPROVERS),
    (method::REVOKE_ENROLMENT_CODE, OPERATORS),
    (
        "kleis.registration.v1.RegistrationAdminService/ListEnrolmentCodes",
        APPROVERS,
    ),
    (
        "kleis.registration.v1.RegistrationAdminService/ListCertificateRequests",
        APPROVERS,
    ),
    (method::APPROVE_CERTIFICATE_REQUEST, APPROVERS),
    (method::REJECT_CERTIFICATE_REQUEST, APPROVERS),
    (method::REVOKE_CERTIFICATE_AS_OPERATOR, OPERATORS),
    (method::GRANT_ROLE, OPERATORS),
    (method::WITHDRAW_ROLE, OPERATORS),
    (
        "kleis.registration.v1.RegistrationAdminService/ListRoles",
        OPERATORS,
    ),
    (
        "kleis.registration.v1.RegistrationAdminService/ListRegistrants",
        OPERATORS,
    ),
];

#[tonic::async_trait]
impl<S: RegistryStore> RegistrationAdminService for Adapter<S> {
    async fn bootstrap_operator(
        &self,
        request: Request<wire::BootstrapOperatorRequest>,
    ) -> Result<Response<wire::BootstrapOperatorResponse>, Status> {
        let call = call::of(&request);
        let reply = self
            .0
            .bootstrap_operator(&request.get_ref().order, &call)
            .await;
        let reply = reply.map_err(|error| refuse(&call, &error))?;
        Ok(Response::new(wire::BootstrapOperatorResponse { reply }))
    }

    async fn import_registrants(
        &self,
        request: Request<wire::ImportRegistrantsRequest>,
    ) -> Result<Response<wire::ImportRegistrantsResponse>, Status> {
        let call = call::of(&request);
        let reply = self
            .0
            .import_registrants(&request.get_ref().order, &call)
            .await;
        let reply = reply.map_err(|error| refuse(&call, &error))?;
        Ok(Response::new(wire::ImportRegistrantsResponse { reply }))
    }

    async fn create_enrolment_code(
        &self,
        request: Request<wire::CreateEnrolmentCodeRequest>,
    ) -> Result<Response<wire::CreateEnrolmentCodeResponse>, Status> {
        let call = call::of(&request);
        let reply = self
            .0
            .create_enrolment_code(&request.get_ref().order, &call)
            .await;
        let reply = reply.map_err(|error| refuse(&call, &error))?;
        Ok(Response::new(wire::CreateEnrolmentCodeResponse { reply }))
    }

    async fn approve_enrolment_code(
        &self,
        request: Request<wire::ApproveEnrolmentCodeRequest>,
    ) -> Result<Response<wire::ApproveEnrolmentCodeResponse>, Status> {
        let call = call::of(&request);
        let reply = self
            .0
            .approve_enrolment_code(&request.get_ref().order, &call)
            .await;
        let reply = reply.map_err(|error| refuse(&call, &error))?;
        Ok(Response::new(wire::ApproveEnrolmentCodeResponse { reply }))
    }

    async fn revoke_enrolment_code(
        &self,
        request: Request<wire::RevokeEnrolmentCodeRequest>,
    ) -> Result<Response<wire::RevokeEnrolmentCodeResponse>, Status> {
        let call = call::of(&request);
        let reply = self
            .0
            .revoke_enrolment_code(&request.get_ref().order, &call)
            .await;
        let reply = reply.map_err(|error| refuse(&call, &error))?;
        Ok(Response::new(wire::RevokeEnrolmentCodeResponse { reply }))
    }

    async fn approve_certificate_request(
        &self,
        request: Request<wire::ApproveCertificateRequestRequest>,
    ) -> Result<Response<wire::ApproveCertificateRequestResponse>, Status> {
        let call = call::of(&request);
        let reply = self
            .0
            .approve_certificate_request(&request.get_ref().order, &call)
            .await;
        let reply = reply.map_err(|error| refuse(&call, &error))?;
        Ok(Response::new(wire::ApproveCertificateRequestResponse {
            reply,
        }))
    }

    async fn reject_certificate_request(
        &self,
        request: Request<wire::RejectCertificateRequestRequest>,
    ) -> Result<Response<wire::RejectCertificateRequestResponse>, Status> {
        let call = call::of(&request);
        let reply = self
            .0
            .reject_certificate_request(&request.get_ref().order, &call)
            .await;
        let reply = reply.map_err(|error| refuse(&call, &error))?;
        Ok(Response::new(wire::RejectCertificateRequestResponse {
            reply,
        }))
    }

    async fn list_enrolment_codes(
        &self,
        request: Request<wire::ListEnrolmentCodesRequest>,
    ) -> Result<Response<wire::ListEnrolmentCodesResponse>, Status> {
        let call = call::of(&request);
        let (after, limit) = messages::code_page(request.get_ref())
            .map_err(|problem| refuse(&call, &problem.into()))?;
        let page = self.0.enrolment_codes(&call, &after, limit).await;
        let page = page.map_err(|error| refuse(&call, &error))?;
        Ok(Response::new(messages::codes(page)))
    }

    async fn list_certificate_requests(
        &self,
        request: Request<wire::ListCertificateRequestsRequest>,
    ) -> Result<Response<wire::ListCertificateRequestsResponse>, Status> {
        let call = call::of(&request);
        let asked = request.get_ref();
        let malformed = |problem: kleis_types::Problem| refuse(&call, &problem.into());
        let (before, limit) = messages::request_page(asked).map_err(malformed)?;
        let filter = request_filter(asked, self.0.types()).map_err(malformed)?;
        let page = self
            .0
            .certificate_requests(&call, &filter, before, limit)
            .await;
        let page = page.map_err(|error| refuse(&call, &error))?;
        Ok(Response::new(messages::requests(page)))
    }

    async fn revoke_certificate_as_operator(
        &self,
        request: Request<wire::RevokeCertificateAsOperatorRequest>,
    ) -> Result<Response<wire::RevokeCertificateAsOperatorResponse>, Status> {
        let call = call::of(&request);
        let reply = self
            .0
            .revoke_certificate_as_operator(&request.get_ref().order, &call)
            .await;
        let reply = reply.map_err(|error| refuse(&call, &error))?;
        Ok(Response::new(wire::RevokeCertificateAsOperatorResponse {
            reply,
        }))
    }

    async fn grant_role(
        &self,
        request: Request<wire::GrantRoleRequest>,
    ) -> Result<Response<wire::GrantRoleResponse>, Status> {
        let call = call::of(&request);
        let reply = self.0.grant_role(&request.get_ref().order, &call).await;
        let reply = reply.map_err(|error| refuse(&call, &error))?;
        Ok(Response::new(wire::GrantRoleResponse { reply }))
    }

    async fn withdraw_role(
        &self,
        request: Request<wire::WithdrawRoleRequest>,
    ) -> Result<Response<wire::WithdrawRoleResponse>, Status> {
        let call = call::of(&request);
        let reply = self.0.withdraw_role(&request.get_ref().order, &call).await;
        let reply = reply.map_err(|error| refuse(&call, &error))?;
        Ok(Response::new(wire::WithdrawRoleResponse { reply }))
    }

    async fn list_roles(
        &self,
        request: Request<wire::ListRolesRequest>,
    ) -> Result<Response<wire::ListRolesResponse>, Status> {
        let call = call::of(&request);
        let (after, limit) = messages::role_page(request.get_ref())
            .map_err(|problem| refuse(&call, &problem.into()))?;
        let page = self.0.roles(&call, &after, limit).await;
        let page = page.map_err(|error| refuse(&call, &error))?;
        Ok(Response::new(messages::roles(page)))
    }

    async fn list_registrants(
        &self,
        request: Request<wire::ListRegistrantsRequest>,
    ) -> Result<Response<wire::ListRegistrantsResponse>, Status> {
        let call = call::of(&request);
        let (after, limit) =
            messages::page(request.get_ref()).map_err(|problem| refuse(&call, &problem.into()))?;
        let page = self.0.registrants(&call, &after, limit).await;
        let page = page.map_err(|error| refuse(&call, &error))?;
        Ok(Response::new(messages::registrants(page)))
    }
}
