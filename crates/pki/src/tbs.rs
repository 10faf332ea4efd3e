//! Writing a TBSCertificate (RFC 5280 section 4.1) with a subject that repeats an attribute type.

use kleis_types::Timestamp;
use time::OffsetDateTime;
use yasna::models::{GeneralizedTime, UTCTime};
use yasna::{DERWriter, Tag};

use crate::oid;
use crate::serial::SerialNumber;

/// What goes into a certificate.
pub(crate) struct Template<'a> {
    pub(crate) serial: &'a SerialNumber,
    pub(crate) issuer_der: &'a [u8],
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    pub(crate) subject_der: &'a [u8],
    pub(crate) spki_der: &'a [u8],
    pub(crate) extensions: &'a [Extension],
}

/// One extension, its value in DER.
pub(crate) struct Extension {
    pub(crate) oid: &'static [u8],
    pub(crate) critical: bool,
    pub(crate) value: Vec<u8>,
}

impl Extension {
    pub(crate) fn new(oid: &'static [u8], critical: bool, value: impl Into<Vec<u8>>) -> Self {
        Self {
            oid,
            critical,
            value: value.into(),
        }
    }
}

/// 2050-01-01T00:00:00Z: from here on times are GeneralizedTimes (RFC 5280 section 4.1.2.5).
pub(crate) const FIRST_GENERALIZED_TIME: i64 = 2_524_608_000;

/// A time that X.509 cannot express: before 1970 or after 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a time lies before 1970 or after 9999")]
pub struct TimeOutOfRange;

/// The moment as the `time` crate has it, if a certificate can carry it.
pub(crate) fn datetime(at: Timestamp) -> Result<OffsetDateTime, TimeOutOfRange> {
    match OffsetDateTime::from_unix_timestamp(at.unix()) {
        Ok(datetime) if (1970..=9999).contains(&datetime.year()) => Ok(datetime),
        _ => Err(TimeOutOfRange),
    }
}

/// The to-be-signed bytes.
pub(crate) fn write(template: &Template<'_>) -> Result<Vec<u8>, TimeOutOfRange> {
    let not_before = datetime(template.not_before)?;
    let not_after = datetime(template.not_after)?;
    Ok(yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            // v3 is 2
            writer
                .next()
                .write_tagged(Tag::context(0), |writer| writer.write_u8(2));
            writer
                .next()
                .write_bigint_bytes(template.serial.as_bytes(), true);
            write_algorithm(writer.next());
            writer.next().write_der(template.issuer_der);
            writer.next().write_sequence(|writer| {
                write_time(writer.next(), not_before);
                write_time(writer.next(), not_after);
            });
            writer.next().write_der(template.subject_der);
            writer.next().write_der(template.spki_der);
            writer.next().write_tagged(Tag::context(3), |writer| {
                writer.write_sequence(|writer| {
                    for extension in template.extensions {
                        write_extension(writer.next(), extension);
                    }
                });
            });
        });
    }))
}

/// The certificate, or revocation list: what was signed, how, and the signature.
pub(crate) fn assemble(tbs: &[u8], signature: &[u8]) -> Vec<u8> {
    yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_der(tbs);
            write_algorithm(writer.next());
            writer
                .next()
                .write_bitvec_bytes(signature, signature.len() * 8);
        });
    })
}

/// ecdsa-with-SHA384, without parameters (RFC 5758 section 3.2).
pub(crate) fn write_algorithm(writer: DERWriter<'_>) {
    writer.write_sequence(|writer| oid::write(writer.next(), oid::ECDSA_WITH_SHA384));
}

pub(crate) fn write_time(writer: DERWriter<'_>, at: OffsetDateTime) {
    if at.unix_timestamp() < FIRST_GENERALIZED_TIME {
        writer.write_utctime(&UTCTime::from_datetime(at));
    } else {
        writer.write_generalized_time(&GeneralizedTime::from_datetime(at));
    }
}

pub(crate) fn write_extension(writer: DERWriter<'_>, extension: &Extension) {
    writer.write_sequence(|writer| {
        oid::write(writer.next(), extension.oid);
        if extension.critical {
            writer.next().write_bool(true);
        }
        writer.next().write_bytes(&extension.value);
    });
}
