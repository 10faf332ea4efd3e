//! An identity provider that nobody here wrote issues what the other tests rely on.
//!
//! The provider is `oidc-provider`, its client `openid-client`, installed by `tests/tools/interop.sh`. Where they cannot be
//! had, because the registry cannot be reached, these tests say so and show nothing.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "tests: a panic is a failed test")]

mod keys;
mod refusals;
mod tokens;

use kleis_e2e::IdentityProvider;
use kleis_jose::{Jwk, JwkSet, jws};
use kleis_types::OsRandom;
use serde_json::Value;

/// The resource indicator of an installation.
const INSTALLATION: &str = "urn:kleis:installation:0193f1a8-7c5e-4d7a-b0a5-3f1c2d4e5f60";

const MAX_SIZE: usize = 1 << 16;

/// An access token, verified with the keys that the provider publishes.
struct Token {
    kid: String,
    claims: Value,
}

impl Token {
    fn verify(provider: &IdentityProvider, token: &str) -> Self {
        let kid = kid(token);
        let set = published(provider);
        let key = set.iter().find(|key| key.kid() == Some(&kid)).unwrap();
        let token = jws::Compact::parse(token, MAX_SIZE).unwrap();
        assert_eq!(token.header().typ(), Some("at+jwt"), "RFC 9068");
        assert_eq!(token.algorithm().to_string(), "ES256");
        let claims = serde_json::from_slice(&token.verify(key).unwrap()).unwrap();
        Self { kid, claims }
    }
}

/// The name of the key that signed a token.
fn kid(token: &str) -> String {
    let token = jws::Compact::parse(token, MAX_SIZE).unwrap();
    token.header().kid().unwrap().to_owned()
}

/// What the provider says of itself.
fn metadata(provider: &IdentityProvider) -> Value {
    let url = format!("{}/.well-known/openid-configuration", provider.issuer());
    let (status, body) = provider.get(&url);
    assert_eq!(status, 200);
    serde_json::from_str(&body).unwrap()
}

/// The keys that the provider publishes, as discovery leads to them.
fn published(provider: &IdentityProvider) -> Vec<Jwk> {
    let url = metadata(provider)["jwks_uri"].as_str().unwrap().to_owned();
    let (status, body) = provider.get(&url);
    assert_eq!(status, 200);
    let set = JwkSet::from_slice(body.as_bytes(), MAX_SIZE).unwrap();
    assert!(set.keys().iter().all(|key| !key.is_private()));
    set.into_keys()
}

fn fresh_key(key_type: kleis_jose::KeyType) -> Jwk {
    Jwk::generate(key_type, &OsRandom).unwrap()
}
