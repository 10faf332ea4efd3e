//! Files and directories that are still there after the power has gone.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use kleis_types::{Random, random_array};

use crate::failure::Failure;

/// Makes a directory for its owner alone, and its parents as they are usually made.
pub(crate) fn make_dir(path: &Path) -> Result<(), Failure> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(Failure::io(parent))?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(Failure::io(path)(error)),
        _ => Ok(()),
    }
}

/// Brings the names in a directory to the disk.
pub(crate) fn sync_dir(path: &Path) -> Result<(), Failure> {
    File::open(path)
        .and_then(|directory| directory.sync_all())
        .map_err(Failure::io(path))
}

/// Brings a directory and the directories in it to the disk, the inner ones first. What the files
/// hold is there already.
pub(crate) fn sync_tree(path: &Path) -> Result<(), Failure> {
    for entry in entries(path)? {
        if entry.is_dir() {
            sync_tree(&entry)?;
        }
    }
    sync_dir(path)
}

/// What is in a directory, by name.
pub(crate) fn entries(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let listed = fs::read_dir(path).map_err(Failure::io(path))?;
    let paths: io::Result<Vec<_>> = listed.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths.map_err(Failure::io(path))?;
    paths.sort();
    Ok(paths)
}

/// Writes a new file that everybody may read.
pub(crate) fn write_public(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write(path, bytes, 0o644).map_err(Failure::io(path))
}

/// Writes a new file for its owner alone.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write(path, bytes, 0o600).map_err(Failure::io(path))
}

/// Puts a file for its owner alone in the place of another, at once: whoever looks sees the one or
/// the other.
pub(crate) fn replace_private(
    path: &Path,
    bytes: &[u8],
    random: &dyn Random,
) -> Result<(), Failure> {
    let suffix = u64::from_be_bytes(random_array(random));
    let temporary = path.with_extension(format!("{suffix:016x}.tmp"));
    let replaced = write(&temporary, bytes, 0o600).and_then(|()| fs::rename(&temporary, path));
    if let Err(error) = replaced {
        // It may not be there; if it is and stays, it is for its owner alone and of no use.
        drop(fs::remove_file(&temporary));
        return Err(Failure::io(path)(error));
    }
    sync_parent(path)
}

/// Makes the name of a file durable.
pub(crate) fn sync_parent(path: &Path) -> Result<(), Failure> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_dir(parent),
        _ => sync_dir(Path::new(".")),
    }
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use kleis_types::OsRandom;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn directories_are_for_their_owner_and_may_be_there() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a/b");
        make_dir(&path).unwrap();
        make_dir(&path).unwrap();
        assert_eq!(mode(&path), 0o700);
        sync_tree(home.path()).unwrap();
    }

    #[test]
    fn a_replaced_file_is_whole_and_leaves_nothing_beside_it() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("file.json");
        for content in ["one", "two"] {
            replace_private(&path, content.as_bytes(), &OsRandom).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
            assert_eq!(mode(&path), 0o600);
        }
        assert_eq!(entries(home.path()).unwrap(), [path]);
    }

    #[test]
    fn a_failed_replacement_leaves_the_former_file() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("directory");
        fs::create_dir(&path).unwrap();
        assert!(replace_private(&path, b"x", &OsRandom).is_err());
        assert_eq!(entries(home.path()).unwrap(), [path]);
    }

    #[test]
    fn a_new_file_replaces_nothing() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("file");
        write_public(&path, b"one").unwrap();
        assert!(write_public(&path, b"two").is_err());
        assert!(write_private(&path, b"two").is_err());
        assert_eq!(fs::read(&path).unwrap(), b"one");
    }
}
