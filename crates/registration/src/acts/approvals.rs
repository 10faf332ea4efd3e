//! Decisions that more than one person makes.
//!
//! What counts is the order of each approver, kept with its MAC, and read again whenever a decision
//! hangs on it: that it approves just this, that the certificate behind it was not revoked since, and
//! that the person still may. The rows that tell where these orders stand prove nothing.

use std::{collections::BTreeSet, sync::Arc};

use kleis_proto::{method, registration::v1 as wire};
use kleis_store::{
    AuditOutcome, StoreError, StoredOrder,
    registry::{Approval, Certificate, EnrolmentCode, RegistryRead, RegistryTx, Role, RoleGrant},
};
use kleis_trust::{Anchors, order};
use kleis_types::{CertificateState, Identifier, Timestamp, TypeTable};
use serde::de::DeserializeOwned;

use super::{
    Ledger, OrderSeal,
    kept::KeptOrder,
    life,
    roles::{RoleSeal, Standing},
};
use crate::{RegistrationError, admission::Evidence, command};

/// Who decides about requests and codes.
pub(crate) const APPROVERS: &[Role] = &[Role::Operator, Role::Approver];

/// Who decides about roles.
pub(crate) const OPERATORS: &[Role] = &[Role::Operator];

/// How long the order of the first operator waits for that of the second, where it is about a role,
/// in seconds: a week.
const ROLE_LIFETIME: i64 = 7 * 86_400;

/// How approvals are counted.
#[derive(Clone, Debug)]
pub(crate) struct Approvals {
    /// How many the configuration asks for.
    pub(crate) wanted: u32,
    pub(crate) seal: OrderSeal,
    pub(crate) roles: RoleSeal,
    pub(crate) anchors: Anchors,
    pub(crate) types: Arc<TypeTable>,
}

/// What is to be approved.
pub(super) struct Matter<'a> {
    /// Its name in the audit.
    pub(super) resource: &'a str,
    /// Whom it is about, as registrant: not one of those who decide.
    pub(super) subject: &'a Identifier,
    /// The roles of which an approver holds one.
    pub(super) by: &'static [Role],
    /// Whether a kept order approves it.
    pub(super) approves: &'a (dyn Fn(&Kept<'_>) -> bool + Sync),
}

/// A kept order that approves something, perhaps.
pub(super) struct Kept<'a> {
    order: &'a StoredOrder,
    anchors: &'a Anchors,
    types: &'a TypeTable,
}

impl Kept<'_> {
    /// The body, if it is an order to this method: verified anew, as of when it came.
    pub(super) fn body<B: DeserializeOwned>(&self, method: &'static str) -> Option<B> {
        let StoredOrder {
            compact,
            method: kept,
            received_at,
            ..
        } = self.order;
        if kept != method {
            return None;
        }
        let max = method::max_order(method);
        let order = order::verify_kept(compact, max, method, self.anchors, *received_at);
        order.ok().map(order::Order::into_body)
    }

    fn is_newer_than(&self, time: Timestamp) -> bool {
        time < self.order.received_at
    }
}

impl Approvals {
    /// How many are needed now of those who hold one of these roles: as many as the configuration
    /// asks for, or all of them as long as there are fewer, for the first one makes the second.
    ///
    /// Whoever holds a role and has ever had a certificate counts, also when suspended or without
    /// a device: or one person could make themselves the only one.
    pub(crate) async fn needed<R: RegistryRead>(
        &self,
        reader: &mut R,
        by: &[Role],
    ) -> Result<u32, StoreError> {
        if self.wanted <= 1 {
            return Ok(1);
        }
        let mut persons = BTreeSet::new();
        for role in by {
            for grant in reader.role_holders(*role).await? {
                let has_come = |found: Vec<_>| !found.is_empty();
                if self.roles.is_genuine(&grant)
                    && has_come(reader.certificates_of_registrant(&grant.person).await?)
                {
                    persons.insert(grant.person);
                }
            }
        }
        Ok(count(persons.len()).clamp(1, self.wanted))
    }

