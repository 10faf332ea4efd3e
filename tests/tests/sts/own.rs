//! Tokens of the installation's own token service, through `kleis`, the SDK, and other people's OAuth client.

use std::fs;

use kleis_e2e::{Installation, packages, people, run_oauth_client};
use kleis_jose::{Jwk, KeyType, jws};
use kleis_types::OsRandom;
use serde_json::{Value, json};

use super::{by_token, policy, text};

const PHARMACY: &str = "urn:be:fgov:ehealth:1.0:pharmacy:nihii-number:recognisedpharmacy:boolean";

#[test]
fn sts_a_home_without_a_client_certificate_does_everything_by_tokens() {
    let installation = Installation::new();
    let pharmacy = by_token(&installation, "pharmacy", people::PHARMACY);
    let doctor = by_token(&installation, "doctor", people::DOCTOR);
    for party in [&pharmacy, &doctor] {
        party.kleis(&["keys", "publish"]);
    }
    assert_eq!(
        doctor.kleis(&["keys", "list"])["keys"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    // Of a person, whom nobody may look up who is not known.
    let found = pharmacy.kleis(&["lookup", people::DOCTOR]);
    assert!(!found["keys"].as_array().unwrap().is_empty(), "{found}");
    let letter = installation.path("letter.jwe");
    let letter = text(&letter);
    let seal = [
        "seal",
        "--to",
        people::DOCTOR,
        "--type",
        "text/plain",
        "--out",
        &letter,
    ];
    pharmacy.kleis_with(&seal, b"by tokens alone");
    doctor.kleis(&["open", &letter]);

    let reader = json!({
        "namespace": "urn:be:fgov:certified-namespace:ehealth", "name": PHARMACY, "values": ["true"],
    });
    let policy = policy(&installation, &reader);
    let made = doctor.kleis(&["custody", "create", "--policy", &policy]);
    let key_id = made["keys"][0]["keyId"].as_str().unwrap();
    pharmacy.kleis(&["custody", "get", key_id]);
    doctor.kleis(&["custody", "shred", key_id]);
    let gone = pharmacy.refused(&["custody", "get", key_id]);
    assert_eq!(gone.reason, "KEY_NOT_AVAILABLE");
}

#[test]
fn sts_a_token_says_whose_it_is_and_what_it_is_bound_to() {
    let installation = Installation::new();
    let party = installation.enrolled("party", people::APPLICATION);
    let token = party.kleis(&["token", "--scope", "directory"]);
    assert_eq!(
        (&token["tokenType"], &token["scope"]),
        (&json!("DPoP"), &json!("directory"))
    );
    let text = token["token"].as_str().unwrap();
    let read = jws::Compact::parse(text, 1 << 16).unwrap();
    assert_eq!(read.header().typ(), Some("at+jwt"));
    let claims: Value = serde_json::from_slice(read.unverified_payload()).unwrap();
    assert_eq!(claims["client_id"], people::APPLICATION);
    assert_eq!(
        claims["cnf"]["jkt"],
        party.auth_key().thumbprint().to_string().as_str()
    );
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        300
    );
    let audience = format!(
        "urn:kleis:installation:{}",
        installation.facts().installation
    );
    assert_eq!(claims["aud"], audience.as_str());

    // Of no use for another service, or in the hands of another.
    let file = installation.path("token.jwt");
    fs::write(&file, text).unwrap();
    let file = super::text(&file);
    let beyond = party.refused(&["--access-token", &file, "keys", "list"]);
    assert_eq!(beyond.reason, "SCOPE_MISSING");
    let thief = installation.enrolled("thief", people::INSURER);
    let stolen = thief.refused(&["--access-token", &file, "lookup", people::APPLICATION]);
    assert_eq!(stolen.reason, "DPOP_INVALID");
    party.refused(&["token", "--scope", "everything"]);
}

#[test]
fn sts_other_peoples_oauth_client_gets_inspects_and_revokes_a_token() {
    if let Err(reason) = packages::OAUTH.folder() {
        skipped(reason);
        return;
    }
    let installation = Installation::new();
    let party = installation.enrolled("party", people::APPLICATION);
    let dpop = Jwk::generate(KeyType::P256, &OsRandom).unwrap();
    let facts = installation.facts();
    let life = run_oauth_client(
        &facts.public,
        &facts.root,
        people::APPLICATION,
        &party.auth_key(),
        "directory registration",
        &dpop,
    )
    .unwrap();
    assert_eq!(life["metadata"]["issuer"], facts.public.as_str());
    assert_eq!(life["introspection"]["active"], true, "{life}");
    assert_eq!(life["introspection"]["client_id"], people::APPLICATION);
    assert_eq!(life["afterwards"]["active"], false, "{life}");

    // By a key that is not registered.
    let (public, root) = (&facts.public, &facts.root);
    let refused = run_oauth_client(public, root, people::APPLICATION, &dpop, "directory", &dpop);
    assert!(refused.unwrap_err().contains("invalid_client"));
}

#[expect(
    clippy::print_stdout,
    reason = "for whoever wonders why nothing was shown"
)]
fn skipped(reason: &str) {
    println!("skipped: {reason}");
}
