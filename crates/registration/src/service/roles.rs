//! Who holds which role.

use kleis_store::{
    Actor,
    registry::{RegistryRead, RegistryStore, Role, RoleGrant},
};
use kleis_types::{CertificateState, Identifier, Principal};

use super::{Registration, reads::caller};
use crate::{
    AdmissionError, Call, RegistrationError,
    acts::{
        Account,
        approvals::OPERATORS,
        roles::{RaiseAlarm, Standing},
    },
};

/// A role grant as operators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedGrant {
    /// The grant.
    pub grant: RoleGrant,
    /// Whether the row is one that the service wrote. If not, it counts for nothing.
    pub is_genuine: bool,
}

/// A page of the role grants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RolePage {
    /// The grants, in the order of their resource names.
    pub grants: Vec<ListedGrant>,
    /// The resource name of the last one, if there may be more.
    pub next: Option<String>,
}

impl<S: RegistryStore> Registration<S> {
    /// Whether the caller holds a role: by a certificate of this installation that is in use, as a
    /// registrant who is active, by a grant that this service wrote. A grant that it did not write
    /// is none, and an alarm in the audit.
    pub async fn has_role(
        &self,
        principal: &Principal,
        role: Role,
    ) -> Result<bool, RegistrationError> {
        let mut reader = self.store.read().await?;
        match person(&mut reader, principal).await? {
            Some(person) => self.holds(&mut reader, &person, role, String::new()).await,
            None => Ok(false),
        }
    }

    /// A page of the role grants after `after`, a resource name (empty: from the beginning), for
    /// operators.
    pub async fn roles(
        &self,
        call: &Call,
        after: &str,
        limit: u32,
    ) -> Result<RolePage, RegistrationError> {
        let mut reader = self.operators_view(call).await?;
        let grants = reader.role_grants(after, limit).await?;
        let is_full = u32::try_from(grants.len()).is_ok_and(|length| length == limit);
        let next = grants
            .last()
            .filter(|_| is_full)
            .map(kleis_store::Audited::resource);
        let seal = self.parts.role_seal();
        let listed = grants.into_iter().map(|grant| ListedGrant {
            is_genuine: seal.is_genuine(&grant),
            grant,
        });
        Ok(RolePage {
            grants: listed.collect(),
            next,
        })
    }

    /// A snapshot for an operator whose certificate is in use, and for nobody else.
    pub(super) async fn operators_view(&self, call: &Call) -> Result<S::Reader, RegistrationError> {
        self.holders_view(call, OPERATORS).await
    }

    /// A snapshot for somebody who holds one of these roles and whose certificate is in use.
    pub(super) async fn holders_view(
        &self,
        call: &Call,
        roles: &[Role],
    ) -> Result<S::Reader, RegistrationError> {
        let caller = caller(call)?;
        if caller.thumbprint().is_none() {
            return Err(RegistrationError::CertificateRequired);
        }
        let mut reader = self.store.read().await?;
        let Some(person) = person(&mut reader, caller).await? else {
            return Err(RegistrationError::SignerNotInUse);
        };
        for role in roles {
            let trace = call.trace_text();
            if self.holds(&mut reader, &person, *role, trace).await? {
                return Ok(reader);
            }
        }
        if roles == OPERATORS {
            Err(RegistrationError::NotOperator)
        } else {
            Err(AdmissionError::NotApprover.into())
        }
    }

    /// Whether this person is an active registrant who holds the role.
    async fn holds(
        &self,
        reader: &mut S::Reader,
        person: &Identifier,
        role: Role,
        trace_id: String,
    ) -> Result<bool, RegistrationError> {
        let registrant = reader.registrant(person).await?;
        if !registrant.is_some_and(|registrant| registrant.active) {
            return Ok(false);
        }
        let found = self.parts.role_seal().find(reader, person, role).await?;
        if let Standing::Tampered(_) = found {
            let actor = Actor::of(person, &self.parts.types);
            let account = Account {
                trace_id,
                ..Account::unordered(self.now(), "registration.read_role", actor)
            };
            let resource = RoleGrant::resource_of(person, role);
            self.store.run(RaiseAlarm { account, resource }).await?;
        }
        Ok(matches!(found, Standing::Held(_)))
    }
}

/// Whom the certificate that the caller shows was issued to, if it is one of this installation and
/// in use.
async fn person<R: RegistryRead>(
    reader: &mut R,
    caller: &Principal,
) -> Result<Option<Identifier>, RegistrationError> {
    let Some(shown) = caller.thumbprint() else {
        return Ok(None);
    };
    let certificate = reader.certificate_by_x5t(shown).await?;
    Ok(certificate
        .filter(|certificate| certificate.state == CertificateState::Active)
        .map(|certificate| certificate.registrant))
}
