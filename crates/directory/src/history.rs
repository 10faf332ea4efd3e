//! What was active at some time.

use std::collections::BTreeSet;

use kleis_jose::digest;
use kleis_pki::published::signature_entry;
use kleis_store::registry::{EncryptionKey, RegistryRead};
use kleis_types::{Identifier, KeyState, Timestamp, base64url};
use serde_json::{Value, json};

use crate::{DirectoryError, Recipient};

/// The state of a key at a time.
///
/// # Errors
/// [`DirectoryError::NoKey`] if it was not published yet; [`DirectoryError::TimeUnknown`] if when it turned was not
/// kept.
pub(crate) fn state_at(key: &EncryptionKey, at: Timestamp) -> Result<KeyState, DirectoryError> {
    if key
        .activated_at
        .is_none_or(|activated_at| at < activated_at)
    {
        return Err(DirectoryError::NoKey);
    }
    let by = |time: Option<Timestamp>| time.is_some_and(|time| time <= at);
    if by(key.revoked_at) {
        return Ok(KeyState::Revoked);
    }
    if key.state == KeyState::Revoked && key.revoked_at.is_none() {
        return Err(DirectoryError::TimeUnknown);
    }
    if key.expires_at <= at {
        return Ok(KeyState::Expired);
    }
    if by(key.superseded_at) {
        return Ok(KeyState::Superseded);
    }
    if key.state == KeyState::Superseded && key.superseded_at.is_none() {
        return Err(DirectoryError::TimeUnknown);
    }
    Ok(KeyState::Active)
}

/// The keys of an owner that were active at a time, and the certificates that they are bound with, as a set like any
/// other. The tag is that of the bytes.
///
/// # Errors
/// [`DirectoryError::NoRecipient`] if there was none; [`DirectoryError::TimeUnknown`] if that is not known of one of
/// them: a set without it would be a wrong answer.
pub(crate) async fn recipient_at(
    reader: &mut impl RegistryRead,
    owner: &Identifier,
    at: Timestamp,
) -> Result<Recipient, DirectoryError> {
    let mut keys = Vec::new();
    for key in reader.encryption_keys_of(owner).await? {
        match state_at(&key, at) {
            Ok(KeyState::Active) => keys.push(key),
            Ok(_) | Err(DirectoryError::NoKey) => {}
            Err(error) => return Err(error),
        }
    }
    if keys.is_empty() {
        return Err(DirectoryError::NoRecipient);
    }
    keys.sort_by(|one, other| one.kid.cmp(&other.kid));
    let mut entries = certificates_of(reader, &keys).await?;
    for key in &keys {
        entries.push(serde_json::from_str(&key.jwk)?);
    }
    let jwks = serde_json::to_vec(&json!({ "keys": entries }))?;
    let etag = format!("\"{}\"", base64url::encode(&digest::sha256(&jwks)));
    Ok(Recipient {
        identifier: owner.clone(),
        jwks,
        etag,
    })
}

async fn certificates_of(
    reader: &mut impl RegistryRead,
    keys: &[EncryptionKey],
) -> Result<Vec<Value>, DirectoryError> {
    let serials: BTreeSet<&str> = keys.iter().map(|key| key.certificate.as_str()).collect();
    let mut certificates = Vec::with_capacity(serials.len());
    for serial in serials {
        let certificate = reader.certificate(serial).await?;
        certificates.extend(certificate);
    }
    certificates.sort_by(|one, other| one.jkt.cmp(&other.jkt));
    let entry = |chain: &Vec<Vec<u8>>| Ok(signature_entry(chain)?.to_value());
    let entries = certificates
        .iter()
        .map(|certificate| entry(&certificate.chain));
    entries.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(state: KeyState, times: [Option<i64>; 4]) -> EncryptionKey {
        let [activated_at, superseded_at, revoked_at, expires_at] =
            times.map(|time| time.map(Timestamp::from_unix));
        EncryptionKey {
            kid: "kid".to_owned(),
            owner: "CBE:0809394427".parse().expect("an identifier"),
            device: "main".parse().expect("a device"),
            jwk: "{}".to_owned(),
            sequence: 1,
            status_index: 1,
            certificate: "01".to_owned(),
            created_at: Timestamp::from_unix(10),
            activated_at,
            superseded_at,
            revoked_at,
            expires_at: expires_at.expect("every key ends"),
            state,
            reason: None,
            version: 1,
        }
    }

    fn states(key: &EncryptionKey) -> Vec<&'static str> {
        let times = [19, 20, 29, 30, 39, 40, 49, 50].map(Timestamp::from_unix);
        let told = times.map(|at| match state_at(key, at) {
            Ok(state) => state.as_str(),
            Err(DirectoryError::NoKey) => "-",
            Err(DirectoryError::TimeUnknown) => "?",
            Err(other) => panic!("{other}"),
        });
        told.to_vec()
    }

    #[test]
    fn a_key_was_in_one_state_at_any_time() {
        let turned = key(KeyState::Revoked, [Some(20), Some(30), Some(40), Some(50)]);
        let (a, s, r) = ("ACTIVE", "SUPERSEDED", "REVOKED");
        assert_eq!(states(&turned), ["-", a, a, s, s, r, r, r]);
        let ended = key(KeyState::Expired, [Some(20), Some(30), None, Some(50)]);
        assert_eq!(states(&ended), ["-", a, a, s, s, s, s, "EXPIRED"]);
        // Whether the sweep has come by does not matter.
        let unswept = key(KeyState::Active, [Some(20), None, None, Some(40)]);
        assert_eq!(
            states(&unswept),
            ["-", a, a, a, a, "EXPIRED", "EXPIRED", "EXPIRED"]
        );
        let never = key(KeyState::Revoked, [None, None, Some(30), Some(50)]);
        assert_eq!(states(&never), ["-"; 8]);
    }

    #[test]
    fn what_was_not_kept_is_not_made_up() {
        let superseded = key(KeyState::Superseded, [Some(20), None, None, Some(50)]);
        assert_eq!(
            states(&superseded),
            ["-", "?", "?", "?", "?", "?", "?", "EXPIRED"]
        );
        let revoked = key(KeyState::Revoked, [Some(20), Some(30), None, Some(50)]);
        assert_eq!(states(&revoked), ["-", "?", "?", "?", "?", "?", "?", "?"]);
    }
}
