//! A certificate for whoever proves an identity.

use std::sync::Arc;

use kleis_pki::{Csr, SubjectName};
use kleis_proto::registration::v1::EnrolResult;
use kleis_store::registry::{Certificate, Registrant, RegistryTx};
use kleis_trust::endorsement::Endorsement;
use kleis_types::{
    CertificateState, DeviceId, ErrorCode, Identifier, InstallationId, NoticeKind, Problem,
    TypeTable, base64url,
};
use kleis_wrap::RootKek;

use super::{
    Issuer, Ledger, Refusal, Verdict, Work,
    approvals::Approvals,
    issue::{self, Issuance},
    life, notices,
    proof::{self, CodeFor, Proven},
    publish::publish,
    sourcing,
};
use crate::{
    AdmissionError, Behind, RegistrationError, SourceError,
    admission::Evidence,
    command::{self, Proof},
};

/// Issues a certificate on proof by code, endorsement or login.
pub(crate) struct Enrol {
    pub(crate) command: command::Enrol,
    pub(crate) issuer: Issuer,
    pub(crate) approvals: Approvals,
    pub(crate) kek: Arc<RootKek>,
    pub(crate) types: Arc<TypeTable>,
    /// What the source of registrants says, asked before.
    pub(crate) behind: Result<Behind, SourceError>,
}

impl Work for Enrol {
    const NAME: &'static str = "registration.enrol";
    type Result = EnrolResult;

    async fn run<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        _evidence: &Evidence,
    ) -> Result<Verdict<EnrolResult>, RegistrationError> {
        let command = &self.command;
        let identifier = &command.identifier;
        let Some(by) = self.proved(ledger).await? else {
            return Ok(Verdict::Refused(Refusal::Enrolment));
        };
        // Only now: whoever proves nothing does not learn who is registered.
        sourcing::settle(ledger, &self.behind).await?;
        let registrant = active_registrant(ledger, identifier).await?;
        check_subject(&command.csr, identifier, &registrant)?;
        let others = ledger.tx.certificates_of(identifier).await?;
        let recovered = matches!(by, Proved::Operators) && !others.is_empty();
        make_room(ledger, others, &command.device).await?;
        let mut identifiers = issue::certified_identifiers(&registrant, identifier, &self.types);
        if let Proved::Device(endorser) = &by {
            // A device speaks for what it is certified for, whatever the register says now.
            let certified = issue::certified_by(endorser)?;
            identifiers.retain(|identifier| certified.contains(identifier));
        }
        let endorsement = match &command.proof {
            Proof::Endorsement(endorsement, compact) => Some((&**endorsement, compact.as_str())),
            Proof::Code(_) | Proof::Token(_) => None,
        };
        let candidate = Candidate {
            identifiers,
            device: &command.device,
            csr: &command.csr,
            registrant: &registrant,
            endorsement,
            recovered,
            place: 0,
            renews: false,
        };
        Ok(Verdict::Done(
            certify(ledger, &self.issuer, candidate).await?,
        ))
    }
}

/// What an identity was proved by.
enum Proved {
    /// A code of the operators.
    Operators,
    /// A device of the owner, with this certificate.
    Device(Box<Certificate>),
    /// A login.
    Issuer,
}

impl Enrol {
    /// What proves the identity; none if the proof is wrong, which counts.
    async fn proved<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
    ) -> Result<Option<Proved>, RegistrationError> {
        let identifier = &self.command.identifier;
        match &self.command.proof {
            Proof::Code(code) => {
                let whose = CodeFor::Identity(identifier, &self.approvals);
                let request = proven(&self.command, &self.issuer);
                let is_right = proof::spend_code(ledger, &self.kek, code, whose, request).await?;
                Ok(is_right.then_some(Proved::Operators))
            }
            Proof::Endorsement(endorsement, _) => {
                let endorser = proof::check_endorser(ledger, endorsement).await?;
                Ok(Some(Proved::Device(Box::new(endorser))))
            }
            Proof::Token(token) => {
                if !token.identifiers.contains(identifier) {
                    return Err(RegistrationError::SignerMismatch {
                        field: "identifier",
                    });
                }
                refuse_further_device(ledger, identifier).await?;
                Ok(Some(Proved::Issuer))
            }
        }
    }
}

