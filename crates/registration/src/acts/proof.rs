//! What an identity is proved with: an enrolment code, or the endorsement of a sibling device.

use kleis_pki::Csr;
use kleis_store::{
    AuditOutcome,
    registry::{Certificate, EnrolmentCode, RegistryTx},
};
use kleis_trust::{endorsement::Endorsement, enrolment_code};
use kleis_types::{CertificateState, DeviceId, Identifier, InstallationId};
use kleis_wrap::RootKek;

use super::{Ledger, approvals::Approvals};
use crate::{RegistrationError, command::CodeProof};

/// The purpose under which verifiers are wrapped; their name is the code's id.
pub(crate) const VERIFIER: &str = "enrolment";

/// How many wrong proofs end a code.
pub(crate) const ATTEMPTS: u32 = 10;

/// Whose code it must be.
#[derive(Clone, Copy, Debug)]
pub(super) enum CodeFor<'a> {
    /// The code of this identity, which must be approved as these are.
    Identity(&'a Identifier, &'a Approvals),
    /// The code for the first operator, whoever that is.
    Bootstrap,
}

/// The request that the proof is over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Proven<'a> {
    pub(super) csr: &'a Csr,
    pub(super) identifier: &'a Identifier,
    pub(super) device: &'a DeviceId,
    pub(super) installation: &'a InstallationId,
}

/// Looks at a proof and spends the code if it is right. `false`: it is wrong, which has cost an
/// attempt and is in the audit.
///
/// Whether the code exists, is another's, spent, expired or out of attempts is not told apart.
pub(super) async fn spend_code<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    kek: &RootKek,
    proof: &CodeProof,
    whose: CodeFor<'_>,
    request: Proven<'_>,
) -> Result<bool, RegistrationError> {
    let found = ledger.tx.enrolment_code(&proof.code_id.to_string()).await?;
    let mut code = found
        .filter(|code| is_usable(code, whose, ledger.at()))
        .ok_or(RegistrationError::EnrolmentRefused)?;
    if let CodeFor::Identity(_, approvals) = whose
        && approvals.missing_for_code(ledger, &code).await? > 0
    {
        return Err(RegistrationError::EnrolmentRefused);
    }
    let right = is_right(&code, kek, proof, request)?;
    code.version += 1;
    if right {
        code.verifier = Vec::new();
        code.used_at = Some(ledger.at());
        ledger.put_code(&code, AuditOutcome::Done, "spent").await?;
    } else {
        code.attempts_left = code.attempts_left.saturating_sub(1);
        // Whoever it was has not shown to be the one whom the code is for.
        ledger.disown();
        ledger
            .put_code(&code, AuditOutcome::Refused, "wrong proof")
            .await?;
    }
    Ok(right)
}

/// Whether a proof is one of knowing this code.
pub(super) fn is_right(
    code: &EnrolmentCode,
    kek: &RootKek,
    proof: &CodeProof,
    request: Proven<'_>,
) -> Result<bool, RegistrationError> {
    let verifier = kek.unwrap_secret(request.installation, VERIFIER, &code.id, &code.verifier)?;
    Ok(enrolment_code::verify_proof(
        &verifier,
        request.csr.der(),
        request.identifier,
        request.device,
        request.installation,
        &proof.mac,
    ))
}

/// Whether a code is this one's, and still good.
pub(super) fn is_usable(
    code: &EnrolmentCode,
    whose: CodeFor<'_>,
    now: kleis_types::Timestamp,
) -> bool {
    let of_this = match whose {
        CodeFor::Identity(identifier, _) => code.identifier.as_ref() == Some(identifier),
        CodeFor::Bootstrap => code.identifier.is_none(),
    };
    of_this
        && code.used_at.is_none()
        && code.revoked_at.is_none()
        && code.attempts_left > 0
        && now < code.expires_at
}

/// The endorsing device, which must be, as the records have it now, one in use of the owner.
pub(super) async fn check_endorser<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    endorsement: &Endorsement,
) -> Result<Certificate, RegistrationError> {
    let x5t = endorsement.endorser().certificate().x5t_s256();
    let endorser = ledger.tx.certificate_by_x5t(x5t).await?;
    let at = ledger.at();
    let in_use = endorser.filter(|endorser| {
        endorser.state == CertificateState::Active
            && at <= endorser.not_after
            && &endorser.owner == endorsement.owner()
            && &endorser.device != endorsement.device()
    });
    in_use.ok_or(RegistrationError::EndorserNotInUse)
}
