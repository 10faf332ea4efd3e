//! The register as the local administrator changes it, while no server runs.

use kleis_store::{Act, AuditOutcome, registry::RegistryTx};
use kleis_types::Identifier;

use super::{
    Account, Ledger,
    register::{Change, put, set_active},
};
use crate::register::{Imported, LineProblem, MAX_PROBLEMS, RegisterError, RegisterFile};

/// Brings the register to what a whole file says, in one transaction.
pub(crate) struct ImportFile<F> {
    pub(crate) file: F,
    pub(crate) account: Account,
}

impl<Tx: RegistryTx, F: RegisterFile> Act<Tx> for ImportFile<F> {
    const NAME: &'static str = "registration.import_register";
    type Output = Imported;
    type Error = RegisterError;

    async fn run(&self, tx: &mut Tx) -> Result<Imported, RegisterError> {
        let mut ledger = Ledger::new(tx, self.account.clone());
        let (mut done, mut problems) = (Imported::default(), Vec::new());
        for line in self.file.lines()? {
            let (number, entry) = line?;
            match put(&mut ledger, &entry).await {
                Ok(Change::Created) => done.created += 1,
                Ok(Change::Updated) => done.updated += 1,
                Ok(Change::None) => done.unchanged += 1,
                Err(fault) => {
                    let problem = fault.problem()?;
                    problems.push(LineProblem { number, problem });
                    if problems.len() >= MAX_PROBLEMS {
                        break;
                    }
                }
            }
        }
        if !problems.is_empty() {
            // The error undoes the lines that were good.
            return Err(RegisterError::Lines(problems));
        }
        let count = format!(
            "{} created, {} updated, {} unchanged",
            done.created, done.updated, done.unchanged
        );
        ledger.note(AuditOutcome::Done, "", &count).await?;
        Ok(done)
    }
}

/// Suspends or restores one registrant, with all that was issued to it.
pub(crate) struct SetActive {
    pub(crate) identifier: Identifier,
    pub(crate) active: bool,
    pub(crate) account: Account,
}

impl<Tx: RegistryTx> Act<Tx> for SetActive {
    const NAME: &'static str = "registration.set_registrant_active";
    /// Whether anything changed; `None`: nobody has the identifier.
    type Output = Option<bool>;
    type Error = crate::RegistrationError;

    async fn run(&self, tx: &mut Tx) -> Result<Option<bool>, crate::RegistrationError> {
        let mut ledger = Ledger::new(tx, self.account.clone());
        let Some(registrant) = ledger.tx.registrant(&self.identifier).await? else {
            return Ok(None);
        };
        let changed = set_active(&mut ledger, &registrant, self.active).await?;
        Ok(Some(changed))
    }
}
