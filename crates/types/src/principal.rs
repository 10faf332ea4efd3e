//! Who is calling, as certified: never as claimed.

use std::{collections::BTreeSet, fmt, sync::Arc};

use crate::{Credential, CredentialMap, DeviceId, Identifier, Scope, Shown};

/// A principal was to be made of no identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a principal has at least one identifier")]
pub struct NoIdentifier;

/// The certificate that a caller showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateProof {
    /// Its `x5t#S256` (RFC 7515 section 4.1.8).
    pub thumbprint: String,
    /// Which device it is for; none where it is of a CA that names no devices.
    pub device: Option<DeviceId>,
    /// Whether the edge says that it was shown there; otherwise it was shown to us.
    pub forwarded: bool,
}

/// The key or certificate that an access token is good with (RFC 7800): its thumbprint, base64url
/// of SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Confirmation {
    /// `jkt`: the key of DPoP proofs (RFC 9449 section 6.1).
    Key(String),
    /// `x5t#S256`: the certificate of the connection (RFC 8705 section 3.1).
    Certificate(String),
}

/// The access token that a caller showed.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenProof {
    /// Who issued it.
    pub issuer: String,
    /// To which client.
    pub client_id: String,
    /// What it is good for.
    pub scopes: BTreeSet<Scope>,
    /// Base64url of the SHA-256 of its text: what a DPoP proof and an order name as `ath`.
    pub hash: String,
    /// What it is bound to; none for a mere bearer token.
    pub confirmation: Option<Confirmation>,
    /// Whether this very call proves possession of what it is bound to.
    pub proven: bool,
}

impl fmt::Debug for TokenProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenProof")
            .field("issuer", &self.issuer)
            .field("scopes", &self.scopes)
            .field("proven", &self.proven)
            .finish_non_exhaustive()
    }
}

/// An authenticated caller: its identifiers, its credentials, what its issuer can show, and how it
/// proved itself: by a certificate, an access token, or both.
#[derive(Clone)]
pub struct Principal {
    primary: Identifier,
    aliases: Vec<Identifier>,
    credentials: Vec<Credential>,
    shown: Arc<Shown>,
    certificate: Option<CertificateProof>,
    token: Option<Arc<TokenProof>>,
}

impl Principal {
    /// Whoever an issuer certifies to have these identifiers (the primary one first) and
    /// credentials (each namespace and name once); `shown` is what that issuer can show.
    pub fn new(
        identifiers: &[Identifier],
        credentials: Vec<Credential>,
        shown: Arc<Shown>,
    ) -> Result<Self, NoIdentifier> {
        let (primary, aliases) = identifiers.split_first().ok_or(NoIdentifier)?;
        Ok(Self {
            primary: primary.clone(),
            aliases: aliases.to_vec(),
            credentials,
            shown,
            certificate: None,
            token: None,
        })
    }

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
        let principal = Self::new(identifiers, map.credentials(identifiers), map.shown())?;
        Ok(principal.with_certificate(CertificateProof {
            thumbprint: thumbprint.into(),
            device: Some(device),
            forwarded: false,
        }))
    }

    /// The same caller, who also showed this certificate.
    #[must_use]
    pub fn with_certificate(mut self, certificate: CertificateProof) -> Self {
        self.certificate = Some(certificate);
        self
    }

    /// The same caller, who also showed this access token.
    #[must_use]
    pub fn with_token(mut self, token: Arc<TokenProof>) -> Self {
        self.token = Some(token);
        self
    }

    /// The same caller with the credentials of another proof besides. The identifiers stay: what
    /// somebody owns does not become another's by a token.
    #[must_use]
    pub fn with_credentials_of(mut self, other: &Self) -> Self {
        for credential in &other.credentials {
            let is_same = |held: &&mut Credential| {
                held.namespace == credential.namespace && held.name == credential.name
            };
            match self.credentials.iter_mut().find(is_same) {
                Some(held) => {
                    let values: BTreeSet<_> = held.values.drain(..).collect();
                    let both = values.into_iter().chain(credential.values.iter().cloned());
                    held.values = both.collect::<BTreeSet<_>>().into_iter().collect();
                }
                None => self.credentials.push(credential.clone()),
            }
        }
        self.shown = Arc::new(self.shown.union(&other.shown));
        self.token.clone_from(&other.token);
        self
    }

    /// The identifier that was asked for when the certificate was, or that the token names first.
    pub fn primary(&self) -> &Identifier {
        &self.primary
    }

    /// Every identifier, the primary one first.
    pub fn identifiers(&self) -> impl Iterator<Item = &Identifier> {
        std::iter::once(&self.primary).chain(&self.aliases)
    }

    /// Every credential, each namespace and name once.
    pub fn credentials(&self) -> &[Credential] {
        &self.credentials
    }

    /// The certificate that the caller showed.
    pub fn certificate(&self) -> Option<&CertificateProof> {
        self.certificate.as_ref()
    }

    /// The `x5t#S256` (RFC 7515 section 4.1.8) of the certificate, if one was shown.
    pub fn thumbprint(&self) -> Option<&str> {
        let certificate = self.certificate.as_ref()?;
        Some(&certificate.thumbprint)
    }

    /// Which of its devices calls, if it showed a certificate that says so.
    pub fn device(&self) -> Option<&DeviceId> {
        self.certificate.as_ref()?.device.as_ref()
    }

    /// The access token that the caller showed.
    pub fn token(&self) -> Option<&TokenProof> {
        self.token.as_deref()
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
        self.shown.contains(namespace, name)
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principal")
            .field("primary", &self.primary)
            .field("certificate", &self.certificate)
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
