//! What a certificate of Kleis may look like, field for field.
//!
//! The same check stands before signing, over the to-be-signed bytes as a second parser reads
//! them, and behind verification. What it passes before signing is a `LintedTbs`, the only thing
//! the CA's key signs.
//!
//! | | identity | server | OCSP responder | root | issuing CA |
//! |---|---|---|---|---|---|
//! | keyUsage (critical) | digitalSignature | same | same | keyCertSign, cRLSign | same |
//! | extendedKeyUsage | clientAuth | serverAuth | OCSPSigning | - | clientAuth, serverAuth |
//! | basicConstraints (critical) | CA=false | CA=false | CA=false | CA, pathLen 1 | CA, pathLen 0 |
//! | subjectAltName | the identity's URIs | DNS, IP (critical) | - | - | - |
//! | id-pkix-ocsp-nocheck | - | - | NULL | - | - |
//! | cRLDistributionPoints, authorityInfoAccess | both or none | - | - | - | - |
//! | subject | Belgian eHealth profile | empty | O, OU, CN | O, OU, CN | O, OU, CN |
//! | longest life in days | 1200 | 398 | 31 | 7306 | 3654 |
//!
//! All: version 3, a positive serial number of 8 to 20 octets, ecdsa-with-SHA384 by a P-384 key,
//! a life within the issuer's, subject and authority key identifiers (RFC 7093 method 1), and no
//! other extension.

mod authority;
mod crl;
mod fields;
mod identity;
mod ocsp;
mod server;

use kleis_jose::JwkError;

pub(crate) use authority::{Authority, authority};
pub(crate) use crl::lint_crl;
pub(crate) use fields::IssuerFacts;
pub(crate) use identity::{identity, lint_identity};
pub(crate) use ocsp::{NO_CHECK, OCSP_SIGNING, lint_ocsp, lint_responder};
pub(crate) use server::{ServerTemplate, lint_server};

use crate::der::DerError;
use crate::identity::IdentityError;
use crate::key_policy::KeyPolicyError;
use crate::serial::SerialNumberError;

/// keyUsage digitalSignature, as the value of the extension.
pub(crate) const DIGITAL_SIGNATURE: &[u8] = &[0x03, 0x02, 0x07, 0x80];
/// keyUsage keyCertSign and cRLSign.
pub(crate) const CERT_AND_CRL_SIGN: &[u8] = &[0x03, 0x02, 0x01, 0x06];
/// extendedKeyUsage clientAuth, 1.3.6.1.5.5.7.3.2.
pub(crate) const CLIENT_AUTH: &[u8] = &[
    0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02,
];
/// extendedKeyUsage serverAuth, 1.3.6.1.5.5.7.3.1.
pub(crate) const SERVER_AUTH: &[u8] = &[
    0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01,
];
/// extendedKeyUsage clientAuth and serverAuth.
pub(crate) const CLIENT_AND_SERVER_AUTH: &[u8] = &[
    0x30, 0x14, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02, 0x06, 0x08, 0x2b, 0x06,
    0x01, 0x05, 0x05, 0x07, 0x03, 0x01,
];
/// basicConstraints CA=false: the default, so an empty SEQUENCE.
pub(crate) const NOT_A_CA: &[u8] = &[0x30, 0x00];

/// subjectKeyIdentifier of 20 octets: what stands before them.
pub(crate) const KEY_IDENTIFIER: &[u8] = &[0x04, 0x14];
/// authorityKeyIdentifier with nothing but a keyIdentifier of 20 octets: what stands before them.
pub(crate) const ISSUER_KEY_IDENTIFIER: &[u8] = &[0x30, 0x16, 0x80, 0x14];

/// To-be-signed bytes that passed a profile. Only this module makes them.
pub(crate) struct LintedTbs(Vec<u8>);

impl LintedTbs {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The field of a certificate that is outside the profile.
///
/// Before signing, the fault is ours or the caller's; in verification, the sender's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileViolation {
    /// Not strict DER.
    #[error("the certificate is not strict DER: {0}")]
    Der(#[from] DerError),
    /// Not a TBSCertificate.
    #[error("the certificate is malformed")]
    Malformed,
    /// Not version 3.
    #[error("the certificate is not of version 3")]
    Version,
    /// Zero, negative or too long.
    #[error(transparent)]
    Serial(#[from] SerialNumberError),
    /// Too short to be unpredictable.
    #[error("the serial number has fewer than 8 octets")]
    SerialTooShort,
    /// Not ecdsa-with-SHA384 without parameters.
    #[error("the certificate is not to be signed with ecdsa-with-SHA384")]
    SignatureAlgorithm,
    /// Not the issuer's subject.
    #[error("the certificate does not name its issuer")]
    Issuer,
    /// The certificate begins after it ends, or a time has the wrong type for its century.
    #[error("the certificate's validity is empty or wrongly encoded")]
    Validity,
    /// The certificate begins before its issuer, or ends after it.
    #[error("the certificate's validity is not within its issuer's")]
    OutlivesIssuer,
    /// Longer than the profile allows.
    #[error("the certificate is valid for longer than its profile allows")]
    TooLongLived,
    /// Not the subject of the profile.
    #[error("the certificate's subject is not the profile's")]
    Subject,
    /// issuerUniqueID or subjectUniqueID is there.
    #[error("the certificate has a unique identifier field")]
    UniqueIdentifier,
    /// The key is malformed.
    #[error(transparent)]
    Key(#[from] JwkError),
    /// The key is of a type or strength that is not accepted.
    #[error(transparent)]
    KeyPolicy(#[from] KeyPolicyError),
    /// The key of a CA is not P-384.
    #[error("the key of a CA must be P-384")]
    AuthorityKey,
    /// An extension of the profile is missing, or has the wrong criticality or value.
    #[error("the certificate's {0} is not the profile's")]
    Extension(&'static str),
    /// An extension that the profile does not have, or one twice.
    #[error("the certificate has an extension outside its profile")]
    ForeignExtension,
    /// The subjectAltName is not an identity.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A DNS name that is not lower-case, relative or a wildcard.
    #[error("a server's DNS name must be in lower case, absolute and without wildcard")]
    DnsName,
    /// What was written is not what was asked for.
    #[error("the certificate differs from what was asked for")]
    NotAsAsked,
    /// A revocation list that is not the one asked for, or not in its profile.
    #[error("the revocation list's {0} is not the profile's, or not what was asked for")]
    RevocationList(&'static str),
    /// An answer about certificates that is not the one asked for.
    #[error("the OCSP response differs from what was asked for")]
    OcspResponse,
}

#[cfg(test)]
mod tests;
