//! The configuration: a TOML file, and over it the environment.
//!
//! A variable `KLEIS_SECTION__KEY` sets `key` in `[section]`. Variables without a double underscore
//! are no configuration (`KLEIS_KEK` is a secret, others belong to other programs). Unknown keys
//! are refused, and all that is wrong is told at once. The configuration holds no secret: those are
//! in files that it names.

mod access;
mod directory;
mod error;
mod register;
mod registration;
mod sections;
#[cfg(test)]
mod tests;

use std::path::Path;

use figment::{
    Figment, Metadata, Profile, Provider,
    providers::{Format as _, Toml},
    value::{Dict, Map, Value},
};
use kleis_types::TypeTable;
use serde::Deserialize;

pub use access::{Algorithm, ClientCaConfig, IssuerConfig, Sts};
pub use directory::{Audience, Directory};
pub use error::{ConfigError, ConfigErrors};
pub use register::{
    MailConfig, MailTls, Notices, RegistrantSourceConfig, Registrants, WebhookConfig,
};
pub use registration::{ContractConfig, ContractMediaType, ProfileConfig, Registration};
pub use sections::{Audit, Ca, Kek, Limits, Listen, LogFormat, Pkcs11Key, Pki, Telemetry, Tls};

const PREFIX: &str = "KLEIS_";
const SEPARATOR: &str = "__";

/// The whole configuration. Every part has a default, so that none of it is needed to begin.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where to listen.
    pub listen: Listen,
    /// The server's own certificate.
    pub tls: Tls,
    /// What the CA publishes.
    pub pki: Pki,
    /// The issuing CA.
    pub ca: Ca,
    /// Where the root KEK is.
    pub kek: Kek,
    /// How the audit is proven.
    pub audit: Audit,
    /// How much is taken on at a time.
    pub limits: Limits,
    /// What is logged, and how.
    pub telemetry: Telemetry,
    /// The installation's own token service.
    pub sts: Sts,
    /// How certificates are given.
    pub registration: Registration,
    /// What holds for certificates of some identifier types.
    pub profiles: Vec<ProfileConfig>,
    /// What whoever asks for a certificate accepts.
    pub contracts: Vec<ContractConfig>,
    /// How the directory answers.
    pub directory: Directory,
    /// Issuers of access tokens besides it.
    pub issuers: Vec<IssuerConfig>,
    /// CAs of client certificates besides the installation's own.
    pub client_cas: Vec<ClientCaConfig>,
    /// Where it is known who exists.
    pub registrants: Registrants,
    /// How owners are told what happens to their certificates and keys.
    pub notices: Notices,
    /// Identifier types beside the built-in ones.
    pub identifier_types: Vec<kleis_types::TypeDefinition>,
}