    /// Adds the approval by the order under way, of this approver, and counts.
    pub(super) async fn add<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        evidence: &Evidence,
        approver: &Identifier,
        matter: &Matter<'_>,
    ) -> Result<u32, RegistrationError> {
        let before = self.holding(ledger, matter).await?;
        let others = before.iter().filter(|person| *person != approver).count();
        ledger
            .put_approval(&Approval {
                resource: matter.resource.to_owned(),
                person: approver.clone(),
                jti: evidence.jti.clone(),
                at: ledger.at(),
            })
            .await?;
        Ok(count(others).saturating_add(1))
    }

    /// How many approvals hold now.
    pub(super) async fn count<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        matter: &Matter<'_>,
    ) -> Result<u32, RegistrationError> {
        Ok(count(self.holding(ledger, matter).await?.len()))
    }

    /// The persons whose approvals hold now.
    async fn holding<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        matter: &Matter<'_>,
    ) -> Result<Vec<Identifier>, RegistrationError> {
        let mut persons = Vec::new();
        for approval in ledger.tx.approvals(matter.resource).await? {
            if self.holds(ledger, &approval, matter).await? {
                persons.push(approval.person);
            }
        }
        Ok(persons)
    }

    async fn holds<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        approval: &Approval,
        matter: &Matter<'_>,
    ) -> Result<bool, RegistrationError> {
        let order = match self.seal.find(ledger.tx, &approval.jti).await? {
            KeptOrder::Genuine(order) => order,
            KeptOrder::Nothing => return Ok(false),
            KeptOrder::Tampered => {
                let resource = format!("order:{}", approval.jti);
                tracing::error!(resource, "the row of a kept order was tampered with");
                ledger
                    .note(AuditOutcome::Alarm, &resource, "ORDER_TAMPERED")
                    .await?;
                return Ok(false);
            }
        };
        let kept = Kept {
            order: &order,
            anchors: &self.anchors,
            types: &self.types,
        };
        if !(matter.approves)(&kept) {
            return Ok(false);
        }
        // A refused order approves nothing; its result says so, under the MAC.
        if order.reply.is_empty() {
            return Ok(false);
        }
        let signer = ledger.tx.certificate_by_x5t(&order.signer).await?;
        let by_person = signer.is_some_and(|certificate| {
            certificate.state != CertificateState::Revoked
                && certificate.registrant == approval.person
        });
        Ok(by_person
            && &approval.person != matter.subject
            && life::is_active(ledger, &approval.person).await?
            && self.may(ledger, &approval.person, matter.by).await?)
    }

    /// Whether a person holds one of these roles.
    async fn may<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        person: &Identifier,
        roles: &[Role],
    ) -> Result<bool, StoreError> {
        for role in roles {
            if let Standing::Held(_) = self.roles.find(ledger.tx, person, *role).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Adds the order of this operator about somebody's role, and tells how many more must give the
    /// same one.
    pub(super) async fn missing_for_role<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        evidence: &Evidence,
        operator: &Certificate,
        (person, role): (&Identifier, Role),
        approves: &(dyn Fn(&Kept<'_>) -> bool + Sync),
    ) -> Result<u32, RegistrationError> {
        let needed = self.needed(ledger.tx, OPERATORS).await?;
        if needed <= 1 {
            return Ok(0);
        }
        let resource = RoleGrant::resource_of(person, role);
        let matter = Matter {
            resource: &resource,
            subject: person,
            by: OPERATORS,
            approves,
        };
        let given = self
            .add(ledger, evidence, &operator.registrant, &matter)
            .await?;
        let missing = needed.saturating_sub(given);
        if missing == 0 {
            ledger.tx.remove_approvals(&resource).await?;
        } else {
            ledger
                .note(AuditOutcome::Done, &resource, "approved")
                .await?;
        }
        Ok(missing)
    }

    /// How many more must approve this code before it proves anything.
    pub(super) async fn missing_for_code<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        code: &EnrolmentCode,
    ) -> Result<u32, RegistrationError> {
        // Its maker's order is all that is asked for, and the verifier, which is wrapped, came by it.
        let needed = self.needed(ledger.tx, APPROVERS).await?;
        let Some(identifier) = code.identifier.as_ref().filter(|_| needed > 1) else {
            return Ok(0);
        };
        let Some(registrant) = ledger.tx.registrant(identifier).await? else {
            return Ok(needed);
        };
        let Ok(code_id) = code.id.parse() else {
            return Ok(needed);
        };
        let approval = command::ApproveCode {
            code_id,
            identifier: identifier.clone(),
        };
        let resource = EnrolmentCode::resource_of(&code.id);
        let matter = Matter {
            resource: &resource,
            subject: &registrant.id,
            by: APPROVERS,
            approves: &|kept| approves_code(kept, &approval),
        };
        let given = self.count(ledger, &matter).await?;
        Ok(needed.saturating_sub(given))
    }
}

/// Whether an order makes or approves the code of this id, for this identity.
pub(super) fn approves_code(kept: &Kept<'_>, approval: &command::ApproveCode) -> bool {
    use method::registration_admin::{APPROVE_ENROLMENT_CODE, CREATE_ENROLMENT_CODE};
    let made = |body: wire::CreateEnrolmentCodeOrder| wire::ApproveEnrolmentCodeOrder {
        code_id: body.code_id,
        identifier: body.identifier,
    };
    let body = kept.body(APPROVE_ENROLMENT_CODE);
    body.or_else(|| kept.body(CREATE_ENROLMENT_CODE).map(made))
        .and_then(|body| command::ApproveCode::parse(&body, kept.types).ok())
        .is_some_and(|kept| kept == *approval)
}

/// Whether an order approves just this request.
pub(super) fn approves_request(kept: &Kept<'_>, approval: &command::ApproveRequest) -> bool {
    kept.body(method::registration_admin::APPROVE_CERTIFICATE_REQUEST)
        .and_then(|body| command::ApproveRequest::parse(&body, kept.types).ok())
        .is_some_and(|kept| kept == *approval)
}

/// Whether an order gives just this role, and is not too old.
pub(super) fn grants_role(kept: &Kept<'_>, wanted: &command::RoleOf, now: Timestamp) -> bool {
    kept.is_newer_than(now.plus_seconds(-ROLE_LIFETIME))
        && kept
            .body(method::registration_admin::GRANT_ROLE)
            .and_then(|body| command::RoleOf::parse_grant(&body, kept.types).ok())
            .is_some_and(|kept| kept == *wanted)
}

/// Whether an order takes just this role back, and is not too old.
pub(super) fn withdraws_role(kept: &Kept<'_>, wanted: &command::RoleOf, now: Timestamp) -> bool {
    kept.is_newer_than(now.plus_seconds(-ROLE_LIFETIME))
        && kept
            .body(method::registration_admin::WITHDRAW_ROLE)
            .and_then(|body| command::RoleOf::parse_withdrawal(&body, kept.types).ok())
            .is_some_and(|kept| kept == *wanted)
}

/// So many rows or persons, as messages have it.
pub(crate) fn count(persons: usize) -> u32 {
    u32::try_from(persons).unwrap_or(u32::MAX)
}
