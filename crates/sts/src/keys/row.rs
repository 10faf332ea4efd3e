//! Signing keys at rest: made, wrapped, opened.

use kleis_jose::{Jwk, JwkError, KeyType, SignatureAlgorithm};
use kleis_store::sts::SigningKey;
use kleis_types::{InstallationId, Random, SigningKeyState, Timestamp};
use kleis_wrap::{RootKek, WrapError};

use super::Candidates;

/// What a signing key is wrapped as: none can be put in the place of another secret.
const PURPOSE: &str = "kleis-sts-signing-key";

/// A signing key cannot be made, or does not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyFault {
    /// It is wrapped under another root KEK, of this id.
    #[error("it is wrapped under the root KEK {0}")]
    OtherKek(String),
    /// It does not open, or is not the key that it is said to be.
    #[error("the signing key {0} was tampered with")]
    Tampered(String),
    /// The provider made none.
    #[error(transparent)]
    Generation(#[from] JwkError),
    /// It could not be wrapped.
    #[error(transparent)]
    Wrap(#[from] WrapError),
}

/// Wraps and opens the signing keys of an installation.
#[derive(Debug)]
pub(crate) struct Keeper {
    kek: RootKek,
    installation: InstallationId,
}

impl Keeper {
    pub(crate) fn new(kek: RootKek, installation: InstallationId) -> Self {
        Self { kek, installation }
    }

    /// The id of the root KEK.
    pub(crate) fn kek(&self) -> &str {
        self.kek.id().as_str()
    }

    /// Keys that may be needed.
    pub(crate) fn candidates(
        &self,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Candidates, KeyFault> {
        Ok(Candidates {
            next: self.make(now, random)?,
            first: self.make(now, random)?,
        })
    }

    /// A new P-256 key, wrapped.
    fn make(&self, now: Timestamp, random: &dyn Random) -> Result<SigningKey, KeyFault> {
        let key = Jwk::generate(KeyType::P256, random)?;
        let kid = key.thumbprint().to_string();
        let secret = key.to_pkcs8_der()?;
        let wrapped = self
            .kek
            .wrap_secret(&self.installation, PURPOSE, &kid, &secret)?;
        Ok(SigningKey {
            jwk: published(&key).to_value().to_string(),
            kid,
            wrapped,
            kek: self.kek.id().to_string(),
            state: SigningKeyState::Next,
            created_at: now,
            activated_at: None,
            retired_at: None,
            version: 1,
        })
    }

    /// The private key of a row. It is the key that the row names, or none.
    pub(crate) fn open(&self, row: &SigningKey) -> Result<Jwk, KeyFault> {
        if row.kek != self.kek() {
            return Err(KeyFault::OtherKek(row.kek.clone()));
        }
        let tampered = || KeyFault::Tampered(row.kid.clone());
        let secret = self
            .kek
            .unwrap_secret(&self.installation, PURPOSE, &row.kid, &row.wrapped)
            .map_err(|_| tampered())?;
        let key = Jwk::from_pkcs8_der(secret.expose()).map_err(|_| tampered())?;
        if key.thumbprint().as_str() != row.kid {
            return Err(tampered());
        }
        Ok(key.with_thumbprint_kid())
    }
}

/// A key as others see it.
pub(super) fn published(key: &Jwk) -> Jwk {
    let algorithm = key.signature_algorithm().map(SignatureAlgorithm::as_str);
    key.public()
        .with_thumbprint_kid()
        .with_member("use", "sig".into())
        .with_member("alg", algorithm.into())
}

#[cfg(test)]
mod tests {
    use kleis_types::SeededRandom;

    use super::*;

    fn keeper(seed: u64) -> Keeper {
        let random = SeededRandom::new(seed);
        Keeper::new(RootKek::generate(&random), InstallationId::random(&random))
    }

    fn row(keeper: &Keeper, seed: u64) -> SigningKey {
        let now = Timestamp::from_unix(0);
        keeper.make(now, &SeededRandom::new(seed)).unwrap()
    }

    #[test]
    fn a_key_opens_as_what_it_is() {
        let keeper = keeper(1);
        let row = row(&keeper, 5);
        let key = keeper.open(&row).unwrap();
        assert!(key.is_private() && key.kid() == Some(row.kid.as_str()));
        let public = published(&key);
        assert!(!public.is_private());
        assert_eq!(public.to_value().to_string(), row.jwk);
        assert_eq!(
            (public.alg(), public.key_use()),
            (Some("ES256"), Some("sig"))
        );
    }

    #[test]
    fn a_row_that_is_not_ours_does_not_open() {
        let keeper = keeper(1);
        let (one, other) = (row(&keeper, 5), row(&keeper, 6));
        let tampered = Err(KeyFault::Tampered(one.kid.clone()));
        let mut bent = one.clone();
        bent.wrapped[9] ^= 1;
        let swapped = SigningKey {
            wrapped: other.wrapped,
            ..one.clone()
        };
        let emptied = SigningKey {
            wrapped: Vec::new(),
            ..one.clone()
        };
        for row in [bent, swapped, emptied] {
            assert_eq!(keeper.open(&row).map(drop), tampered);
        }
        let foreign = row(&self::keeper(2), 5);
        let refused = keeper.open(&foreign).map(drop);
        assert_eq!(refused, Err(KeyFault::OtherKek(foreign.kek)));
    }
}
