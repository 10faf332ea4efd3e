//! Private keys on disk: JWK files, plain or encrypted (docs/formats.md section 12).

use std::path::{Path, PathBuf};

use kleis_jose::{Jwk, KeyType, Thumbprint, key_file};
use kleis_types::{Random, SecretBytes};

use super::{Home, HomeError, files};

/// The authentication key of a home that has not renewed its certificate yet.
pub(super) const AUTH_FILE: &str = "auth.jwk";
/// The key that the next certificate is for.
const NEXT_AUTH_FILE: &str = "auth-next.jwk";

impl Home {
    /// The authentication key.
    ///
    /// # Errors
    /// [`HomeError::NotEnrolled`] if there is none.
    pub fn auth_key(&self) -> Result<Jwk, HomeError> {
        self.find_auth_key()?
            .ok_or_else(|| HomeError::NotEnrolled(self.dir.clone()))
    }

    /// The authentication key, if there is one yet.
    pub fn find_auth_key(&self) -> Result<Option<Jwk>, HomeError> {
        self.read_key(&self.auth_path()?)
    }

    /// The file of the authentication key, whether it is there yet or not.
    pub fn auth_path(&self) -> Result<PathBuf, HomeError> {
        if self.is_enrolled() {
            Ok(self.path(&self.identity()?.key_file))
        } else {
            Ok(self.path(AUTH_FILE))
        }
    }

    /// The key that the next certificate is for, made where there is none yet. It is encrypted if the present one is.
    pub fn next_auth_key(&self, key_type: KeyType, random: &dyn Random) -> Result<Jwk, HomeError> {
        let path = self.path(NEXT_AUTH_FILE);
        if let Some(key) = self.read_key(&path)? {
            return Ok(key);
        }
        let key = Jwk::generate(key_type, random).map_err(|error| HomeError::Malformed {
            path: path.clone(),
            detail: error.to_string(),
        })?;
        write_key(&path, &key, self.protection()?.as_ref(), random)?;
        Ok(key)
    }

    /// Keeps the next key under a name of its own. Gives that name.
    pub(super) fn keep_next_auth_key(&self) -> Result<String, HomeError> {
        let next = self.path(NEXT_AUTH_FILE);
        let missing = || HomeError::NotEnrolled(self.dir.clone());
        let key = self.read_key(&next)?.ok_or_else(missing)?;
        // The same bytes, encrypted or not.
        let text = files::read_private(&next)?.ok_or_else(missing)?;
        let name = format!("auth-{}.jwk", key.thumbprint());
        files::replace(&self.path(&name), text.as_bytes())?;
        Ok(name)
    }

    pub(super) fn remove_next_auth_key(&self) -> Result<(), HomeError> {
        files::remove(&self.path(NEXT_AUTH_FILE))
    }

    /// Removes the authentication keys of certificates that were replaced.
    pub(super) fn remove_auth_keys_but(&self, present: &str) -> Result<(), HomeError> {
        let io = |source| HomeError::Io {
            path: self.dir.clone(),
            source,
        };
        for entry in std::fs::read_dir(&self.dir).map_err(io)? {
            let name = entry.map_err(io)?.file_name();
            let is_old = name.to_str().is_some_and(|name| {
                let stem = name.strip_suffix(".jwk").unwrap_or_default();
                let is_key = stem == "auth" || stem.starts_with("auth-");
                is_key && name != present && name != NEXT_AUTH_FILE
            });
            if is_old {
                files::remove(&self.dir.join(&name))?;
            }
        }
        Ok(())
    }

    /// Writes the authentication key, encrypted under a passphrase where one is given.
    pub fn save_auth_key(
        &self,
        key: &Jwk,
        passphrase: Option<&SecretBytes>,
        random: &dyn Random,
    ) -> Result<(), HomeError> {
        write_key(&self.path(AUTH_FILE), key, passphrase, random)
    }

    /// Writes a decryption key. Like the authentication key, it is encrypted or not.
    pub fn save_decryption_key(&self, key: &Jwk, random: &dyn Random) -> Result<(), HomeError> {
        let passphrase = self.protection()?;
        let path = self.decryption_path(&key.thumbprint());
        write_key(&path, key, passphrase.as_ref(), random)
    }

    /// Removes a decryption key that was never registered.
    pub(crate) fn remove_decryption_key(&self, kid: &Thumbprint) -> Result<(), HomeError> {
        files::remove(&self.decryption_path(kid))
    }

    /// A decryption key by its `kid`.
    pub fn decryption_key(&self, kid: &Thumbprint) -> Result<Option<Jwk>, HomeError> {
        self.read_key(&self.decryption_path(kid))
    }

    /// Where a decryption key is, if it is there.
    pub(super) fn decryption_path(&self, kid: &Thumbprint) -> std::path::PathBuf {
        self.path("keys").join(format!("{kid}.jwk"))
    }

    /// The `kid`s of all decryption keys.
    pub fn decryption_kids(&self) -> Result<Vec<Thumbprint>, HomeError> {
        let dir = self.path("keys");
        let io = |source| HomeError::Io {
            path: dir.clone(),
            source,
        };
        let mut kids = Vec::new();
        for entry in std::fs::read_dir(&dir).map_err(io)? {
            let name = entry.map_err(io)?.file_name();
            let kid = name.to_str().and_then(|name| name.strip_suffix(".jwk"));
            kids.extend(kid.and_then(|kid| kid.parse().ok()));
        }
        kids.sort();
        Ok(kids)
    }

    /// The passphrase that this home's keys are protected with, if they are.
    pub(super) fn protection(&self) -> Result<Option<SecretBytes>, HomeError> {
        let text = files::read_private(&self.auth_path()?)?;
        match text {
            Some(text) if key_file::is_encrypted(&text) => (self.passphrase)().map(Some),
            _ => Ok(None),
        }
    }

    pub(super) fn read_key(&self, path: &Path) -> Result<Option<Jwk>, HomeError> {
        let Some(text) = files::read_private(path)? else {
            return Ok(None);
        };
        let text = SecretBytes::from(text.into_bytes());
        let malformed = |detail: String| HomeError::Malformed {
            path: path.to_owned(),
            detail,
        };
        let str =
            std::str::from_utf8(text.expose()).map_err(|error| malformed(error.to_string()))?;
        let key = if key_file::is_encrypted(str) {
            let passphrase = (self.passphrase)()?;
            key_file::decrypt(str, &passphrase)
                .map_err(|_| HomeError::Passphrase(path.to_owned()))?
        } else {
            Jwk::from_slice(text.expose()).map_err(|error| malformed(error.to_string()))?
        };
        Ok(Some(key))
    }
}

pub(super) fn write_key(
    path: &Path,
    key: &Jwk,
    passphrase: Option<&SecretBytes>,
    random: &dyn Random,
) -> Result<(), HomeError> {
    match passphrase {
        None => files::replace(path, key.to_private_json().expose()),
        Some(passphrase) => {
            let text = key_file::encrypt(key, passphrase, random).map_err(|error| {
                HomeError::Malformed {
                    path: path.to_owned(),
                    detail: error.to_string(),
                }
            })?;
            files::replace(path, text.as_bytes())
        }
    }
}
