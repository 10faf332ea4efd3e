//! The first operator.

use std::sync::Arc;

use kleis_proto::registration::v1::EnrolResult;
use kleis_store::{
    Act, AuditOutcome,
    registry::{EnrolmentCode, Registrant, RegistryTx, Role},
};
use kleis_trust::enrolment_code::{self, BOOTSTRAP};
use kleis_types::{Timestamp, TypeTable};
use kleis_wrap::RootKek;

use super::{
    Account, Issuer, Ledger, Refusal, Verdict, Work,
    enrol::{self, Candidate, active_registrant, certify, check_subject, make_room},
    issue,
    proof::{self, ATTEMPTS, CodeFor},
    roles::{self, RoleSeal},
};
use crate::{
    RegistrationError,
    admission::Evidence,
    command::{self, Proof},
};

/// Issues the first operator's certificate, on proof of the bootstrap's code.
pub(crate) struct Bootstrap {
    pub(crate) command: command::Enrol,
    pub(crate) issuer: Issuer,
    pub(crate) kek: Arc<RootKek>,
    pub(crate) types: Arc<TypeTable>,
    pub(crate) roles: RoleSeal,
}

impl Work for Bootstrap {
    const NAME: &'static str = "registration.bootstrap_operator";
    type Result = EnrolResult;

    async fn run<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        _evidence: &Evidence,
    ) -> Result<Verdict<EnrolResult>, RegistrationError> {
        let holders = self.roles.holders(ledger, Role::Operator).await?;
        if !holders.is_empty() {
            return Err(RegistrationError::OperatorExists);
        }
        let identifier = &self.command.identifier;
        let Proof::Code(code) = &self.command.proof else {
            return Err(RegistrationError::EnrolmentRefused);
        };
        let request = enrol::proven(&self.command, &self.issuer);
        if !proof::spend_code(ledger, &self.kek, code, CodeFor::Bootstrap, request).await? {
            return Ok(Verdict::Refused(Refusal::Enrolment));
        }
        let registrant = self.registrant(ledger).await?;
        check_subject(&self.command.csr, identifier, &registrant)?;
        let others = ledger.tx.certificates_of(identifier).await?;
        let recovered = !others.is_empty();
        make_room(ledger, others, &self.command.device).await?;
        self.roles
            .grant(ledger, &registrant.id, Role::Operator, roles::BOOTSTRAP)
            .await?;
        let identifiers = issue::certified_identifiers(&registrant, identifier, &self.types);
        let candidate = Candidate {
            identifiers,
            device: &self.command.device,
            csr: &self.command.csr,
            registrant: &registrant,
            endorsement: None,
            recovered,
            place: 0,
            renews: false,
        };
        Ok(Verdict::Done(
            certify(ledger, &self.issuer, candidate).await?,
        ))
    }
}

impl Bootstrap {
    /// The person in the register; one who is not there yet is entered, by the name that the
    /// request's subject gives them, or else by their identifier.
    async fn registrant<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
    ) -> Result<Registrant, RegistrationError> {
        let id = &self.command.identifier;
        if ledger.tx.registrant(id).await?.is_some() {
            return active_registrant(ledger, id).await;
        }
        let name = self.command.csr.registrant_name(id);
        let registrant = Registrant {
            id: id.clone(),
            name: name.unwrap_or_else(|| id.to_string()),
            identifiers: vec![id.clone()],
            active: true,
            contact: kleis_types::Contact::default(),
            version: 1,
        };
        ledger.put_registrant(&registrant).await?;
        Ok(registrant)
    }
}

/// Remembers a code for the first operator. `false`: there is one already.
pub(crate) struct CreateBootstrapCode {
    pub(crate) code: enrolment_code::EnrolmentCode,
    pub(crate) issuer: Issuer,
    pub(crate) kek: Arc<RootKek>,
    pub(crate) account: Account,
    pub(crate) expires_at: Timestamp,
    pub(crate) roles: RoleSeal,
}

impl<Tx: RegistryTx> Act<Tx> for CreateBootstrapCode {
    const NAME: &'static str = "registration.create_bootstrap_code";
    type Output = bool;
    type Error = RegistrationError;

    async fn run(&self, tx: &mut Tx) -> Result<bool, RegistrationError> {
        let mut ledger = Ledger::new(tx, self.account.clone());
        let holders = self.roles.holders(&mut ledger, Role::Operator).await?;
        if !holders.is_empty() {
            return Ok(false);
        }
        let id = self.code.id().to_string();
        let installation = &self.issuer.installation;
        let verifier = self.code.verifier(installation, BOOTSTRAP);
        let record = EnrolmentCode {
            verifier: self
                .kek
                .wrap_secret(installation, proof::VERIFIER, &id, &verifier)?,
            id,
            identifier: None,
            expires_at: self.expires_at,
            attempts_left: ATTEMPTS,
            used_at: None,
            revoked_at: None,
            version: 1,
        };
        ledger
            .put_code(&record, AuditOutcome::Done, "bootstrap")
            .await?;
        Ok(true)
    }
}
