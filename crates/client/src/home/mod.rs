//! The home directory: who we are, whom we trust, what we have seen.
//!
//! ```text
//! config.toml      addresses, installation, root fingerprint
//! root.pem         the pinned root certificate
//! identity.json    identifier, device, certificate chain, endorsement
//! chain.pem        the same chain for other programs
//! auth.jwk         the authentication key, plain or encrypted; auth-KID.jwk after a renewal
//! auth-next.jwk    the key that the next certificate is for
//! request.json     the certificate request that waits for a decision
//! keys/KID.jwk     decryption keys; old ones stay, so that old messages stay readable
//! aliases.json     what other key stores called some of them
//! memory.json      what we have seen: a directory cannot go back behind it
//! pending/         orders whose answer has not come yet
//! lock             held while any of these is changed
//! ```
//!
//! The directory is 0700, every file 0600; files are replaced whole (written beside, synced, renamed), so that a crash
//! leaves the old one or the new one.

mod aliases;
pub(crate) mod config;
mod files;
mod identity;
mod key_store;
mod memory;
mod pending;
mod request;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kleis_types::SecretBytes;

pub use config::{Access, Config};
pub use identity::IdentityFile;
pub(crate) use pending::Pending;

/// Where a passphrase comes from, asked for only when a key file needs it.
pub type Passphrase = Arc<dyn Fn() -> Result<SecretBytes, HomeError> + Send + Sync>;

/// What is wrong with a home directory.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// The operating system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{path}: {detail}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// Others may read the file.
    #[error("{0} can be read by others: chmod 600 it, and consider its keys known")]
    Permissions(PathBuf),
    /// `kleis init` has not been run here.
    #[error("{0} is no home yet: run `kleis init` first")]
    NotInitialised(PathBuf),
    /// `kleis enroll` has not been run here.
    #[error("{0} has no identity yet: run `kleis enroll` first")]
    NotEnrolled(PathBuf),
    /// The home has an identity already.
    #[error("{0} has an identity already: use another --home for another one")]
    AlreadyEnrolled(PathBuf),
    /// A passphrase is needed, or the one given is wrong.
    #[error("the passphrase does not open {0}")]
    Passphrase(PathBuf),
    /// There is no way to ask for a passphrase.
    #[error("a passphrase is needed: {0}")]
    NoPassphrase(String),
}

impl HomeError {
    /// The stable name of the failure.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Io { .. } => "HOME_IO",
            Self::Malformed { .. } => "HOME_MALFORMED",
            Self::Permissions(_) => "HOME_PERMISSIONS",
            Self::NotInitialised(_) => "NOT_INITIALISED",
            Self::NotEnrolled(_) => "NOT_ENROLLED",
            Self::AlreadyEnrolled(_) => "ALREADY_ENROLLED",
            Self::Passphrase(_) | Self::NoPassphrase(_) => "PASSPHRASE",
        }
    }
}

/// A home directory.
#[derive(Clone)]
pub struct Home {
    dir: PathBuf,
    passphrase: Passphrase,
}

impl std::fmt::Debug for Home {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Home")
            .field("dir", &self.dir)
            .finish_non_exhaustive()
    }
}

impl Home {
    /// A home at this directory, which is made if it is missing. `passphrase` is asked for when an encrypted key file is met.
    pub fn open(dir: impl Into<PathBuf>, passphrase: Passphrase) -> Result<Self, HomeError> {
        let home = Self {
            dir: dir.into(),
            passphrase,
        };
        for dir in [home.dir.clone(), home.path("keys"), home.path("pending")] {
            files::create_private_dir(&dir)?;
        }
        Ok(home)
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Holds off other processes on the same home until it is dropped.
    pub fn lock(&self) -> Result<File, HomeError> {
        let path = self.path("lock");
        let file = files::open_private(&path)?;
        file.lock()
            .map_err(|source| HomeError::Io { path, source })?;
        Ok(file)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

#[cfg(test)]
mod tests;
