//! Certificate requests (PKCS #10, RFC 2986).

mod attributes;
mod create;
mod error;

use std::fmt;

use kleis_jose::Jwk;
use kleis_types::Identifier;
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

pub use error::CsrError;

use crate::der::{self, BIT_STRING, DerError, Tlv};
use crate::key_policy::KeyPolicy;
use crate::name::Name;
use crate::pem_text;
use crate::signature;
use crate::spki::Spki;
use crate::subject::SubjectName;

/// Largest request, in DER or PEM.
pub const MAX_CSR: usize = 16 * 1024;

/// The label of RFC 7468 section 7, and the older one, which keytool writes.
const PEM_LABELS: [&str; 2] = ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"];

/// A request that is well-formed, whose key is acceptable and whose sender holds that key.
///
/// Who the sender is, it does not prove. Nothing in it but the key ever reaches a certificate.
#[derive(Clone)]
pub struct Csr {
    subject: Name,
    public_key: Jwk,
    spki_der: Vec<u8>,
    der: Vec<u8>,
}

impl Csr {
    /// Reads a request, in DER or as one PEM block, and checks, in this order: size, PEM, strict
    /// DER, version, key encoding, [`KeyPolicy`], signature (proof of possession), attributes and
    /// extensions.
    ///
    /// The key's strength comes before the signature: it costs less, and a key too short to verify
    /// with is told as what it is. The subject is checked by [`Csr::check_subject`].
    ///
    /// Tolerated extension requests are those that repeat the profile: keyUsage digitalSignature,
    /// extendedKeyUsage clientAuth, basicConstraints CA=false. Any subjectAltName is refused: names
    /// come from the registry, never from the request.
    pub fn parse(input: &[u8]) -> Result<Self, CsrError> {
        if input.len() > MAX_CSR {
            return Err(CsrError::TooLarge);
        }
        let der = if input.starts_with(pem_text::BEGIN.as_bytes()) {
            from_pem(input)?
        } else {
            input.to_vec()
        };
        der::check(&der)?;
        let parts = Parts::split(&der)?;
        let public_key = Jwk::from_spki_der(parts.spki.raw)?;
        KeyPolicy::signature().check(&public_key)?;
        parts.verify_signature()?;
        attributes::check(parts.attributes)?;
        let subject = parts.subject()?;
        let spki_der = parts.spki.raw.to_vec();
        Ok(Self {
            subject,
            public_key,
            spki_der,
            der,
        })
    }

    /// The request itself, in DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The request as one PEM block (RFC 7468 section 7), with line feeds.
    pub fn to_pem(&self) -> String {
        pem_text::encode(PEM_LABELS[0], self.der())
    }

    /// The key to certify.
    pub fn public_key(&self) -> &Jwk {
        &self.public_key
    }

    /// The key to certify, as SubjectPublicKeyInfo.
    pub fn spki_der(&self) -> &[u8] {
        &self.spki_der
    }

    /// Refuses a request whose subject is neither empty nor exactly `subject`.
    pub fn check_subject(&self, subject: &SubjectName) -> Result<(), CsrError> {
        let is_empty = self.subject.attributes().is_empty();
        if is_empty || self.subject == *subject.as_name() {
            Ok(())
        } else {
            Err(CsrError::SubjectMismatch)
        }
    }

    /// The registrant's name that the subject tells, if the subject is one of `identifier`'s.
    ///
    /// It is the sender's own word. Only where nobody else can know the name may it be used.
    pub fn registrant_name(&self, identifier: &Identifier) -> Option<String> {
        let expected = SubjectName::expected(identifier, &self.subject).ok()?;
        let is_ours = self.subject == *expected.as_name();
        is_ours.then(|| expected.registrant().to_owned())
    }
}

impl fmt::Debug for Csr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Csr")
            .field("thumbprint", &self.public_key.thumbprint())
            .finish_non_exhaustive()
    }
}

/// The one PEM block of the input.
fn from_pem(input: &[u8]) -> Result<Vec<u8>, CsrError> {
    let blocks = pem_text::blocks(input).ok_or(CsrError::Pem)?;
    match <[pem::Pem; 1]>::try_from(blocks) {
        Ok([block]) if PEM_LABELS.contains(&block.tag()) => Ok(block.into_contents()),
        _ => Err(CsrError::Pem),
    }
}

/// The parts of a CertificationRequest (RFC 2986 section 4).
struct Parts<'a> {
    signed: &'a [u8],
    subject: &'a [u8],
    spki: Tlv<'a>,
    attributes: &'a [u8],
    algorithm: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Parts<'a> {
    fn split(der: &'a [u8]) -> Result<Self, CsrError> {
        let [info, algorithm, signature] = der::sequence::<3>(der)?;
        let [version, subject, spki, attributes] = der::sequence::<4>(info.raw)?;
        if version.raw != [0x02, 0x01, 0x00] {
            return Err(CsrError::Version);
        }
        let (BIT_STRING, [0, signature @ ..]) = (signature.tag, signature.value) else {
            return Err(DerError::Structure.into());
        };
        if attributes.tag != 0xa0 || algorithm.tag != der::SEQUENCE {
            return Err(DerError::Structure.into());
        }
        Ok(Self {
            signed: info.raw,
            subject: subject.raw,
            spki,
            attributes: attributes.value,
            algorithm: algorithm.value,
            signature,
        })
    }

    fn verify_signature(&self) -> Result<(), CsrError> {
        let key = Spki::parse(self.spki.raw)?;
        signature::verify_request(&key, self.algorithm, self.signed, self.signature)?;
        Ok(())
    }

    fn subject(&self) -> Result<Name, CsrError> {
        match X509Name::from_der(self.subject) {
            // A name this crate would not write is not the subject it would be compared with.
            Ok(([], name)) => Name::parse(&name).map_err(|_| CsrError::SubjectMismatch),
            _ => Err(DerError::Structure.into()),
        }
    }
}

#[cfg(test)]
mod tests;
