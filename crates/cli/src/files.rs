//! Files and standard streams: read within a limit, written whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use kleis_types::SecretBytes;
use zeroize::Zeroizing;

use crate::error::CliError;

/// The path that means standard input or standard output.
pub(crate) const STREAM: &str = "-";

/// Who may read a file that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Its owner alone: keys, and documents that somebody sealed.
    Private,
    /// Whom the user's umask lets.
    Shared,
}

/// Whether the path means standard input or standard output.
pub(crate) fn is_stream(path: &Path) -> bool {
    path.as_os_str() == STREAM
}

/// What to call it in an error.
pub(crate) fn name(path: &Path) -> String {
    if is_stream(path) {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    }
}

/// Reads at most `max` bytes of a file, or of standard input.
pub(crate) fn read(path: &Path, max: usize) -> Result<SecretBytes, CliError> {
    let read = if is_stream(path) {
        read_limited(io::stdin().lock(), max)
    } else {
        File::open(path).and_then(|file| read_limited(file, max))
    };
    let bytes = read.map_err(|error| CliError::file(path, error))?;
    if bytes.len() > max {
        return Err(CliError::file(path, format!("larger than {max} bytes")));
    }
    Ok(bytes.into())
}

/// Reads at most `max` bytes of text.
pub(crate) fn read_text(path: &Path, max: usize) -> Result<Zeroizing<String>, CliError> {
    let bytes = read(path, max)?;
    let text = std::str::from_utf8(bytes.expose());
    text.map(|text| Zeroizing::new(text.to_owned()))
        .map_err(|_| CliError::file(path, "not UTF-8 text"))
}

/// One byte more than the limit tells that there is more.
fn read_limited(source: impl Read, max: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    source.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Replaces a file: after a crash it is the old one or the new one. What is no regular file (a
/// pipe, a device) is written to as it is.
pub(crate) fn write(path: &Path, bytes: &[u8], access: Access) -> Result<(), CliError> {
    let special = fs::metadata(path).is_ok_and(|meta| !meta.is_file());
    let written = if special {
        OpenOptions::new()
            .write(true)
            .open(path)
            .and_then(|mut file| file.write_all(bytes))
    } else {
        replace(path, bytes, access)
    };
    written.map_err(|error| CliError::file(path, error))
}

fn replace(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    let mode = match access {
        Access::Private => 0o600,
        Access::Shared => 0o666,
    };
    // A link stays one: what it points to is replaced.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let beside = beside(path);
    let result = (|| {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    })();
    if result.is_err() {
        // It may never have been made; there is nothing more to do about it either way.
        drop(fs::remove_file(&beside));
    }
    result
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn files_are_replaced_whole_and_private_ones_stay_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key.jwk");
        fs::write(&path, "something old that others can read").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        write(&path, b"new", Access::Private).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_stays_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        fs::write(&real, "old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        write(&link, b"new", Access::Shared).unwrap();
        assert_eq!(fs::read(&real).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[test]
    fn limits_hold() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, [b'x'; 10]).unwrap();
        assert_eq!(read(&path, 10).unwrap().len(), 10);
        assert_eq!(read(&path, 9).unwrap_err().told().reason, "FILE");
        fs::write(&path, [0xff]).unwrap();
        assert!(
            read_text(&path, 10)
                .unwrap_err()
                .told()
                .detail
                .ends_with("not UTF-8 text")
        );
    }

    #[test]
    fn a_missing_file_is_named() {
        assert_eq!(name(Path::new("-")), "standard input");
        let missing = Path::new("/nonexistent/kleis");
        let told = read(missing, 1).unwrap_err().told();
        assert!(
            told.detail.starts_with("/nonexistent/kleis: "),
            "{}",
            told.detail
        );
        assert!(write(missing, b"", Access::Shared).is_err());
    }
}
