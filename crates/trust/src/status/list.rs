//! The signed list.

use kleis_types::{Identifier, InstallationId, Service, Timestamp, base64url};
use serde::{Deserialize, Serialize};

use super::{
    Status, StatusView,
    entries::{InflateError, StatusEntries},
};
use crate::{
    Anchors, Signer, SignerError, SigningError,
    envelope::{self, Envelope, from_fault},
    moment::{is_future, is_past},
    refusal::refusals,
    typ,
};

/// How long a list is good for, in seconds: `exp` = `iat` + this.
pub const LIFETIME: i64 = 900;

/// After how many seconds a client should ask again.
pub const TTL: u32 = 60;

/// The longest compact serialisation that is read, in bytes: the largest list there can be, did it
/// not compress at all, twice in base64url.
const MAX_COMPACT: usize = 32 * 1024 * 1024;

const BITS: u8 = 2;
const SUBJECT_PREFIX: &str = "urn:kleis:status:";

refusals! {
    /// Why a status list was refused.
    pub enum StatusError {
        TooLarge = "STATUS_LIST_TOO_LARGE", StatusUnavailable,
            "the status list is larger than any that this installation can have";
        Malformed = "STATUS_LIST_MALFORMED", StatusUnavailable,
            "the status list is not a compact JWS";
        WrongType = "STATUS_LIST_TYPE", StatusUnavailable,
            "the document is not of type statuslist+jwt";
        HeaderForbidden = "STATUS_LIST_HEADER", StatusUnavailable,
            "the header of the status list must have alg, typ and x5c and no other member";
        WrongSigner = "STATUS_LIST_SIGNER", StatusUnavailable,
            "the status list is not signed by the status service";
        SignatureInvalid = "STATUS_LIST_SIGNATURE_INVALID", StatusUnavailable,
            "the signature of the status list does not verify";
        ClaimsMalformed = "STATUS_LIST_CLAIMS", StatusUnavailable,
            "the claims of the status list are not those of its format";
        OtherInstallation = "STATUS_LIST_OTHER_INSTALLATION", StatusUnavailable,
            "the status list is of another installation";
        Lifetime = "STATUS_LIST_LIFETIME", StatusUnavailable,
            "the status list does not live for exactly 900 seconds";
        NotYetValid = "STATUS_LIST_NOT_YET_VALID", StatusUnavailable,
            "the status list was made in the future: compare the clocks";
        Stale = "STATUS_LIST_STALE", StatusUnavailable,
            "the status list is past its end: fetch a new one";
        Older = "STATUS_LIST_OLDER", StatusUnavailable,
            "the status list is older than one that was seen before";
        EntriesMalformed = "STATUS_LIST_ENTRIES", StatusUnavailable,
            "the entries of the status list are not two bits each in one zlib stream";
        EntriesTooLarge = "STATUS_LIST_ENTRIES_TOO_LARGE", StatusUnavailable,
            "the entries of the status list inflate to more than 16 MiB";
        SignerNotInUse = "STATUS_LIST_SIGNER_NOT_IN_USE", StatusUnavailable,
            "the status list does not call its own signer valid";
    }
    nested {
        /// The status service's certificate was refused.
        Signer(SignerError);
    }
}

from_fault!(StatusError);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    sub: String,
    iat: Timestamp,
    exp: Timestamp,
    ttl: u32,
    ver: u64,
    status_list: Packed,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Packed {
    bits: u8,
    lst: String,
}

/// A verified status list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusList {
    version: u64,
    iat: Timestamp,
    exp: Timestamp,
    entries: StatusEntries,
}

/// What a client remembers of the newest list it has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusMemory {
    version: u64,
    iat: Timestamp,
}

impl StatusList {
    /// Signs `entries` as of `now`. `version` rises with every change of an entry.
    pub fn sign(
        signer: &Signer,
        installation: &InstallationId,
        version: u64,
        entries: &StatusEntries,
        now: Timestamp,
    ) -> Result<String, SigningError> {
        let stream = entries.deflate().map_err(|_| SigningError::Body)?;
        let claims = Claims {
            sub: subject(installation),
            iat: now,
            exp: now.plus_seconds(LIFETIME),
            ttl: TTL,
            ver: version,
            status_list: Packed {
                bits: BITS,
                lst: base64url::encode(&stream),
            },
        };
        envelope::sign_with_chain(signer, typ::STATUS_LIST, &claims)
    }

    /// Verifies a list. A client that has seen one before asks
    /// [`not_older_than`](Self::not_older_than) next.
    pub fn verify(compact: &str, anchors: &Anchors, now: Timestamp) -> Result<Self, StatusError> {
        let envelope = Envelope::parse(compact, MAX_COMPACT, typ::STATUS_LIST, &["x5c"])?;
        let signer = anchors.verify(envelope.header().x5c(), now)?;
        if !signer.is(&Identifier::service(Service::Status)) {
            return Err(StatusError::WrongSigner);
        }
        let claims: Claims = envelope.claims(signer.certificate().public_key())?;
        check_claims(&claims, anchors, now)?;
        let list = Self {
            version: claims.ver,
            iat: claims.iat,
            exp: claims.exp,
            entries: inflate(&claims.status_list)?,
        };
        // A list that does not vouch for its own signer was made with a key put out of use.
        if list.status(signer.identity().status_index()) != Status::Valid {
            return Err(StatusError::SignerNotInUse);
        }
        Ok(list)
    }

    /// Refuses this list if one was seen that is newer, by its version or by its time.
    pub fn not_older_than(&self, memory: &StatusMemory) -> Result<(), StatusError> {
        if self.version < memory.version || self.iat < memory.iat {
            return Err(StatusError::Older);
        }
        Ok(())
    }

    /// What to remember of this list.
    pub fn memory(&self) -> StatusMemory {
        StatusMemory {
            version: self.version,
            iat: self.iat,
        }
    }

    /// The counter that rises with every change of an entry.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// When the list was signed.
    pub fn issued_at(&self) -> Timestamp {
        self.iat
    }

    /// When the list ends.
    pub fn expires_at(&self) -> Timestamp {
        self.exp
    }

    /// The entries.
    pub fn entries(&self) -> &StatusEntries {
        &self.entries
    }
}

impl StatusView for StatusList {
    fn status(&self, index: u32) -> Status {
        self.entries.get(index)
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        !is_past(self.exp, now)
    }
}

fn check_claims(claims: &Claims, anchors: &Anchors, now: Timestamp) -> Result<(), StatusError> {
    if claims.sub != subject(anchors.installation()) {
        return Err(StatusError::OtherInstallation);
    }
    if claims.ttl != TTL {
        return Err(StatusError::ClaimsMalformed);
    }
    if claims.exp.seconds_since(claims.iat) != LIFETIME {
        return Err(StatusError::Lifetime);
    }
    if is_future(claims.iat, now) {
        return Err(StatusError::NotYetValid);
    }
    if is_past(claims.exp, now) {
        return Err(StatusError::Stale);
    }
    Ok(())
}

fn inflate(packed: &Packed) -> Result<StatusEntries, StatusError> {
    if packed.bits != BITS {
        return Err(StatusError::EntriesMalformed);
    }
    let stream = base64url::decode(&packed.lst).map_err(|_| StatusError::EntriesMalformed)?;
    StatusEntries::inflate(&stream).map_err(|error| match error {
        InflateError::TooLarge => StatusError::EntriesTooLarge,
        InflateError::Malformed => StatusError::EntriesMalformed,
    })
}

fn subject(installation: &InstallationId) -> String {
    format!("{SUBJECT_PREFIX}{installation}")
}

#[cfg(test)]
mod tests;
