//! Enrolment codes, approved by others and taken back.

use kleis_proto::registration::v1::{ApproveEnrolmentCodeResult, RevokeEnrolmentCodeResult};
use kleis_store::{
    AuditOutcome,
    registry::{EnrolmentCode, RegistryTx},
};

use super::{
    Ledger, Refusal, Verdict, Work,
    approvals::{APPROVERS, Approvals, Matter, approves_code},
    enrol::active_registrant,
    roles::RoleSeal,
    signer,
};
use crate::{AdmissionError, RegistrationError, admission::Evidence, command};

/// What a code is good for, as it is listed.
pub(crate) const ACTIVE: &str = "ACTIVE";
/// Others are still to approve it.
pub(crate) const PENDING_APPROVAL: &str = "PENDING_APPROVAL";
/// It was taken back.
pub(crate) const REVOKED: &str = "REVOKED";

/// Approves a code that another operator has announced.
pub(crate) struct ApproveCode {
    pub(crate) command: command::ApproveCode,
    pub(crate) approvals: Approvals,
}

impl Work for ApproveCode {
    const NAME: &'static str = "registration.approve_enrolment_code";
    type Result = ApproveEnrolmentCodeResult;

    async fn run<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        evidence: &Evidence,
    ) -> Result<Verdict<ApproveEnrolmentCodeResult>, RegistrationError> {
        let Self { command, approvals } = self;
        let Some(approver) = signer::holder(ledger, evidence, &approvals.roles, APPROVERS).await?
        else {
            return Ok(Verdict::Refused(Refusal::Operator));
        };
        let id = command.code_id.to_string();
        let code = find(ledger, &id).await?;
        if code.identifier.as_ref() != Some(&command.identifier) {
            return Err(AdmissionError::ApprovalDiffers {
                field: "identifier",
            }
            .into());
        }
        let registrant = active_registrant(ledger, &command.identifier).await?;
        if registrant.id == approver.registrant {
            return Err(RegistrationError::OwnCause);
        }
        let resource = EnrolmentCode::resource_of(&id);
        let matter = Matter {
            resource: &resource,
            subject: &registrant.id,
            by: APPROVERS,
            approves: &|kept| approves_code(kept, command),
        };
        let given = approvals
            .add(ledger, evidence, &approver.registrant, &matter)
            .await?;
        ledger
            .note(AuditOutcome::Done, &resource, "approved")
            .await?;
        let needed = approvals.needed(ledger.tx, APPROVERS).await?;
        let state = if given < needed {
            PENDING_APPROVAL
        } else {
            ACTIVE
        };
        Ok(Verdict::Done(ApproveEnrolmentCodeResult {
            code_id: id,
            state: state.to_owned(),
            approvals: given,
            approvals_needed: needed,
        }))
    }
}

/// Takes a code back.
pub(crate) struct RevokeCode {
    pub(crate) command: command::RevokeCode,
    pub(crate) roles: RoleSeal,
}

impl Work for RevokeCode {
    const NAME: &'static str = "registration.revoke_enrolment_code";
    type Result = RevokeEnrolmentCodeResult;

    async fn run<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        evidence: &Evidence,
    ) -> Result<Verdict<RevokeEnrolmentCodeResult>, RegistrationError> {
        if signer::operator(ledger, evidence, &self.roles)
            .await?
            .is_none()
        {
            return Ok(Verdict::Refused(Refusal::Operator));
        }
        let mut code = find(ledger, &self.command.code_id.to_string()).await?;
        code.verifier = Vec::new();
        code.revoked_at = Some(ledger.at());
        code.version += 1;
        ledger
            .put_code(&code, AuditOutcome::Done, "revoked")
            .await?;
        Ok(Verdict::Done(RevokeEnrolmentCodeResult {
            code_id: code.id,
            state: REVOKED.to_owned(),
        }))
    }
}

/// The code of this id, if it can still be used.
async fn find<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    id: &str,
) -> Result<EnrolmentCode, RegistrationError> {
    let code = ledger.tx.enrolment_code(id).await?;
    let now = ledger.at();
    code.filter(|code| code.used_at.is_none() && code.revoked_at.is_none() && now < code.expires_at)
        .ok_or(AdmissionError::CodeUnknown.into())
}
