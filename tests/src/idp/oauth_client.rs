//! An OAuth 2.0 client that nobody here wrote: `openid-client`, through `tests/idp/client.mjs`.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use kleis_jose::Jwk;
use serde_json::{Value, json};

use super::realm::with_kid;
use crate::packages;

/// Gets a token with `private_key_jwt` bound to a DPoP key, introspects it (RFC 7662), revokes it (RFC 7009) and
/// introspects it again. The server is found by its metadata (RFC 8414); `ca` is the file with the authority to trust.
/// The answer has the members `metadata`, `token`, `introspection` and `afterwards`.
///
/// # Errors
/// What the client says when a step fails; with the server's `error` where it gave one.
///
/// # Panics
/// Where the packages cannot be had: ask [`packages::OAUTH`](crate::packages::OAUTH) first.
pub fn run_oauth_client(
    issuer: &str,
    ca: &Path,
    client_id: &str,
    jwk: &Jwk,
    scope: &str,
    dpop: &Jwk,
) -> Result<Value, String> {
    let task = json!({
        "do": "tokenLife",
        "issuer": issuer,
        "metadata": "oauth2",
        "clientId": client_id,
        "jwk": private(jwk),
        "scope": scope,
        "dpop": private(dpop),
    });
    run(&task, ca)
}

/// Does one task of `client.mjs`.
pub(super) fn run(task: &Value, ca: &Path) -> Result<Value, String> {
    let mut child = Command::new("node")
        .arg(packages::OAUTH.script("client.mjs"))
        .arg(packages::OAUTH.folder().unwrap())
        .env("NODE_EXTRA_CA_CERTS", ca)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(task.to_string().as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "client.mjs: {}", output.status);
    let mut answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    match answer["error"].as_str() {
        Some(error) => Err(error.to_owned()),
        None => Ok(answer["ok"].take()),
    }
}

/// A private key in JSON, by its thumbprint.
pub(super) fn private(key: &Jwk) -> Value {
    let value = serde_json::from_slice(key.to_private_json().expose()).unwrap();
    with_kid(value, key)
}
