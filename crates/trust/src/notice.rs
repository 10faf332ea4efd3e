//! Notices: what a webhook is told, signed by registration (`docs/formats.md` section 18.3).
//!
//! They go out over TLS to an address that the register names. Whoever takes them verifies who
//! speaks: anybody can call a webhook. They hold no secret, and of a person no identifier.

mod error;

pub use error::NoticeError;

use kleis_types::{
    DeviceId, Identifier, InstallationId, NoticeKind, RevocationReason, Service, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::{
    Anchors, Signer, SigningError,
    as_of::{AsOf, Said},
    envelope,
    jti::Jti,
    typ,
};

/// The longest notice that is read, in bytes of its compact serialisation.
pub const MAX_SIZE: usize = 64 * 1024;

/// What a notice says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Notice {
    /// The notice: the same one is the same event, however often it comes.
    pub jti: Jti,
    /// What has happened.
    pub kind: NoticeKind,
    /// When.
    pub at: Timestamp,
    /// The organisation concerned; `None` for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Identifier>,
    /// The device concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// The serial number of the certificate concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// The `kid` of the encryption key concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Why it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<RevocationReason>,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: Identifier,
    #[serde(with = "envelope::audience")]
    aud: InstallationId,
    iat: Timestamp,
    notice: Notice,
}

impl Claims {
    fn said(&self) -> Said<'_> {
        (&self.iss, &self.aud, self.iat)
    }
}

/// Signs a notice.
///
/// # Errors
/// If the key does not sign.
pub fn sign(signer: &Signer, notice: &Notice, now: Timestamp) -> Result<String, SigningError> {
    let claims = Claims {
        iss: signer.identity().primary().clone(),
        aud: signer.identity().installation().clone(),
        iat: now,
        notice: notice.clone(),
    };
    envelope::sign_with_chain(signer, typ::NOTICE, &claims)
}

/// Verifies a notice as of its own time: chain, identity, signature and installation. Whoever keeps
/// the `jti`s of those that it has taken knows which ones come again.
///
/// # Errors
/// Why it is refused.
pub fn verify(compact: &str, anchors: &Anchors) -> Result<Notice, NoticeError> {
    let mut signed = AsOf::new(anchors, Service::Registration);
    let claims: Claims = signed.claims(compact, MAX_SIZE, typ::NOTICE, Claims::said)?;
    Ok(claims.notice)
}

#[cfg(test)]
mod tests;
