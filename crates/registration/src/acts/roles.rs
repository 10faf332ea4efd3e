//! The one place that seals and believes the rows of role grants.

use std::sync::Arc;

use kleis_store::{
    Act, AuditOutcome, StoreError,
    registry::{RegistryRead, RegistryTx, Role, RoleGrant},
};
use kleis_types::{GrantState, Identifier, InstallationId};
use kleis_wrap::{RoleFields, RootKek};

use super::{Account, Ledger};
use crate::RegistrationError;

/// Who has granted the first operator's role.
pub(super) const BOOTSTRAP: &str = "bootstrap";

/// What the rows of role grants are sealed with.
#[derive(Clone, Debug)]
pub(crate) struct RoleSeal {
    pub(crate) kek: Arc<RootKek>,
    pub(crate) installation: InstallationId,
}

/// What the database has of a role for a person.
#[derive(Debug)]
pub(crate) enum Standing {
    /// A grant that holds, just as we wrote it down.
    Held(Box<RoleGrant>),
    /// None that holds; perhaps one that was withdrawn.
    None(Option<Box<RoleGrant>>),
    /// A row that we did not write, and what can be read of it.
    Tampered(Option<Box<RoleGrant>>),
}

impl RoleSeal {
    /// Puts the MAC over everything else that is in the row.
    fn seal(&self, grant: RoleGrant) -> RoleGrant {
        let mac = with_fields(&grant, |fields| {
            self.kek.role_mac(&self.installation, fields)
        });
        RoleGrant { mac, ..grant }
    }

    /// Whether the row is one that we wrote.
    pub(crate) fn is_genuine(&self, grant: &RoleGrant) -> bool {
        with_fields(grant, |fields| {
            self.kek
                .verify_role_mac(&self.installation, fields, &grant.mac)
                .is_ok()
        })
    }

    /// Reads what a person has of a role, and verifies its MAC.
    pub(crate) async fn find<R: RegistryRead>(
        &self,
        reader: &mut R,
        person: &Identifier,
        role: Role,
    ) -> Result<Standing, StoreError> {
        match reader.role_grant(person, role).await {
            Ok(None) => Ok(Standing::None(None)),
            Ok(Some(grant)) => Ok(self.judge(grant)),
            Err(StoreError::Inconsistent { .. }) => Ok(Standing::Tampered(None)),
            Err(error) => Err(error),
        }
    }

    fn judge(&self, grant: RoleGrant) -> Standing {
        let is_genuine = self.is_genuine(&grant);
        let grant = Box::new(grant);
        match (is_genuine, grant.state) {
            (false, _) => Standing::Tampered(Some(grant)),
            (true, GrantState::Granted) => Standing::Held(grant),
            (true, GrantState::Withdrawn) => Standing::None(Some(grant)),
        }
    }

    /// The persons who hold a role by a row that we wrote; each other row is an alarm.
    pub(super) async fn holders<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        role: Role,
    ) -> Result<Vec<Identifier>, StoreError> {
        let mut holders = Vec::new();
        for grant in ledger.tx.role_holders(role).await? {
            if self.is_genuine(&grant) {
                holders.push(grant.person);
            } else {
                alarm(ledger, &RoleGrant::resource_of(&grant.person, role)).await?;
            }
        }
        Ok(holders)
    }

    /// All roles that a person holds by rows that we wrote.
    pub(super) async fn held_by<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        person: &Identifier,
    ) -> Result<Vec<Role>, StoreError> {
        let mut held = Vec::new();
        for role in Role::ALL {
            if let Standing::Held(_) = self.find(ledger.tx, person, *role).await? {
                held.push(*role);
            }
        }
        Ok(held)
    }

    /// Gives a person a role; harmless if they have it. A row that we did not write is an alarm, and
    /// gives way to one that we do.
    pub(super) async fn grant<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        person: &Identifier,
        role: Role,
        by: &str,
    ) -> Result<(), StoreError> {
        let former = match self.find(ledger.tx, person, role).await? {
            Standing::Held(_) => {
                let resource = RoleGrant::resource_of(person, role);
                let details = format!("{role} stays");
                return ledger.note(AuditOutcome::Done, &resource, &details).await;
            }
            Standing::None(former) => former,
            Standing::Tampered(former) => {
                alarm(ledger, &RoleGrant::resource_of(person, role)).await?;
                former
            }
        };
        let grant = self.seal(RoleGrant {
            person: person.clone(),
            role,
            state: GrantState::Granted,
            granted_at: ledger.at(),
            granted_by: by.to_owned(),
            version: next_version(former.as_deref()),
            mac: [0; 32],
        });
        ledger.put_role(&grant).await
    }

    /// Takes a grant back.
    pub(super) async fn withdraw<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        grant: RoleGrant,
    ) -> Result<(), StoreError> {
        let grant = self.seal(RoleGrant {
            state: GrantState::Withdrawn,
            version: next_version(Some(&grant)),
            ..grant
        });
        ledger.put_role(&grant).await
    }
}

fn next_version(former: Option<&RoleGrant>) -> u64 {
    former.map_or(1, |former| former.version.saturating_add(1))
}

fn with_fields<T>(grant: &RoleGrant, then: impl FnOnce(&RoleFields<'_>) -> T) -> T {
    let person = grant.person.to_string();
    then(&RoleFields {
        person: &person,
        role: grant.role,
        state: grant.state.as_str(),
        granted_at: grant.granted_at,
        granted_by: &grant.granted_by,
        version: grant.version,
    })
}

/// Tells of a role grant that we did not write.
pub(super) async fn alarm<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    resource: &str,
) -> Result<(), StoreError> {
    tracing::error!(resource, "the row of a role grant was tampered with");
    ledger
        .note(AuditOutcome::Alarm, resource, "ROLE_TAMPERED")
        .await
}

/// Writes down that a read met a role grant that we did not write.
pub(crate) struct RaiseAlarm {
    pub(crate) account: Account,
    pub(crate) resource: String,
}

impl<Tx: RegistryTx> Act<Tx> for RaiseAlarm {
    const NAME: &'static str = "registration.read_role";
    type Output = ();
    type Error = RegistrationError;

    async fn run(&self, tx: &mut Tx) -> Result<(), RegistrationError> {
        let mut ledger = Ledger::new(tx, self.account.clone());
        Ok(alarm(&mut ledger, &self.resource).await?)
    }
}
