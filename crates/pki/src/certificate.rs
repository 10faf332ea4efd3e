//! A parsed certificate.

use std::fmt;
use std::ops::Range;

use kleis_jose::{Jwk, JwkError, digest};
use kleis_types::{Identifier, Timestamp, base64url};
use serde::{Deserialize, Serialize};
use x509_parser::nom::Parser as _;
use x509_parser::prelude::{X509Certificate, X509CertificateParser};

use crate::alt_names::{self, AltName};
use crate::der::{self, DerError};
use crate::identity::{Identity, IdentityError};
use crate::name::Name;
use crate::oid;
use crate::pem_text;
use crate::profile::IssuerFacts;
use crate::serial::{SerialNumber, SerialNumberError};
use crate::spki::Spki;
use crate::subject::{SubjectError, SubjectName};

/// Largest certificate.
pub const MAX_CERTIFICATE: usize = 16 * 1024;

const PEM_LABEL: &str = "CERTIFICATE";

/// An X.509 v3 certificate in strict DER. Nothing about it is verified: see [`crate::chain`].
#[derive(Clone)]
pub struct Certificate {
    der: Vec<u8>,
    tbs: Range<usize>,
    signature: Vec<u8>,
    serial: SerialNumber,
    not_before: Timestamp,
    not_after: Timestamp,
    subject: Name,
    subject_der: Vec<u8>,
    issuer_der: Vec<u8>,
    public_key: Jwk,
    spki_der: Vec<u8>,
    key_identifier: [u8; 20],
    identity: Result<Identity, IdentityError>,
    x5t_s256: String,
}

/// A type of attribute in a subject (RFC 5280 section 4.1.2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SubjectAttribute {
    /// commonName.
    #[serde(rename = "CN")]
    CommonName,
    /// countryName.
    #[serde(rename = "C")]
    Country,
    /// organizationName.
    #[serde(rename = "O")]
    Organisation,
    /// organizationalUnitName.
    #[serde(rename = "OU")]
    OrganisationalUnit,
    /// serialNumber: of the subject, not of the certificate.
    #[serde(rename = "serialNumber")]
    SerialNumber,
    /// Any other.
    #[serde(skip)]
    Other,
}

impl SubjectAttribute {
    fn of(oid: &[u8]) -> Self {
        match oid {
            oid::COMMON_NAME => Self::CommonName,
            oid::COUNTRY => Self::Country,
            oid::ORGANISATION => Self::Organisation,
            oid::ORGANISATIONAL_UNIT => Self::OrganisationalUnit,
            oid::SERIAL_NUMBER => Self::SerialNumber,
            _ => Self::Other,
        }
    }
}

