//! What is answered.

use kleis_types::Timestamp;
use time::OffsetDateTime;
use yasna::models::GeneralizedTime;
use yasna::{DERWriter, Tag};

use super::CertId;
use crate::crl::{self, CrlReason};
use crate::oid;
use crate::tbs::{self, Extension, TimeOutOfRange};

/// What became of a certificate (RFC 6960 section 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertStatus {
    /// It holds.
    Good,
    /// It does not hold, for good or, with [`CrlReason::CertificateHold`], for the time being.
    Revoked {
        /// Since when.
        since: Timestamp,
        /// Why, where that is known.
        reason: Option<CrlReason>,
    },
    /// The responder does not know it: it is another CA's, was never issued, or has ended.
    Unknown,
}

/// Why there is no answer (RFC 6960 section 2.3). Failures are not signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OcspFailure {
    /// The request cannot be read.
    MalformedRequest,
    /// Something is wrong on our side.
    InternalError,
    /// Too busy, or not ready: ask again later.
    TryLater,
    /// All certificates asked about are of CAs that this responder does not answer for.
    Unauthorized,
}

impl OcspFailure {
    /// The whole OCSPResponse, in DER.
    pub fn to_der(self) -> [u8; 5] {
        let status = match self {
            Self::MalformedRequest => 1,
            Self::InternalError => 2,
            Self::TryLater => 3,
            Self::Unauthorized => 6,
        };
        [0x30, 0x03, 0x0a, 0x01, status]
    }
}

/// What an answer is to say.
pub(crate) struct ResponseData<'a> {
    /// The subject of the responder's certificate.
    pub(crate) responder_der: &'a [u8],
    pub(crate) answers: &'a [(&'a CertId, CertStatus)],
    pub(crate) nonce: Option<&'a [u8]>,
    /// When it is made, and as of when it is.
    pub(crate) at: Timestamp,
    pub(crate) next_update: Timestamp,
}

impl ResponseData<'_> {
    /// The to-be-signed bytes (RFC 6960 section 4.2.1).
    pub(crate) fn write(&self) -> Result<Vec<u8>, TimeOutOfRange> {
        let at = tbs::datetime(self.at)?;
        let next_update = tbs::datetime(self.next_update)?;
        let mut answers = Vec::new();
        for (id, status) in self.answers {
            answers.push((id, Written::of(*status)?));
        }
        Ok(yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_tagged(Tag::context(1), |writer| {
                    writer.write_der(self.responder_der);
                });
                write_time(writer.next(), at);
                writer.next().write_sequence(|writer| {
                    for (id, status) in &answers {
                        writer.next().write_sequence(|writer| {
                            writer.next().write_der(id.raw());
                            status.write(writer.next());
                            write_time(writer.next(), at);
                            writer
                                .next()
                                .write_tagged(Tag::context(0), |it| write_time(it, next_update));
                        });
                    }
                });
                if let Some(nonce) = self.nonce {
                    writer.next().write_tagged(Tag::context(1), |writer| {
                        writer.write_sequence(|writer| {
                            tbs::write_extension(writer.next(), &nonce_extension(nonce));
                        });
                    });
                }
            });
        }))
    }
}

pub(crate) fn nonce_extension(nonce: &[u8]) -> Extension {
    let value = yasna::construct_der(|writer| writer.write_bytes(nonce));
    Extension::new(oid::OCSP_NONCE, false, value)
}

/// A status whose times can be written.
enum Written {
    Good,
    Revoked(OffsetDateTime, Option<CrlReason>),
    Unknown,
}

impl Written {
    fn of(status: CertStatus) -> Result<Self, TimeOutOfRange> {
        Ok(match status {
            CertStatus::Good => Self::Good,
            CertStatus::Revoked { since, reason } => Self::Revoked(tbs::datetime(since)?, reason),
            CertStatus::Unknown => Self::Unknown,
        })
    }

    fn write(&self, writer: DERWriter<'_>) {
        match self {
            // [0] and [2] IMPLICIT NULL.
            Self::Good => writer.write_der(&[0x80, 0x00]),
            Self::Revoked(since, reason) => {
                writer.write_tagged_implicit(Tag::context(1), |writer| {
                    writer.write_sequence(|writer| {
                        write_time(writer.next(), *since);
                        if let Some(reason) = reason {
                            writer.next().write_tagged(Tag::context(0), |writer| {
                                writer.write_der(&crl::reason_value(*reason));
                            });
                        }
                    });
                });
            }
            Self::Unknown => writer.write_der(&[0x82, 0x00]),
        }
    }
}

fn write_time(writer: DERWriter<'_>, at: OffsetDateTime) {
    writer.write_generalized_time(&GeneralizedTime::from_datetime(at));
}

/// The OCSPResponse around what was signed, with the responder's certificate.
pub(super) fn assemble(tbs: &[u8], signature: &[u8], responder: &[u8]) -> Vec<u8> {
    let basic = yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_der(tbs);
            // Without parameters (RFC 5758 section 3.2).
            writer
                .next()
                .write_sequence(|writer| oid::write(writer.next(), oid::ECDSA_WITH_SHA256));
            writer
                .next()
                .write_bitvec_bytes(signature, signature.len() * 8);
            writer.next().write_tagged(Tag::context(0), |writer| {
                writer.write_sequence(|writer| writer.next().write_der(responder));
            });
        });
    });
    yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_enum(0);
            writer.next().write_tagged(Tag::context(0), |writer| {
                writer.write_sequence(|writer| {
                    oid::write(writer.next(), oid::OCSP_BASIC);
                    writer.next().write_bytes(&basic);
                });
            });
        });
    })
}
