//! The certificate that follows another one.

use kleis_pki::Csr;
use kleis_proto::registration::v1::RenewCertificateOrder;
use kleis_trust::{
    Anchors, VerifiedSigner,
    endorsement::{self, Endorsement, EndorsementError},
};
use kleis_types::Timestamp;

use super::enrol::csr;
use crate::{Contracts, RegistrationError};

/// A new key for the device that signed.
#[derive(Debug)]
pub(crate) struct RenewCertificate {
    pub(crate) csr: Csr,
    /// Of the new key by the old one, or by a sibling; the compact form is kept.
    pub(crate) endorsement: Option<(Box<Endorsement>, String)>,
}

impl RenewCertificate {
    pub(crate) fn parse(
        body: &RenewCertificateOrder,
        signer: &VerifiedSigner,
        contracts: &Contracts,
        anchors: &Anchors,
        now: Timestamp,
    ) -> Result<Self, RegistrationError> {
        let csr = csr(&body.csr)?;
        let identity = signer.identity();
        contracts.check(identity.primary(), &body.contract)?;
        if body.endorsement.is_empty() {
            return Ok(Self {
                csr,
                endorsement: None,
            });
        }
        let endorsement = endorsement::verify(&body.endorsement, anchors)?;
        if endorsement.owner() != identity.primary() {
            return Err(EndorsementError::WrongOwner.into());
        }
        if endorsement.device() != identity.device() {
            return Err(EndorsementError::WrongDevice.into());
        }
        if endorsement.thumbprint() != &csr.public_key().thumbprint() {
            return Err(EndorsementError::WrongKey.into());
        }
        endorsement.check_time(now)?;
        Ok(Self {
            csr,
            endorsement: Some((Box::new(endorsement), body.endorsement.clone())),
        })
    }
}
