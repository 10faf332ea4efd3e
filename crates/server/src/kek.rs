//! Where the root KEK comes from.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use kleis_types::Random;
use kleis_wrap::{KekError, KekId, KekSource as _, RootKek, kek_env, kek_file};

use crate::{data_dir::DataDir, durable, failure::Failure};

/// The variable with the root KEK.
pub(crate) const VARIABLE: &str = "KLEIS_KEK";

/// The place of the root KEK, as the operator chose it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KekPlace {
    /// A file of the operator's.
    File(PathBuf),
    /// The environment.
    Environment,
    /// The data directory: convenient, and no protection for a copy of the whole directory.
    DataDir(PathBuf),
}

impl KekPlace {
    /// The place that the command line, the configuration or the environment names; two of them are
    /// one too many.
    pub(crate) fn choose(
        file: Option<&Path>,
        environment: &[(OsString, OsString)],
        data_dir: &DataDir,
    ) -> Result<Self, Failure> {
        let in_environment = environment.iter().any(|(name, _)| name == VARIABLE);
        match (file, in_environment) {
            (Some(_), true) => Err(Failure::Usage(format!(
                "the root KEK is named twice: by a file and by {VARIABLE}; remove one of them"
            ))),
            (Some(file), false) => Ok(Self::File(file.to_owned())),
            (None, true) => Ok(Self::Environment),
            (None, false) => Ok(Self::DataDir(data_dir.kek())),
        }
    }

    /// Whether a copy of the data directory holds the KEK as well.
    pub(crate) fn is_beside_the_data(&self) -> bool {
        matches!(self, Self::DataDir(_))
    }

    /// Loads the KEK that an installation needs.
    pub(crate) fn load(&self, needed: &KekId) -> Result<RootKek, Failure> {
        let kek = self.load_any().map_err(|source| Failure::Kek {
            place: self.to_string(),
            needed: Some(needed.clone()),
            source,
        })?;
        if kek.id() != needed {
            return Err(Failure::OtherKek {
                place: self.to_string(),
                needed: needed.clone(),
                loaded: kek.id().clone(),
            });
        }
        Ok(kek)
    }

    /// The KEK for a new installation: the one at hand, or a new one where there is none and a file
    /// can be made.
    pub(crate) fn load_or_create(&self, random: &dyn Random) -> Result<RootKek, Failure> {
        let loaded = match (self.load_any(), self) {
            (Err(error), Self::File(path) | Self::DataDir(path)) if is_missing(&error) => {
                if let Some(parent) = path
                    .parent()
                    .filter(|parent| !parent.as_os_str().is_empty())
                {
                    durable::make_dir(parent)?;
                }
                kek_file::create(path, random)
            }
            (loaded, _) => loaded,
        };
        loaded.map_err(|source| Failure::Kek {
            place: self.to_string(),
            needed: None,
            source,
        })
    }

    fn load_any(&self) -> Result<RootKek, KekError> {
        match self {
            Self::File(path) | Self::DataDir(path) => kek_file::load(path),
            Self::Environment => kek_env::KekEnv::new(VARIABLE).load(),
        }
    }
}

fn is_missing(error: &KekError) -> bool {
    matches!(error, KekError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound)
}

impl std::fmt::Display for KekPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) | Self::DataDir(path) => path.display().fmt(f),
            Self::Environment => write!(f, "the environment variable {VARIABLE}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use kleis_types::OsRandom;

    use super::*;

    #[test]
    fn one_place_is_chosen() {
        let data_dir = DataDir::new("/data");
        let with = vec![(OsString::from(VARIABLE), OsString::from("x"))];
        let file = Path::new("/secret");
        let choose = |file, environment: &[_]| KekPlace::choose(file, environment, &data_dir);
        assert_eq!(
            choose(None, &[]).unwrap(),
            KekPlace::DataDir("/data/kek/root.kek".into())
        );
        assert_eq!(choose(None, &with).unwrap(), KekPlace::Environment);
        assert_eq!(
            choose(Some(file), &[]).unwrap(),
            KekPlace::File(file.into())
        );
        assert!(matches!(choose(Some(file), &with), Err(Failure::Usage(_))));
    }

    #[test]
    fn a_missing_kek_and_another_one_are_refused_with_the_id_that_is_needed() {
        let home = tempfile::tempdir().unwrap();
        let place = KekPlace::File(home.path().join("kek"));
        let needed = RootKek::generate(&OsRandom).id().clone();
        let refused = place.load(&needed).unwrap_err();
        assert!(refused.to_string().contains(needed.as_str()), "{refused}");
        let made = place.load_or_create(&OsRandom).unwrap();
        assert_eq!(
            place.load_or_create(&OsRandom).unwrap().id(),
            made.id(),
            "made once"
        );
        let refused = place.load(&needed).unwrap_err();
        assert!(matches!(refused, Failure::OtherKek { .. }));
        assert!(refused.to_string().contains(needed.as_str()), "{refused}");
        assert_eq!(place.load(made.id()).unwrap().id(), made.id());
    }

    #[test]
    fn a_file_that_others_can_read_is_not_replaced() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("kek");
        let place = KekPlace::File(path.clone());
        let made = place.load_or_create(&OsRandom).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(place.load_or_create(&OsRandom).is_err());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(place.load(made.id()).unwrap().id(), made.id());
    }
}
