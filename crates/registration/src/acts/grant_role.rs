//! A further operator.

use kleis_proto::registration::v1::GrantRoleResult;
use kleis_store::{
    AuditOutcome, Audited,
    registry::{RegistryTx, Role},
};

use super::{Ledger, Verdict, Work, enrol::active_registrant, signer};
use crate::{RegistrationError, admission::Evidence, command};

/// Gives a registered person a role.
pub(crate) struct GrantRole {
    pub(crate) command: command::GrantRole,
}

impl Work for GrantRole {
    const NAME: &'static str = "registration.grant_role";
    type Result = GrantRoleResult;

    async fn run<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        evidence: &Evidence,
    ) -> Result<Verdict<GrantRoleResult>, RegistrationError> {
        signer::operator(ledger, evidence).await?;
        let registrant = active_registrant(ledger, &self.command.person).await?;
        // A role is a person's, by whichever of their identifiers they come.
        ledger
            .tx
            .put_role(&registrant.id, self.command.role)
            .await?;
        let role = self.command.role.as_str();
        ledger
            .note(AuditOutcome::Done, &registrant.resource(), role)
            .await?;
        let roles = ledger.tx.roles(&registrant.id).await?;
        Ok(Verdict::Done(GrantRoleResult {
            identifier: self.command.person.to_string(),
            roles: roles
                .into_iter()
                .map(Role::as_str)
                .map(str::to_owned)
                .collect(),
        }))
    }
}