/// Refuses to make a further device of an owner on the word of an issuer of tokens: that takes a
/// sibling, or the operators.
pub(super) async fn refuse_further_device<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    identifier: &Identifier,
) -> Result<(), RegistrationError> {
    if ledger.tx.certificates_of(identifier).await?.is_empty() {
        Ok(())
    } else {
        Err(AdmissionError::FurtherDevice.into())
    }
}

/// What a code's proof is over.
pub(super) fn proven<'a>(command: &'a command::Enrol, issuer: &'a Issuer) -> Proven<'a> {
    proven_for(command, &issuer.installation)
}

/// The same, in an installation.
pub(super) fn proven_for<'a>(
    command: &'a command::Enrol,
    installation: &'a InstallationId,
) -> Proven<'a> {
    Proven {
        csr: &command.csr,
        identifier: &command.identifier,
        device: &command.device,
        installation,
    }
}

/// The registrant who holds an identifier, if active.
pub(super) async fn active_registrant<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    identifier: &Identifier,
) -> Result<Registrant, RegistrationError> {
    let registrant = ledger.tx.registrant(identifier).await?;
    registrant
        .filter(|registrant| registrant.active)
        .ok_or(RegistrationError::RegistrantInactive)
}

/// Refuses a request whose subject is neither empty nor the one that the certificate will have.
pub(super) fn check_subject(
    csr: &Csr,
    identifier: &Identifier,
    registrant: &Registrant,
) -> Result<(), RegistrationError> {
    let subject = SubjectName::new(identifier, &registrant.name).map_err(|error| {
        Problem::new(ErrorCode::IdentifierInvalid, error.to_string()).at("identifier")
    })?;
    csr.check_subject(&subject)
        .map_err(|error| Problem::from(error).into())
}

/// Refuses if the device has a certificate in use; one whose end has come makes room.
pub(super) async fn make_room<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    certificates: Vec<Certificate>,
    device: &DeviceId,
) -> Result<(), RegistrationError> {
    let of_device = certificates.into_iter().filter(|certificate| {
        &certificate.device == device && certificate.state == CertificateState::Active
    });
    for certificate in of_device {
        if certificate.not_after >= ledger.at() {
            return Err(RegistrationError::CertificateExists);
        }
        life::expire_certificate(ledger, certificate).await?;
    }
    Ok(())
}

/// What is to be certified, every question about it answered.
pub(super) struct Candidate<'a> {
    /// The identity asked for, then its certified aliases.
    pub(super) identifiers: Vec<Identifier>,
    pub(super) device: &'a DeviceId,
    pub(super) csr: &'a Csr,
    pub(super) registrant: &'a Registrant,
    /// The endorsement of the device, and its compact form.
    pub(super) endorsement: Option<(&'a Endorsement, &'a str)>,
    pub(super) recovered: bool,
    pub(super) place: u8,
    /// Whether it follows another certificate of the device.
    pub(super) renews: bool,
}

/// Claims the key, issues and publishes.
pub(super) async fn certify<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    issuer: &Issuer,
    candidate: Candidate<'_>,
) -> Result<EnrolResult, RegistrationError> {
    let Candidate {
        identifiers,
        device,
        csr,
        registrant,
        endorsement,
        recovered,
        place,
        renews,
    } = candidate;
    let key = csr.public_key();
    let owner = identifiers
        .first()
        .ok_or(RegistrationError::RegistrantInactive)?;
    issue::claim_signature_key(ledger, key, owner).await?;
    let issuance = Issuance {
        identifiers,
        device,
        registrant: &registrant.id,
        name: &registrant.name,
        key,
        spki_der: csr.spki_der(),
        endorsement: endorsement.map_or("", |(_, compact)| compact),
        recovered,
        place,
    };
    let (certificate, leaf) = issuer.issue(ledger, issuance).await?;
    if let Some((endorsement, _)) = endorsement {
        // What every sender will ask, asked once before it is too late.
        let identity = leaf.identity()?;
        endorsement.covers(&leaf, &identity)?;
    }
    let kind = match (renews, recovered) {
        (true, _) => NoticeKind::CertificateRenewed,
        (false, true) => NoticeKind::DeviceRecovered,
        (false, false) => NoticeKind::DeviceAdded,
    };
    notices::of_certificate(ledger, kind, &certificate).await?;
    publish(ledger, &certificate.owner).await?;
    Ok(EnrolResult {
        chain: certificate
            .chain
            .iter()
            .map(|der| base64url::encode(der))
            .collect(),
        serial: certificate.serial,
        endorsement: certificate.endorsement,
        recovered: certificate.recovered,
    })
}
