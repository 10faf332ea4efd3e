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

/// Who may call each RPC.
pub const RULES: &[RpcRule] = &[
    (method::BOOTSTRAP_OPERATOR, Rule::Newcomer),
    (method::IMPORT_REGISTRANTS, Rule::Holder(Role::Operator)),
    (method::CREATE_ENROLMENT_CODE, Rule::Holder(Role::Operator)),
    (
        method::REVOKE_CERTIFICATE_AS_OPERATOR,
        Rule::Holder(Role::Operator),
    ),
    (method::GRANT_ROLE, Rule::Holder(Role::Operator)),
    (method::WITHDRAW_ROLE, Rule::Holder(Role::Operator)),
    (
        "kleis.registration.v1.RegistrationAdminService/ListRoles",
        Rule::Holder(Role::Operator),
    ),
    (
        "kleis.registration.v1.RegistrationAdminService/ListRegistrants",
        Rule::Holder(Role::Operator),
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
