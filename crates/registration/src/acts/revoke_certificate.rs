//! A certificate withdrawn, with all that it binds.

use kleis_proto::registration::v1::{RevokeCertificateAsOperatorResult, RevokeCertificateResult};
use kleis_store::registry::{Certificate, RegistryTx};
use kleis_types::CertificateState;

use super::{Ledger, Refusal, Verdict, Work, life, publish::publish, roles::RoleSeal, signer};
use crate::{RegistrationError, admission::Evidence, command};

/// Revokes a certificate, by itself or by a sibling device.
pub(crate) struct RevokeCertificate {
    pub(crate) command: command::RevokeCertificate,
}

/// Revokes anybody's certificate, by an operator.
pub(crate) struct RevokeCertificateAsOperator {
    pub(crate) command: command::RevokeCertificate,
    pub(crate) roles: RoleSeal,
}

impl Work for RevokeCertificate {
    const NAME: &'static str = "registration.revoke_certificate";
    const VERSIONED: bool = true;
    type Result = RevokeCertificateResult;

    async fn run<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        evidence: &Evidence,
    ) -> Result<Verdict<RevokeCertificateResult>, RegistrationError> {
        let signer = signer::in_use(ledger, evidence).await?;
        let certificate = find(ledger, &self.command).await?;
        if certificate.owner != signer.owner {
            return Err(RegistrationError::NotFound("certificate"));
        }
        let kids = revoke(ledger, evidence, certificate, &self.command).await?;
        Ok(Verdict::Done(RevokeCertificateResult {
            serial: self.command.serial.to_string(),
            state: CertificateState::Revoked.to_string(),
            kids,
        }))
    }
}

impl Work for RevokeCertificateAsOperator {
    const NAME: &'static str = "registration.revoke_certificate_as_operator";
    const VERSIONED: bool = true;
    type Result = RevokeCertificateAsOperatorResult;

    async fn run<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        evidence: &Evidence,
    ) -> Result<Verdict<RevokeCertificateAsOperatorResult>, RegistrationError> {
        if signer::operator(ledger, evidence, &self.roles)
            .await?
            .is_none()
        {
            return Ok(Verdict::Refused(Refusal::Operator));
        }
        let certificate = find(ledger, &self.command).await?;
        let kids = revoke(ledger, evidence, certificate, &self.command).await?;
        Ok(Verdict::Done(RevokeCertificateAsOperatorResult {
            serial: self.command.serial.to_string(),
            state: CertificateState::Revoked.to_string(),
            kids,
        }))
    }
}

async fn find<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    command: &command::RevokeCertificate,
) -> Result<Certificate, RegistrationError> {
    let certificate = ledger.tx.certificate(&command.serial.to_string()).await?;
    certificate.ok_or(RegistrationError::NotFound("certificate"))
}

async fn revoke<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    evidence: &Evidence,
    certificate: Certificate,
    command: &command::RevokeCertificate,
) -> Result<Vec<String>, RegistrationError> {
    evidence.expect(certificate.version)?;
    let owner = certificate.owner.clone();
    let kids = life::revoke_certificate(ledger, certificate, command.reason).await?;
    publish(ledger, &owner).await?;
    Ok(kids)
}
