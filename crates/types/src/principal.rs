//! Who is calling, as certified: never as claimed.

use std::{fmt, sync::Arc};

use crate::{
    Credential, CredentialMap, DeviceId, Identifier,
    credential::{Shown, is_shown},
};

/// A principal was to be made of no identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a principal has at least one identifier")]
pub struct NoIdentifier;

/// An authenticated caller: its identifiers, device, credentials, and what its issuer can show.
#[derive(Clone)]
pub struct Principal {
    primary: Identifier,
    aliases: Vec<Identifier>,
    device: DeviceId,
    credentials: Vec<Credential>,
    shown: Arc<Shown>,
    thumbprint: String,
}

impl Principal {
    /// The holder of a verified certificate of this installation.
    ///
    /// `identifiers` in the order of the certificate, the primary one first; `thumbprint` is the
    /// certificate's `x5t#S256`.
    pub fn from_certificate(
        identifiers: &[Identifier],
        device: DeviceId,
        thumbprint: impl Into<String>,
        map: &CredentialMap,
    ) -> Result<Self, NoIdentifier> {
        let (primary, aliases) = identifiers.split_first().ok_or(NoIdentifier)?;
        Ok(Self {
            primary: primary.clone(),
            aliases: aliases.to_vec(),
            device,
            credentials: map.credentials(identifiers),
            shown: map.shown(),
            thumbprint: thumbprint.into(),
        })
    }

    /// The identifier that was asked for when the certificate was.
    pub fn primary(&self) -> &Identifier {
        &self.primary
    }

    /// Every identifier, the primary one first.
    pub fn identifiers(&self) -> impl Iterator<Item = &Identifier> {
        std::iter::once(&self.primary).chain(&self.aliases)
    }

    /// Which of its devices calls.
    pub fn device(&self) -> &DeviceId {
        &self.device
    }

    /// Every credential, each namespace and name once.
    pub fn credentials(&self) -> &[Credential] {
        &self.credentials
    }

    /// The `x5t#S256` (RFC 7515 section 4.1.8) of the certificate.
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// Whether `identifier`, application included, is one of the caller's.
    pub fn is(&self, identifier: &Identifier) -> bool {
        self.identifiers().any(|own| own == identifier)
    }

    /// Whether the caller holds a credential that satisfies `demanded`.
    pub fn holds(&self, demanded: &Credential) -> bool {
        self.credentials.iter().any(|held| held.satisfies(demanded))
    }

    /// Whether the caller's issuer can show at all who holds the named credential. If not, that the
    /// caller does not hold it proves nothing, and an exclusion by it must refuse.
    pub fn issuer_shows(&self, namespace: &str, name: &str) -> bool {
        is_shown(&self.shown, namespace, name)
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principal")
            .field("primary", &self.primary)
            .field("device", &self.device)
            .field("thumbprint", &self.thumbprint)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
