//! Files with secrets: whole or not there, and for their owner alone.

use std::{
    fs::{File, OpenOptions, Permissions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use kleis_types::SecretBytes;
use zeroize::Zeroizing;

/// A secret file was refused, or could not be read or written: the operator's to mend.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// The system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not a file.
    #[error("{0} is not a regular file")]
    NotAFile(PathBuf),
    /// Others than its owner have access.
    #[error("{path} has mode {mode:04o}: only its owner may have access (chmod 0600)")]
    Permissions {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is longer than any such secret.
    #[error("{0} is too long to be what it should be")]
    TooLong(PathBuf),
}

/// Reads a secret of at most `max` bytes.
///
/// # Errors
/// [`SecretFileError`]; a file that group or others may access is refused.
pub fn read(path: &Path, max: usize) -> Result<SecretBytes, SecretFileError> {
    let failed = |source| SecretFileError::Io {
        path: path.to_owned(),
        source,
    };
    // Looked at before it is opened, because opening a pipe waits for its writer.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(SecretFileError::NotAFile(path.to_owned()));
    }
    let file = File::open(path).map_err(failed)?;
    // What decides is the file now open, whatever the path names by now.
    let metadata = file.metadata().map_err(failed)?;
    let mode = metadata.permissions().mode() & 0o7777;
    if !metadata.is_file() {
        return Err(SecretFileError::NotAFile(path.to_owned()));
    }
    if mode & 0o077 != 0 {
        return Err(SecretFileError::Permissions {
            path: path.to_owned(),
            mode,
        });
    }
    // With room for all, so that no copy is left behind by growing.
    let mut bytes = Zeroizing::new(Vec::with_capacity(max.saturating_add(1)));
    let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    file.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > max {
        return Err(SecretFileError::TooLong(path.to_owned()));
    }
    Ok(SecretBytes::from(bytes))
}

/// Writes a file that is not there yet, for its owner alone, down to the disk. The caller makes the
/// directory durable.
///
/// # Errors
/// [`SecretFileError::Io`], also if the file exists.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<(), SecretFileError> {
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        // The umask may have taken bits away from the owner.
        file.set_permissions(Permissions::from_mode(0o600))?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|source| SecretFileError::Io {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_for_the_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        write_new(&path, b"12345").unwrap();
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777,
            0o600
        );
        assert_eq!(read(&path, 5).unwrap().expose(), b"12345");
        assert!(matches!(read(&path, 4), Err(SecretFileError::TooLong(_))));
    }

    #[test]
    fn a_file_is_never_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        write_new(&path, b"first").unwrap();
        assert!(matches!(
            write_new(&path, b"second"),
            Err(SecretFileError::Io { .. })
        ));
        assert_eq!(read(&path, 5).unwrap().expose(), b"first");
    }

    #[test]
    fn access_by_others_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        write_new(&path, b"12345").unwrap();
        for mode in [0o640, 0o604, 0o620, 0o601, 0o777] {
            std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let refused = read(&path, 5).unwrap_err();
            assert!(matches!(refused, SecretFileError::Permissions { mode: m, .. } if m == mode));
        }
        std::fs::set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
        assert!(read(&path, 5).is_ok());
    }

    #[test]
    fn no_file_is_an_error_with_its_cause() {
        let directory = tempfile::tempdir().unwrap();
        let refused = read(directory.path(), 5).unwrap_err();
        assert!(matches!(refused, SecretFileError::NotAFile(_)));
        let SecretFileError::Io { source, .. } = read(&directory.path().join("no"), 5).unwrap_err()
        else {
            panic!("a missing file is the system's refusal")
        };
        assert_eq!(source.kind(), io::ErrorKind::NotFound);
    }
}
