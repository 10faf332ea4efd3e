//! Keys from files: JWK, JWK Set, encrypted JWK, PEM.

use std::path::Path;

use kleis_jose::key_file::{self, KeyFileError};
use kleis_jose::{Jwk, JwkError, JwkSet, MAX_JWK_SIZE};
use serde_json::Value;

use crate::context::Context;
use crate::error::CliError;
use crate::files;

/// The largest key file or JWK Set, in bytes.
pub(crate) const MAX: usize = 64 * MAX_JWK_SIZE;

/// All keys of a file: one, or those of a JWK Set.
pub(crate) fn keys(context: &Context, path: &Path) -> Result<Vec<Jwk>, CliError> {
    let text = files::read_text(path, MAX)?;
    parse(context, text.trim(), &files::name(path))
}

/// The one key of a file.
pub(crate) fn key(context: &Context, path: &Path) -> Result<Jwk, CliError> {
    match <[Jwk; 1]>::try_from(keys(context, path)?) {
        Ok([key]) => Ok(key),
        Err(keys) => Err(CliError::file(
            path,
            format!("one key is expected, these are {}", keys.len()),
        )),
    }
}

/// The one private key of a file.
pub(crate) fn private(context: &Context, path: &Path) -> Result<Jwk, CliError> {
    let key = key(context, path)?;
    if key.is_private() {
        Ok(key)
    } else {
        Err(malformed(&files::name(path), &JwkError::NotPrivate))
    }
}

/// The keys in a text, which is told apart by how it begins. `name` is for errors.
pub(crate) fn parse(context: &Context, text: &str, name: &str) -> Result<Vec<Jwk>, CliError> {
    let bad = |error: &JwkError| malformed(name, error);
    if text.starts_with("-----BEGIN") {
        return Jwk::from_pem(text)
            .map(|key| vec![key])
            .map_err(|error| bad(&error));
    }
    if key_file::is_encrypted(text) {
        let passphrase = context.passphrase().existing()?;
        let key = key_file::decrypt(text, &passphrase);
        return key
            .map(|key| vec![key])
            .map_err(|error| not_opened(name, &error));
    }
    if is_set(text) {
        let set = JwkSet::from_slice(text.as_bytes(), MAX).map_err(|error| bad(&error))?;
        return Ok(set.into_keys());
    }
    Jwk::from_slice(text.as_bytes())
        .map(|key| vec![key])
        .map_err(|error| bad(&error))
}

/// Whether a JSON text is a JWK Set. Reading it strictly comes next.
fn is_set(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|value| value.get("keys").is_some())
}

fn malformed(name: &str, error: &JwkError) -> CliError {
    CliError::input("JWK_INVALID", format!("{name}: {error}"))
}

fn not_opened(name: &str, error: &KeyFileError) -> CliError {
    match error {
        KeyFileError::Passphrase => CliError::Fault(Box::new(crate::error::Fault {
            exit: crate::exit::Exit::Denied,
            reason: "PASSPHRASE",
            field: None,
            detail: format!("{name}: {error}"),
            trace: None,
        })),
        _ => CliError::input("KEY_FILE", format!("{name}: {error}")),
    }
}
