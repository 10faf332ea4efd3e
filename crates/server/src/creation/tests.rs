use std::{
    collections::BTreeMap,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use kleis_runtime::Config;
use kleis_types::OsRandom;
use kleis_wrap::RootKek;

use super::*;
use crate::premises::CaSettings;

fn basics() -> Basics {
    Basics::new(&Config::default()).unwrap()
}

async fn ensure_in(data_dir: &DataDir) -> Result<Found, Failure> {
    let kek = KekPlace::DataDir(data_dir.kek());
    ensure(data_dir, &kek, &basics()).await
}

fn open(data_dir: &DataDir) -> Premises {
    Premises::open(
        data_dir.clone(),
        KekPlace::DataDir(data_dir.kek()),
        &CaSettings::default(),
    )
    .unwrap()
}

fn files(root: &Path) -> BTreeMap<PathBuf, u32> {
    let mut found = BTreeMap::new();
    for path in durable::entries(root).unwrap() {
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            found.insert(path, mode);
        }
    }
    found
}

#[tokio::test]
async fn an_installation_is_made_once_and_is_private() {
    let home = tempfile::tempdir().unwrap();
    let data_dir = DataDir::new(home.path());
    assert_eq!(ensure_in(&data_dir).await.unwrap(), Found::Made);
    let first = files(home.path());
    assert_eq!(ensure_in(&data_dir).await.unwrap(), Found::There);
    assert_eq!(files(home.path()), first);
    let public = [data_dir.root_certificate(), data_dir.issuing_certificate()];
    for (path, mode) in first {
        let is_public = public.contains(&path);
        assert!(mode == 0o600 || is_public, "{mode:o} {}", path.display());
    }
    assert!(!data_dir.nursery().root().exists());
    let premises = open(&data_dir);
    for service in SERVICES {
        service_keys::load(&data_dir, service, &premises.vault).unwrap();
    }
}

#[tokio::test]
async fn a_making_that_was_cut_short_is_begun_anew() {
    let home = tempfile::tempdir().unwrap();
    let data_dir = DataDir::new(home.path());
    let nursery = data_dir.nursery();
    let kek = KekPlace::DataDir(data_dir.kek());
    make(&nursery, &kek, &basics()).await.unwrap();
    let abandoned = Record::read(&nursery).unwrap();
    fs::remove_file(nursery.installation()).unwrap();
    fs::remove_file(nursery.issuing_key()).unwrap();
    assert_eq!(ensure_in(&data_dir).await.unwrap(), Found::Made);
    assert_ne!(open(&data_dir).installation, *abandoned.installation());
}

/// The moving is cut off after each of its steps, and finished by whoever comes next.
#[tokio::test]
async fn a_moving_that_was_cut_short_is_finished() {
    for steps in 0.. {
        let home = tempfile::tempdir().unwrap();
        let data_dir = DataDir::new(home.path());
        let nursery = data_dir.nursery();
        let kek = KekPlace::DataDir(data_dir.kek());
        make(&nursery, &kek, &basics()).await.unwrap();
        let record = Record::read(&nursery).unwrap();
        let mut moved: Vec<_> = durable::entries(nursery.root()).unwrap();
        moved.retain(|path| !path.ends_with(INSTALLATION));
        if steps > moved.len() {
            break;
        }
        for from in moved.into_iter().take(steps) {
            fs::rename(&from, home.path().join(from.file_name().unwrap())).unwrap();
        }
        assert_eq!(ensure_in(&data_dir).await.unwrap(), Found::Made);
        assert_eq!(Record::read(&data_dir).unwrap(), record);
        assert_eq!(open(&data_dir).installation, *record.installation());
        assert!(!nursery.root().exists());
    }
}

#[tokio::test]
async fn an_empty_nursery_left_behind_does_no_harm() {
    let home = tempfile::tempdir().unwrap();
    let data_dir = DataDir::new(home.path());
    ensure_in(&data_dir).await.unwrap();
    fs::create_dir(data_dir.nursery().root()).unwrap();
    assert_eq!(ensure_in(&data_dir).await.unwrap(), Found::There);
}

#[tokio::test]
async fn a_directory_with_other_things_is_left_alone() {
    let home = tempfile::tempdir().unwrap();
    let data_dir = DataDir::new(home.path());
    for harmless in ["lock", "lost+found"] {
        fs::write(home.path().join(harmless), "").unwrap();
    }
    fs::write(home.path().join("registry.db"), "somebody's data").unwrap();
    let refused = ensure_in(&data_dir).await.unwrap_err();
    assert!(matches!(refused, Failure::NotOurs(_)));
    assert_eq!(files(home.path()).len(), 3);
    fs::remove_file(home.path().join("registry.db")).unwrap();
    assert_eq!(ensure_in(&data_dir).await.unwrap(), Found::Made);
}

#[tokio::test]
async fn a_kek_elsewhere_stays_elsewhere() {
    let (home, safe) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let data_dir = DataDir::new(home.path());
    let place = KekPlace::File(safe.path().join("kek"));
    ensure(&data_dir, &place, &basics()).await.unwrap();
    assert!(!data_dir.kek_dir().exists());
    Premises::open(data_dir.clone(), place, &CaSettings::default()).unwrap();
    // Without it there is no opening, and the id that is needed is told.
    let needed = Record::read(&data_dir).unwrap().kek(&data_dir).unwrap();
    let missing = KekPlace::DataDir(data_dir.kek());
    let refused = Premises::open(data_dir.clone(), missing, &CaSettings::default()).unwrap_err();
    assert!(refused.to_string().contains(needed.as_str()), "{refused}");
}

#[tokio::test]
async fn another_kek_opens_nothing() {
    let home = tempfile::tempdir().unwrap();
    let data_dir = DataDir::new(home.path());
    ensure_in(&data_dir).await.unwrap();
    let needed = Record::read(&data_dir).unwrap().kek(&data_dir).unwrap();
    fs::remove_file(data_dir.kek()).unwrap();
    let other = kleis_wrap::kek_file::create(&data_dir.kek(), &OsRandom).unwrap();
    let place = KekPlace::DataDir(data_dir.kek());
    let refused = Premises::open(data_dir.clone(), place, &CaSettings::default()).unwrap_err();
    let Failure::OtherKek {
        needed: told,
        loaded,
        ..
    } = refused
    else {
        panic!("{refused}")
    };
    assert_eq!((told, &loaded), (needed, RootKek::id(&other)));
}

#[tokio::test]
async fn a_record_of_a_later_format_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let data_dir = DataDir::new(home.path());
    ensure_in(&data_dir).await.unwrap();
    let path = data_dir.installation();
    let text = fs::read_to_string(&path)
        .unwrap()
        .replace("\"format\": 1", "\"format\": 2");
    fs::write(&path, text).unwrap();
    assert!(matches!(
        Record::read(&data_dir),
        Err(Failure::Damaged { .. })
    ));
}
