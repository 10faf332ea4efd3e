//! A root KEK in a file: 32 bytes as they are, for the owner alone.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use kleis_types::{Random, SecretBytes, random_array};
use zeroize::Zeroizing;

use crate::{KekError, KekSource, RootKek};

const OWNER_ONLY: u32 = 0o600;
const GROUP_AND_OTHERS: u32 = 0o077;

/// Makes a new root KEK and writes it to `path`, readable by its owner alone.
///
/// After a crash there is a whole file or none: the key goes to a temporary file beside `path`,
/// which gets its name once it is on disk. An existing file is never replaced.
pub fn create(path: &Path, random: &dyn Random) -> Result<RootKek, KekError> {
    let kek = RootKek::generate(random);
    let directory = directory_of(path);
    let suffix = HEXLOWER.encode(&random_array::<8>(random));
    let temporary = directory.join(format!(".kek-{suffix}.tmp"));

    let written = write_new(&temporary, kek.bytes());
    // Unlike a rename, a hard link fails where the name is taken.
    let published = written.and_then(|()| std::fs::hard_link(&temporary, path));
    // Removed on success and failure alike; failing to leaves a file for the owner alone.
    let removed = std::fs::remove_file(&temporary);
    match published
        .and(removed)
        .and_then(|()| File::open(directory)?.sync_all())
    {
        Ok(()) => Ok(kek),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(KekError::Exists {
            path: path.to_owned(),
        }),
        Err(source) => Err(KekError::Io {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Loads the root KEK from `path`.
///
/// Refuses anything but a regular file of 32 bytes that only its owner may access. A symbolic
/// link is followed (Kubernetes mounts secrets through them); what it leads to is checked.
pub fn load(path: &Path) -> Result<RootKek, KekError> {
    let failed = |source| KekError::Io {
        path: path.to_owned(),
        source,
    };
    // Looked at before opening, because opening a pipe waits for its writer.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(KekError::NotAFile {
            path: path.to_owned(),
        });
    }
    let mut file = File::open(path).map_err(failed)?;
    // What decides is the file now open, whatever the path names by now.
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(KekError::NotAFile {
            path: path.to_owned(),
        });
    }
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & GROUP_AND_OTHERS != 0 {
        return Err(KekError::Permissions {
            path: path.to_owned(),
            mode,
        });
    }
    if usize::try_from(metadata.len()) != Ok(RootKek::LEN) {
        return Err(KekError::Length {
            actual: metadata.len(),
        });
    }
    let mut bytes = Zeroizing::new(vec![0; RootKek::LEN]);
    file.read_exact(&mut bytes).map_err(failed)?;
    RootKek::from_bytes(&SecretBytes::from(bytes))
}

/// The [`KekSource`] that reads a file.
#[derive(Clone, Debug)]
pub struct KekFile {
    path: PathBuf,
}

impl KekFile {
    /// The root KEK is in the file at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }
}

impl KekSource for KekFile {
    fn load(&self) -> Result<RootKek, KekError> {
        load(&self.path)
    }
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Writes a file that did not exist before, down to the disk.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(OWNER_ONLY)
        .open(path)?;
    // The umask may have taken bits away from the owner.
    file.set_permissions(Permissions::from_mode(OWNER_ONLY))?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use kleis_types::{OsRandom, SeededRandom};

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn file_with(directory: &Path, bytes: &[u8]) -> PathBuf {
        let path = directory.join("kek");
        write_new(&path, bytes).unwrap();
        path
    }

    #[test]
    fn what_is_created_loads_and_is_for_the_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("kek");
        let created = create(&path, &OsRandom).unwrap();
        assert_eq!(load(&path).unwrap().id(), created.id());
        assert_eq!(KekFile::new(&path).load().unwrap().id(), created.id());
        let metadata = fs::metadata(&path).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o7777, 0o600);
        assert_eq!(metadata.len(), 32);
        assert_eq!(
            fs::read_dir(directory.path()).unwrap().count(),
            1,
            "no temporary file stays"
        );
    }

    #[test]
    fn an_existing_file_is_never_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("kek");
        let first = create(&path, &SeededRandom::new(1)).unwrap();
        let refused = create(&path, &SeededRandom::new(2)).unwrap_err();
        assert!(matches!(refused, KekError::Exists { path: named } if named == path));
        assert_eq!(load(&path).unwrap().id(), first.id());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_dangling_link_is_not_followed_when_creating() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("kek");
        std::os::unix::fs::symlink(directory.path().join("elsewhere"), &path).unwrap();
        assert!(matches!(
            create(&path, &OsRandom),
            Err(KekError::Exists { .. })
        ));
        assert!(!directory.path().join("elsewhere").exists());
    }

    #[test]
    fn a_missing_directory_is_an_error_with_its_cause() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("missing").join("kek");
        for refused in [
            create(&path, &OsRandom).unwrap_err(),
            load(&path).unwrap_err(),
        ] {
            let KekError::Io { source, .. } = refused else {
                panic!("{refused}")
            };
            assert_eq!(source.kind(), io::ErrorKind::NotFound);
        }
    }

    #[test]
    fn access_by_group_or_others_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("kek");
        create(&path, &OsRandom).unwrap();
        for mode in [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o777] {
            set_mode(&path, mode);
            let refused = load(&path).unwrap_err();
            assert!(matches!(refused, KekError::Permissions { mode: seen, .. } if seen == mode));
        }
        set_mode(&path, 0o400);
        assert!(load(&path).is_ok());
    }

    #[test]
    fn a_link_is_judged_by_what_it_leads_to() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("kek");
        let created = create(&path, &OsRandom).unwrap();
        let link = directory.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(load(&link).unwrap().id(), created.id());
        set_mode(&path, 0o644);
        assert!(matches!(load(&link), Err(KekError::Permissions { .. })));
    }

    #[test]
    fn other_lengths_are_refused() {
        for length in [0_u8, 31, 33, 64] {
            let directory = tempfile::tempdir().unwrap();
            let path = file_with(directory.path(), &(0..length).collect::<Vec<_>>());
            let refused = load(&path).unwrap_err();
            let expected = u64::from(length);
            assert!(matches!(refused, KekError::Length { actual } if actual == expected));
        }
    }

    #[test]
    fn placeholders_and_directories_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = file_with(directory.path(), &[0; 32]);
        assert!(matches!(load(&path), Err(KekError::Placeholder)));
        assert!(matches!(
            load(directory.path()),
            Err(KekError::NotAFile { .. })
        ));
    }
}
