//! The issuing CA.

mod key;
mod material;

use std::fmt;
use std::net::IpAddr;

use kleis_jose::JwkError;
use kleis_types::{SecretBytes, Timestamp};

pub use key::{CaSigner, CaSigningError};
pub use material::{CaCredential, CaMaterial};

use crate::alt_names::{self, AltName};
use crate::certificate::{Certificate, CertificateError};
use crate::crl::{self, Crl, CrlRequest};
use crate::der::DerError;
use crate::identity::Identity;
use crate::oid;
use crate::profile::{
    self, Authority, CLIENT_AUTH, DIGITAL_SIGNATURE, ISSUER_KEY_IDENTIFIER, IssuerFacts,
    KEY_IDENTIFIER, LintedTbs, NO_CHECK, NOT_A_CA, OCSP_SIGNING, ProfileViolation, SERVER_AUTH,
    ServerTemplate,
};
use crate::publication::{IssuerId, Publication};
use crate::serial::SerialNumber;
use crate::signature;
use crate::spki::Spki;
use crate::subject::{SubjectError, SubjectName};
use crate::tbs::{self, Extension, Template, TimeOutOfRange};
use key::CaKey;

/// Why a CA cannot be made or used. The fault is the operator's or the store's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaError {
    /// The private key is not a P-384 key in PKCS#8.
    #[error("the CA's key is not a P-384 private key in PKCS#8")]
    Key,
    /// The private key is not that of the certificate.
    #[error("the CA's key does not belong to its certificate")]
    KeyMismatch,
    /// The certificate cannot be read.
    #[error("the CA's certificate: {0}")]
    Certificate(#[from] CertificateError),
    /// The certificate is not that of a CA of Kleis.
    #[error("the CA's certificate: {0}")]
    Profile(#[from] ProfileViolation),
    /// A key could not be made.
    #[error("the CA's key could not be generated: {0}")]
    Generation(#[from] JwkError),
    /// The CA's life reaches beyond what a certificate can express.
    #[error(transparent)]
    Time(#[from] TimeOutOfRange),
    /// The root does not live long enough to certify another CA.
    #[error("the root's own life is over, or nearly so: there is no CA after it")]
    RootEnds,
    /// rcgen could not write or sign the CA's certificate.
    #[error("the CA's certificate could not be made: {0}")]
    Writing(#[from] rcgen::Error),
}

/// Why a certificate was not issued. Nothing was signed unless it is [`IssueError::Signing`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// The identity or the name makes no subject.
    #[error(transparent)]
    Subject(#[from] SubjectError),
    /// A time that a certificate cannot express.
    #[error(transparent)]
    Time(#[from] TimeOutOfRange),
    /// The key's SubjectPublicKeyInfo is not DER.
    #[error("the public key is not strict DER: {0}")]
    Key(#[from] DerError),
    /// The certificate would be outside its profile.
    #[error("the certificate would be outside its profile: {0}")]
    Profile(#[from] ProfileViolation),
    /// The key failed to sign, or signed wrongly.
    #[error("the CA's key failed to sign, or signed wrongly")]
    Signing,
    /// The key cannot be used now: it is in hardware that does not answer.
    #[error(transparent)]
    Signer(#[from] CaSigningError),
    /// The finished certificate cannot be read back.
    #[error("the finished certificate cannot be read back: {0}")]
    Certificate(#[from] CertificateError),
}

/// What an identity certificate is to say.
#[derive(Clone)]
pub struct IdentityRequest<'a> {
    /// The key, as SubjectPublicKeyInfo: [`crate::Csr::spki_der`].
    pub spki_der: &'a [u8],
    /// Whose key it is.
    pub identity: &'a Identity,
    /// The registrant's name, as the authentic source has it.
    pub name: &'a str,
    /// The first second of validity.
    pub not_before: Timestamp,
    /// The last second of validity, at most 1200 days later and not after the CA's own.
    pub not_after: Timestamp,
    /// The serial number: a new one each time.
    pub serial: SerialNumber,
}

impl fmt::Debug for IdentityRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("IdentityRequest");
        shown
            .field("serial", &self.serial)
            .field("identity", &self.identity);
        shown.finish_non_exhaustive()
    }
}

/// The CA that signs certificates of identities and servers.
#[derive(Debug)]
pub struct IssuingCa {
    certificate: Certificate,
    key: Box<dyn CaSigner>,
    publication: Option<Publication>,
}

impl IssuingCa {
    /// Takes the certificate of the issuing CA and its private key in PKCS#8, and checks that the
    /// one is in its profile and the other belongs to it. Whether the root stands above it is for
    /// [`crate::TrustAnchors`] to say.
    pub fn new(certificate_der: &[u8], key_pkcs8: &SecretBytes) -> Result<Self, CaError> {
        Self::with_signer(certificate_der, Box::new(CaKey::from_pkcs8(key_pkcs8)?))
    }

    /// The same with a key that is elsewhere.
    pub fn with_signer(certificate_der: &[u8], key: Box<dyn CaSigner>) -> Result<Self, CaError> {
        let certificate = Certificate::from_der(certificate_der)?;
        profile::authority(certificate.tbs_der(), Authority::IssuingUnanchored)?;
        let spki = Spki::parse(certificate.spki_der()).map_err(|_| CaError::KeyMismatch)?;
        if key.public_point() == spki.key {
            Ok(Self {
                certificate,
                key,
                publication: None,
            })
        } else {
            Err(CaError::KeyMismatch)
        }
    }

    /// The same CA, whose certificates of identities tell where it publishes what became of them.
    #[must_use]
    pub fn publishing(mut self, publication: Publication) -> Self {
        self.publication = Some(publication);
        self
    }

    /// Where it publishes, if it does.
    pub fn publication(&self) -> Option<&Publication> {
        self.publication.as_ref()
    }

    /// The CA's name in addresses.
    pub fn id(&self) -> IssuerId {
        IssuerId::of_ca(&self.certificate)
    }

    /// The certificate that follows the issued ones in a chain.
    pub fn chain_certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Issues an identity certificate. The caller has made sure of key, identity and name.
    pub fn issue_identity(&self, request: &IdentityRequest<'_>) -> Result<Certificate, IssueError> {
        let issuer = self.certificate.as_issuer();
        let subject = SubjectName::new(request.identity.primary(), request.name)?;
        let names: Vec<_> = request
            .identity
            .to_uris()
            .into_iter()
            .map(AltName::Uri)
            .collect();
        let names = Extension::new(oid::SUBJECT_ALT_NAME, false, alt_names::to_der(&names));
        let mut extensions = leaf_extensions(&issuer, request.spki_der, CLIENT_AUTH, names)?;
        if let Some(publication) = &self.publication {
            let index = request.identity.status_index();
            extensions.extend(publication.extensions(self.id(), index));
        }
        let tbs = tbs::write(&Template {
            serial: &request.serial,
            issuer_der: issuer.subject_der,
            not_before: request.not_before,
            not_after: request.not_after,
            subject_der: &subject.to_der(),
            spki_der: request.spki_der,
            extensions: &extensions,
        })?;
        let publication = self.publication.as_ref();
        self.certify(&profile::lint_identity(tbs, &issuer, request, publication)?)
    }

    /// Issues the certificate of a TLS server with these names, at least one, valid for at most
    /// 398 days.
    pub fn issue_server(
        &self,
        spki_der: &[u8],
        dns: &[String],
        ips: &[IpAddr],
        not_before: Timestamp,
        not_after: Timestamp,
        serial: &SerialNumber,
    ) -> Result<Certificate, IssueError> {
        let issuer = self.certificate.as_issuer();
        let names = alt_names::to_der(&ServerTemplate::names(dns, ips));
        let names = Extension::new(oid::SUBJECT_ALT_NAME, true, names);
        let extensions = leaf_extensions(&issuer, spki_der, SERVER_AUTH, names)?;
        let template = Template {
            serial,
            issuer_der: issuer.subject_der,
            not_before,
            not_after,
            subject_der: &[0x30, 0x00],
            spki_der,
            extensions: &extensions,
        };
        let tbs = tbs::write(&template)?;
        let wanted = ServerTemplate { template, dns, ips };
        self.certify(&profile::lint_server(tbs, &issuer, &wanted)?)
    }

    /// Issues the certificate of an OCSP responder, valid for at most 31 days.
    pub(crate) fn issue_responder(
        &self,
        spki_der: &[u8],
        not_before: Timestamp,
        not_after: Timestamp,
        serial: &SerialNumber,
    ) -> Result<Certificate, IssueError> {
        let issuer = self.certificate.as_issuer();
        let subject = self.certificate.sibling("Kleis OCSP Responder").to_der();
        let no_check = Extension::new(oid::OCSP_NO_CHECK, false, NO_CHECK);
        let template = Template {
            serial,
            issuer_der: issuer.subject_der,
            not_before,
            not_after,
            subject_der: &subject,
            spki_der,
            extensions: &leaf_extensions(&issuer, spki_der, OCSP_SIGNING, no_check)?,
        };
        let tbs = tbs::write(&template)?;
        self.certify(&profile::lint_responder(tbs, &issuer, &template)?)
    }

    /// Issues the revocation list of a shard, at `uri`. The caller has seen to it that nothing else
    /// of the shard is withdrawn.
    pub fn issue_crl(&self, request: &CrlRequest<'_>) -> Result<Crl, IssueError> {
        let issuer = self.certificate.as_issuer();
        let tbs = crl::write(&issuer, request)?;
        let der = self.sign(&profile::lint_crl(tbs, &issuer, request)?)?;
        Ok(Crl::new(der, request))
    }

    fn certify(&self, tbs: &LintedTbs) -> Result<Certificate, IssueError> {
        Ok(Certificate::from_der(&self.sign(tbs)?)?)
    }

    /// Signs, and verifies what it signed, so that no faulty signature leaves the CA.
    fn sign(&self, tbs: &LintedTbs) -> Result<Vec<u8>, IssueError> {
        let signature = self.key.sign(tbs.as_bytes())?;
        let key = Spki::parse(self.certificate.spki_der())?;
        signature::verify_authority(&key, tbs.as_bytes(), &signature)
            .map_err(|_| IssueError::Signing)?;
        Ok(tbs::assemble(tbs.as_bytes(), &signature))
    }
}

/// The five extensions that every certificate has that is no CA's, and the one of its own kind.
fn leaf_extensions(
    issuer: &IssuerFacts<'_>,
    spki_der: &[u8],
    purpose: &[u8],
    own_kind: Extension,
) -> Result<Vec<Extension>, DerError> {
    let own = Spki::parse(spki_der)?.key_identifier();
    let issuers = [ISSUER_KEY_IDENTIFIER, &issuer.key_identifier[..]].concat();
    let own = [KEY_IDENTIFIER, &own[..]].concat();
    Ok(vec![
        Extension::new(oid::AUTHORITY_KEY_IDENTIFIER, false, issuers),
        Extension::new(oid::SUBJECT_KEY_IDENTIFIER, false, own),
        Extension::new(oid::KEY_USAGE, true, DIGITAL_SIGNATURE),
        Extension::new(oid::EXTENDED_KEY_USAGE, false, purpose),
        Extension::new(oid::BASIC_CONSTRAINTS, true, NOT_A_CA),
        own_kind,
    ])
}

#[cfg(test)]
mod tests;