/// Why bytes are not a certificate that this crate reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// Larger than [`MAX_CERTIFICATE`].
    #[error("the certificate is larger than 16 KiB")]
    TooLarge,
    /// Not PEM, or PEM with other blocks than CERTIFICATE.
    #[error("the text is not PEM of certificates alone")]
    Pem,
    /// Not strict DER.
    #[error("the certificate is not strict DER: {0}")]
    Der(#[from] DerError),
    /// DER, but not a certificate of version 3.
    #[error("the certificate is malformed or not of version 3")]
    Malformed,
    /// The serial number is zero, negative or too long.
    #[error(transparent)]
    Serial(#[from] SerialNumberError),
    /// The subject has several values in one RDN, or a value that is no plain string.
    #[error("the certificate's subject is not a list of plain strings")]
    Subject,
    /// The public key is malformed or of an unknown type.
    #[error(transparent)]
    Key(#[from] JwkError),
    /// The subjectAltName is not an identity.
    #[error("the certificate's names are no identity: {0}")]
    Identity(#[from] IdentityError),
}

impl Certificate {
    /// Reads one certificate.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        if der.len() > MAX_CERTIFICATE {
            return Err(CertificateError::TooLarge);
        }
        der::check(der)?;
        let outer = der::single(der)?;
        let [tbs, _, _] = der::sequence::<3>(der)?;
        let start = der.len() - outer.value.len();
        let parsed = parse(der)?;
        let spki_der = parsed.subject_pki.raw.to_vec();
        Ok(Self {
            tbs: start..start + tbs.raw.len(),
            signature: parsed.signature_value.data.to_vec(),
            serial: SerialNumber::from_der_integer(parsed.raw_serial())?,
            not_before: Timestamp::from_unix(parsed.validity.not_before.timestamp()),
            not_after: Timestamp::from_unix(parsed.validity.not_after.timestamp()),
            subject: Name::parse(&parsed.subject).map_err(|_| CertificateError::Subject)?,
            subject_der: parsed.subject.as_raw().to_vec(),
            issuer_der: parsed.issuer.as_raw().to_vec(),
            public_key: Jwk::from_spki_der(&spki_der)?,
            key_identifier: Spki::parse(&spki_der)?.key_identifier(),
            spki_der,
            identity: read_identity(&parsed),
            x5t_s256: base64url::encode(&digest::sha256(der)),
            der: der.to_vec(),
        })
    }

    /// Reads every block of a PEM file, which must all be certificates; at least one.
    pub fn list_from_pem(pem: &[u8]) -> Result<Vec<Self>, CertificateError> {
        let blocks = pem_text::blocks(pem).ok_or(CertificateError::Pem)?;
        let read = |block: &pem::Pem| match block.tag() {
            PEM_LABEL => Self::from_der(block.contents()),
            _ => Err(CertificateError::Pem),
        };
        blocks.iter().map(read).collect()
    }

    /// The certificate as one PEM block (RFC 7468 section 5), with line feeds.
    pub fn to_pem(&self) -> String {
        pem_text::encode(PEM_LABEL, self.der())
    }

    /// The certificate itself.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The signed part.
    pub(crate) fn tbs_der(&self) -> &[u8] {
        self.der.get(self.tbs.clone()).unwrap_or_default()
    }

    /// The signature over it.
    pub(crate) fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// The serial number, unique within the CA.
    pub fn serial(&self) -> &SerialNumber {
        &self.serial
    }

    /// The first second of validity.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// The last second of validity.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// The certified key.
    pub fn public_key(&self) -> &Jwk {
        &self.public_key
    }

    /// The certified key, as SubjectPublicKeyInfo.
    pub fn spki_der(&self) -> &[u8] {
        &self.spki_der
    }

    /// `x5t#S256`: b64u of the SHA-256 of the DER (RFC 7515 section 4.1.8).
    pub fn x5t_s256(&self) -> &str {
        &self.x5t_s256
    }

    /// The identity in the subjectAltName. Only a verified chain makes it true.
    pub fn identity(&self) -> Result<Identity, CertificateError> {
        self.identity.clone().map_err(CertificateError::Identity)
    }

    /// The subject as RFC 4514 text. It names a person, so it stays out of logs.
    pub fn subject(&self) -> String {
        self.subject.to_string()
    }

    /// The subject of a request for the certificate that follows this one of `identifier`'s: the
    /// registrant's name is the one that this one has.
    ///
    /// # Errors
    /// [`SubjectError`] for a certificate without such a name: none of Kleis' own.
    pub fn subject_for(&self, identifier: &Identifier) -> Result<SubjectName, SubjectError> {
        SubjectName::expected(identifier, &self.subject)
    }

    /// The attributes of the subject, in the order of their encoding. Kleis' own certificates say
    /// who they are for in the subjectAltName; these are for reading those of other CAs.
    pub fn subject_attributes(&self) -> impl Iterator<Item = (SubjectAttribute, &str)> {
        let attributes = self.subject.attributes().iter();
        attributes.map(|it| (SubjectAttribute::of(&it.oid), it.value.as_str()))
    }

    /// The subject of whoever works for this CA: the CA's own, with another common name.
    pub(crate) fn sibling(&self, common_name: &str) -> Name {
        self.subject.with_common_name(common_name)
    }

    /// The issuer's name.
    pub(crate) fn issuer_der(&self) -> &[u8] {
        &self.issuer_der
    }

    /// What the certificates that this one issues must repeat.
    pub(crate) fn as_issuer(&self) -> IssuerFacts<'_> {
        IssuerFacts {
            subject_der: &self.subject_der,
            key_identifier: self.key_identifier,
            not_before: self.not_before,
            not_after: self.not_after,
        }
    }
}

pub(crate) fn parse(der: &[u8]) -> Result<X509Certificate<'_>, CertificateError> {
    // Extensions are read one by one, by their octets; a deep parse would only guess at them.
    let mut parser = X509CertificateParser::new().with_deep_parse_extensions(false);
    match parser.parse(der) {
        Ok(([], parsed)) if parsed.version.0 == 2 => Ok(parsed),
        _ => Err(CertificateError::Malformed),
    }
}

fn read_identity(parsed: &X509Certificate<'_>) -> Result<Identity, IdentityError> {
    let mut found = parsed
        .extensions()
        .iter()
        .filter(|e| e.oid.as_bytes() == oid::SUBJECT_ALT_NAME);
    let (Some(names), None) = (found.next(), found.next()) else {
        return Err(IdentityError::Form);
    };
    identity_of(&alt_names::parse(names.value).map_err(|_| IdentityError::Form)?)
}

/// The identity that a subjectAltName of nothing but URIs spells.
pub(crate) fn identity_of(names: &[AltName]) -> Result<Identity, IdentityError> {
    let uris = names.iter().map(|name| match name {
        AltName::Uri(uri) => Ok(uri.as_str()),
        _ => Err(IdentityError::Form),
    });
    Identity::from_uris(uris.collect::<Result<Vec<_>, _>>()?)
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("serial", &self.serial)
            .field("x5t_s256", &self.x5t_s256)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
