//! Tokens of `oidc-provider`, accepted by discovery alone.

use std::{fs, process::Command};

use kleis_e2e::{IdentityProvider, Installation, Party, Realm, binaries, people};
use serde_json::json;

use super::{policy, text};

const NURSE: &str = "urn:be:fgov:person:ssin:ehealth:1.0:nihii:nurse:nihii11";

/// A server that knows a provider, and reads its tokens by this mapping (TOML). None where the provider cannot be had.
fn scene(realm: Realm, mapping: &str) -> Option<(Installation, IdentityProvider)> {
    let mut installation = Installation::new();
    let resource = format!(
        "urn:kleis:installation:{}",
        installation.facts().installation
    );
    let provider = IdentityProvider::start(&resource, realm)?;
    let config = installation.path("kleisd.toml");
    let (issuer, roots) = (provider.issuer(), provider.ca_file());
    let roots = roots.display();
    let lines = format!("[[issuers]]\nissuer = \"{issuer}\"\nroots = \"{roots}\"\n{mapping}\n");
    fs::write(&config, lines).unwrap();
    assert!(installation.take_kleisd().stop().success());
    installation
        .start_again(&["--config", &text(&config)])
        .unwrap();
    Some((installation, provider))
}

fn token_file(installation: &Installation, name: &str, token: &str) -> String {
    let path = installation.path(name);
    fs::write(&path, token).unwrap();
    text(&path)
}

fn nurse() -> Realm {
    let mut realm = Realm::example();
    let claims = json!({
        "ssin": "85073003328",
        "profile": "quality",
        "quality": {"name": "nurse", "nihii": "40000226001"},
    });
    realm.accounts.insert("nurse".to_owned(), claims);
    realm
}

#[test]
fn sts_a_persons_token_adds_the_credential_that_the_certificate_lacks() {
    let Some((installation, provider)) = scene(nurse(), "mapping = \"keycloak-iam-connect\"")
    else {
        return;
    };
    let doctor = installation.enrolled("doctor", people::DOCTOR);
    let nurse = installation.enrolled("nurse", people::PATIENT);
    let reader = json!({"namespace": "urn:be:fgov:certified-namespace:ehealth", "name": NURSE});
    let policy = policy(&installation, &reader);
    let made = doctor.kleis(&["custody", "create", "--policy", &policy]);
    let key_id = made["keys"][0]["keyId"].as_str().unwrap();
    let alone = nurse.refused(&["custody", "get", key_id]);
    assert_eq!(alone.reason, "KEY_NOT_AVAILABLE");

    let key = nurse.auth_key();
    let token = provider.person_token("nurse", "custody registration", Some(&key));
    let token = token_file(&installation, "nurse.jwt", &token);
    nurse.kleis(&["--access-token", &token, "custody", "get", key_id]);
    // Whose word the release was given on is in the audit.
    let export = Command::new(binaries::kleisd())
        .args(["audit", "export", "--database", "custody", "--data-dir"])
        .arg(installation.data_dir())
        .output()
        .unwrap();
    let export = String::from_utf8(export.stdout).unwrap();
    let told = format!("\"details\":\"token of {}\"", provider.issuer());
    assert!(
        export
            .lines()
            .any(|row| row.contains(key_id) && row.contains(&told)),
        "{export}"
    );
    let citizen = provider.person_token("citizen", "custody", Some(&key));
    let citizen = token_file(&installation, "citizen.jwt", &citizen);
    let as_citizen = nurse.refused(&["--access-token", &citizen, "custody", "get", key_id]);
    assert_eq!(
        (as_citizen.reason, as_citizen.detail),
        (alone.reason, alone.detail)
    );
    // In other hands it is nothing, not even beside the order of somebody with rights.
    let stolen = doctor.refused(&["--access-token", &token, "custody", "get", key_id]);
    assert!(
        matches!(&*stolen.reason, "DPOP_INVALID" | "SIGNER_MISMATCH"),
        "{stolen:?}"
    );
}

const MACHINES: &str = "\
[issuers.mapping]
namespaces = [\"urn:kleis:identifier\"]
[[issuers.mapping.identifiers]]
claim = [\"organisation\", \"value\"]
type_claim = [\"organisation\", \"type\"]
kind = \"ORGANISATION\"
required = true";

/// Whether this token of the machine opens the list of keys.
fn lists(installation: &Installation, party: &Party, token: &str) -> Result<(), String> {
    let file = token_file(installation, "machine.jwt", token);
    let arguments = ["--access-token", &file, "keys", "list"];
    if party.run(&arguments, b"").status.success() {
        Ok(())
    } else {
        Err(party.refused(&arguments).reason)
    }
}

#[test]
fn sts_a_machines_token_is_good_by_discovery_and_while_the_keys_cannot_be_had() {
    let Some((installation, provider)) = scene(Realm::example(), MACHINES) else {
        return;
    };
    let party = installation.published("party", people::ORGANISATION);
    let key = party.auth_key();
    let token = || provider.machine_token("registration", Some(&key));
    assert_eq!(lists(&installation, &party, &token()), Ok(()));
    let bearer = provider.machine_token("registration", None);
    assert!(lists(&installation, &party, &bearer).is_err());
    assert_eq!(
        lists(
            &installation,
            &party,
            &provider.machine_token("directory", Some(&key))
        ),
        Err("SCOPE_MISSING".to_owned())
    );
    // While its keys cannot be had, the known ones serve on.
    provider.stop_jwks();
    assert_eq!(lists(&installation, &party, &token()), Ok(()));
    provider.start_jwks();
    let asked = provider.asked().jwks;
    assert!((1..=3).contains(&asked), "asked {asked} times for the keys");
}
