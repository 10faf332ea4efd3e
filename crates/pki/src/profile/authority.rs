//! The certificates of the root and of the issuing CA.

use kleis_jose::KeyType;
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

use super::fields::{Fields, IssuerFacts};
use super::{CERT_AND_CRL_SIGN, CLIENT_AND_SERVER_AUTH, ProfileViolation};
use crate::name::Name;
use crate::oid;

/// Twenty years.
const MAX_ROOT_DAYS: i64 = 7306;
/// Ten years.
const MAX_ISSUING_DAYS: i64 = 3654;
/// basicConstraints CA=true, pathLenConstraint 1.
const CA_ABOVE_ONE: &[u8] = &[0x30, 0x06, 0x01, 0x01, 0xff, 0x02, 0x01, 0x01];
/// basicConstraints CA=true, pathLenConstraint 0.
const CA_ABOVE_NONE: &[u8] = &[0x30, 0x06, 0x01, 0x01, 0xff, 0x02, 0x01, 0x00];

/// Which CA a certificate is for.
#[derive(Clone, Copy)]
pub(crate) enum Authority<'a> {
    /// The self-issued root.
    Root,
    /// The issuing CA, under this root.
    Issuing(&'a IssuerFacts<'a>),
    /// The issuing CA, under whatever root it names: what stands above it is checked elsewhere.
    IssuingUnanchored,
}

/// Checks the profile of a CA.
pub(crate) fn authority(tbs: &[u8], kind: Authority<'_>) -> Result<(), ProfileViolation> {
    let mut fields = Fields::read(tbs)?;
    if fields.public_key.key_type() != KeyType::P384 {
        return Err(ProfileViolation::AuthorityKey);
    }
    check_subject(fields.subject_der)?;
    match kind {
        Authority::Root => {
            let itself = IssuerFacts {
                subject_der: fields.subject_der,
                key_identifier: fields.key_identifier,
                not_before: fields.not_before,
                not_after: fields.not_after,
            };
            fields.check_issuer(&itself, MAX_ROOT_DAYS)?;
            fields.check_usage(CERT_AND_CRL_SIGN, CA_ABOVE_ONE, None)?;
        }
        Authority::Issuing(root) => check_issuing(&mut fields, root)?,
        Authority::IssuingUnanchored => {
            let claimed = IssuerFacts {
                subject_der: fields.issuer_der,
                key_identifier: fields.claimed_issuer_key()?,
                not_before: fields.not_before,
                not_after: fields.not_after,
            };
            check_issuing(&mut fields, &claimed)?;
        }
    }
    fields.finish()
}

fn check_issuing(fields: &mut Fields<'_>, root: &IssuerFacts<'_>) -> Result<(), ProfileViolation> {
    fields.check_issuer(root, MAX_ISSUING_DAYS)?;
    // A self-issued certificate would not count against the path length.
    if fields.subject_der == root.subject_der {
        return Err(ProfileViolation::Subject);
    }
    fields.check_usage(
        CERT_AND_CRL_SIGN,
        CA_ABOVE_NONE,
        Some(CLIENT_AND_SERVER_AUTH),
    )
}

/// Organisation, unit (the installation) and common name, in plain strings.
pub(super) fn check_subject(subject_der: &[u8]) -> Result<(), ProfileViolation> {
    let Ok(([], parsed)) = X509Name::from_der(subject_der) else {
        return Err(ProfileViolation::Subject);
    };
    let name = Name::parse(&parsed).map_err(|_| ProfileViolation::Subject)?;
    let kinds: Vec<&[u8]> = name
        .attributes()
        .iter()
        .map(|it| it.oid.as_slice())
        .collect();
    if kinds
        == [
            oid::ORGANISATION,
            oid::ORGANISATIONAL_UNIT,
            oid::COMMON_NAME,
        ]
    {
        Ok(())
    } else {
        Err(ProfileViolation::Subject)
    }
}
