//! How certificates are given.

use std::{collections::BTreeSet, num::NonZeroU32, path::PathBuf};

use kleis_types::TypeTable;
use serde::Deserialize;

use super::ConfigError;

/// The longest life of a certificate, in days.
const MOST_DAYS: u32 = 1200;

/// `[registration]`: how certificates are given to those who prove no identity themselves.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Registration {
    /// How many operators and approvers must approve a certificate request, an enrolment code, a
    /// role: 1 or 2. The maker of a code is the first one.
    pub approvals: NonZeroU32,
    /// Days that a certificate lives, at most 1200; the end of the issuing CA comes first.
    pub certificate_days: NonZeroU32,
    /// Days that a certificate request waits for a decision, at most 90.
    pub request_days: NonZeroU32,
    /// Days before its end in which a certificate can be renewed, at most 1200.
    pub replacement_days: NonZeroU32,
}

impl Default for Registration {
    fn default() -> Self {
        Self {
            approvals: super::sections::some(1),
            certificate_days: super::sections::some(1095),
            request_days: super::sections::some(14),
            replacement_days: super::sections::some(90),
        }
    }
}

/// `[[profiles]]`: what holds for certificates of some identifier types, in the place of
/// `[registration]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileConfig {
    /// The identifier types that it is for: that of the identity that the certificate is asked for.
    pub types: Vec<String>,
    /// Days that a certificate lives, at most 1200.
    pub certificate_days: NonZeroU32,
    /// Days before its end in which a certificate can be renewed, at most 1200; without it, those of
    /// `[registration]`.
    pub replacement_days: Option<NonZeroU32>,
}

/// `[[contracts]]`: what whoever asks for a certificate accepts.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContractConfig {
    /// The identifier types that it is for.
    pub types: Vec<String>,
    /// The text, UTF-8, at most 256 KiB.
    pub file: PathBuf,
    /// `text/plain; charset=utf-8` or `text/html; charset=utf-8`.
    #[serde(default)]
    pub media_type: ContractMediaType,
}

/// The media types that a contract may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum ContractMediaType {
    /// For people as it is.
    #[default]
    #[serde(rename = "text/plain; charset=utf-8")]
    Plain,
    /// For a browser.
    #[serde(rename = "text/html; charset=utf-8")]
    Html,
}

impl ContractMediaType {
    /// The media type, as in RFC 9110 section 8.3.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "text/plain; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
        }
    }
}

/// The rules between the settings of these sections. The types are looked at where the table is one.
pub(super) fn validate(
    registration: &Registration,
    profiles: &[ProfileConfig],
    contracts: &[ContractConfig],
    types: Option<&TypeTable>,
) -> Vec<ConfigError> {
    let mut errors = Vec::new();
    let mut rule = |key: &str, text: &str| errors.push(ConfigError::rule(key, text.to_owned()));
    if registration.approvals.get() > 2 {
        rule("registration.approvals", "is 1 or 2");
    }
    if registration.certificate_days.get() > MOST_DAYS {
        rule("registration.certificate_days", "is at most 1200");
    }
    if registration.request_days.get() > 90 {
        rule("registration.request_days", "is at most 90");
    }
    if registration.replacement_days.get() > MOST_DAYS {
        rule("registration.replacement_days", "is at most 1200");
    }
    for profile in profiles {
        let days = profile.replacement_days.map_or(1, NonZeroU32::get);
        if profile.certificate_days.get() > MOST_DAYS {
            rule("profiles.certificate_days", "is at most 1200");
        }
        if days > MOST_DAYS {
            rule("profiles.replacement_days", "is at most 1200");
        }
    }
    let of_profiles = profiles.iter().map(|profile| &profile.types[..]);
    let of_contracts = contracts.iter().map(|contract| &contract.types[..]);
    check_types("profiles.types", of_profiles, types, &mut rule);
    check_types("contracts.types", of_contracts, types, &mut rule);
    errors
}

/// Each entry names types of the table, and none a type that another one has named.
fn check_types<'a>(
    key: &str,
    entries: impl Iterator<Item = &'a [String]>,
    types: Option<&TypeTable>,
    rule: &mut impl FnMut(&str, &str),
) {
    let mut named = BTreeSet::new();
    for names in entries {
        if names.is_empty() {
            rule(key, "names at least one");
        }
        for name in names {
            if types.is_some_and(|types| types.get(name).is_none()) {
                rule(key, "names types of the table");
            }
            if !named.insert(name) {
                rule(key, "names a type once");
            }
        }
    }
}
