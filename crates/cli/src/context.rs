//! What every command has at hand.

use std::path::PathBuf;
use std::sync::Arc;

use kleis_client::{Home, Kleis};
use kleis_types::{Clock, OsRandom, Random, SecretBytes, SystemClock, Timestamp};

use crate::cli::Global;
use crate::error::CliError;
use crate::files;
use crate::output::{Output, Report};
use crate::passphrase::Source;

/// The longest access token that is read, in bytes.
const MAX_TOKEN: usize = 16 * 1024;

/// The home, the clock, randomness, and the way to speak.
pub(crate) struct Context {
    output: Output,
    home: Option<PathBuf>,
    passphrase: Source,
    access_token: Option<PathBuf>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Context {
    /// What the global options ask for.
    pub(crate) fn new(global: &Global) -> Self {
        Self {
            output: Output::new(global.output, global.quiet),
            home: global.home.clone(),
            passphrase: Source::new(global.passphrase_file.clone()),
            access_token: global.access_token.clone(),
            clock: Arc::new(SystemClock),
            random: Arc::new(OsRandom),
        }
    }

    /// The way to speak.
    pub(crate) fn output(&self) -> Output {
        self.output
    }

    /// Prints the result of the command.
    pub(crate) fn print(&self, report: &Report) -> Result<(), CliError> {
        self.output.print(report)
    }

    /// The source of randomness.
    pub(crate) fn random(&self) -> &dyn Random {
        self.random.as_ref()
    }

    /// The passphrase of key files.
    pub(crate) fn passphrase(&self) -> &Source {
        &self.passphrase
    }

    /// The passphrase for the keys of a new home: one was asked for, or a passphrase file is given.
    pub(crate) fn protection(&self, asked_for: bool) -> Result<Option<SecretBytes>, CliError> {
        if asked_for || self.passphrase.is_given() {
            self.passphrase.fresh().map(Some)
        } else {
            Ok(None)
        }
    }

    /// The home directory, made if it is missing.
    pub(crate) fn home(&self) -> Result<Home, CliError> {
        let dir = match &self.home {
            Some(dir) => dir.clone(),
            None => default_home(|name| std::env::var_os(name).map(PathBuf::from))?,
        };
        Ok(Home::open(dir, self.passphrase.provider())?)
    }

    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The client of the home.
    pub(crate) fn kleis(&self) -> Result<Kleis, CliError> {
        self.client(self.home()?)
    }

    /// The client of a home that is at hand already.
    pub(crate) fn client(&self, home: Home) -> Result<Kleis, CliError> {
        let kleis = Kleis::open(home, Arc::clone(&self.clock), Arc::clone(&self.random))?;
        match &self.access_token {
            Some(file) => {
                let token = files::read_text(file, MAX_TOKEN)?;
                Ok(kleis.with_access_token(token.trim().to_owned())?)
            }
            None => Ok(kleis),
        }
    }
}

/// `$XDG_CONFIG_HOME/kleis`, or else `~/.config/kleis`.
fn default_home(variable: impl Fn(&str) -> Option<PathBuf>) -> Result<PathBuf, CliError> {
    // The base directory specification: a relative path there is to be ignored.
    let config = variable("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
    let config = config.or_else(|| variable("HOME").map(|home| home.join(".config")));
    let config = config.ok_or_else(|| {
        CliError::usage("there is no home directory: give --home or set KLEIS_HOME")
    })?;
    Ok(config.join("kleis"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_is_where_configuration_belongs() {
        let home = |xdg: Option<&'static str>, home: Option<&'static str>| {
            default_home(|name| match name {
                "XDG_CONFIG_HOME" => xdg.map(PathBuf::from),
                "HOME" => home.map(PathBuf::from),
                _ => None,
            })
        };
        assert_eq!(
            home(Some("/x"), Some("/people/a")).unwrap(),
            PathBuf::from("/x/kleis")
        );
        let default = PathBuf::from("/people/a/.config/kleis");
        assert_eq!(home(None, Some("/people/a")).unwrap(), default);
        assert_eq!(home(Some("relative"), Some("/people/a")).unwrap(), default);
        assert_eq!(home(None, None).unwrap_err().told().reason, "USAGE");
    }
}
