//! What the service tells of itself (RFC 8414 section 2).

use kleis_access::ALGORITHMS;
use kleis_types::Scope;
use serde_json::{Value, json};

use super::{INTROSPECT, JWKS, REVOKE, TOKEN};
use crate::config::Settings;
use crate::request::Grant;

const AUTHENTICATION: [&str; 1] = ["private_key_jwt"];

pub(super) fn of(settings: &Settings) -> Value {
    let algorithms: Vec<&str> = ALGORITHMS
        .iter()
        .map(|algorithm| algorithm.as_str())
        .collect();
    let grants: Vec<&str> = Grant::ALL.iter().map(|grant| grant.as_str()).collect();
    json!({
        "issuer": settings.issuer,
        "token_endpoint": settings.url(TOKEN),
        "token_endpoint_auth_methods_supported": AUTHENTICATION,
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "revocation_endpoint": settings.url(REVOKE),
        "revocation_endpoint_auth_methods_supported": AUTHENTICATION,
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint": settings.url(INTROSPECT),
        "introspection_endpoint_auth_methods_supported": AUTHENTICATION,
        "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
        "jwks_uri": settings.url(JWKS),
        "grant_types_supported": grants,
        "response_types_supported": [],
        "scopes_supported": Scope::ALL,
        "dpop_signing_alg_values_supported": algorithms,
        "tls_client_certificate_bound_access_tokens": true,
    })
}
