//! Certificate requests without a proof of identity: submitted, decided about, taken back.

use kleis_pki::Csr;
use kleis_proto::registration::v1::{
    ApproveCertificateRequestResult, EnrolResult, RejectCertificateRequestResult,
    SubmitCertificateRequestResult, ValidateCertificateRequestResult,
    WithdrawCertificateRequestResult,
};
use kleis_store::{
    AuditOutcome, StoreError,
    registry::{CertificateRequest, Registrant, RegistryTx},
};
use kleis_types::{RequestState, TypeTable};
use std::sync::Arc;

use super::{
    Issuer, Ledger, Refusal, Verdict, Work,
    approvals::{APPROVERS, Approvals, Matter, approves_request},
    enrol::{self, Candidate, active_registrant, certify, make_room},
    issue, signer, sourcing,
};
use crate::{
    AdmissionError, Behind, RegistrationError, SourceError, admission::Evidence, command,
    config::Desk,
};

/// Keeps a request until somebody decides about it.
pub(crate) struct SubmitRequest {
    pub(crate) command: command::SubmitRequest,
    /// The id of the request.
    pub(crate) id: String,
    pub(crate) desk: Desk,
    pub(crate) approvals: Approvals,
}

impl Work for SubmitRequest {
    const NAME: &'static str = "registration.submit_certificate_request";
    type Result = SubmitCertificateRequestResult;

    async fn run<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        _evidence: &Evidence,
    ) -> Result<Verdict<SubmitCertificateRequestResult>, RegistrationError> {
        // Whoever asks has shown nothing but a key.
        ledger.disown();
        let command = &self.command;
        let (all, of_this) = ledger.tx.pending_requests(&command.identifier).await?;
        if all >= self.desk.max_pending || of_this >= self.desk.max_pending_of_identity {
            return Err(AdmissionError::RequestsPending.into());
        }
        let jkt = command.csr.public_key().thumbprint().to_string();
        if ledger.tx.public_key(&jkt).await?.is_some() {
            return Err(RegistrationError::KeyInUse { field: "csr" });
        }
        let request = CertificateRequest {
            id: self.id.clone(),
            identifier: command.identifier.clone(),
            device: command.device.clone(),
            csr: command.csr.der().to_vec(),
            jkt,
            contract: command.contract.clone(),
            submitted_at: ledger.at(),
            expires_at: ledger.at().plus_seconds(self.desk.lifetime),
            state: RequestState::PendingApproval,
            decided_at: None,
            reason: String::new(),
            serial: String::new(),
            version: 1,
        };
        ledger
            .put_request(&request)
            .await
            .map_err(|error| match error {
                // The same key, in another request that waits.
                StoreError::AlreadyExists(_) => RegistrationError::KeyInUse { field: "csr" },
                other => other.into(),
            })?;
        Ok(Verdict::Done(SubmitCertificateRequestResult {
            request: request.id,
            state: request.state.to_string(),
            expires_at: u32::try_from(request.expires_at.unix()).unwrap_or(u32::MAX),
            approvals_needed: self.approvals.needed(ledger.tx, APPROVERS).await?,
        }))
    }
}

/// Takes a request back.
pub(crate) struct WithdrawRequest {
    pub(crate) command: command::OwnRequest,
}

impl Work for WithdrawRequest {
    const NAME: &'static str = "registration.withdraw_certificate_request";
    type Result = WithdrawCertificateRequestResult;

    async fn run<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        _evidence: &Evidence,
    ) -> Result<Verdict<WithdrawCertificateRequestResult>, RegistrationError> {
        ledger.disown();
        let request = own(ledger, &self.command).await?;
        let state = request.state.withdraw()?;
        let request = end(ledger, request, state, "").await?;
        Ok(Verdict::Done(WithdrawCertificateRequestResult {
            request: request.id,
            state: request.state.to_string(),
        }))
    }
}

/// Issues what a request asks for, on proof of identity by a login.
pub(crate) struct ValidateRequest {
    pub(crate) command: command::OwnRequest,
    pub(crate) token: command::TokenProof,
    pub(crate) issuer: Issuer,
    pub(crate) types: Arc<TypeTable>,
    /// What the source of registrants says, asked before.
    pub(crate) behind: Result<Behind, SourceError>,
}

