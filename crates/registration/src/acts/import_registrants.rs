//! The register, filled and changed.

use std::collections::BTreeSet;

use kleis_pki::Certificate as X509;
use kleis_proto::registration::v1::ImportRegistrantsResult;
use kleis_store::{
    AuditOutcome, StoreError,
    registry::{Certificate, Registrant, RegistryTx},
};
use kleis_types::{CertificateState, ErrorCode, Identifier, Problem};

use super::{Ledger, Refusal, Verdict, Work, life, publish::publish, roles::RoleSeal, signer};
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

enum Change {
    Created,
    Updated,
    None,
}

/// What is wrong with a line, before it is known which one.
enum Fault {
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
    fn on_line(self, index: usize) -> RegistrationError {
        let (code, what) = match self {
            Self::Taken => (
                ErrorCode::AlreadyExists,
                "an identifier belongs to another registrant: name it by its first identifier",
            ),
            Self::Certified => (
                ErrorCode::StateConflict,
                "a certificate in use names an identifier that is to be removed: revoke it first",
            ),
            Self::Other(error) => return error,
        };
        Problem::new(code, what)
            .at("identifiers")
            .at(format!("[{index}]"))
            .at("registrants")
            .into()
    }
}

async fn put<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    wanted: &Registrant,
) -> Result<Change, Fault> {
    let Some(former) = ledger.tx.registrant(&wanted.id).await? else {
        store(ledger, wanted).await?;
        return Ok(Change::Created);
    };
    if former.id != wanted.id {
        return Err(Fault::Taken);
    }
    let next = Registrant {
        version: former.version + 1,
        ..wanted.clone()
    };
    if former
        == (Registrant {
            version: former.version,
            ..wanted.clone()
        })
    {
        return Ok(Change::None);
    }
    let certificates = ledger.tx.certificates_of_registrant(&former.id).await?;
    refuse_certified(&former, &next, &certificates)?;
    store(ledger, &next).await?;
    if former.active != next.active {
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
        let leaf = certificate.chain.first().map_or(&[][..], Vec::as_slice);
        let identity = X509::from_der(leaf)?.identity()?;
        let mut named = identity
            .identifiers()
            .iter()
            .map(|one| one.with_application(None));
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
