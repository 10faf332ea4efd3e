//! Access tokens over the real server: those of the installation's own token service, and those of an identity provider
//! that nobody here wrote, which is found by its name alone.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "tests: a panic is a failed test")]

mod assertions;
mod endpoint;
mod own;
mod provider;

use std::{fs, path::Path};

use kleis_e2e::{Installation, Party};
use kleis_types::{Clock as _, SystemClock};
use serde_json::{Value, json};

/// A policy of one reader with one credential, in a file.
fn policy(installation: &Installation, reader: &Value) -> String {
    let path = installation.path("policy.json");
    let policy = json!({"readers": [{"allOf": [reader]}], "expiresAt": in_a_year()});
    fs::write(&path, policy.to_string()).unwrap();
    text(&path)
}

fn in_a_year() -> i64 {
    SystemClock.now().plus_seconds(31_536_000).unix()
}

/// A party that shows no certificate in TLS, and access tokens in its place.
fn by_token(installation: &Installation, name: &str, identifier: &str) -> Party {
    let party = installation.stranger(name, identifier, "main");
    let facts = installation.facts();
    let root = text(&facts.root);
    let server = ["init", "--server", &facts.public, "--root", &root];
    party.kleis(&[&server[..], &["--access", "token"]].concat());
    let code = installation.code(identifier);
    party.kleis(&["enroll", "--id", identifier, "--code", &code]);
    party
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}
