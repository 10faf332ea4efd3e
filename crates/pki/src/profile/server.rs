//! The certificate of a TLS server.

use std::net::IpAddr;

use rustls_pki_types::DnsName;

use super::fields::{Fields, IssuerFacts};
use super::{DIGITAL_SIGNATURE, LintedTbs, NOT_A_CA, ProfileViolation, SERVER_AUTH};
use crate::alt_names::{self, AltName};
use crate::key_policy::KeyPolicy;
use crate::oid;
use crate::tbs::Template;

const MAX_DAYS: i64 = 398;
const EMPTY_NAME: &[u8] = &[0x30, 0x00];

/// What a server's certificate is to say.
pub(crate) struct ServerTemplate<'a> {
    pub(crate) template: Template<'a>,
    pub(crate) dns: &'a [String],
    pub(crate) ips: &'a [IpAddr],
}

impl ServerTemplate<'_> {
    /// The subjectAltName: DNS names first.
    pub(crate) fn names(dns: &[String], ips: &[IpAddr]) -> Vec<AltName> {
        let dns = dns.iter().map(|name| AltName::Dns(name.clone()));
        dns.chain(ips.iter().map(|address| AltName::Ip(*address)))
            .collect()
    }
}

/// Checks the profile, and that every field is as `wanted` has it.
pub(crate) fn lint_server(
    tbs: Vec<u8>,
    issuer: &IssuerFacts<'_>,
    wanted: &ServerTemplate<'_>,
) -> Result<LintedTbs, ProfileViolation> {
    let mut fields = Fields::read(&tbs)?;
    fields.check_issuer(issuer, MAX_DAYS)?;
    KeyPolicy::signature().check(&fields.public_key)?;
    fields.check_usage(DIGITAL_SIGNATURE, NOT_A_CA, Some(SERVER_AUTH))?;
    if fields.subject_der != EMPTY_NAME {
        return Err(ProfileViolation::Subject);
    }
    // Critical because the subject is empty (RFC 5280 section 4.1.2.6).
    let names = fields.take_value(oid::SUBJECT_ALT_NAME, "subjectAltName", true)?;
    fields.finish()?;
    let names = alt_names::parse(names)?;
    check_names(&names)?;
    let as_asked = names == ServerTemplate::names(wanted.dns, wanted.ips)
        && fields.serial == *wanted.template.serial
        && fields.not_before == wanted.template.not_before
        && fields.not_after == wanted.template.not_after
        && fields.spki_der == wanted.template.spki_der;
    if as_asked {
        Ok(LintedTbs(tbs))
    } else {
        Err(ProfileViolation::NotAsAsked)
    }
}

fn check_names(names: &[AltName]) -> Result<(), ProfileViolation> {
    if names.is_empty() {
        return Err(ProfileViolation::Extension("subjectAltName"));
    }
    for name in names {
        match name {
            AltName::Dns(name) if is_host_name(name) => {}
            AltName::Dns(_) => return Err(ProfileViolation::DnsName),
            AltName::Ip(_) => {}
            AltName::Uri(_) | AltName::Other => {
                return Err(ProfileViolation::Extension("subjectAltName"));
            }
        }
    }
    Ok(())
}

fn is_host_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
    name.chars().all(allowed) && !name.ends_with('.') && DnsName::try_from(name).is_ok()
}
