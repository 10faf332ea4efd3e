//! A certificate looked back at.
//!
//! Whoever asks holds something that was signed with it, or the certificate itself: its thumbprint
//! is no secret, and whose it is, is not told.

use kleis_proto::registration::v1::DescribeCertificateResult;
use kleis_store::{AuditOutcome, Audited as _, registry::RegistryTx};
use kleis_trust::standing::History;
use kleis_types::Timestamp;

use super::{Ledger, Verdict, Work, signer};
use crate::{RegistrationError, admission::Evidence, command, history::history_of};

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
        let history = history_of(ledger.tx, &certificate, evidence.received_at).await?;
        ledger
            .note(AuditOutcome::Done, &certificate.resource(), "described")
            .await?;
        Ok(Verdict::Done(describe(&history)))
    }
}

fn describe(history: &History) -> DescribeCertificateResult {
    let reason = history.reason.map(|reason| reason.to_string());
    DescribeCertificateResult {
        x5t: history.x5t.clone(),
        state: history.state.to_string(),
        not_before: seconds(Some(history.not_before)),
        not_after: seconds(Some(history.not_after)),
        revoked_at: seconds(history.revoked_at),
        reason: reason.unwrap_or_default(),
        superseded_at: seconds(history.superseded_at),
        incomplete: !history.is_complete,
        as_of: seconds(Some(history.as_of)),
    }
}

/// A time as it travels; 0 where there is none.
fn seconds(time: Option<Timestamp>) -> u32 {
    time.map_or(0, |time| u32::try_from(time.unix()).unwrap_or(u32::MAX))
}