impl Config {
    /// Reads the file, if there is one, and the environment.
    ///
    /// # Errors
    /// Everything that is wrong, each with its key and where it was set.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigErrors> {
        let mut figment = Figment::new();
        if let Some(path) = file {
            // Looked at first, because a missing file is no error to the reader below.
            std::fs::metadata(path).map_err(|error| ConfigErrors::unreadable(path, &error))?;
            figment = figment.merge(Toml::file_exact(path));
        }
        Self::extract(&figment.merge(Environment::of(environment)))
    }

    /// Reads a text in the place of a file.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn parse(toml: &str) -> Result<Self, ConfigErrors> {
        Self::extract(&Figment::new().merge(Toml::string(toml)))
    }

    /// The built-in identifier types and those of the configuration.
    ///
    /// # Errors
    /// If a definition is bad or a name is taken. [`Config::load`] has made sure of both.
    pub fn type_table(&self) -> Result<TypeTable, kleis_types::TypeTableError> {
        TypeTable::belgian().extended(self.identifier_types.clone())
    }

    /// The same configuration, checked again after it has been changed.
    ///
    /// # Errors
    /// Every rule that it breaks.
    pub fn checked(self) -> Result<Self, ConfigErrors> {
        let errors = self.validate();
        if errors.is_empty() {
            Ok(self)
        } else {
            Err(ConfigErrors::new(errors))
        }
    }

    /// Takes out what cannot be read, one at a time, until the rest can: that is how all errors are
    /// found.
    fn extract(figment: &Figment) -> Result<Self, ConfigErrors> {
        let mut errors = Vec::new();
        let mut value = figment
            .find_value("")
            .map_err(|error| ConfigErrors::syntax(&error))?;
        let config = loop {
            match value.deserialize::<Self>() {
                Ok(config) => break config,
                Err(error) => {
                    let removed = remove(&mut value, &error.path);
                    errors.push(ConfigError::reading(figment, &error));
                    if !removed {
                        return Err(ConfigErrors::new(errors));
                    }
                }
            }
        };
        errors.extend(config.validate());
        if errors.is_empty() {
            Ok(config)
        } else {
            Err(ConfigErrors::new(errors))
        }
    }

    fn validate(&self) -> Vec<ConfigError> {
        let limits = &self.limits;
        let bounded = [
            (
                "limits.handshake_seconds",
                u64::from(limits.handshake_seconds.get()),
                60,
            ),
            (
                "limits.deadline_seconds",
                u64::from(limits.deadline_seconds.get()),
                300,
            ),
            (
                "limits.drain_seconds",
                u64::from(limits.drain_seconds.get()),
                300,
            ),
            (
                "limits.max_body_bytes",
                u64::from(limits.max_body_bytes.get()),
                64 << 20,
            ),
            (
                "limits.tracked_callers",
                u64::from(limits.tracked_callers.get()),
                16 << 20,
            ),
            (
                "limits.requests_per_second",
                u64::from(limits.requests_per_second.get()),
                1_000_000,
            ),
            (
                "audit.checkpoint_seconds",
                u64::from(self.audit.checkpoint_seconds.get()),
                3600,
            ),
        ];
        let mut errors: Vec<_> = bounded
            .into_iter()
            .filter(|(_, value, most)| value > most)
            .map(|(key, _, most)| ConfigError::rule(key, format!("is at most {most}")))
            .collect();
        if limits.max_handshakes > limits.max_connections {
            let rule = "is not more than limits.max_connections".to_owned();
            errors.push(ConfigError::rule("limits.max_handshakes", rule));
        }
        if self.listen.public.port() != 0 && self.listen.public == self.listen.admin {
            let rule = "is another address than listen.public".to_owned();
            errors.push(ConfigError::rule("listen.admin", rule));
        }
        let others = [self.listen.public, self.listen.admin];
        if let Some(pki) = self.listen.pki
            && pki.port() != 0
            && others.contains(&pki)
        {
            let rule = "is another address than listen.public and listen.admin".to_owned();
            errors.push(ConfigError::rule("listen.pki", rule));
        }
        errors.extend(access::validate(&self.issuers, &self.client_cas, &self.sts));
        let types = self.type_table();
        errors.extend(registration::validate(
            &self.registration,
            &self.profiles,
            &self.contracts,
            types.as_ref().ok(),
        ));
        errors.extend(self.directory.validate(types.as_ref().ok()));
        errors.extend(register::validate(&self.registrants, &self.notices));
        if let Err(error) = types {
            errors.push(ConfigError::rule("identifier_types", error.to_string()));
        }
        errors
    }
}

/// Removes the entry at `path` and says whether there was one. Of a list the whole goes, because an
/// entry taken out would renumber the others.
fn remove(value: &mut Value, path: &[String]) -> bool {
    let (Value::Dict(_, dict), Some((key, rest))) = (value, path.split_first()) else {
        return false;
    };
    match dict.get_mut(key) {
        Some(below @ Value::Dict(..)) if !rest.is_empty() => remove(below, rest),
        _ => dict.remove(key).is_some(),
    }
}

/// The variables that are configuration.
struct Environment(Vec<(String, String)>);

impl Environment {
    fn of(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let settings = variables.into_iter().filter_map(|(name, value)| {
            let key = name.strip_prefix(PREFIX)?;
            key.contains(SEPARATOR)
                .then(|| (key.replace(SEPARATOR, ".").to_lowercase(), value))
        });
        Self(settings.collect())
    }
}

impl Provider for Environment {
    fn metadata(&self) -> Metadata {
        Metadata::named("the environment")
            .interpolater(|_, keys| format!("{PREFIX}{}", keys.join(SEPARATOR).to_uppercase()))
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        let mut settings = Dict::new();
        for (key, text) in &self.0 {
            // Infallible: what is no number, list or truth value is a text.
            let value = text.parse().unwrap_or_else(|never| match never {});
            let keys: Vec<&str> = key.split('.').collect();
            insert(&mut settings, &keys, value);
        }
        Ok(Profile::Default.collect(settings))
    }
}

fn insert(dict: &mut Dict, keys: &[&str], value: Value) {
    match keys {
        [] => {}
        [key] => drop(dict.insert((*key).to_owned(), value)),
        [key, rest @ ..] => {
            let below = dict
                .entry((*key).to_owned())
                .or_insert_with(|| Dict::new().into());
            if let Value::Dict(_, below) = below {
                insert(below, rest, value);
            }
        }
    }
}
