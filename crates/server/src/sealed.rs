//! Secrets of the installation on the disk, each wrapped under the root KEK for what it is.

use kleis_types::{InstallationId, SecretBytes, base64url};
use kleis_wrap::{RootKek, WrapError};
use serde::{Deserialize, Serialize};

/// What a secret is: part of what it is wrapped for, so that none can be put in the place of
/// another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The private key of a CA.
    Ca,
    /// A private key of a service.
    Service,
    /// The private key of the TLS server.
    Tls,
}

impl Purpose {
    const fn label(self) -> &'static str {
        match self {
            Self::Ca => "kleisd-ca",
            Self::Service => "kleisd-service",
            Self::Tls => "kleisd-tls",
        }
    }
}

/// A wrapped secret as it stands in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sealed {
    /// The id of the root KEK, for people who have several.
    kek: String,
    /// b64u of the wrapped bytes (docs/formats.md section 10).
    wrapped: String,
}

/// A sealed secret does not open.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnsealError {
    #[error("it is wrapped under the root KEK {0}")]
    OtherKek(String),
    #[error("a wrapped secret in it is not base64url")]
    Encoding,
    #[error(transparent)]
    Wrap(#[from] WrapError),
}

/// The root KEK of an installation, at work.
#[derive(Debug)]
pub(crate) struct Vault {
    kek: RootKek,
    installation: InstallationId,
}

impl Vault {
    pub(crate) fn new(kek: RootKek, installation: InstallationId) -> Self {
        Self { kek, installation }
    }

    pub(crate) fn kek(&self) -> &RootKek {
        &self.kek
    }

    pub(crate) fn seal(
        &self,
        purpose: Purpose,
        name: &str,
        secret: &SecretBytes,
    ) -> Result<Sealed, WrapError> {
        let wrapped = self
            .kek
            .wrap_secret(&self.installation, purpose.label(), name, secret)?;
        Ok(Sealed {
            kek: self.kek.id().to_string(),
            wrapped: base64url::encode(&wrapped),
        })
    }

    pub(crate) fn open(
        &self,
        purpose: Purpose,
        name: &str,
        sealed: &Sealed,
    ) -> Result<SecretBytes, UnsealError> {
        if sealed.kek != self.kek.id().as_str() {
            return Err(UnsealError::OtherKek(sealed.kek.clone()));
        }
        let wrapped = base64url::decode(&sealed.wrapped).map_err(|_| UnsealError::Encoding)?;
        Ok(self
            .kek
            .unwrap_secret(&self.installation, purpose.label(), name, &wrapped)?)
    }
}

#[cfg(test)]
mod tests {
    use kleis_types::SeededRandom;

    use super::*;

    fn vault(seed: u64) -> Vault {
        let random = SeededRandom::new(seed);
        Vault::new(RootKek::generate(&random), InstallationId::random(&random))
    }

    #[test]
    fn a_secret_opens_as_what_it_was_sealed_and_as_nothing_else() {
        let vault = vault(1);
        let secret = SecretBytes::from(b"a private key".as_slice());
        let sealed = vault.seal(Purpose::Ca, "issuing", &secret).unwrap();
        let text = serde_json::to_string(&sealed).unwrap();
        assert!(!text.contains("private"));
        let sealed: Sealed = serde_json::from_str(&text).unwrap();
        assert_eq!(vault.open(Purpose::Ca, "issuing", &sealed).unwrap(), secret);
        assert!(vault.open(Purpose::Ca, "root", &sealed).is_err());
        assert!(vault.open(Purpose::Tls, "issuing", &sealed).is_err());
    }

    #[test]
    fn another_kek_is_named() {
        let secret = SecretBytes::from(b"a private key".as_slice());
        let sealed = vault(1).seal(Purpose::Ca, "issuing", &secret).unwrap();
        let refused = vault(2).open(Purpose::Ca, "issuing", &sealed).unwrap_err();
        assert!(matches!(refused, UnsealError::OtherKek(id) if id == sealed.kek));
    }
}
