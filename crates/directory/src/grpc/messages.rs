//! What was found, as messages.

use kleis_proto::directory::v1::{self as wire, batch_lookup_result, lookup_response};
use kleis_types::{Call, Identifier, Problem, Timestamp};

use super::log;
use crate::{DirectoryError, Found, PublishedKey, Recipient};

/// The answer to a caller who has the set of this tag already, if any.
pub(super) fn lookup(found: Found, known: &str) -> wire::LookupResponse {
    let result = match found {
        Found::Recipient(found) if found.etag == known => {
            lookup_response::Result::NotModified(wire::NotModified { etag: found.etag })
        }
        Found::Recipient(found) => lookup_response::Result::Recipient(found.into()),
        Found::Candidates(names) => lookup_response::Result::Candidates(candidates(&names)),
    };
    wire::LookupResponse {
        result: Some(result),
    }
}

/// The same, for one of many.
pub(super) fn batch_result(
    call: &Call,
    result: Result<Found, DirectoryError>,
    known: &str,
) -> wire::BatchLookupResult {
    let result = match result {
        Ok(found) => lookup(found, known).result.map(|result| match result {
            lookup_response::Result::Recipient(found) => {
                batch_lookup_result::Result::Recipient(found)
            }
            lookup_response::Result::Candidates(names) => {
                batch_lookup_result::Result::Candidates(names)
            }
            lookup_response::Result::NotModified(same) => {
                batch_lookup_result::Result::NotModified(same)
            }
        }),
        Err(error) => {
            log(call, &error);
            let error = (&Problem::from(&error)).into();
            Some(batch_lookup_result::Result::Error(error))
        }
    };
    wire::BatchLookupResult { result }
}

fn candidates(identifiers: &[Identifier]) -> wire::Candidates {
    wire::Candidates {
        identifiers: identifiers.iter().map(ToString::to_string).collect(),
    }
}

impl From<Recipient> for wire::Recipient {
    fn from(recipient: Recipient) -> Self {
        Self {
            identifier: recipient.identifier.to_string(),
            jwks: recipient.jwks,
            etag: recipient.etag,
        }
    }
}

impl From<PublishedKey> for wire::GetKeyResponse {
    fn from(PublishedKey(key): PublishedKey) -> Self {
        let time = |time: Option<Timestamp>| time.map_or(0, Timestamp::unix);
        Self {
            identifier: key.owner.to_string(),
            device: key.device.to_string(),
            jwk: key.jwk.into_bytes(),
            state: key.state.to_string(),
            created_at: key.created_at.unix(),
            activated_at: time(key.activated_at),
            expires_at: key.expires_at.unix(),
            superseded_at: time(key.superseded_at),
            revoked_at: time(key.revoked_at),
        }
    }
}
