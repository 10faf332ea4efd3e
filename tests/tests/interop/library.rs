//! The libraries, as processes that do a list of tasks.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use kleis_e2e::packages;
use kleis_types::base64url;
use serde_json::{Value, json};

/// Somebody else's implementation of JOSE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Library {
    /// `jose`, JavaScript.
    Jose,
    /// `jwcrypto`, Python.
    Jwcrypto,
}

impl Library {
    pub(crate) const ALL: [Self; 2] = [Self::Jose, Self::Jwcrypto];

    /// Does all tasks; gives the result of each, or what the library says.
    pub(crate) fn run(self, tasks: &[Value]) -> Vec<Result<String, String>> {
        let folder = packages::JOSE.folder().unwrap();
        let mut command = match self {
            Self::Jose => {
                let mut command = Command::new("node");
                command
                    .arg(packages::JOSE.script("jose_tasks.mjs"))
                    .arg(folder);
                command
            }
            Self::Jwcrypto => {
                let mut command = Command::new(folder.join("venv/bin/python"));
                command
                    .arg("-B")
                    .arg(packages::JOSE.script("jwcrypto_tasks.py"));
                command
            }
        };
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let tasks = serde_json::to_vec(tasks).unwrap();
        child.stdin.take().unwrap().write_all(&tasks).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{self:?}: {}", output.status);
        let results: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        results.iter().map(result).collect()
    }

    /// Does one task, which must succeed.
    pub(crate) fn must(self, task: Value) -> String {
        let named = task["do"].clone();
        self.run(&[task])
            .remove(0)
            .unwrap_or_else(|error| panic!("{self:?} {named}: {error}"))
    }
}

fn result(value: &Value) -> Result<String, String> {
    let text = |name: &str| value[name].as_str().map(str::to_owned);
    text("ok").ok_or_else(|| text("error").unwrap_or_default())
}

/// Whether the libraries can be used, or why not.
pub(crate) fn are_there() -> Result<(), &'static str> {
    packages::JOSE.folder().map(drop)
}

// --- tasks ------------------------------------------------------------------------------------

/// A key and the algorithm to encrypt to it with.
pub(crate) fn recipient(jwk: &Value, alg: &str) -> Value {
    json!({"jwk": jwk, "alg": alg})
}

pub(crate) fn encrypt(keys: &[Value], enc: &str, form: &str, plaintext: &[u8]) -> Value {
    let plaintext = base64url::encode(plaintext);
    json!({"do": "encrypt", "keys": keys, "enc": enc, "form": form, "plaintext": plaintext})
}

pub(crate) fn decrypt(jwk: &Value, alg: &str, enc: &str, token: &str) -> Value {
    json!({"do": "decrypt", "jwk": jwk, "alg": alg, "enc": enc, "token": token})
}

pub(crate) fn sign(jwk: &Value, alg: &str, form: &str, payload: &[u8]) -> Value {
    let payload = base64url::encode(payload);
    json!({"do": "sign", "jwk": jwk, "alg": alg, "form": form, "payload": payload})
}

pub(crate) fn verify(jwk: &Value, alg: &str, token: &str) -> Value {
    json!({"do": "verify", "jwk": jwk, "alg": alg, "token": token})
}
