//! The issuers whose access tokens are accepted, and their keys.
//!
//! ```text
//! Issuers -- by `iss` --> Issuer: rules (audience, algorithms, types), mapping, keys
//!                                                                             |
//!                            DiscoveredKeys: discovery, JWKS, over HTTPS -----+
//!                            whatever else has keys: a token service of this process
//! ```
//!
//! An issuer that is not configured is refused before anything is fetched or verified: nobody can
//! make the server ask an address of their choice.

mod discovery;
mod fetch;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fmt, pin::Pin, sync::Arc};

use kleis_access::{
    mapping::Mapping,
    token::{AccessToken, IssuerRules, TokenError, Unverified},
};
use kleis_jose::Jwk;
use kleis_types::{ErrorCode, Principal, Problem, Timestamp};

pub use discovery::{DiscoveredKeys, Freshness};
#[cfg(test)]
use fetch::FetchError;
pub use fetch::{Fetch, Fetched, HttpsFetch};

/// The keys of an issuer, on their way.
pub type Keys<'a> = Pin<Box<dyn Future<Output = Result<Arc<[Jwk]>, KeysUnavailable>> + Send + 'a>>;

/// The keys of an issuer cannot be had, for a reason that was logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the keys of the issuer cannot be had at the moment")]
pub struct KeysUnavailable;

/// What has the keys of an issuer.
pub trait KeySource: Send + Sync + fmt::Debug {
    /// The keys as they are known.
    fn keys(&self) -> Keys<'_>;

    /// The keys, asked for anew if that was not done a moment ago: a token names one that is not
    /// among `known`.
    fn newer_than<'a>(&'a self, known: &'a Arc<[Jwk]>) -> Keys<'a>;

    /// Whether a token was taken back by its issuer, as far as that is known here (RFC 7009). The
    /// lives of tokens bound what is not.
    fn is_revoked(&self, _jti: &str) -> bool {
        false
    }
}

/// One issuer.
#[derive(Debug)]
pub struct Issuer {
    /// What its tokens must be like.
    pub rules: IssuerRules,
    /// What follows from their claims.
    pub mapping: Mapping,
    /// Its keys.
    pub keys: Arc<dyn KeySource>,
}

/// All issuers, by their names.
#[derive(Debug, Default)]
pub struct Issuers(BTreeMap<String, Issuer>);

impl Issuers {
    /// These issuers. Of two with the same name the later one counts.
    pub fn new(issuers: impl IntoIterator<Item = Issuer>) -> Self {
        let named = issuers.into_iter();
        Self(
            named
                .map(|issuer| (issuer.rules.issuer.clone(), issuer))
                .collect(),
        )
    }

    /// Verifies a token, and says whom its issuer certifies by it.
    ///
    /// # Errors
    /// Why it is refused; [`ErrorCode::IssuerUnavailable`] if the issuer's keys cannot be had.
    pub async fn verify(
        &self,
        token: &Unverified<'_>,
        now: Timestamp,
    ) -> Result<(AccessToken, Principal), Problem> {
        let unknown = || {
            let advice = "this installation knows no such issuer of access tokens";
            Problem::new(ErrorCode::TokenInvalid, advice)
        };
        let issuer = self.0.get(token.issuer()).ok_or_else(unknown)?;
        let verified = issuer.verify(token, now).await?;
        if issuer.keys.is_revoked(verified.jti()) {
            let advice = "the access token was revoked: get a new one";
            return Err(Problem::new(ErrorCode::TokenInvalid, advice));
        }
        let mapped = issuer.mapping.apply(verified.claims());
        let mapped = mapped.map_err(|error| Problem::new(error.code(), error.to_string()))?;
        Ok((verified, mapped.into_principal()))
    }
}

impl Issuer {
    async fn verify(&self, token: &Unverified<'_>, now: Timestamp) -> Result<AccessToken, Problem> {
        let unavailable = |_| Problem::from(ErrorCode::IssuerUnavailable);
        let keys = self.keys.keys().await.map_err(unavailable)?;
        match token.verify(&keys, &self.rules, now) {
            Err(TokenError::UnknownKey) => {
                let newer = self.keys.newer_than(&keys).await.map_err(unavailable)?;
                Ok(token.verify(&newer, &self.rules, now)?)
            }
            result => Ok(result?),
        }
    }
}
