//! Certificate revocation lists (RFC 5280 section 5), one for each shard of the status list.
//!
//! The to-be-signed bytes are written like those of certificates (decision 0001) and pass the same
//! gate: what [`crate::profile`] does not find to be what was asked for is never signed.

use kleis_jose::digest;
use kleis_types::{RevocationReason, Timestamp, base64url};
use yasna::{DERWriter, Tag};

use crate::oid;
use crate::pem_text;
use crate::profile::{ISSUER_KEY_IDENTIFIER, IssuerFacts};
use crate::publication::full_name;
use crate::serial::SerialNumber;
use crate::tbs::{self, Extension, TimeOutOfRange};

const PEM_LABEL: &str = "X509 CRL";

/// onlyContainsUserCerts TRUE, as the `[1]` of an issuingDistributionPoint.
pub(crate) const ONLY_USER_CERTIFICATES: &[u8] = &[0x81, 0x01, 0xff];

/// Why a certificate is on a list (RFC 5280 section 5.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CrlReason {
    /// keyCompromise.
    KeyCompromise,
    /// affiliationChanged.
    AffiliationChanged,
    /// superseded.
    Superseded,
    /// cessationOfOperation.
    CessationOfOperation,
    /// certificateHold: the registrant is deactivated, and may come back.
    CertificateHold,
}

impl CrlReason {
    pub(crate) const ALL: [Self; 5] = [
        Self::KeyCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::CertificateHold,
    ];

    /// The value of the ENUMERATED CRLReason.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::KeyCompromise => 1,
            Self::AffiliationChanged => 3,
            Self::Superseded => 4,
            Self::CessationOfOperation => 5,
            Self::CertificateHold => 6,
        }
    }
}

impl From<RevocationReason> for CrlReason {
    fn from(reason: RevocationReason) -> Self {
        match reason {
            RevocationReason::KeyCompromise => Self::KeyCompromise,
            RevocationReason::AffiliationChanged => Self::AffiliationChanged,
            RevocationReason::Superseded => Self::Superseded,
            RevocationReason::CessationOfOperation => Self::CessationOfOperation,
        }
    }
}

/// A certificate that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrlEntry {
    /// Which one.
    pub serial: SerialNumber,
    /// Since when.
    pub since: Timestamp,
    /// Why; `None` is written as no reason at all (RFC 5280 section 5.3.1 has no other way to say
    /// `unspecified`).
    pub reason: Option<CrlReason>,
}

/// What a revocation list is to say.
#[derive(Debug, Clone, Copy)]
pub struct CrlRequest<'a> {
    /// Where the list is published; stands in the critical issuingDistributionPoint.
    pub uri: &'a str,
    /// The number: larger than that of every list for the same shard before.
    pub number: u64,
    /// As of when.
    pub this_update: Timestamp,
    /// By when there will be another one.
    pub next_update: Timestamp,
    /// The certificates that do not hold, by serial number, each once.
    pub entries: &'a [CrlEntry],
}

/// A signed revocation list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crl {
    der: Vec<u8>,
    number: u64,
    this_update: Timestamp,
    next_update: Timestamp,
    tag: String,
}

impl Crl {
    pub(crate) fn new(der: Vec<u8>, request: &CrlRequest<'_>) -> Self {
        Self {
            tag: base64url::encode(&digest::sha256(&der)),
            der,
            number: request.number,
            this_update: request.this_update,
            next_update: request.next_update,
        }
    }

    /// The list itself.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The list as one PEM block (RFC 7468 section 6), with line feeds.
    pub fn to_pem(&self) -> String {
        pem_text::encode(PEM_LABEL, &self.der)
    }

    /// Its number.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// As of when it is.
    pub fn this_update(&self) -> Timestamp {
        self.this_update
    }

    /// By when there will be another one.
    pub fn next_update(&self) -> Timestamp {
        self.next_update
    }

    /// A strong entity tag, without its quotes: b64u of the SHA-256 of the DER.
    pub fn tag(&self) -> &str {
        &self.tag
    }
}

/// The to-be-signed bytes.
pub(crate) fn write(
    issuer: &IssuerFacts<'_>,
    request: &CrlRequest<'_>,
) -> Result<Vec<u8>, TimeOutOfRange> {
    let this_update = tbs::datetime(request.this_update)?;
    let next_update = tbs::datetime(request.next_update)?;
    for entry in request.entries {
        tbs::datetime(entry.since)?;
    }
    Ok(yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            // v2 is 1
            writer.next().write_u8(1);
            tbs::write_algorithm(writer.next());
            writer.next().write_der(issuer.subject_der);
            tbs::write_time(writer.next(), this_update);
            tbs::write_time(writer.next(), next_update);
            // Absent rather than empty (RFC 5280 section 5.1.2.6).
            if !request.entries.is_empty() {
                writer.next().write_sequence(|writer| {
                    for entry in request.entries {
                        write_entry(writer.next(), entry);
                    }
                });
            }
            writer.next().write_tagged(Tag::context(0), |writer| {
                writer.write_sequence(|writer| {
                    for extension in extensions(issuer, request) {
                        tbs::write_extension(writer.next(), &extension);
                    }
                });
            });
        });
    }))
}

/// The three extensions of every list.
pub(crate) fn extensions(issuer: &IssuerFacts<'_>, request: &CrlRequest<'_>) -> [Extension; 3] {
    let issuers = [ISSUER_KEY_IDENTIFIER, &issuer.key_identifier[..]].concat();
    let number = yasna::construct_der(|writer| writer.write_u64(request.number));
    let point = yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_der(&full_name(request.uri));
            writer.next().write_der(ONLY_USER_CERTIFICATES);
        });
    });
    [
        Extension::new(oid::AUTHORITY_KEY_IDENTIFIER, false, issuers),
        Extension::new(oid::CRL_NUMBER, false, number),
        Extension::new(oid::ISSUING_DISTRIBUTION_POINT, true, point),
    ]
}

fn write_entry(writer: DERWriter<'_>, entry: &CrlEntry) {
    writer.write_sequence(|writer| {
        writer
            .next()
            .write_bigint_bytes(entry.serial.as_bytes(), true);
        if let Ok(since) = tbs::datetime(entry.since) {
            tbs::write_time(writer.next(), since);
        }
        if let Some(reason) = entry.reason {
            writer.next().write_sequence(|writer| {
                let value = reason_value(reason);
                let extension = Extension::new(oid::REASON_CODE, false, value);
                tbs::write_extension(writer.next(), &extension);
            });
        }
    });
}

/// The value of the extension reasonCode: an ENUMERATED.
pub(crate) fn reason_value(reason: CrlReason) -> [u8; 3] {
    [0x0a, 0x01, reason.code()]
}

#[cfg(test)]
mod tests;
