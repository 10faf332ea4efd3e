//! What can be wrong with a configuration: all of it the operator's to mend.

use std::{fmt, path::Path};

use figment::Figment;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    key: String,
    source: Option<String>,
    problem: String,
}

impl ConfigError {
    pub(super) fn reading(figment: &Figment, error: &figment::Error) -> Self {
        let key = error.path.join(".");
        let source = figment.find_metadata(&key).map(|metadata| {
            match metadata
                .source
                .as_ref()
                .and_then(figment::Source::file_path)
            {
                Some(path) => path.display().to_string(),
                None => metadata.name.to_string(),
            }
        });
        Self {
            key,
            source,
            problem: error.kind.to_string(),
        }
    }

    pub(super) fn rule(key: &str, problem: String) -> Self {
        Self {
            key: key.to_owned(),
            source: None,
            problem,
        }
    }

    /// The key, `section.key`; empty if it is about the file as a whole.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.problem)?;
        match &self.source {
            Some(source) => write!(f, " (in {source})"),
            None => Ok(()),
        }
    }
}

/// Everything that is wrong, one to a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigErrors {
    pub(super) fn new(errors: Vec<ConfigError>) -> Self {
        Self(errors)
    }

    pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        let problem = format!("cannot read {}: {error}", path.display());
        Self(vec![ConfigError::rule("", problem)])
    }

    pub(super) fn syntax(error: &figment::Error) -> Self {
        Self(vec![ConfigError::rule("", error.to_string())])
    }

    /// The errors, in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        self.0.iter()
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration is not usable:")?;
        self.0.iter().try_for_each(|error| write!(f, "\n  {error}"))
    }
}

impl std::error::Error for ConfigErrors {}
