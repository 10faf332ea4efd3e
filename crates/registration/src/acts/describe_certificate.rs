//! A certificate looked back at.
//!
//! Whoever asks holds something that was signed with it, or the certificate itself: its thumbprint
//! is no secret, and whose it is, is not told.

use kleis_proto::registration::v1::DescribeCertificateResult;
use kleis_store::{
    AuditOutcome, Audited as _, StoredAuditRow,
    registry::{Certificate, RegistryTx},
};
use kleis_types::{CertificateState, Timestamp};

use super::{Ledger, Verdict, Work, signer};
use crate::{RegistrationError, admission::Evidence, command};

/// More than the states through which a certificate goes in its life.
const MAX_CHANGES: u32 = 16;

/// Tells how a certificate has stood.
pub(crate) struct DescribeCertificate {
    pub(crate) command: command::DescribeCertificate,
}

impl Work for DescribeCertificate {
    const NAME: &'static str = "registration.describe_certificate";
    type Result = DescribeCertificateResult;

    async fn run<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        evidence: &Evidence,
    ) -> Result<Verdict<DescribeCertificateResult>, RegistrationError> {
        signer::in_use(ledger, evidence).await?;
        let found = ledger.tx.certificate_by_x5t(&self.command.x5t).await?;
        let certificate = found.ok_or(RegistrationError::CertificateUnknown)?;
        let resource = certificate.resource();
        let changes = ledger.tx.audited_versions(&resource, MAX_CHANGES).await?;
        ledger
            .note(AuditOutcome::Done, &resource, "described")
            .await?;
        Ok(Verdict::Done(describe(certificate, &changes, ledger.at())))
    }
}

fn describe(
    certificate: Certificate,
    changes: &[StoredAuditRow],
    now: Timestamp,
) -> DescribeCertificateResult {
    // No column has it: the row of the change does, until it is archived.
    let superseded = CertificateState::Superseded.as_str();
    let superseded = changes.iter().find(|row| row.details == superseded);
    let holds = |version| changes.iter().any(|row| row.resource_version == version);
    DescribeCertificateResult {
        x5t: certificate.x5t,
        state: certificate.state.to_string(),
        not_before: seconds(Some(certificate.not_before)),
        not_after: seconds(Some(certificate.not_after)),
        revoked_at: seconds(certificate.revoked_at),
        reason: certificate
            .reason
            .map(|reason| reason.to_string())
            .unwrap_or_default(),
        superseded_at: seconds(superseded.map(|row| row.at)),
        incomplete: !(2..=certificate.version).all(holds),
        as_of: seconds(Some(now)),
    }
}

/// A time as it travels; 0 where there is none.
fn seconds(time: Option<Timestamp>) -> u32 {
    time.map_or(0, |time| u32::try_from(time.unix()).unwrap_or(u32::MAX))
}
