//! What stands in the tokens.

use kleis_e2e::{IdentityProvider, Realm, run_oauth_client};
use kleis_jose::KeyType;
use serde_json::{Value, json};

use super::{INSTALLATION, Token, fresh_key};

/// All members of one object stand in another.
fn assert_has(claims: &Value, wanted: &Value) {
    for (name, value) in wanted.as_object().unwrap() {
        assert_eq!(&claims[name], value, "{name} in {claims}");
    }
}

#[test]
fn idp_a_machine_gets_a_token_for_the_installation() {
    let Some(provider) = IdentityProvider::start(INSTALLATION, Realm::example()) else {
        return;
    };
    let token = provider.machine_token("directory custody", None);
    let Token { claims, .. } = Token::verify(&provider, &token);
    let wanted = json!({
        "iss": provider.issuer(),
        "aud": INSTALLATION,
        "sub": "cbe-0123456749",
        "client_id": "cbe-0123456749",
        "azp": "cbe-0123456749",
        "scope": "directory custody",
        "organisation": { "type": "CBE", "value": "0123456749" },
    });
    assert_has(&claims, &wanted);
    let life = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!(life, 300);
    assert!(claims["jti"].is_string());
    assert!(claims.get("cnf").is_none(), "it is bound to nothing");
}

#[test]
fn idp_a_person_gets_a_token_with_the_profile_of_the_login() {
    let Some(provider) = IdentityProvider::start(INSTALLATION, Realm::example()) else {
        return;
    };
    for (login, profile) in &provider.realm().accounts {
        let token = provider.person_token(login, "registration", None);
        let Token { claims, .. } = Token::verify(&provider, &token);
        let wanted = json!({
            "iss": provider.issuer(),
            "aud": INSTALLATION,
            "sub": login,
            "client_id": "kleis-app",
            "scope": "registration",
        });
        assert_has(&claims, &wanted);
        assert_has(&claims, profile);
    }
}

#[test]
fn idp_tokens_are_bound_to_dpop_keys() {
    let Some(provider) = IdentityProvider::start(INSTALLATION, Realm::example()) else {
        return;
    };
    for key_type in [KeyType::P256, KeyType::P384, KeyType::Ed25519] {
        let key = fresh_key(key_type);
        let tokens = [
            provider.machine_token("custody", Some(&key)),
            provider.person_token("doctor", "custody", Some(&key)),
        ];
        for token in tokens {
            let Token { claims, .. } = Token::verify(&provider, &token);
            let bound = json!({ "jkt": key.thumbprint().to_string() });
            assert_eq!(claims["cnf"], bound, "{key_type:?}");
        }
    }
}

#[test]
fn idp_the_client_follows_a_token_through_its_life() {
    let Some(provider) = IdentityProvider::start(INSTALLATION, Realm::example()) else {
        return;
    };
    let machine = &provider.realm().machines[0];
    let key = fresh_key(KeyType::P256);
    let life = run_oauth_client(
        provider.issuer(),
        &provider.ca_file(),
        &machine.client_id,
        &machine.jwk,
        "directory",
        &key,
    )
    .unwrap();
    assert_eq!(life["metadata"]["issuer"], provider.issuer());
    assert_eq!(life["token"]["token_type"], "dpop");
    assert_eq!(life["introspection"]["active"], true);
    assert_eq!(
        life["introspection"]["cnf"]["jkt"],
        key.thumbprint().to_string()
    );
    assert_eq!(life["afterwards"], json!({ "active": false }));
}
