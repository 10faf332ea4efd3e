//! Private keys on disk: JWK files, plain or encrypted (docs/formats.md section 12).

use std::path::Path;

use kleis_jose::{Jwk, Thumbprint, key_file};
use kleis_types::{Random, SecretBytes};

use super::{Home, HomeError, files};

impl Home {
    /// The authentication key.
    ///
    /// # Errors
    /// [`HomeError::NotEnrolled`] if there is none.
    pub fn auth_key(&self) -> Result<Jwk, HomeError> {
        self.read_key(&self.path("auth.jwk"))?
            .ok_or_else(|| HomeError::NotEnrolled(self.dir.clone()))
    }

    /// The authentication key, if there is one yet.
    pub fn find_auth_key(&self) -> Result<Option<Jwk>, HomeError> {
        self.read_key(&self.path("auth.jwk"))
    }

    /// Writes the authentication key, encrypted under a passphrase where one is given.
    pub fn save_auth_key(
        &self,
        key: &Jwk,
        passphrase: Option<&SecretBytes>,
        random: &dyn Random,
    ) -> Result<(), HomeError> {
        write_key(&self.path("auth.jwk"), key, passphrase, random)
    }

    /// Writes a decryption key. Like the authentication key, it is encrypted or not.
    pub fn save_decryption_key(&self, key: &Jwk, random: &dyn Random) -> Result<(), HomeError> {
        let passphrase = self.protection()?;
        let path = self.path("keys").join(format!("{}.jwk", key.thumbprint()));
        write_key(&path, key, passphrase.as_ref(), random)
    }

    /// Removes a decryption key that was never registered.
    pub(crate) fn remove_decryption_key(&self, kid: &Thumbprint) -> Result<(), HomeError> {
        files::remove(&self.path("keys").join(format!("{kid}.jwk")))
    }

    /// A decryption key by its `kid`.
    pub fn decryption_key(&self, kid: &Thumbprint) -> Result<Option<Jwk>, HomeError> {
        self.read_key(&self.path("keys").join(format!("{kid}.jwk")))
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
        let text = files::read_private(&self.path("auth.jwk"))?;
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
