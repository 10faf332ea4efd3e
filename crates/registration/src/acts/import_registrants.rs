//! The register, filled and changed.

use kleis_proto::registration::v1::ImportRegistrantsResult;
use kleis_store::{AuditOutcome, registry::RegistryTx};

use super::{
    Ledger, Refusal, Verdict, Work,
    register::{Change, put},
    roles::RoleSeal,
    signer,
};
use crate::{RegistrationError, admission::Evidence, command};

/// Brings the register to what the order says, all or nothing.
pub(crate) struct ImportRegistrants {
    pub(crate) command: command::ImportRegistrants,
    pub(crate) roles: RoleSeal,
}

impl Work for ImportRegistrants {
    const NAME: &'static str = "registration.import_registrants";
    type Result = ImportRegistrantsResult;

    async fn run<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        evidence: &Evidence,
    ) -> Result<Verdict<ImportRegistrantsResult>, RegistrationError> {
        if signer::operator(ledger, evidence, &self.roles)
            .await?
            .is_none()
        {
            return Ok(Verdict::Refused(Refusal::Operator));
        }
        let mut result = ImportRegistrantsResult::default();
        for (index, registrant) in self.command.registrants.iter().enumerate() {
            match put(ledger, registrant)
                .await
                .map_err(|fault| fault.on_line(index))?
            {
                Change::Created => result.created += 1,
                Change::Updated => result.updated += 1,
                Change::None => result.unchanged += 1,
            }
        }
        let count = format!(
            "{} created, {} updated, {} unchanged",
            result.created, result.updated, result.unchanged
        );
        ledger.note(AuditOutcome::Done, "", &count).await?;
        Ok(Verdict::Done(result))
    }
}
