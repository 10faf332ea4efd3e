//! Discovery, and the keys that it leads to.

use kleis_e2e::{Asked, IdentityProvider, Realm};

use super::{INSTALLATION, Token, kid, metadata, published};

#[test]
fn idp_discovery_is_beneath_the_issuer() {
    let Some(provider) = IdentityProvider::start(INSTALLATION, Realm::example()) else {
        return;
    };
    let metadata = metadata(&provider);
    let issuer = provider.issuer();
    assert!(issuer.starts_with("https://127.0.0.1:"), "{issuer}");
    assert_eq!(metadata["issuer"], issuer);
    for endpoint in ["jwks_uri", "token_endpoint", "authorization_endpoint"] {
        let url = metadata[endpoint].as_str().unwrap();
        assert!(url.starts_with(&format!("{issuer}/")), "{endpoint}: {url}");
    }
    let methods = &metadata["token_endpoint_auth_methods_supported"];
    assert_eq!(methods, &serde_json::json!(["private_key_jwt", "none"]));
    let dpop = &metadata["dpop_signing_alg_values_supported"];
    assert!(dpop.as_array().unwrap().contains(&"ES256".into()));
}

#[test]
fn idp_keys_rotate_and_are_withdrawn() {
    let Some(provider) = IdentityProvider::start(INSTALLATION, Realm::example()) else {
        return;
    };
    let before = provider.machine_token("directory", None);
    let new = provider.rotate();
    assert_ne!(kid(&before), new);
    let after = provider.machine_token("directory", None);
    assert_eq!(Token::verify(&provider, &after).kid, new);
    let person = provider.person_token("citizen", "directory", None);
    assert_eq!(Token::verify(&provider, &person).kid, new);
    // What was signed before is still good.
    assert_eq!(Token::verify(&provider, &before).kid, kid(&before));
    assert_eq!(published(&provider).len(), 2);

    provider.withdraw();
    let names: Vec<_> = published(&provider)
        .iter()
        .map(|key| key.kid().unwrap().to_owned())
        .collect();
    assert_eq!(names, [new.as_str()]);
    assert_eq!(kid(&provider.machine_token("directory", None)), new);
}

#[test]
fn idp_the_key_set_fails_on_demand_and_is_counted() {
    let Some(provider) = IdentityProvider::start(INSTALLATION, Realm::example()) else {
        return;
    };
    let url = metadata(&provider)["jwks_uri"].as_str().unwrap().to_owned();
    let asked = |discovery, jwks| Asked { discovery, jwks };
    assert_eq!(provider.asked(), asked(1, 0));
    provider.stop_jwks();
    assert_eq!(provider.get(&url).0, 503);
    // Tokens are issued nevertheless.
    kid(&provider.machine_token("directory", None));
    assert_eq!(provider.asked(), asked(2, 1));
    provider.start_jwks();
    assert_eq!(provider.get(&url).0, 200);
    assert_eq!(provider.asked(), asked(2, 2));
}
