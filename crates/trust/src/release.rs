//! Releases: replies that carry symmetric keys (`docs/formats.md` section 10).
//!
//! Custody signs the reply, then seals it to the key that the order named as `replyTo`: the edge,
//! which ends TLS, sees neither the keys nor whether there are any.

use kleis_jose::Jwk;
use kleis_types::{Random, SecretBytes};
use zeroize::Zeroizing;

use crate::{
    refusal::refusals,
    reply,
    sealed_claims::{self, Kind, SealingError, from_opening_fault},
    typ,
};

const KIND: Kind = Kind {
    typ: typ::RELEASE,
    cty: Some("JWT"),
    max: reply::MAX_SIZE * 2,
};

refusals! {
    /// Why a release was refused: custody, or somebody between, is at fault.
    pub enum ReleaseError {
        Malformed = "RELEASE_MALFORMED", Internal,
            "the release is not a compact JWE with supported algorithms";
        WrongType = "RELEASE_TYPE", Internal,
            "the document is not of type kleis-release+jwe";
        HeaderForbidden = "RELEASE_HEADER", Internal,
            "the header of the release has a member that is not allowed, or another cty than JWT";
        Unreadable = "RELEASE_UNREADABLE", Internal,
            "the release does not decrypt under this key";
        ClaimsMalformed = "RELEASE_CLAIMS", Internal,
            "the plaintext of the release is not a reply";
    }
}

from_opening_fault!(ReleaseError);

/// Seals a signed reply to the key that the order named.
pub fn seal(to: &Jwk, reply: &str, random: &dyn Random) -> Result<String, SealingError> {
    sealed_claims::seal_bytes(to, KIND, &SecretBytes::from(reply.as_bytes()), random)
}

/// Opens a release; the reply inside is for [`reply::verify`] to verify.
pub fn open(key: &Jwk, compact: &str) -> Result<Zeroizing<String>, ReleaseError> {
    let plaintext = sealed_claims::open_bytes(key, KIND, compact)?;
    match std::str::from_utf8(plaintext.expose()) {
        Ok(reply) => Ok(Zeroizing::new(reply.to_owned())),
        Err(_) => Err(ReleaseError::ClaimsMalformed),
    }
}

#[cfg(test)]
mod tests;
