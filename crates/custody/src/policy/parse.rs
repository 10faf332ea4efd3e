//! Reading a document: every member is known, has its type and keeps its limit, or is named.
//!
//! The document is walked by hand rather than derived, so that each error can name its place and
//! `null` is never taken for an absent member.

use kleis_types::{Credential, Timestamp, strict_json};
use serde_json::{Map, Value};

use super::{
    MAX_CREDENTIALS, MAX_DOCUMENT, MAX_EXCLUSIONS, MAX_GROUPS, MAX_NAME, MAX_READS, MAX_VALUE,
    MAX_VALUES, Policy, PolicyError, PolicyFault,
};

const MEMBERS: &[&str] = &[
    "readers",
    "excluded",
    "notBefore",
    "expiresAt",
    "maxReads",
    "ownerMayRead",
];

/// Reads a policy, whatever the time.
pub(super) fn document(document: &[u8]) -> Result<Policy, PolicyError> {
    let value = strict_json::value(document, MAX_DOCUMENT).map_err(PolicyFault::from)?;
    let members = Members::of(&value, MEMBERS)?;
    let policy = Policy {
        readers: members.required("readers", |value| filled(value, MAX_GROUPS, group))?,
        excluded: members
            .optional("excluded", |value| {
                filled(value, MAX_EXCLUSIONS, credential)
            })?
            .unwrap_or_default(),
        not_before: members.optional("notBefore", time)?,
        expires_at: members.required("expiresAt", time)?,
        max_reads: members.optional("maxReads", reads)?,
        owner_may_read: members.optional("ownerMayRead", boolean)?.unwrap_or(false),
        hash: sha256(document),
    };
    if policy
        .not_before
        .is_some_and(|begin| begin >= policy.expires_at)
    {
        return Err(PolicyError::from(PolicyFault::NeverOpen).at("notBefore"));
    }
    Ok(policy)
}

fn group(value: &Value) -> Result<Vec<Credential>, PolicyError> {
    let members = Members::of(value, &["allOf"])?;
    members.required("allOf", |value| filled(value, MAX_CREDENTIALS, credential))
}

fn credential(value: &Value) -> Result<Credential, PolicyError> {
    let members = Members::of(value, &["namespace", "name", "values"])?;
    Ok(Credential {
        namespace: members.required("namespace", |value| text(value, MAX_NAME))?,
        name: members.required("name", |value| text(value, MAX_NAME))?,
        values: members
            .optional("values", |value| {
                list(value, MAX_VALUES, |value| text(value, MAX_VALUE))
            })?
            .unwrap_or_default(),
    })
}

/// The members of an object in which all names are known.
struct Members<'a>(&'a Map<String, Value>);

impl<'a> Members<'a> {
    fn of(value: &'a Value, known: &[&str]) -> Result<Self, PolicyError> {
        let members = value.as_object().ok_or(PolicyFault::WrongType {
            expected: "an object",
        })?;
        if members.keys().all(|name| known.contains(&name.as_str())) {
            Ok(Self(members))
        } else {
            Err(PolicyFault::UnknownMember.into())
        }
    }

    fn optional<T>(
        &self,
        name: &str,
        read: impl FnOnce(&'a Value) -> Result<T, PolicyError>,
    ) -> Result<Option<T>, PolicyError> {
        self.0
            .get(name)
            .map(read)
            .transpose()
            .map_err(|error| error.at(name))
    }

    fn required<T>(
        &self,
        name: &str,
        read: impl FnOnce(&'a Value) -> Result<T, PolicyError>,
    ) -> Result<T, PolicyError> {
        let missing = || PolicyError::from(PolicyFault::Missing).at(name);
        self.optional(name, read)?.ok_or_else(missing)
    }
}

/// A list of at most `max` elements.
fn list<T>(
    value: &Value,
    max: usize,
    read: impl Fn(&Value) -> Result<T, PolicyError>,
) -> Result<Vec<T>, PolicyError> {
    let elements = value
        .as_array()
        .ok_or(PolicyFault::WrongType { expected: "a list" })?;
    if elements.len() > max {
        return Err(PolicyFault::TooMany { max }.into());
    }
    let read = |(index, element)| read(element).map_err(|error| error.at_index(index));
    elements.iter().enumerate().map(read).collect()
}

/// A list of 1 to `max` elements.
fn filled<T>(
    value: &Value,
    max: usize,
    read: impl Fn(&Value) -> Result<T, PolicyError>,
) -> Result<Vec<T>, PolicyError> {
    let elements = list(value, max, read)?;
    if elements.is_empty() {
        Err(PolicyFault::EmptyList.into())
    } else {
        Ok(elements)
    }
}

fn text(value: &Value, max: usize) -> Result<String, PolicyError> {
    let text = value
        .as_str()
        .ok_or(PolicyFault::WrongType { expected: "a text" })?;
    if (1..=max).contains(&text.len()) {
        Ok(text.to_owned())
    } else {
        Err(PolicyFault::TextLength { max }.into())
    }
}

fn time(value: &Value) -> Result<Timestamp, PolicyError> {
    let expected = "whole seconds since 1970";
    let seconds = value.as_i64().ok_or(PolicyFault::WrongType { expected })?;
    Ok(Timestamp::from_unix(seconds))
}

fn reads(value: &Value) -> Result<u32, PolicyError> {
    if !value.is_i64() && !value.is_u64() {
        return Err(PolicyFault::WrongType {
            expected: "a whole number",
        }
        .into());
    }
    let reads = value.as_u64().and_then(|reads| u32::try_from(reads).ok());
    let reads = reads.filter(|reads| (1..=MAX_READS).contains(reads));
    Ok(reads.ok_or(PolicyFault::ReadsOutOfRange)?)
}

fn boolean(value: &Value) -> Result<bool, PolicyError> {
    Ok(value.as_bool().ok_or(PolicyFault::WrongType {
        expected: "true or false",
    })?)
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    let mut out = [0; 32];
    out.copy_from_slice(digest.as_ref());
    out
}
