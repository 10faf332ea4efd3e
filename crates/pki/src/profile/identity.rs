//! The identity certificate (`docs/formats.md` section 3).

use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

use super::fields::{Fields, IssuerFacts};
use super::{CLIENT_AUTH, DIGITAL_SIGNATURE, LintedTbs, NOT_A_CA, ProfileViolation};
use crate::alt_names;
use crate::ca::IdentityRequest;
use crate::certificate::identity_of;
use crate::identity::Identity;
use crate::key_policy::KeyPolicy;
use crate::name::Name;
use crate::oid;
use crate::publication::{IssuerId, Publication};
use crate::subject::SubjectName;

const MAX_DAYS: i64 = 1200;
const POINTS: &str = "cRLDistributionPoints";
const ACCESS: &str = "authorityInfoAccess";

/// Checks the profile and reads the identity.
pub(crate) fn identity(tbs: &[u8], issuer: &IssuerFacts<'_>) -> Result<Identity, ProfileViolation> {
    check(tbs, issuer).map(|checked| checked.identity)
}

/// Checks the profile, and that every field is as `request` and the CA's publication have it.
pub(crate) fn lint_identity(
    tbs: Vec<u8>,
    issuer: &IssuerFacts<'_>,
    request: &IdentityRequest<'_>,
    publication: Option<&Publication>,
) -> Result<LintedTbs, ProfileViolation> {
    let Checked {
        fields,
        identity,
        publication: told,
    } = check(&tbs, issuer)?;
    let subject = SubjectName::new(request.identity.primary(), request.name)
        .map_err(|_| ProfileViolation::Subject)?;
    let as_asked = identity == *request.identity
        && told.as_ref() == publication
        && fields.subject_der == subject.to_der()
        && fields.serial == request.serial
        && fields.not_before == request.not_before
        && fields.not_after == request.not_after
        && fields.spki_der == request.spki_der;
    if as_asked {
        Ok(LintedTbs(tbs))
    } else {
        Err(ProfileViolation::NotAsAsked)
    }
}

/// A certificate in its profile.
struct Checked<'a> {
    fields: Fields<'a>,
    identity: Identity,
    /// Where its issuer publishes, if it says so.
    publication: Option<Publication>,
}

fn check<'a>(tbs: &'a [u8], issuer: &IssuerFacts<'_>) -> Result<Checked<'a>, ProfileViolation> {
    let mut fields = Fields::read(tbs)?;
    fields.check_issuer(issuer, MAX_DAYS)?;
    KeyPolicy::signature().check(&fields.public_key)?;
    fields.check_usage(DIGITAL_SIGNATURE, NOT_A_CA, Some(CLIENT_AUTH))?;
    let names = fields.take_value(oid::SUBJECT_ALT_NAME, "subjectAltName", false)?;
    let points = fields.take_optional(oid::CRL_DISTRIBUTION_POINTS, POINTS, false)?;
    let access = fields.take_optional(oid::AUTHORITY_INFO_ACCESS, ACCESS, false)?;
    fields.finish()?;
    let identity = identity_of(&alt_names::parse(names)?)?;
    check_subject(fields.subject_der, &identity)?;
    let issuer = IssuerId::of(&issuer.key_identifier);
    Ok(Checked {
        publication: check_publication(points, access, issuer, identity.status_index())?,
        fields,
        identity,
    })
}

/// Both extensions, of one publication and for this very certificate, or neither.
fn check_publication(
    points: Option<&[u8]>,
    access: Option<&[u8]>,
    issuer: IssuerId,
    status_index: u32,
) -> Result<Option<Publication>, ProfileViolation> {
    match (points, access) {
        (None, None) => Ok(None),
        (Some(points), Some(access)) => {
            let read = Publication::read(points, access, issuer, status_index);
            read.map(Some).ok_or(ProfileViolation::Extension(POINTS))
        }
        (None, Some(_)) => Err(ProfileViolation::Extension(POINTS)),
        (Some(_), None) => Err(ProfileViolation::Extension(ACCESS)),
    }
}

/// The subject must be, octet for octet, one that [`SubjectName`] writes for the identity.
fn check_subject(subject_der: &[u8], identity: &Identity) -> Result<(), ProfileViolation> {
    let Ok(([], parsed)) = X509Name::from_der(subject_der) else {
        return Err(ProfileViolation::Subject);
    };
    let name = Name::parse(&parsed).map_err(|_| ProfileViolation::Subject)?;
    match SubjectName::expected(identity.primary(), &name) {
        Ok(expected) if expected.to_der() == subject_der => Ok(()),
        _ => Err(ProfileViolation::Subject),
    }
}
