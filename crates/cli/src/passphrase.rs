//! Where passphrases come from: a file, or a person at a terminal.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use kleis_client::{HomeError, Passphrase};
use kleis_types::SecretBytes;
use zeroize::Zeroizing;

use crate::error::CliError;
use crate::files;

/// The longest passphrase, in bytes.
const MAX: usize = 1024;

/// A passphrase, asked for at most once.
#[derive(Clone)]
pub(crate) struct Source {
    file: Option<PathBuf>,
    known: Arc<OnceLock<SecretBytes>>,
}

impl Source {
    /// Takes passphrases from the first line of this file; from the terminal if there is none.
    pub(crate) fn new(file: Option<PathBuf>) -> Self {
        Self {
            file,
            known: Arc::default(),
        }
    }

    /// Whether there is a passphrase file.
    pub(crate) fn is_given(&self) -> bool {
        self.file.is_some()
    }

    /// As the SDK wants it: called when an encrypted key file is met.
    pub(crate) fn provider(&self) -> Passphrase {
        let source = self.clone();
        Arc::new(move || source.existing())
    }

    /// The passphrase of a key file that exists.
    pub(crate) fn existing(&self) -> Result<SecretBytes, HomeError> {
        self.once(|| prompt("Passphrase: "))
    }

    /// The passphrase of a file of somebody else's making, which it is asked for by name.
    pub(crate) fn of(&self, name: &str) -> Result<SecretBytes, HomeError> {
        self.once(|| prompt(&format!("Passphrase of {name}: ")))
    }

    /// The passphrase for a new key file: typed twice.
    pub(crate) fn fresh(&self) -> Result<SecretBytes, CliError> {
        let passphrase = self.once(|| {
            let first = prompt("New passphrase: ")?;
            if prompt("The same again: ")? == first {
                return Ok(first);
            }
            Err(HomeError::NoPassphrase(
                "the two are not the same".to_owned(),
            ))
        })?;
        if passphrase.is_empty() {
            return Err(CliError::input("PASSPHRASE", "the passphrase is empty"));
        }
        Ok(passphrase)
    }

    fn once(
        &self,
        ask: impl FnOnce() -> Result<SecretBytes, HomeError>,
    ) -> Result<SecretBytes, HomeError> {
        if let Some(known) = self.known.get() {
            return Ok(known.clone());
        }
        let passphrase = match &self.file {
            Some(file) => first_line(file)?,
            None => ask()?,
        };
        Ok(self.known.get_or_init(|| passphrase).clone())
    }
}

fn first_line(path: &Path) -> Result<SecretBytes, HomeError> {
    let refuse = |detail: String| HomeError::NoPassphrase(format!("{}: {detail}", path.display()));
    let meta = fs::metadata(path).map_err(|error| refuse(error.to_string()))?;
    // A pipe or a device is somebody else's business.
    if meta.is_file() && meta.permissions().mode() & 0o077 != 0 {
        return Err(HomeError::Permissions(path.to_owned()));
    }
    let text = files::read_text(path, MAX).map_err(|error| refuse(error.told().detail))?;
    let line = text.split(['\r', '\n']).next().unwrap_or_default();
    Ok(SecretBytes::from(line.as_bytes()))
}

fn prompt(text: &str) -> Result<SecretBytes, HomeError> {
    let typed = rpassword::prompt_password(text)
        .map(Zeroizing::new)
        .map_err(|_| {
            let advice = "there is no terminal to ask at; give --passphrase-file";
            HomeError::NoPassphrase(advice.to_owned())
        })?;
    Ok(SecretBytes::from(typed.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(content: &str, mode: u32) -> (tempfile::TempDir, Source) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("passphrase");
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        (dir, Source::new(Some(path)))
    }

    #[test]
    fn the_first_line_counts() {
        for content in [
            "correct horse",
            "correct horse\n",
            "correct horse\r\nbattery\n",
        ] {
            let (_dir, source) = file(content, 0o600);
            assert!(source.is_given());
            assert_eq!(source.existing().unwrap().expose(), b"correct horse");
            assert_eq!(source.fresh().unwrap().expose(), b"correct horse");
        }
    }

    #[test]
    fn it_is_read_once() {
        let (dir, source) = file("first", 0o600);
        let provider = source.provider();
        assert_eq!(source.existing().unwrap().expose(), b"first");
        fs::write(dir.path().join("passphrase"), "second").unwrap();
        assert_eq!(provider().unwrap().expose(), b"first");
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let (_dir, source) = file("secret", 0o640);
        assert!(matches!(source.existing(), Err(HomeError::Permissions(_))));
    }

    #[test]
    fn an_empty_one_protects_nothing() {
        let (_dir, source) = file("\nsecond line", 0o600);
        assert_eq!(source.fresh().unwrap_err().told().reason, "PASSPHRASE");
    }

    #[test]
    fn a_missing_file_is_no_passphrase() {
        let source = Source::new(Some("/nonexistent/passphrase".into()));
        assert!(matches!(source.existing(), Err(HomeError::NoPassphrase(_))));
    }
}
