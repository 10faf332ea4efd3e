//! What the service tells of itself (RFC 8414).

use axum::http::StatusCode;
use serde_json::json;

use crate::fixture::Office;

#[tokio::test]
async fn the_metadata_says_what_there_is() {
    let office = Office::open().await;
    let answer = office.get("/.well-known/oauth-authorization-server").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    let algorithms = json!(["ES256", "ES384", "EdDSA", "PS256", "RS256"]);
    let expected = json!({
        "issuer": "https://sts.example:8443",
        "token_endpoint": "https://sts.example:8443/oauth2/token",
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "revocation_endpoint": "https://sts.example:8443/oauth2/revoke",
        "revocation_endpoint_auth_methods_supported": ["private_key_jwt"],
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint": "https://sts.example:8443/oauth2/introspect",
        "introspection_endpoint_auth_methods_supported": ["private_key_jwt"],
        "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
        "jwks_uri": "https://sts.example:8443/oauth2/jwks",
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "scopes_supported": ["directory", "registration", "custody"],
        "dpop_signing_alg_values_supported": algorithms,
        "tls_client_certificate_bound_access_tokens": true,
    });
    assert_eq!(answer.body, expected);
}
