//! A line of the register, put where it belongs.

use std::collections::BTreeSet;

use kleis_store::{
    StoreError,
    registry::{Certificate, Registrant, RegistryTx},
};
use kleis_types::{CertificateState, ErrorCode, Identifier, Problem};

use super::{Ledger, issue, life, notices, publish::publish};
use crate::{RegistrationError, command::RegistrantEntry};

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Created,
    Updated,
    None,
}

/// What is wrong with a line, before it is known which one.
pub(super) enum Fault {
    Taken,
    Certified,
    Other(RegistrationError),
}

impl<E: Into<RegistrationError>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}

impl Fault {
    /// The fault as it is told of the registrant with this index in an order.
    pub(super) fn on_line(self, index: usize) -> RegistrationError {
        match self.problem() {
            Ok(problem) => problem.at(format!("[{index}]")).at("registrants").into(),
            Err(error) => error,
        }
    }

    /// What is wrong with the line, or else what is wrong with us.
    pub(super) fn problem(self) -> Result<Problem, RegistrationError> {
        let (code, what) = match self {
            Self::Taken => (
                ErrorCode::AlreadyExists,
                "an identifier belongs to another registrant: name it by its first identifier",
            ),
            Self::Certified => (
                ErrorCode::StateConflict,
                "a certificate in use names an identifier that is to be removed: revoke it first",
            ),
            Self::Other(error) => return Err(error),
        };
        Ok(Problem::new(code, what).at("identifiers"))
    }
}

/// Adds the registrant or changes it to what the entry says; what was issued to it is suspended or
/// restored with it.
pub(super) async fn put<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    wanted: &RegistrantEntry,
) -> Result<Change, Fault> {
    let Some(former) = ledger.tx.registrant(&wanted.id).await? else {
        store(ledger, &wanted.record(None)).await?;
        return Ok(Change::Created);
    };
    if former.id != wanted.id {
        return Err(Fault::Taken);
    }
    change(ledger, &former, wanted.record(Some(&former))).await
}

/// Suspends or restores a registrant. `false`: it stood so already.
pub(super) async fn set_active<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    former: &Registrant,
    active: bool,
) -> Result<bool, RegistrationError> {
    let next = Registrant {
        active,
        version: former.version + 1,
        ..former.clone()
    };
    match change(ledger, former, next).await {
        Ok(change) => Ok(change == Change::Updated),
        Err(fault) => match fault.problem() {
            Ok(problem) => Err(problem.into()),
            Err(error) => Err(error),
        },
    }
}

async fn change<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    former: &Registrant,
    next: Registrant,
) -> Result<Change, Fault> {
    let is_same = Registrant {
        version: former.version,
        ..next.clone()
    } == *former;
    if is_same {
        return Ok(Change::None);
    }
    let certificates = ledger.tx.certificates_of_registrant(&former.id).await?;
    refuse_certified(former, &next, &certificates)?;
    store(ledger, &next).await?;
    if former.active != next.active {
        notices::of_registrant(ledger, &next).await?;
        suspend_or_restore(ledger, &certificates, next.active).await?;
    }
    Ok(Change::Updated)
}

async fn store<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    registrant: &Registrant,
) -> Result<(), Fault> {
    ledger
        .put_registrant(registrant)
        .await
        .map_err(|error| match error {
            StoreError::AlreadyExists(_) => Fault::Taken,
            other => other.into(),
        })
}

/// Refuses to take an identifier from a registrant while a certificate in use names it: its holder
/// would go on speaking for whoever has it next.
fn refuse_certified(
    former: &Registrant,
    next: &Registrant,
    certificates: &[Certificate],
) -> Result<(), Fault> {
    let removed: Vec<&Identifier> = former
        .identifiers
        .iter()
        .filter(|one| !next.identifiers.contains(one))
        .collect();
    if removed.is_empty() {
        return Ok(());
    }
    for certificate in certificates
        .iter()
        .filter(|one| one.state == CertificateState::Active)
    {
        let certified = issue::certified_by(certificate)?;
        let mut named = certified.iter().map(|one| one.with_application(None));
        if named.any(|named| removed.contains(&&named)) {
            return Err(Fault::Certified);
        }
    }
    Ok(())
}

/// Brings statuses and sets of all the registrant's certificates and keys to its new standing. The
/// records themselves do not change: what is suspended comes back as it was.
async fn suspend_or_restore<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    certificates: &[Certificate],
    active: bool,
) -> Result<(), RegistrationError> {
    for certificate in certificates {
        let status = life::certificate_status(certificate.state, active);
        ledger.put_status(certificate.status_index, status).await?;
    }
    let owners: BTreeSet<&Identifier> = certificates.iter().map(|one| &one.owner).collect();
    for owner in owners {
        for key in ledger.tx.encryption_keys_of(owner).await? {
            let status = life::key_status(key.state, active);
            ledger.put_status(key.status_index, status).await?;
        }
        publish(ledger, owner).await?;
    }
    Ok(())
}
