//! Who gives an order, as the records have it at the time of the act.

use kleis_store::registry::{Certificate, RegistryTx, Role, RoleGrant};
use kleis_types::CertificateState;

use super::{
    Ledger,
    approvals::OPERATORS,
    life,
    roles::{self, RoleSeal, Standing},
};
use crate::{AdmissionError, RegistrationError, admission::Evidence};

/// The certificate that signed the order, if it is in use and its registrant active. The order was
/// verified before; this is the same question within the transaction, so that nothing is done by a
/// certificate that is revoked at the same time.
pub(crate) async fn in_use<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    evidence: &Evidence,
) -> Result<Certificate, RegistrationError> {
    let certificate = ledger
        .tx
        .certificate_by_x5t(&evidence.signer)
        .await?
        .filter(|certificate| certificate.state == CertificateState::Active)
        .ok_or(RegistrationError::SignerNotInUse)?;
    if !life::is_active(ledger, &certificate.owner).await? {
        return Err(RegistrationError::SignerNotInUse);
    }
    Ok(certificate)
}

/// The same, of a person who is an operator, as [`holder`].
pub(crate) async fn operator<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    evidence: &Evidence,
    roles: &RoleSeal,
) -> Result<Option<Certificate>, RegistrationError> {
    holder(ledger, evidence, roles, OPERATORS).await
}

/// The same, of a person who holds one of these roles. None: what the database has of them was
/// tampered with; the alarm is written, and the work ends with [`super::Refusal::Operator`], which
/// keeps it.
pub(crate) async fn holder<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    evidence: &Evidence,
    roles: &RoleSeal,
    wanted: &[Role],
) -> Result<Option<Certificate>, RegistrationError> {
    let certificate = in_use(ledger, evidence).await?;
    let person = &certificate.registrant;
    let mut tampered = None;
    for role in wanted {
        match roles.find(ledger.tx, person, *role).await? {
            Standing::Held(_) => return Ok(Some(certificate)),
            Standing::None(_) => {}
            Standing::Tampered(_) => tampered = Some(RoleGrant::resource_of(person, *role)),
        }
    }
    match tampered {
        Some(resource) => {
            roles::alarm(ledger, &resource).await?;
            Ok(None)
        }
        None if wanted == OPERATORS => Err(RegistrationError::NotOperator),
        None => Err(AdmissionError::NotApprover.into()),
    }
}