impl Work for ValidateRequest {
    const NAME: &'static str = "registration.validate_certificate_request";
    type Result = ValidateCertificateRequestResult;

    async fn run<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        _evidence: &Evidence,
    ) -> Result<Verdict<ValidateCertificateRequestResult>, RegistrationError> {
        let request = own(ledger, &self.command).await?;
        if !self.token.identifiers.contains(&request.identifier) {
            return Err(RegistrationError::SignerMismatch { field: "request" });
        }
        still_open(ledger, &request)?;
        sourcing::settle(ledger, &self.behind).await?;
        let registrant = active_registrant(ledger, &request.identifier).await?;
        enrol::refuse_further_device(ledger, &request.identifier).await?;
        let csr = stored_csr(&request)?;
        let issued = fulfil(
            ledger,
            &self.issuer,
            &self.types,
            request,
            &csr,
            &registrant,
        )
        .await?;
        Ok(Verdict::Done(ValidateCertificateRequestResult {
            chain: issued.chain,
            serial: issued.serial,
            recovered: issued.recovered,
        }))
    }
}

/// Approves a request; the last approval issues the certificate.
pub(crate) struct ApproveRequest {
    pub(crate) command: command::ApproveRequest,
    pub(crate) approvals: Approvals,
    pub(crate) issuer: Issuer,
    pub(crate) types: Arc<TypeTable>,
    /// What the source of registrants says, asked before.
    pub(crate) behind: Result<Behind, SourceError>,
}

impl Work for ApproveRequest {
    const NAME: &'static str = "registration.approve_certificate_request";
    type Result = ApproveCertificateRequestResult;

    async fn run<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        evidence: &Evidence,
    ) -> Result<Verdict<ApproveCertificateRequestResult>, RegistrationError> {
        let Self {
            command, approvals, ..
        } = self;
        let Some(approver) = signer::holder(ledger, evidence, &approvals.roles, APPROVERS).await?
        else {
            return Ok(Verdict::Refused(Refusal::Operator));
        };
        let request = find(ledger, &command.id).await?;
        still_open(ledger, &request)?;
        let csr = stored_csr(&request)?;
        self.check_is_what_was_read(&request, &csr)?;
        sourcing::settle(ledger, &self.behind).await?;
        let registrant = active_registrant(ledger, &request.identifier).await?;
        if registrant.id == approver.registrant {
            return Err(RegistrationError::OwnCause);
        }
        enrol::check_subject(&csr, &request.identifier, &registrant)?;
        let resource = CertificateRequest::resource_of(&request.id);
        let matter = Matter {
            resource: &resource,
            subject: &registrant.id,
            by: APPROVERS,
            approves: &|kept| approves_request(kept, command),
        };
        let given = approvals
            .add(ledger, evidence, &approver.registrant, &matter)
            .await?;
        let needed = approvals.needed(ledger.tx, APPROVERS).await?;
        let mut result = ApproveCertificateRequestResult {
            request: request.id.clone(),
            state: request.state.to_string(),
            approvals: given,
            approvals_needed: needed,
            serial: String::new(),
        };
        if given < needed {
            ledger
                .note(AuditOutcome::Done, &resource, "approved")
                .await?;
            return Ok(Verdict::Done(result));
        }
        let issued = fulfil(
            ledger,
            &self.issuer,
            &self.types,
            request,
            &csr,
            &registrant,
        )
        .await?;
        result.state = RequestState::Issued.to_string();
        result.serial = issued.serial;
        Ok(Verdict::Done(result))
    }
}

impl ApproveRequest {
    /// The approver has read this very request, and compared this very key.
    fn check_is_what_was_read(
        &self,
        request: &CertificateRequest,
        csr: &Csr,
    ) -> Result<(), RegistrationError> {
        let command = &self.command;
        let differs = |field| Err(AdmissionError::ApprovalDiffers { field }.into());
        if command.identifier != request.identifier {
            return differs("identifier");
        }
        if command.device != request.device {
            return differs("device");
        }
        if command.jkt != csr.public_key().thumbprint() {
            return differs("jkt");
        }
        Ok(())
    }
}

