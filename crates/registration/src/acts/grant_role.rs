//! Roles given and taken back.

use kleis_proto::registration::v1::{GrantRoleResult, WithdrawRoleResult};
use kleis_store::registry::{RegistryTx, Role, RoleGrant};
use kleis_types::Identifier;

use super::{
    Ledger, Refusal, Verdict, Work,
    approvals::{Approvals, Kept, grants_role, withdraws_role},
    enrol::active_registrant,
    life,
    roles::{self, Standing},
    signer,
};
use crate::{RegistrationError, admission::Evidence, command};

/// Gives a registered person a role, when as many operators as needed have ordered it.
pub(crate) struct GrantRole {
    pub(crate) command: command::RoleOf,
    pub(crate) approvals: Approvals,
}

/// Takes a role back: one's own at once, and that of others when as many operators as needed have
/// ordered it.
pub(crate) struct WithdrawRole {
    pub(crate) command: command::RoleOf,
    pub(crate) approvals: Approvals,
}

impl Work for GrantRole {
    const NAME: &'static str = "registration.grant_role";
    type Result = GrantRoleResult;

    async fn run<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        evidence: &Evidence,
    ) -> Result<Verdict<GrantRoleResult>, RegistrationError> {
        let Self { command, approvals } = self;
        let roles = &approvals.roles;
        let Some(operator) = signer::operator(ledger, evidence, roles).await? else {
            return Ok(Verdict::Refused(Refusal::Operator));
        };
        let registrant = active_registrant(ledger, &command.person).await?;
        if registrant.id == operator.registrant {
            return Err(RegistrationError::OwnCause);
        }
        // A role is a person's, by whichever of their identifiers they come.
        let person = &registrant.id;
        let now = ledger.at();
        let approves = |kept: &Kept<'_>| grants_role(kept, command, now);
        let missing = self
            .approvals
            .missing_for_role(
                ledger,
                evidence,
                &operator,
                (person, command.role),
                &approves,
            )
            .await?;
        if missing == 0 {
            roles
                .grant(ledger, person, command.role, &evidence.signer)
                .await?;
        }
        Ok(Verdict::Done(GrantRoleResult {
            identifier: command.person.to_string(),
            roles: names(&roles.held_by(ledger, person).await?),
            approvals_missing: missing,
        }))
    }
}

impl Work for WithdrawRole {
    const NAME: &'static str = "registration.withdraw_role";
    type Result = WithdrawRoleResult;

    async fn run<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        evidence: &Evidence,
    ) -> Result<Verdict<WithdrawRoleResult>, RegistrationError> {
        let Self { command, approvals } = self;
        let roles = &approvals.roles;
        let Some(operator) = signer::operator(ledger, evidence, roles).await? else {
            return Ok(Verdict::Refused(Refusal::Operator));
        };
        let registrant = ledger.tx.registrant(&command.person).await?;
        // Also one who has left the register: what they were given can be taken back.
        let person = registrant.map_or_else(|| command.person.clone(), |registrant| registrant.id);
        let (grant, is_forged) = match roles.find(ledger.tx, &person, command.role).await? {
            Standing::Held(grant) => (*grant, false),
            Standing::Tampered(Some(forged)) => {
                let resource = RoleGrant::resource_of(&person, command.role);
                roles::alarm(ledger, &resource).await?;
                (*forged, true)
            }
            Standing::None(_) | Standing::Tampered(None) => {
                return Err(RegistrationError::RoleNotHeld);
            }
        };
        if command.role == Role::Operator && !self.leaves_an_operator(ledger, &person).await? {
            return Err(RegistrationError::LastOperator);
        }
        let now = ledger.at();
        let approves = |kept: &Kept<'_>| withdraws_role(kept, command, now);
        // What counts for nothing needs nobody's leave to go, and everybody may resign.
        let missing = if is_forged || operator.registrant == person {
            0
        } else {
            self.approvals
                .missing_for_role(
                    ledger,
                    evidence,
                    &operator,
                    (&person, command.role),
                    &approves,
                )
                .await?
        };
        if missing == 0 {
            roles.withdraw(ledger, grant).await?;
        }
        Ok(Verdict::Done(WithdrawRoleResult {
            identifier: command.person.to_string(),
            roles: names(&roles.held_by(ledger, &person).await?),
            approvals_missing: missing,
        }))
    }
}

impl WithdrawRole {
    /// Whether somebody else is an operator, and still in the register.
    async fn leaves_an_operator<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        person: &Identifier,
    ) -> Result<bool, RegistrationError> {
        let roles = &self.approvals.roles;
        for holder in roles.holders(ledger, Role::Operator).await? {
            if holder != *person && life::is_active(ledger, &holder).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn names(roles: &[Role]) -> Vec<String> {
    roles.iter().map(ToString::to_string).collect()
}
