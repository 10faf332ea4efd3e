//! The certificate that follows another one, for a new key of the same device.

use std::sync::Arc;

use kleis_pki::CsrError;
use kleis_proto::registration::v1::RenewCertificateResult;
use kleis_store::registry::{Certificate, Registrant, RegistryTx};
use kleis_types::{Identifier, Problem, TypeTable};

use super::{
    Issuer, Ledger, Verdict, Work,
    enrol::{Candidate, active_registrant, certify, make_room},
    issue,
    proof::check_endorser,
    signer, sourcing,
};
use crate::{AdmissionError, Behind, RegistrationError, SourceError, admission::Evidence, command};

/// Issues the next certificate of the device that signed. The one before stays in use beside it.
pub(crate) struct RenewCertificate {
    pub(crate) command: command::RenewCertificate,
    pub(crate) issuer: Issuer,
    pub(crate) types: Arc<TypeTable>,
    /// What the source of registrants says, asked before.
    pub(crate) behind: Result<Behind, SourceError>,
}

impl Work for RenewCertificate {
    const NAME: &'static str = "registration.renew_certificate";
    type Result = RenewCertificateResult;

    async fn run<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        evidence: &Evidence,
    ) -> Result<Verdict<RenewCertificateResult>, RegistrationError> {
        let former = signer::in_use(ledger, evidence).await?;
        let replacement = self.issuer.profiles.of(&former.owner).replacement;
        if ledger.at() < former.not_after.plus_seconds(-replacement) {
            return Err(AdmissionError::RenewalNotDue.into());
        }
        sourcing::settle(ledger, &self.behind).await?;
        let registrant = active_registrant(ledger, &former.owner).await?;
        self.check_consent(&former.owner)?;
        self.check_endorsement(ledger, &former).await?;
        self.make_room(ledger, &former).await?;
        let candidate = Candidate {
            identifiers: self.identifiers(&former, &registrant)?,
            device: &former.device,
            csr: &self.command.csr,
            registrant: &registrant,
            endorsement: self
                .command
                .endorsement
                .as_ref()
                .map(|(endorsement, compact)| (&**endorsement, compact.as_str())),
            recovered: former.recovered,
            place: 1 - former.place,
            renews: true,
        };
        let issued = certify(ledger, &self.issuer, candidate).await?;
        Ok(Verdict::Done(RenewCertificateResult {
            chain: issued.chain,
            serial: issued.serial,
            endorsement: issued.endorsement,
            recovered: issued.recovered,
            replaces: former.serial,
        }))
    }
}

impl RenewCertificate {
    /// The order is not signed by the new key, so the request has to say whom that key is for:
    /// else whoever sees a request could have another's key certified as their own. The name
    /// beside the identity may be that of the former certificate.
    fn check_consent(&self, owner: &Identifier) -> Result<(), RegistrationError> {
        match self.command.csr.registrant_name(owner) {
            Some(_) => Ok(()),
            None => Err(Problem::from(CsrError::SubjectMismatch).into()),
        }
    }

    /// Whoever was endorsed shows an endorsement of the new key: their own, or a sibling's.
    async fn check_endorsement<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        former: &Certificate,
    ) -> Result<(), RegistrationError> {
        match &self.command.endorsement {
            None if former.endorsement.is_empty() => Ok(()),
            None => Err(AdmissionError::EndorsementMissing.into()),
            // A recovered device is not made a trusted one by the way.
            Some(_) if former.recovered => Err(RegistrationError::EndorserNotInUse),
            Some((endorsement, _))
                if endorsement.endorser().certificate().x5t_s256() == former.x5t =>
            {
                Ok(())
            }
            Some((endorsement, _)) => check_endorser(ledger, endorsement).await.map(drop),
        }
    }

    /// Two certificates of a device are in use at the most.
    async fn make_room<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        former: &Certificate,
    ) -> Result<(), RegistrationError> {
        let mut others = ledger.tx.certificates_of(&former.owner).await?;
        others.retain(|one| one.serial != former.serial);
        let made = make_room(ledger, others, &former.device).await;
        made.map_err(|error| match error {
            RegistrationError::CertificateExists => AdmissionError::RenewalUnderWay.into(),
            error => error,
        })
    }

    /// What the former certificate certifies, as far as it is still the registrant's: a renewal
    /// proves nothing more than that.
    fn identifiers(
        &self,
        former: &Certificate,
        registrant: &Registrant,
    ) -> Result<Vec<Identifier>, RegistrationError> {
        let certified = issue::certified_by(former)?;
        let mut identifiers = issue::certified_identifiers(registrant, &former.owner, &self.types);
        identifiers.retain(|identifier| certified.contains(identifier));
        Ok(identifiers)
    }
}
