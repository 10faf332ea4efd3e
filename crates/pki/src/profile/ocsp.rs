//! The OCSP responder: its certificate, and what it signs.

use kleis_types::Timestamp;
use time::OffsetDateTime;
use x509_parser::prelude::{ASN1Time, FromDer as _};

use super::authority::check_subject;
use super::fields::{Fields, IssuerFacts};
use super::{DIGITAL_SIGNATURE, LintedTbs, NOT_A_CA, ProfileViolation};
use crate::crl;
use crate::der::{self, Tlv};
use crate::key_policy::KeyPolicy;
use crate::ocsp::{CertStatus, ResponseData};
use crate::oid;
use crate::tbs::Template;

/// As little as RFC 6960 section 4.2.2.2.1 advises where nobody asks about the certificate itself.
const MAX_DAYS: i64 = 31;

/// extendedKeyUsage OCSPSigning, 1.3.6.1.5.5.7.3.9, and nothing else.
pub(crate) const OCSP_SIGNING: &[u8] = &[
    0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x09,
];
/// The value of id-pkix-ocsp-nocheck.
pub(crate) const NO_CHECK: &[u8] = &[0x05, 0x00];

/// Checks the profile of a responder, and that every field is as `wanted` has it.
pub(crate) fn lint_responder(
    tbs: Vec<u8>,
    issuer: &IssuerFacts<'_>,
    wanted: &Template<'_>,
) -> Result<LintedTbs, ProfileViolation> {
    let mut fields = Fields::read(&tbs)?;
    fields.check_issuer(issuer, MAX_DAYS)?;
    KeyPolicy::signature().check(&fields.public_key)?;
    fields.check_usage(DIGITAL_SIGNATURE, NOT_A_CA, Some(OCSP_SIGNING))?;
    let no_check = fields.take_value(oid::OCSP_NO_CHECK, "id-pkix-ocsp-nocheck", false)?;
    if no_check != NO_CHECK {
        return Err(ProfileViolation::Extension("id-pkix-ocsp-nocheck"));
    }
    fields.finish()?;
    check_subject(fields.subject_der)?;
    // Its answers are told from those of the CA itself by its name.
    if fields.subject_der == issuer.subject_der {
        return Err(ProfileViolation::Subject);
    }
    let as_asked = fields.serial == *wanted.serial
        && fields.subject_der == wanted.subject_der
        && fields.not_before == wanted.not_before
        && fields.not_after == wanted.not_after
        && fields.spki_der == wanted.spki_der;
    if as_asked {
        Ok(LintedTbs(tbs))
    } else {
        Err(ProfileViolation::NotAsAsked)
    }
}

/// Checks that an answer is, read back, what `wanted` says, and as of a time that makes sense.
pub(crate) fn lint_ocsp(
    tbs: Vec<u8>,
    wanted: &ResponseData<'_>,
) -> Result<LintedTbs, ProfileViolation> {
    der::check(&tbs)?;
    if wanted.at >= wanted.next_update {
        return Err(ProfileViolation::Validity);
    }
    let parts = der::members(der::single(&tbs)?)?;
    let (responder, at, answers, extensions) = match parts.as_slice() {
        [responder, at, answers] => (responder, at, answers, None),
        [responder, at, answers, extensions] => (responder, at, answers, Some(extensions)),
        _ => return Err(ProfileViolation::Malformed),
    };
    let found: Vec<Tlv<'_>> = der::members(*answers)?;
    let mut same = responder.tag == 0xa1
        && responder.value == wanted.responder_der
        && time(*at)? == wanted.at
        && extensions.map(|it| (it.tag, it.value.to_vec())) == wanted.nonce.map(nonce)
        && found.len() == wanted.answers.len();
    for (answer, (id, status)) in found.iter().zip(wanted.answers) {
        let [found_id, found_status, from, until] = der::sequence::<4>(answer.raw)?;
        same = same
            && found_id.raw == id.raw()
            && read_status(found_status)? == *status
            && time(from)? == wanted.at
            && until.tag == 0xa0
            && time(der::single(until.value)?)? == wanted.next_update;
    }
    if same {
        Ok(LintedTbs(tbs))
    } else {
        Err(ProfileViolation::OcspResponse)
    }
}

/// The `[1]` with the one extension that repeats a nonce.
fn nonce(nonce: &[u8]) -> (u8, Vec<u8>) {
    let value = yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_sequence(|writer| {
                oid::write(writer.next(), oid::OCSP_NONCE);
                let inner = yasna::construct_der(|writer| writer.write_bytes(nonce));
                writer.next().write_bytes(&inner);
            });
        });
    });
    (0xa1, value)
}

fn read_status(status: Tlv<'_>) -> Result<CertStatus, ProfileViolation> {
    match status.tag {
        0x80 if status.value.is_empty() => Ok(CertStatus::Good),
        0x82 if status.value.is_empty() => Ok(CertStatus::Unknown),
        0xa1 => {
            let parts = der::children(status.value)?;
            let (since, reason) = match parts.as_slice() {
                [since] => (since, None),
                [
                    since,
                    Tlv {
                        tag: 0xa0, value, ..
                    },
                ] => (since, Some(*value)),
                _ => return Err(ProfileViolation::Malformed),
            };
            let reason = reason.map(|value| {
                let all = crl::CrlReason::ALL.into_iter();
                let mut known = all.filter(|reason| crl::reason_value(*reason) == value);
                known.next().ok_or(ProfileViolation::Malformed)
            });
            Ok(CertStatus::Revoked {
                since: time(*since)?,
                reason: reason.transpose()?,
            })
        }
        _ => Err(ProfileViolation::Malformed),
    }
}

/// A GeneralizedTime, of whatever year (RFC 6960 section 4.2.2.1).
fn time(at: Tlv<'_>) -> Result<Timestamp, ProfileViolation> {
    match ASN1Time::from_der(at.raw) {
        Ok(([], read)) if read.is_generalizedtime() => {
            let read: OffsetDateTime = read.to_datetime();
            Ok(Timestamp::from_unix(read.unix_timestamp()))
        }
        _ => Err(ProfileViolation::Validity),
    }
}
