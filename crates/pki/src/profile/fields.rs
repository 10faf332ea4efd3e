//! What all profiles share.

use kleis_jose::Jwk;
use kleis_types::Timestamp;
use x509_parser::nom::Parser as _;
use x509_parser::prelude::TbsCertificateParser;
use x509_parser::time::ASN1Time;

use super::{ISSUER_KEY_IDENTIFIER, KEY_IDENTIFIER, ProfileViolation};
use crate::der;
use crate::oid;
use crate::serial::SerialNumber;
use crate::spki::Spki;
use crate::tbs::FIRST_GENERALIZED_TIME;

const DAY: i64 = 86_400;
/// CA/Browser Forum baseline requirements, section 7.1: at least 64 bits from a generator.
const MIN_SERIAL: usize = 8;

/// What a certificate must repeat of its issuer's, and stay within.
pub(crate) struct IssuerFacts<'a> {
    pub(crate) subject_der: &'a [u8],
    pub(crate) key_identifier: [u8; 20],
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
}

/// The fields of a TBSCertificate whose form has been checked.
pub(super) struct Fields<'a> {
    pub(super) serial: SerialNumber,
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
    pub(super) issuer_der: &'a [u8],
    pub(super) subject_der: &'a [u8],
    pub(super) spki_der: &'a [u8],
    pub(super) public_key: Jwk,
    pub(super) key_identifier: [u8; 20],
    extensions: Vec<Extension<'a>>,
}

struct Extension<'a> {
    oid: Vec<u8>,
    critical: bool,
    value: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Reads and checks all that does not depend on issuer and profile.
    pub(super) fn read(tbs: &'a [u8]) -> Result<Self, ProfileViolation> {
        der::check(tbs)?;
        let mut parser = TbsCertificateParser::new().with_deep_parse_extensions(false);
        let Ok(([], parsed)) = parser.parse(tbs) else {
            return Err(ProfileViolation::Malformed);
        };
        if parsed.version.0 != 2 {
            return Err(ProfileViolation::Version);
        }
        let serial = SerialNumber::from_der_integer(parsed.raw_serial())?;
        if serial.as_bytes().len() < MIN_SERIAL {
            return Err(ProfileViolation::SerialTooShort);
        }
        let algorithm = &parsed.signature;
        if algorithm.algorithm.as_bytes() != oid::ECDSA_WITH_SHA384
            || algorithm.parameters.is_some()
        {
            return Err(ProfileViolation::SignatureAlgorithm);
        }
        if parsed.issuer_uid.is_some() || parsed.subject_uid.is_some() {
            return Err(ProfileViolation::UniqueIdentifier);
        }
        let spki_der = parsed.subject_pki.raw;
        let extensions = parsed.extensions().iter().map(|extension| Extension {
            oid: extension.oid.as_bytes().to_vec(),
            critical: extension.critical,
            value: extension.value,
        });
        Ok(Self {
            serial,
            not_before: time(parsed.validity.not_before)?,
            not_after: time(parsed.validity.not_after)?,
            issuer_der: parsed.issuer.as_raw(),
            subject_der: parsed.subject.as_raw(),
            spki_der,
            public_key: Jwk::from_spki_der(spki_der)?,
            key_identifier: Spki::parse(spki_der)?.key_identifier(),
            extensions: extensions.collect(),
        })
    }

    /// Issuer, validity and both key identifiers.
    pub(super) fn check_issuer(
        &mut self,
        issuer: &IssuerFacts<'_>,
        max_days: i64,
    ) -> Result<(), ProfileViolation> {
        if self.issuer_der != issuer.subject_der {
            return Err(ProfileViolation::Issuer);
        }
        if self.not_before > self.not_after {
            return Err(ProfileViolation::Validity);
        }
        if self.not_before < issuer.not_before || self.not_after > issuer.not_after {
            return Err(ProfileViolation::OutlivesIssuer);
        }
        // Both ends count (RFC 5280 section 4.1.2.5).
        if self.not_after.unix() - self.not_before.unix() + 1 > max_days * DAY {
            return Err(ProfileViolation::TooLongLived);
        }
        let own = [KEY_IDENTIFIER, &self.key_identifier[..]].concat();
        self.take(
            oid::SUBJECT_KEY_IDENTIFIER,
            "subjectKeyIdentifier",
            false,
            &own,
        )?;
        let issuers = [ISSUER_KEY_IDENTIFIER, &issuer.key_identifier[..]].concat();
        self.take(
            oid::AUTHORITY_KEY_IDENTIFIER,
            "authorityKeyIdentifier",
            false,
            &issuers,
        )
    }

    /// The key that the certificate says it is signed with.
    pub(super) fn claimed_issuer_key(&self) -> Result<[u8; 20], ProfileViolation> {
        let found = self
            .extensions
            .iter()
            .find(|it| it.oid == oid::AUTHORITY_KEY_IDENTIFIER);
        found
            .and_then(|it| it.value.strip_prefix(ISSUER_KEY_IDENTIFIER))
            .and_then(|identifier| identifier.try_into().ok())
            .ok_or(ProfileViolation::Extension("authorityKeyIdentifier"))
    }

    /// keyUsage, basicConstraints and extendedKeyUsage.
    pub(super) fn check_usage(
        &mut self,
        key_usage: &[u8],
        constraints: &[u8],
        extended: Option<&[u8]>,
    ) -> Result<(), ProfileViolation> {
        self.take(oid::KEY_USAGE, "keyUsage", true, key_usage)?;
        self.take(
            oid::BASIC_CONSTRAINTS,
            "basicConstraints",
            true,
            constraints,
        )?;
        match extended {
            Some(purposes) => {
                self.take(oid::EXTENDED_KEY_USAGE, "extendedKeyUsage", false, purposes)
            }
            None => Ok(()),
        }
    }

    /// Takes out the one extension that has this type, criticality and value.
    fn take(
        &mut self,
        oid: &[u8],
        name: &'static str,
        critical: bool,
        value: &[u8],
    ) -> Result<(), ProfileViolation> {
        if self.take_value(oid, name, critical)? == value {
            Ok(())
        } else {
            Err(ProfileViolation::Extension(name))
        }
    }

    /// Takes out an extension and gives its value. A second one of its type stays, for
    /// [`Self::finish`] to find.
    pub(super) fn take_value(
        &mut self,
        oid: &[u8],
        name: &'static str,
        critical: bool,
    ) -> Result<&'a [u8], ProfileViolation> {
        let found = self
            .extensions
            .iter()
            .position(|it| it.oid == oid && it.critical == critical);
        let at = found.ok_or(ProfileViolation::Extension(name))?;
        Ok(self.extensions.swap_remove(at).value)
    }

    /// The same, where the extension may be absent.
    pub(super) fn take_optional(
        &mut self,
        oid: &[u8],
        name: &'static str,
        critical: bool,
    ) -> Result<Option<&'a [u8]>, ProfileViolation> {
        if self.extensions.iter().any(|it| it.oid == oid) {
            self.take_value(oid, name, critical).map(Some)
        } else {
            Ok(None)
        }
    }

    /// Refuses whatever extension is left.
    pub(super) fn finish(&self) -> Result<(), ProfileViolation> {
        self.extensions
            .is_empty()
            .then_some(())
            .ok_or(ProfileViolation::ForeignExtension)
    }
}

fn time(at: ASN1Time) -> Result<Timestamp, ProfileViolation> {
    let seconds = at.timestamp();
    if at.is_utctime() == (seconds < FIRST_GENERALIZED_TIME) {
        Ok(Timestamp::from_unix(seconds))
    } else {
        Err(ProfileViolation::Validity)
    }
}
