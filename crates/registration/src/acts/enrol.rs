//! A certificate for whoever proves an identity.

use std::sync::Arc;

use kleis_pki::SubjectName;
use kleis_proto::registration::v1::EnrolResult;
use kleis_store::registry::{Certificate, Registrant, RegistryTx};
use kleis_types::{
    CertificateState, ErrorCode, Identifier, InstallationId, NoticeKind, Problem, TypeTable,
    base64url,
};
use kleis_wrap::RootKek;

use super::{
    Issuer, Ledger, Refusal, Verdict, Work,
    issue::{self, Issuance},
    life, notices,
    proof::{self, CodeFor, Proven},
    publish::publish,
    sourcing,
};
use crate::{
    Behind, RegistrationError, SourceError,
    admission::Evidence,
    command::{self, Proof},
};

/// Issues a certificate on proof by code or endorsement.
pub(crate) struct Enrol {
    pub(crate) command: command::Enrol,
    pub(crate) issuer: Issuer,
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
        let identifier = &self.command.identifier;
        if !self.is_proved(ledger).await? {
            return Ok(Verdict::Refused(Refusal::Enrolment));
        }
        // Only now: whoever proves nothing does not learn who is registered.
        sourcing::settle(ledger, &self.behind).await?;
        let registrant = active_registrant(ledger, identifier).await?;
        check_subject(&self.command, &registrant)?;
        let others = ledger.tx.certificates_of(identifier).await?;
        let recovered = matches!(self.command.proof, Proof::Code(_)) && !others.is_empty();
        make_room(ledger, others, &self.command).await?;
        let identifiers = issue::certified_identifiers(&registrant, identifier, &self.types);
        certify(
            ledger,
            &self.issuer,
            &self.command,
            &registrant,
            identifiers,
            recovered,
        )
        .await
    }
}

impl Enrol {
    async fn is_proved<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
    ) -> Result<bool, RegistrationError> {
        match &self.command.proof {
            Proof::Code(code) => {
                let whose = CodeFor::Identity(&self.command.identifier);
                let request = proven(&self.command, &self.issuer);
                proof::spend_code(ledger, &self.kek, code, whose, request).await
            }
            Proof::Endorsement(endorsement, _) => {
                proof::check_endorser(ledger, endorsement).await?;
                Ok(true)
            }
        }
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
    command: &command::Enrol,
    registrant: &Registrant,
) -> Result<(), RegistrationError> {
    let subject = SubjectName::new(&command.identifier, &registrant.name).map_err(|error| {
        Problem::new(ErrorCode::IdentifierInvalid, error.to_string()).at("identifier")
    })?;
    command
        .csr
        .check_subject(&subject)
        .map_err(|error| Problem::from(error).into())
}

/// Refuses if the device has a certificate in use; one whose end has come makes room.
pub(super) async fn make_room<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    certificates: Vec<Certificate>,
    command: &command::Enrol,
) -> Result<(), RegistrationError> {
    let mut of_device = certificates.into_iter().filter(|certificate| {
        certificate.device == command.device && certificate.state == CertificateState::Active
    });
    match of_device.next() {
        None => Ok(()),
        Some(certificate) if certificate.not_after < ledger.at() => {
            life::expire_certificate(ledger, certificate).await?;
            Ok(())
        }
        Some(_) => Err(RegistrationError::CertificateExists),
    }
}

/// Claims the key, issues and publishes.
pub(super) async fn certify<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    issuer: &Issuer,
    command: &command::Enrol,
    registrant: &Registrant,
    identifiers: Vec<Identifier>,
    recovered: bool,
) -> Result<Verdict<EnrolResult>, RegistrationError> {
    let key = command.csr.public_key();
    issue::claim_signature_key(ledger, key, &command.identifier).await?;
    let endorsement = match &command.proof {
        Proof::Code(_) => "",
        Proof::Endorsement(_, compact) => compact,
    };
    let issuance = Issuance {
        identifiers,
        device: &command.device,
        registrant: &registrant.id,
        name: &registrant.name,
        key,
        spki_der: command.csr.spki_der(),
        endorsement,
        recovered,
    };
    let (certificate, leaf) = issuer.issue(ledger, issuance).await?;
    if let Proof::Endorsement(endorsement, _) = &command.proof {
        // What every sender will ask, asked once before it is too late.
        let identity = leaf.identity()?;
        endorsement.covers(&leaf, &identity)?;
    }
    let kind = if recovered {
        NoticeKind::DeviceRecovered
    } else {
        NoticeKind::DeviceAdded
    };
    notices::of_certificate(ledger, kind, &certificate).await?;
    publish(ledger, &certificate.owner).await?;
    Ok(Verdict::Done(EnrolResult {
        chain: certificate
            .chain
            .iter()
            .map(|der| base64url::encode(der))
            .collect(),
        serial: certificate.serial,
        endorsement: certificate.endorsement,
        recovered: certificate.recovered,
    }))
}
