//! Private files, replaced whole.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use super::HomeError;

/// The largest file that is read, in bytes.
const MAX: u64 = 4 << 20;

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> HomeError + '_ {
    |source| HomeError::Io {
        path: path.to_owned(),
        source,
    }
}

/// Makes a directory that is ours alone, and its parents.
pub(super) fn create_private_dir(path: &Path) -> Result<(), HomeError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(io_error(path))
}

/// Opens a file that is ours alone for writing, making it if it is missing.
pub(super) fn open_private(path: &Path) -> Result<File, HomeError> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(io_error(path))
}

/// Replaces a file: after a crash it is the old one or the new one.
pub(super) fn replace(path: &Path, content: &[u8]) -> Result<(), HomeError> {
    let beside = path.with_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)
        .map_err(io_error(&beside))?;
    file.write_all(content)
        .and_then(|()| file.sync_all())
        .map_err(io_error(&beside))?;
    fs::rename(&beside, path).map_err(io_error(path))?;
    match path.parent() {
        Some(dir) => File::open(dir)
            .and_then(|dir| dir.sync_all())
            .map_err(io_error(dir)),
        None => Ok(()),
    }
}

/// Reads a file that others may read too.
pub(super) fn read(path: &Path) -> Result<Option<String>, HomeError> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error(path)(error)),
        Ok(meta) if meta.len() > MAX => {
            let detail = format!("larger than {MAX} bytes");
            return Err(HomeError::Malformed {
                path: path.to_owned(),
                detail,
            });
        }
        Ok(_) => {}
    }
    fs::read_to_string(path).map(Some).map_err(io_error(path))
}

/// Reads a file that must be ours alone.
pub(super) fn read_private(path: &Path) -> Result<Option<String>, HomeError> {
    match fs::metadata(path) {
        Ok(meta) if meta.permissions().mode() & 0o077 != 0 => {
            Err(HomeError::Permissions(path.to_owned()))
        }
        _ => read(path),
    }
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path) -> Result<(), HomeError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(path)(error)),
        _ => Ok(()),
    }
}
