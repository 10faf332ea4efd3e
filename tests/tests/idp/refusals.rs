//! What the provider does not give: it is as strict as the real ones.

use kleis_e2e::{IdentityProvider, Realm, run_oauth_client};
use kleis_jose::KeyType;

use super::{INSTALLATION, Token, fresh_key};

const ELSEWHERE: &str = "urn:kleis:installation:0193f1a8-7c5e-4d7a-b0a5-ffffffffffff";

#[test]
fn idp_tokens_are_for_the_resource_that_was_asked_for() {
    let mut realm = Realm::example();
    realm.elsewhere = vec![ELSEWHERE.to_owned()];
    let Some(provider) = IdentityProvider::start(INSTALLATION, realm) else {
        return;
    };
    let token = provider
        .machine_token_for(ELSEWHERE, "directory", None)
        .unwrap();
    assert_eq!(Token::verify(&provider, &token).claims["aud"], ELSEWHERE);
    let unknown = "urn:kleis:installation:unknown";
    let refused = provider
        .machine_token_for(unknown, "directory", None)
        .unwrap_err();
    assert!(refused.contains("invalid_target"), "{refused}");
}

#[test]
fn idp_scopes_are_those_of_the_services() {
    let Some(provider) = IdentityProvider::start(INSTALLATION, Realm::example()) else {
        return;
    };
    let token = provider.machine_token("directory everything", None);
    assert_eq!(
        Token::verify(&provider, &token).claims["scope"],
        "directory"
    );
}

#[test]
fn idp_a_machine_with_another_key_gets_nothing() {
    let Some(provider) = IdentityProvider::start(INSTALLATION, Realm::example()) else {
        return;
    };
    let refused = run_oauth_client(
        provider.issuer(),
        &provider.ca_file(),
        &provider.realm().machines[0].client_id,
        &fresh_key(KeyType::P256),
        "directory",
        &fresh_key(KeyType::P256),
    )
    .unwrap_err();
    assert!(refused.contains("invalid_client"), "{refused}");
}
