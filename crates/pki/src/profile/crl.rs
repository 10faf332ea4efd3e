//! The revocation list of a shard (`docs/formats.md`, the section about revocation).

use x509_parser::prelude::{ASN1Time, FromDer as _, TbsCertList, X509Extension};
use x509_parser::revocation_list::RevokedCertificate;

use super::{IssuerFacts, LintedTbs, ProfileViolation};
use crate::crl::{self, CrlEntry, CrlRequest};
use crate::der;
use crate::oid;
use crate::serial::SerialNumber;
use crate::tbs::{Extension, FIRST_GENERALIZED_TIME};

/// The longest life of a list, in seconds: a day.
const MAX_LIFE: i64 = 86_400;

/// Checks that a list, as a second parser reads it, is in its profile and as `request` has it.
pub(crate) fn lint_crl(
    tbs: Vec<u8>,
    issuer: &IssuerFacts<'_>,
    request: &CrlRequest<'_>,
) -> Result<LintedTbs, ProfileViolation> {
    der::check(&tbs)?;
    let Ok(([], list)) = TbsCertList::from_der(&tbs) else {
        return Err(ProfileViolation::Malformed);
    };
    if list.version.is_none_or(|version| version.0 != 1) {
        return Err(ProfileViolation::Version);
    }
    let algorithm = &list.signature;
    if algorithm.algorithm.as_bytes() != oid::ECDSA_WITH_SHA384 || algorithm.parameters.is_some() {
        return Err(ProfileViolation::SignatureAlgorithm);
    }
    if list.issuer.as_raw() != issuer.subject_der {
        return Err(ProfileViolation::Issuer);
    }
    check_times(&list, request)?;
    check_entries(&list.revoked_certificates, request.entries)?;
    check_extensions(list.extensions(), &crl::extensions(issuer, request))?;
    Ok(LintedTbs(tbs))
}

fn check_times(list: &TbsCertList<'_>, request: &CrlRequest<'_>) -> Result<(), ProfileViolation> {
    let next_update = list.next_update.ok_or(ProfileViolation::Validity)?;
    let (begin, end) = (seconds(list.this_update)?, seconds(next_update)?);
    if begin >= end || end - begin > MAX_LIFE {
        return Err(ProfileViolation::Validity);
    }
    let as_asked = begin == request.this_update.unix() && end == request.next_update.unix();
    as_asked
        .then_some(())
        .ok_or(ProfileViolation::RevocationList("validity"))
}

/// The entries, in the order of their serial numbers, each once.
fn check_entries(
    found: &[RevokedCertificate<'_>],
    asked: &[CrlEntry],
) -> Result<(), ProfileViolation> {
    let differs = ProfileViolation::RevocationList("list of certificates");
    if found.len() != asked.len() || !asked.is_sorted_by(|one, next| one.serial < next.serial) {
        return Err(differs);
    }
    for (found, asked) in found.iter().zip(asked) {
        let serial = SerialNumber::from_der_integer(found.raw_serial())?;
        let same = serial == asked.serial && seconds(found.revocation_date)? == asked.since.unix();
        let reason = asked.reason.map(crl::reason_value);
        let same_reason = match (found.extensions(), &reason) {
            ([], None) => true,
            ([extension], Some(value)) => {
                let oid = extension.oid.as_bytes();
                oid == oid::REASON_CODE && !extension.critical && extension.value == value
            }
            _ => false,
        };
        if !same || !same_reason {
            return Err(differs);
        }
    }
    Ok(())
}

fn check_extensions(
    found: &[X509Extension<'_>],
    wanted: &[Extension],
) -> Result<(), ProfileViolation> {
    let same = |(found, wanted): (&X509Extension<'_>, &Extension)| {
        found.oid.as_bytes() == wanted.oid
            && found.critical == wanted.critical
            && found.value == wanted.value
    };
    if found.len() == wanted.len() && found.iter().zip(wanted).all(same) {
        Ok(())
    } else {
        Err(ProfileViolation::RevocationList("extensions"))
    }
}

fn seconds(at: ASN1Time) -> Result<i64, ProfileViolation> {
    let seconds = at.timestamp();
    if at.is_utctime() == (seconds < FIRST_GENERALIZED_TIME) {
        Ok(seconds)
    } else {
        Err(ProfileViolation::Validity)
    }
}
