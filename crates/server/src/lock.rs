//! One process has a data directory at a time.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Seek as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
};

use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};

use crate::{data_dir::DataDir, failure::Failure};

/// The lock on a data directory; free again when it is dropped, or when the process dies however it
/// does.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock, and leaves word of who has it. The directory must be there.
    pub(crate) fn take(data_dir: &DataDir) -> Result<Self, Failure> {
        let path = data_dir.lock();
        let failed = || Failure::io(&path);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(failed())?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                let data_dir = data_dir.root().to_owned();
                return Err(Failure::Locked {
                    data_dir,
                    process: holder(&mut file),
                });
            }
            Err(error) => return Err(failed()(error.into())),
        }
        file.set_len(0).map_err(failed())?;
        file.rewind().map_err(failed())?;
        write!(file, "{}", std::process::id()).map_err(failed())?;
        Ok(Self { _file: file })
    }
}

/// The process that says it has the lock: a hint for people, nothing more.
fn holder(file: &mut File) -> Option<String> {
    let mut text = String::new();
    file.take(16).read_to_string(&mut text).ok()?;
    let is_id = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_id.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_one_is_told_who_has_it() {
        let home = tempfile::tempdir().unwrap();
        let data_dir = DataDir::new(home.path());
        let first = Lock::take(&data_dir).unwrap();
        let refused = Lock::take(&data_dir).unwrap_err();
        let Failure::Locked {
            process: Some(process),
            ..
        } = &refused
        else {
            panic!("{refused}")
        };
        assert_eq!(*process, std::process::id().to_string());
        drop(first);
        Lock::take(&data_dir).unwrap();
    }

    #[test]
    fn a_missing_directory_is_an_error() {
        let home = tempfile::tempdir().unwrap();
        let refused = Lock::take(&DataDir::new(home.path().join("missing"))).unwrap_err();
        assert!(matches!(refused, Failure::Io { .. }));
    }
}
