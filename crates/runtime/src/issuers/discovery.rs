//! An issuer's keys, found by its name alone: OpenID Connect Discovery 1.0 section 4, or RFC 8414
//! section 3, then the JWK Set (RFC 7517 section 5).
//!
//! Keys are kept for a while. They are asked for again when that has passed, and when a token names
//! one that is not there, but not more often than once in [`Freshness::pause`]: a flood of tokens
//! with invented names costs the issuer nothing. While the issuer cannot be reached the old keys
//! serve on, up to [`Freshness::stale`]; after that its tokens are not accepted any more.

use std::sync::{Arc, Mutex, PoisonError};

use kleis_jose::{Jwk, JwkSet};
use kleis_types::{Clock, Timestamp};
use serde::Deserialize;

use super::{Fetch, KeySource, Keys, KeysUnavailable};

/// How long keys serve, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// After this long they are asked for again.
    pub fresh: i64,
    /// After this long without an answer they serve no more.
    pub stale: i64,
    /// They are not asked for more often than this.
    pub pause: i64,
}

impl Default for Freshness {
    fn default() -> Self {
        Self {
            fresh: 300,
            stale: 3600,
            pause: 30,
        }
    }
}

/// The keys of an issuer on the network.
pub struct DiscoveredKeys {
    issuer: String,
    fetch: Arc<dyn Fetch>,
    clock: Arc<dyn Clock>,
    freshness: Freshness,
    known: Mutex<Option<Known>>,
    /// Held while one asks; when the issuer was last asked.
    asking: tokio::sync::Mutex<Option<Timestamp>>,
}

#[derive(Clone)]
struct Known {
    keys: Arc<[Jwk]>,
    at: Timestamp,
}

/// The metadata, of which nothing else is needed.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

impl DiscoveredKeys {
    /// The keys of `issuer`, an `https` address without query and fragment.
    pub fn new(
        issuer: impl Into<String>,
        fetch: Arc<dyn Fetch>,
        clock: Arc<dyn Clock>,
        freshness: Freshness,
    ) -> Self {
        Self {
            issuer: issuer.into(),
            fetch,
            clock,
            freshness,
            known: Mutex::new(None),
            asking: tokio::sync::Mutex::new(None),
        }
    }

    fn known(&self) -> Option<Known> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.clone()
    }

    /// The keys at hand, if they may still serve.
    fn usable(&self, for_seconds: i64) -> Option<Arc<[Jwk]>> {
        let now = self.clock.now();
        // A clock that was set back makes nothing fresher than it is.
        let serves = |known: &Known| (0..for_seconds).contains(&now.seconds_since(known.at));
        self.known().filter(serves).map(|known| known.keys)
    }

    /// Asks anew, unless that was done a moment ago or `will_do` says that what somebody else has
    /// got meanwhile is enough.
    async fn renewed(
        &self,
        will_do: impl Fn(&Arc<[Jwk]>) -> bool,
    ) -> Result<Arc<[Jwk]>, KeysUnavailable> {
        let mut asked = self.asking.lock().await;
        let now = self.clock.now();
        let at_hand = self.usable(self.freshness.stale);
        let is_early =
            asked.is_some_and(|at| (0..self.freshness.pause).contains(&now.seconds_since(at)));
        if is_early || at_hand.as_ref().is_some_and(will_do) {
            return at_hand.ok_or(KeysUnavailable);
        }
        *asked = Some(now);
        match self.ask().await {
            Ok(keys) => {
                let known = Known {
                    keys: Arc::clone(&keys),
                    at: now,
                };
                *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
                Ok(keys)
            }
            Err(error) => {
                tracing::warn!(
                    issuer = self.issuer,
                    error,
                    "an issuer's keys cannot be had"
                );
                at_hand.ok_or(KeysUnavailable)
            }
        }
    }

    async fn ask(&self) -> Result<Arc<[Jwk]>, String> {
        let metadata = self.metadata().await?;
        // RFC 8414 section 3.3: another name would let one issuer speak for another.
        if metadata.issuer != self.issuer {
            return Err("the metadata is of another issuer".to_owned());
        }
        let document = self.fetch.get(&metadata.jwks_uri).await;
        let document = document.map_err(|error| error.to_string())?;
        let keys = signing_keys(&document)?;
        if keys.is_empty() {
            return Err("the issuer publishes no key that is understood here".to_owned());
        }
        Ok(keys.into())
    }

    async fn metadata(&self) -> Result<Metadata, String> {
        let bare = self.issuer.trim_end_matches('/');
        let openid = format!("{bare}/.well-known/openid-configuration");
        let document = match self.fetch.get(&openid).await {
            Ok(document) => document,
            Err(first) => {
                let address =
                    oauth_metadata(&self.issuer).ok_or("the issuer's name has no host")?;
                let second = self.fetch.get(&address).await;
                second.map_err(|_| first.to_string())?
            }
        };
        serde_json::from_slice(&document).map_err(|_| "the metadata cannot be read".to_owned())
    }
}

/// RFC 8414 section 3.1: the well-known part stands between the host and the path.
fn oauth_metadata(issuer: &str) -> Option<String> {
    let rest = issuer.strip_prefix("https://")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let path = path.trim_end_matches('/');
    let slash = if path.is_empty() { "" } else { "/" };
    (!host.is_empty())
        .then(|| format!("https://{host}/.well-known/oauth-authorization-server{slash}{path}"))
}

/// The keys that sign. What is not understood here is passed over, as RFC 7517 section 5 says:
/// issuers publish keys for others too.
fn signing_keys(document: &[u8]) -> Result<Vec<Jwk>, String> {
    let set =
        JwkSet::understood_of_slice(document, document.len()).map_err(|error| error.to_string())?;
    let signs = |key: &Jwk| !key.is_private() && key.signature_algorithm().is_some();
    Ok(set.into_keys().into_iter().filter(signs).collect())
}

impl KeySource for DiscoveredKeys {
    fn keys(&self) -> Keys<'_> {
        Box::pin(async {
            if let Some(keys) = self.usable(self.freshness.fresh) {
                return Ok(keys);
            }
            // While one asks, the others go on with the old keys.
            if let Some(keys) = self.usable(self.freshness.stale)
                && self.asking.try_lock().is_err()
            {
                return Ok(keys);
            }
            self.renewed(|_| self.usable(self.freshness.fresh).is_some())
                .await
        })
    }

    fn newer_than<'a>(&'a self, known: &'a Arc<[Jwk]>) -> Keys<'a> {
        Box::pin(self.renewed(|at_hand| !Arc::ptr_eq(at_hand, known)))
    }
}

impl std::fmt::Debug for DiscoveredKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DiscoveredKeys")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}
