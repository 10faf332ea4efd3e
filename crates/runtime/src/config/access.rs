//! Who is known besides the holders of this installation's certificates.

use std::{collections::BTreeSet, num::NonZeroU32, path::PathBuf};

use kleis_access::{mapping::MappingSource, subject::SubjectSource};
use kleis_jose::SignatureAlgorithm;
use serde::Deserialize;

use super::ConfigError;

/// `[[issuers]]`: an issuer of access tokens. It is found by its name alone.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// Its name, an `https` address: the claim `iss` of its tokens.
    pub issuer: String,
    /// What its tokens must be for (`aud`), one of these; empty means this installation,
    /// `urn:kleis:installation:ID`.
    #[serde(default)]
    pub audiences: Vec<String>,
    /// The algorithms that it may sign with; empty means all that are supported.
    #[serde(default)]
    pub algorithms: Vec<Algorithm>,
    /// The media types of its tokens (`typ`).
    #[serde(default = "access_token")]
    pub types: Vec<String>,
    /// Seconds that its tokens may live, at most a day.
    #[serde(default = "an_hour")]
    pub max_lifetime_seconds: NonZeroU32,
    /// Whether its logins prove an identity to registration: whoever holds a token of it, bound to
    /// a key, gets the first certificate of that identity for that key.
    #[serde(default)]
    pub enrols: bool,
    /// What follows from the claims of its tokens, and in which namespaces.
    pub mapping: MappingSource,
    /// The certificates that its server's must come from, PEM.
    #[serde(default = "system_roots")]
    pub roots: PathBuf,
}

/// `[[client_cas]]`: a CA whose client certificates are accepted for reads.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientCaConfig {
    /// Its certificates, PEM.
    pub roots: PathBuf,
    /// Its revocation lists, PEM or DER. Every CA in a chain needs one.
    pub crls: Vec<PathBuf>,
    /// Seconds for which a list serves beyond its own end, at most a week.
    #[serde(default)]
    pub crl_grace_seconds: u32,
    /// What follows from the subject of a certificate: `ehealth`, `eid`, or written out.
    pub subject: SubjectSource,
}

/// `[sts]`: the installation's own token service.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sts {
    /// Whether it runs.
    pub enabled: bool,
    /// Its name as its clients know it, an `https` address; without it, the public address.
    pub issuer: Option<String>,
    /// Seconds that its tokens live, at most 300.
    pub token_seconds: NonZeroU32,
}

impl Default for Sts {
    fn default() -> Self {
        Self {
            enabled: true,
            issuer: None,
            token_seconds: super::sections::some(300),
        }
    }
}

/// An algorithm by its JOSE name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Algorithm(pub SignatureAlgorithm);

impl TryFrom<String> for Algorithm {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let known = name.parse().map(Self);
        known.map_err(|_| format!("{name:?} is not a signature algorithm that is supported"))
    }
}

fn access_token() -> Vec<String> {
    vec![kleis_access::token::TYP.to_owned()]
}

fn an_hour() -> NonZeroU32 {
    super::sections::some(3600)
}

/// Where Debian, and those who follow it, keep the roots that browsers trust.
pub(super) fn system_roots() -> PathBuf {
    PathBuf::from("/etc/ssl/certs/ca-certificates.crt")
}

/// The rules between the settings of these sections.
pub(super) fn validate(
    issuers: &[IssuerConfig],
    client_cas: &[ClientCaConfig],
    sts: &Sts,
) -> Vec<ConfigError> {
    let mut errors = Vec::new();
    let mut rule = |key: &str, text: &str| errors.push(ConfigError::rule(key, text.to_owned()));
    let mut names = BTreeSet::new();
    for issuer in issuers {
        if !is_origin(&issuer.issuer) {
            rule(
                "issuers.issuer",
                "is an https address without query and fragment",
            );
        }
        if !names.insert(&issuer.issuer) {
            rule("issuers.issuer", "is named once");
        }
        if issuer.types.is_empty() {
            rule("issuers.types", "names at least one");
        }
        if issuer.max_lifetime_seconds.get() > 86_400 {
            rule("issuers.max_lifetime_seconds", "is at most 86400");
        }
    }
    for ca in client_cas {
        if ca.crls.is_empty() {
            rule(
                "client_cas.crls",
                "names at least one: without, nobody could be refused",
            );
        }
        if ca.crl_grace_seconds > 7 * 86_400 {
            rule("client_cas.crl_grace_seconds", "is at most 604800");
        }
    }
    if sts
        .issuer
        .as_deref()
        .is_some_and(|issuer| !is_origin(issuer))
    {
        rule(
            "sts.issuer",
            "is an https address without query and fragment",
        );
    }
    if sts.token_seconds.get() > 300 {
        rule("sts.token_seconds", "is at most 300");
    }
    errors
}

/// RFC 8414 section 2.
fn is_origin(address: &str) -> bool {
    let rest = address.strip_prefix("https://");
    rest.is_some_and(|rest| {
        !rest.is_empty() && !rest.starts_with('/') && !rest.contains(['?', '#', ' '])
    })
}
