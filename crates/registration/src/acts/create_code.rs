//! A code for somebody else, announced by an operator.

use std::sync::Arc;

use kleis_proto::registration::v1::CreateEnrolmentCodeResult;
use kleis_store::{
    AuditOutcome, Audited as _, StoreError,
    registry::{Approval, EnrolmentCode, RegistryTx},
};
use kleis_types::{ErrorCode, InstallationId, Problem};
use kleis_wrap::RootKek;

use super::{
    Ledger, Refusal, Verdict, Work,
    approvals::{APPROVERS, Approvals},
    codes::{ACTIVE, PENDING_APPROVAL},
    enrol::active_registrant,
    proof::{ATTEMPTS, VERIFIER},
    signer, sourcing,
};
use crate::{Behind, RegistrationError, SourceError, admission::Evidence, command};

/// Stores the verifier of a code, wrapped.
pub(crate) struct CreateCode {
    pub(crate) command: command::CreateCode,
    pub(crate) installation: InstallationId,
    pub(crate) kek: Arc<RootKek>,
    pub(crate) approvals: Approvals,
    /// What the source of registrants says, asked before.
    pub(crate) behind: Result<Behind, SourceError>,
}

impl Work for CreateCode {
    const NAME: &'static str = "registration.create_enrolment_code";
    type Result = CreateEnrolmentCodeResult;

    async fn run<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        evidence: &Evidence,
    ) -> Result<Verdict<CreateEnrolmentCodeResult>, RegistrationError> {
        let Some(operator) = signer::operator(ledger, evidence, &self.approvals.roles).await?
        else {
            return Ok(Verdict::Refused(Refusal::Operator));
        };
        let command = &self.command;
        sourcing::settle(ledger, &self.behind).await?;
        let registrant = active_registrant(ledger, &command.identifier).await?;
        if registrant.id == operator.registrant {
            return Err(RegistrationError::OwnCause);
        }
        let id = command.code_id.to_string();
        if ledger.tx.enrolment_code(&id).await?.is_some() {
            return Err(taken());
        }
        let code = EnrolmentCode {
            verifier: self
                .kek
                .wrap_secret(&self.installation, VERIFIER, &id, &command.verifier)?,
            id,
            identifier: Some(command.identifier.clone()),
            expires_at: ledger.at().plus_seconds(command.lifetime.into()),
            attempts_left: ATTEMPTS,
            used_at: None,
            revoked_at: None,
            version: 1,
        };
        ledger
            .put_code(&code, AuditOutcome::Done, "")
            .await
            .map_err(|error| match error {
                StoreError::AlreadyExists(_) => taken(),
                other => other.into(),
            })?;
        // The maker's own order is the first approval.
        ledger
            .put_approval(&Approval {
                resource: code.resource(),
                person: operator.registrant,
                jti: evidence.jti.clone(),
                at: ledger.at(),
            })
            .await?;
        let needed = self.approvals.needed(ledger.tx, APPROVERS).await?;
        let missing = needed.saturating_sub(1);
        let state = if missing > 0 {
            PENDING_APPROVAL
        } else {
            ACTIVE
        };
        Ok(Verdict::Done(CreateEnrolmentCodeResult {
            code_id: code.id,
            expires_at: u32::try_from(code.expires_at.unix()).unwrap_or(u32::MAX),
            state: state.to_owned(),
            approvals_missing: missing,
        }))
    }
}

fn taken() -> RegistrationError {
    Problem::new(
        ErrorCode::AlreadyExists,
        "there is a code of this id: make a new code",
    )
    .at("codeId")
    .into()
}
