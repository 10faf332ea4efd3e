//! Who answers.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use kleis_jose::{Jwk, JwkError, KeyType};
use kleis_types::{Random, Timestamp};

use super::response::assemble;
use super::{CertId, CertStatus, OcspRequest, ResponseData};
use crate::ca::{IssueError, IssuingCa};
use crate::certificate::Certificate;
use crate::profile::{self, ProfileViolation};
use crate::serial::SerialNumber;
use crate::tbs::TimeOutOfRange;

/// Why there is no responder, or no answer. The fault is ours.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResponderError {
    /// The responder was not certified.
    #[error("the responder was not certified: {0}")]
    Issue(#[from] IssueError),
    /// The key could not be made.
    #[error("the responder's key could not be made: {0}")]
    Key(#[from] JwkError),
    /// The key cannot sign.
    #[error("the responder's key cannot sign")]
    Signing,
    /// A time that an answer cannot express.
    #[error(transparent)]
    Time(#[from] TimeOutOfRange),
    /// The answer would not be what was asked for.
    #[error("the answer would be outside its profile: {0}")]
    Profile(#[from] ProfileViolation),
}

/// A key that signs answers about the certificates of one CA, and nothing else: certified by that
/// CA with id-kp-OCSPSigning and id-pkix-ocsp-nocheck (RFC 6960 section 4.2.2.2).
///
/// Nobody asks what became of its own certificate, so that lives for days, and the key for as long
/// as the value: it is made here and never leaves.
pub struct OcspResponder {
    certificate: Certificate,
    subject_der: Vec<u8>,
    key: EcdsaKeyPair,
}

impl OcspResponder {
    /// Makes a key and has it certified by `ca`, for at most 31 days.
    pub fn certify(
        ca: &IssuingCa,
        serial: &SerialNumber,
        not_before: Timestamp,
        not_after: Timestamp,
        random: &dyn Random,
    ) -> Result<Self, ResponderError> {
        let jwk = Jwk::generate(KeyType::P256, random)?;
        let pkcs8 = jwk.to_pkcs8_der()?;
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.expose())
            .map_err(|_| ResponderError::Signing)?;
        let spki = jwk.to_spki_der()?;
        let certificate = ca.issue_responder(&spki, not_before, not_after, serial)?;
        Ok(Self {
            subject_der: certificate.as_issuer().subject_der.to_vec(),
            certificate,
            key,
        })
    }

    /// The responder's certificate, which goes with every answer.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The whole OCSPResponse, in DER: what `request` asks, as `status` knows it, at `at` and until
    /// `next_update`.
    pub fn answer(
        &self,
        request: &OcspRequest,
        status: impl Fn(&CertId) -> CertStatus,
        at: Timestamp,
        next_update: Timestamp,
    ) -> Result<Vec<u8>, ResponderError> {
        let answers: Vec<_> = request.ids().iter().map(|id| (id, status(id))).collect();
        let data = ResponseData {
            responder_der: &self.subject_der,
            answers: &answers,
            nonce: request.nonce(),
            at,
            next_update,
        };
        let tbs = profile::lint_ocsp(data.write()?, &data)?;
        // The provider draws ECDSA's nonce from its own generator, whatever it is handed here.
        let signature = self.key.sign(&SystemRandom::new(), tbs.as_bytes());
        let signature = signature.map_err(|_| ResponderError::Signing)?;
        Ok(assemble(
            tbs.as_bytes(),
            signature.as_ref(),
            self.certificate.der(),
        ))
    }
}

#[cfg(test)]
impl OcspResponder {
    pub(super) fn subject_for_tests(&self) -> Vec<u8> {
        self.subject_der.clone()
    }
}

impl fmt::Debug for OcspResponder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OcspResponder")
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}