/// Refuses a request.
pub(crate) struct RejectRequest {
    pub(crate) command: command::RejectRequest,
    pub(crate) approvals: Approvals,
}

impl Work for RejectRequest {
    const NAME: &'static str = "registration.reject_certificate_request";
    type Result = RejectCertificateRequestResult;

    async fn run<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        evidence: &Evidence,
    ) -> Result<Verdict<RejectCertificateRequestResult>, RegistrationError> {
        let roles = &self.approvals.roles;
        if signer::holder(ledger, evidence, roles, APPROVERS)
            .await?
            .is_none()
        {
            return Ok(Verdict::Refused(Refusal::Operator));
        }
        let request = find(ledger, &self.command.id).await?;
        let state = request.state.reject()?;
        let request = end(ledger, request, state, &self.command.reason).await?;
        Ok(Verdict::Done(RejectCertificateRequestResult {
            request: request.id,
            state: request.state.to_string(),
        }))
    }
}

/// Ends a request that nobody decided about in time.
pub(super) async fn expire<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    request: CertificateRequest,
) -> Result<(), RegistrationError> {
    let state = request.state.expire()?;
    end(ledger, request, state, "").await.map(drop)
}

async fn find<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    id: &str,
) -> Result<CertificateRequest, RegistrationError> {
    let request = ledger.tx.certificate_request(id).await?;
    request.ok_or(AdmissionError::RequestUnknown.into())
}

/// The request of this id, if this key has submitted it; to others it does not exist.
async fn own<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    command: &command::OwnRequest,
) -> Result<CertificateRequest, RegistrationError> {
    let request = find(ledger, &command.id).await?;
    if request.jkt == command.key.thumbprint().as_str() {
        Ok(request)
    } else {
        Err(AdmissionError::RequestUnknown.into())
    }
}

/// Refuses a request that has come to its end, or whose time is over.
fn still_open<Tx: RegistryTx>(
    ledger: &Ledger<'_, Tx>,
    request: &CertificateRequest,
) -> Result<(), RegistrationError> {
    let state = if ledger.at() < request.expires_at {
        request.state
    } else {
        // Not swept yet.
        RequestState::Expired
    };
    Ok(state.issue().map(drop)?)
}

/// The certificate request as it was submitted, under the same checks.
fn stored_csr(request: &CertificateRequest) -> Result<Csr, RegistrationError> {
    let csr = Csr::parse(&request.csr).map_err(kleis_types::Problem::from)?;
    Ok(csr)
}

/// Issues the certificate, and ends the request with it.
async fn fulfil<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    issuer: &Issuer,
    types: &TypeTable,
    request: CertificateRequest,
    csr: &Csr,
    registrant: &Registrant,
) -> Result<EnrolResult, RegistrationError> {
    enrol::check_subject(csr, &request.identifier, registrant)?;
    let others = ledger.tx.certificates_of(&request.identifier).await?;
    let recovered = !others.is_empty();
    make_room(ledger, others, &request.device).await?;
    let candidate = Candidate {
        identifiers: issue::certified_identifiers(registrant, &request.identifier, types),
        device: &request.device,
        csr,
        registrant,
        endorsement: None,
        recovered,
        place: 0,
        renews: false,
    };
    let result = certify(ledger, issuer, candidate).await?;
    let state = request.state.issue()?;
    let resource = CertificateRequest::resource_of(&request.id);
    ledger.tx.remove_approvals(&resource).await?;
    let request = CertificateRequest {
        serial: result.serial.clone(),
        ..request
    };
    end(ledger, request, state, "").await?;
    Ok(result)
}

async fn end<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    request: CertificateRequest,
    state: RequestState,
    reason: &str,
) -> Result<CertificateRequest, RegistrationError> {
    let request = CertificateRequest {
        state,
        decided_at: Some(ledger.at()),
        reason: reason.to_owned(),
        version: request.version + 1,
        ..request
    };
    ledger.put_request(&request).await?;
    Ok(request)
}
