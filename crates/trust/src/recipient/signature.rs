//! Verifying one signature key of a set: whose signature is this?

use kleis_jose::JwkSet;
use kleis_types::{Identifier, Timestamp};

use super::{
    RecipientError,
    certificates::{Certificates, Question},
    verify::check_names,
};
use crate::{Anchors, SignerError, VerifiedSigner, status::StatusView};

/// Verifies the signature key `kid` of the set: the one of its certificate, whose chain ends in the
/// pinned root, whose times hold, which is `wanted`'s (application included), and which the status
/// list calls valid.
///
/// # Errors
/// [`RecipientError::SignatureKeyMissing`] where the set has no such key; the check that failed
/// otherwise.
pub fn verify_signature_key(
    set: &JwkSet,
    wanted: &Identifier,
    kid: &str,
    anchors: &Anchors,
    status: &dyn StatusView,
    now: Timestamp,
) -> Result<VerifiedSigner, RecipientError> {
    if !status.is_fresh(now) {
        return Err(SignerError::StatusStale.into());
    }
    check_names(set)?;
    let key = set
        .keys()
        .iter()
        .find(|key| key.key_use() == Some("sig") && key.kid() == Some(kid))
        .ok_or(RecipientError::SignatureKeyMissing)?;
    let thumbprint = key.member("x5t#S256").and_then(|value| value.as_str());
    let question = Question {
        wanted,
        anchors,
        status,
        now,
    };
    // That the certificate is the key's own is checked when the set is read.
    let mut certificates = Certificates::read(set, question)?;
    let signer = certificates.verified(thumbprint.unwrap_or_default())?;
    Ok(signer.clone())
}
