//! Other people's libraries, which `tests/tools/interop.sh` installs.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// What a folder of `tests` asks for, installed when it is first needed.
#[derive(Debug)]
pub struct Packages {
    name: &'static str,
    folder: OnceLock<Result<PathBuf, String>>,
}

/// Libraries for JOSE, of `tests/interop`.
pub static JOSE: Packages = Packages::new("interop");

/// An identity provider and an OAuth 2.0 client, of `tests/idp`.
pub static OAUTH: Packages = Packages::new("idp");

/// A linter of what a CA signs, of `tests/pki`.
pub static PKI: Packages = Packages::new("pki");

impl Packages {
    const fn new(name: &'static str) -> Self {
        Self {
            name,
            folder: OnceLock::new(),
        }
    }

    /// Where they are installed.
    ///
    /// # Errors
    /// Why they cannot be had.
    pub fn folder(&self) -> Result<&Path, &str> {
        let folder = self.folder.get_or_init(|| install(self.name));
        folder.as_deref().map_err(String::as_str)
    }

    /// A script beside what asks for them.
    pub fn script(&self, file: &str) -> PathBuf {
        of_tests(self.name).join(file)
    }
}

fn install(name: &str) -> Result<PathBuf, String> {
    let output = Command::new(of_tests("tools/interop.sh"))
        .arg(name)
        .output()
        .map_err(|error| error.to_string())?;
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() {
        Ok(PathBuf::from(said(&output.stdout)))
    } else {
        Err(said(&output.stderr))
    }
}

fn of_tests(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
