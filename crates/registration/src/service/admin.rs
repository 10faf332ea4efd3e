//! What operators reach, and the edge never does.

use kleis_proto::method::registration_admin as method;
use kleis_store::registry::RegistryStore;
use kleis_trust::order::Order;

use super::{Parts, Registration};
use crate::{Call, RegistrationError, acts, command};

impl<S: RegistryStore> Registration<S> {
    /// Issues the first operator's certificate, on proof of the bootstrap's code. Answers the
    /// signed reply.
    pub async fn bootstrap_operator(
        &self,
        order: &str,
        call: &Call,
    ) -> Result<String, RegistrationError> {
        let work = |command: command::Enrol, parts: &Parts| {
            command::refuse_unfit_operator(&command, &parts.types)?;
            Ok(acts::bootstrap::Bootstrap {
                command,
                issuer: parts.issuer.clone(),
                kek: parts.kek.clone(),
                types: parts.types.clone(),
                roles: parts.role_seal(),
            })
        };
        self.enrolment(order, method::BOOTSTRAP_OPERATOR, call, work)
            .await
    }

    /// Fills the register. Answers the signed reply.
    pub async fn import_registrants(
        &self,
        order: &str,
        call: &Call,
    ) -> Result<String, RegistrationError> {
        self.certified(order, method::IMPORT_REGISTRANTS, call, |order| {
            let command = command::ImportRegistrants::parse(order.body(), &self.parts.types)?;
            let roles = self.parts.role_seal();
            Ok(acts::import_registrants::ImportRegistrants { command, roles })
        })
        .await
    }

    /// Announces an enrolment code. Answers the signed reply.
    pub async fn create_enrolment_code(
        &self,
        order: &str,
        call: &Call,
    ) -> Result<String, RegistrationError> {
        let Parts {
            transport_key,
            types,
            issuer,
            kek,
            ..
        } = &*self.parts;
        let read = |order: &Order<_>| {
            let (body, jti) = (order.body(), order.jti());
            Ok(command::CreateCode::parse(body, jti, transport_key, types)?)
        };
        let method = method::CREATE_ENROLMENT_CODE;
        let (command, evidence) = self.admit_certified(order, method, call, read)?;
        let behind = self.source_says(&command.identifier).await;
        let work = acts::create_code::CreateCode {
            command,
            installation: issuer.installation.clone(),
            kek: kek.clone(),
            approvals: self.parts.approvals(),
            behind,
        };
        self.carry_out(evidence, work).await
    }

    /// Approves a code that another operator has announced. Answers the signed reply.
    pub async fn approve_enrolment_code(
        &self,
        order: &str,
        call: &Call,
    ) -> Result<String, RegistrationError> {
        self.certified(order, method::APPROVE_ENROLMENT_CODE, call, |order| {
            let command = command::ApproveCode::parse(order.body(), &self.parts.types)?;
            let approvals = self.parts.approvals();
            Ok(acts::codes::ApproveCode { command, approvals })
        })
        .await
    }

    /// Takes a code back. Answers the signed reply.
    pub async fn revoke_enrolment_code(
        &self,
        order: &str,
        call: &Call,
    ) -> Result<String, RegistrationError> {
        self.certified(order, method::REVOKE_ENROLMENT_CODE, call, |order| {
            let command = command::RevokeCode::parse(order.body())?;
            let roles = self.parts.role_seal();
            Ok(acts::codes::RevokeCode { command, roles })
        })
        .await
    }

    /// Approves a certificate request; the last approval issues. Answers the signed reply.
    pub async fn approve_certificate_request(
        &self,
        order: &str,
        call: &Call,
    ) -> Result<String, RegistrationError> {
        let Parts { issuer, types, .. } = &*self.parts;
        let read = |order: &Order<_>| Ok(command::ApproveRequest::parse(order.body(), types)?);
        let method = method::APPROVE_CERTIFICATE_REQUEST;
        let (command, evidence) = self.admit_certified(order, method, call, read)?;
        let behind = self.source_says(&command.identifier).await;
        let work = acts::requests::ApproveRequest {
            command,
            approvals: self.parts.approvals(),
            issuer: issuer.clone(),
            types: types.clone(),
            behind,
        };
        self.carry_out(evidence, work).await
    }

    /// Refuses a certificate request. Answers the signed reply.
    pub async fn reject_certificate_request(
        &self,
        order: &str,
        call: &Call,
    ) -> Result<String, RegistrationError> {
        self.certified(order, method::REJECT_CERTIFICATE_REQUEST, call, |order| {
            let command = command::RejectRequest::parse(order.body())?;
            let approvals = self.parts.approvals();
            Ok(acts::requests::RejectRequest { command, approvals })
        })
        .await
    }

    /// Revokes anybody's certificate. Answers the signed reply.
    pub async fn revoke_certificate_as_operator(
        &self,
        order: &str,
        call: &Call,
    ) -> Result<String, RegistrationError> {
        self.certified(
            order,
            method::REVOKE_CERTIFICATE_AS_OPERATOR,
            call,
            |order| {
                let command = command::RevokeCertificate::parse_as_operator(order.body())?;
                let roles = self.parts.role_seal();
                Ok(acts::revoke_certificate::RevokeCertificateAsOperator { command, roles })
            },
        )
        .await
    }

    /// Gives a person a role. Answers the signed reply.
    pub async fn grant_role(&self, order: &str, call: &Call) -> Result<String, RegistrationError> {
        self.certified(order, method::GRANT_ROLE, call, |order| {
            let command = command::RoleOf::parse_grant(order.body(), &self.parts.types)?;
            let approvals = self.parts.approvals();
            Ok(acts::grant_role::GrantRole { command, approvals })
        })
        .await
    }

    /// Takes a role back. Answers the signed reply.
    pub async fn withdraw_role(
        &self,
        order: &str,
        call: &Call,
    ) -> Result<String, RegistrationError> {
        self.certified(order, method::WITHDRAW_ROLE, call, |order| {
            let command = command::RoleOf::parse_withdrawal(order.body(), &self.parts.types)?;
            let approvals = self.parts.approvals();
            Ok(acts::grant_role::WithdrawRole { command, approvals })
        })
        .await
    }
}
