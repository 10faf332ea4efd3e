//! `kleis jose`, as integrators use it: key files and standard input.

use std::{
    fs,
    io::Write as _,
    process::{Command, Stdio},
};

use kleis_e2e::binaries;
use serde_json::Value;
use tempfile::TempDir;

use super::{
    library::{Library, recipient},
    with_each_library,
};

/// A folder with key files.
pub(crate) struct Keys(TempDir);

impl Keys {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// Makes a key, with its `alg` where one is given.
    pub(crate) fn generate(key_type: &str, alg: Option<&str>) -> Value {
        let mut arguments = vec!["generate", "--type", key_type];
        arguments.extend(alg.into_iter().flat_map(|alg| ["--alg", alg]));
        serde_json::from_slice(&kleis_jose(&arguments, b"").unwrap()).unwrap()
    }

    /// The file with a key.
    pub(crate) fn file(&self, jwk: &Value) -> String {
        let path = self
            .0
            .path()
            .join(format!("{}.jwk", jwk["kid"].as_str().unwrap()));
        fs::write(&path, jwk.to_string()).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

/// Runs `kleis jose`; gives what it writes, or says.
pub(crate) fn kleis_jose(arguments: &[&str], stdin: &[u8]) -> Result<Vec<u8>, String> {
    let mut child = Command::new(binaries::kleis())
        .arg("jose")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that needs no input may be gone before it is written.
    drop(child.stdin.take().unwrap().write_all(stdin));
    let output = child.wait_with_output().unwrap();
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// Every kind of key that is in use somewhere.
const KINDS: &[&str] = &[
    "P-256", "P-384", "P-521", "Ed25519", "X25519", "RSA-2048", "oct-256",
];

#[test]
fn interop_everybody_calls_a_key_by_the_same_name() {
    let keys = Keys::new();
    let made: Vec<_> = KINDS
        .iter()
        .map(|kind| Keys::generate(kind, None))
        .collect();
    with_each_library(|library| {
        let tasks: Vec<_> = made
            .iter()
            .map(|jwk| serde_json::json!({"do": "thumbprint", "jwk": jwk}))
            .collect();
        for (jwk, theirs) in made.iter().zip(library.run(&tasks)) {
            assert_eq!(theirs.unwrap(), jwk["kid"].as_str().unwrap(), "{library:?}");
            let ours = kleis_jose(&["thumbprint", "--key", &keys.file(jwk)], b"").unwrap();
            assert_eq!(
                String::from_utf8(ours).unwrap().trim(),
                jwk["kid"].as_str().unwrap()
            );
        }
    });
}

#[test]
fn interop_what_was_changed_on_the_way_is_opened_by_nobody() {
    let keys = Keys::new();
    let jwk = Keys::generate("X25519", None);
    let file = keys.file(&jwk);
    let token = kleis_jose(&["encrypt", "--key", &file], b"plaintext").unwrap();
    let token = String::from_utf8(token).unwrap();
    let (head, tag) = token.trim().rsplit_once('.').unwrap();
    let first = if tag.starts_with('A') { 'B' } else { 'A' };
    let changed = format!("{head}.{first}{}", &tag[1..]);
    assert!(kleis_jose(&["decrypt", "--key", &file], changed.as_bytes()).is_err());
    with_each_library(|library: Library| {
        let task = super::library::decrypt(&jwk, "ECDH-ES+A256KW", "A256GCM", &changed);
        library.run(&[task])[0].as_ref().unwrap_err();
        let keys = [recipient(&jwk, "ECDH-ES+A256KW")];
        let task = super::library::encrypt(&keys, "A256GCM", "compact", b"plaintext");
        let theirs = library.must(task);
        let shorter = &theirs[..theirs.len() - 2];
        assert!(kleis_jose(&["decrypt", "--key", &file], shorter.as_bytes()).is_err());
    });
}
