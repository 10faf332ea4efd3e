//! Other names of decryption keys: those that a former key store knew them by.
//!
//! `aliases.json` holds no secret: `{"ALIAS":"KID", ...}`.

use std::collections::BTreeMap;

use kleis_jose::{Jwk, Thumbprint};
use kleis_types::{Random, strict_json};

use super::{Home, HomeError, files};

/// The largest file, in bytes.
const MAX: usize = 1 << 20;

type Aliases = BTreeMap<String, Thumbprint>;

impl Home {
    /// Takes a decryption key of another key store, under the alias that it had there. `false`: it
    /// was here already. An alias that leads to another key goes on leading there.
    ///
    /// # Errors
    /// [`HomeError`] if the files cannot be read or written.
    pub fn adopt_decryption_key(
        &self,
        key: &Jwk,
        alias: Option<&str>,
        random: &dyn Random,
    ) -> Result<bool, HomeError> {
        let kid = key.thumbprint();
        let is_new = !self.decryption_path(&kid).exists();
        if is_new {
            self.save_decryption_key(key, random)?;
        }
        if let Some(alias) = alias {
            let mut aliases = self.aliases()?;
            if !aliases.contains_key(alias) {
                aliases.insert(alias.to_owned(), kid);
                self.save_aliases(&aliases)?;
            }
        }
        Ok(is_new)
    }

    /// The decryption key that another key store knew by this alias.
    pub(crate) fn decryption_key_by_alias(&self, alias: &str) -> Result<Option<Jwk>, HomeError> {
        match self.aliases()?.get(alias) {
            Some(kid) => self.decryption_key(kid),
            None => Ok(None),
        }
    }

    fn aliases(&self) -> Result<Aliases, HomeError> {
        let path = self.path("aliases.json");
        let Some(text) = files::read(&path)? else {
            return Ok(Aliases::new());
        };
        let malformed = |detail: String| HomeError::Malformed {
            path: path.clone(),
            detail,
        };
        let names: BTreeMap<String, String> = strict_json::from_slice(text.as_bytes(), MAX)
            .map_err(|error| malformed(error.to_string()))?;
        let parsed = names.into_iter().map(|(alias, kid)| {
            let kid = kid.parse();
            Ok((
                alias,
                kid.map_err(|_| malformed("it names no key".to_owned()))?,
            ))
        });
        parsed.collect()
    }

    fn save_aliases(&self, aliases: &Aliases) -> Result<(), HomeError> {
        let path = self.path("aliases.json");
        let names: BTreeMap<&str, &str> = aliases
            .iter()
            .map(|(alias, kid)| (alias.as_str(), kid.as_str()))
            .collect();
        let text = serde_json::to_vec_pretty(&names).map_err(|error| HomeError::Malformed {
            path: path.clone(),
            detail: error.to_string(),
        })?;
        files::replace(&path, &text)
    }
}
