use kleis_runtime::Config;
use kleis_types::{Clock as _, OsRandom, SystemClock};

use super::*;
use crate::{creation, data_dir::DataDir, kek::KekPlace, premises::CaSettings, services::Basics};

async fn premises(home: &std::path::Path) -> Premises {
    let data_dir = DataDir::new(home);
    let kek = KekPlace::DataDir(data_dir.kek());
    let basics = Basics::new(&Config::default()).unwrap();
    creation::ensure(&data_dir, &kek, &basics).await.unwrap();
    Premises::open(data_dir, kek, &CaSettings::default()).unwrap()
}

fn content(premises: &Premises) -> String {
    std::fs::read_to_string(premises.data_dir.server_certificate()).unwrap()
}

fn local() -> Names {
    Names::new([], []).unwrap()
}

#[test]
fn names_and_addresses_are_told_apart() {
    let listening = [[0, 0, 0, 0].into(), [10, 0, 0, 1].into()];
    let names = Names::new(["Kleis.Example", "192.0.2.1"], listening).unwrap();
    assert_eq!(
        names.dns,
        BTreeSet::from(["kleis.example".to_owned(), "localhost".to_owned()])
    );
    let ips: Vec<_> = names.ips.iter().map(ToString::to_string).collect();
    assert_eq!(ips, ["10.0.0.1", "127.0.0.1", "192.0.2.1", "::1"]);
}

#[tokio::test]
async fn it_is_kept_until_a_third_of_its_life_is_left() {
    let home = tempfile::tempdir().unwrap();
    let premises = premises(home.path()).await;
    let now = SystemClock.now();
    let issued = load_or_issue(&premises, &local(), now, &OsRandom).unwrap();
    let first = content(&premises);
    let last = issued.renew_at().plus_seconds(-1);
    load_or_issue(&premises, &local(), last, &OsRandom).unwrap();
    assert_eq!(content(&premises), first);
    let renewed = load_or_issue(&premises, &local(), issued.renew_at(), &OsRandom).unwrap();
    assert_ne!(content(&premises), first);
    assert!(renewed.renew_at() > issued.renew_at());
}

#[tokio::test]
async fn other_names_need_another_one() {
    let home = tempfile::tempdir().unwrap();
    let premises = premises(home.path()).await;
    let now = SystemClock.now();
    load_or_issue(&premises, &local(), now, &OsRandom).unwrap();
    let first = content(&premises);
    let names = Names::new(["kleis.example"], []).unwrap();
    load_or_issue(&premises, &names, now, &OsRandom).unwrap();
    assert_ne!(content(&premises), first);
}

#[tokio::test]
async fn a_damaged_one_is_replaced() {
    let home = tempfile::tempdir().unwrap();
    let premises = premises(home.path()).await;
    let now = SystemClock.now();
    load_or_issue(&premises, &local(), now, &OsRandom).unwrap();
    let good = content(&premises);
    for damaged in [
        String::new(),
        good.replace("\"wrapped\": \"", "\"wrapped\": \"AAAA"),
    ] {
        std::fs::write(premises.data_dir.server_certificate(), &damaged).unwrap();
        load_or_issue(&premises, &local(), now, &OsRandom).unwrap();
        assert_ne!(content(&premises), damaged);
    }
}

#[test]
fn a_name_that_is_none_is_refused() {
    for name in [
        "",
        "not a name",
        "-a.example",
        "a-.example",
        "a..example",
        "*.example",
        "é",
    ] {
        let refused = Names::new([name], []).unwrap_err();
        assert!(matches!(refused, Failure::Usage(_)), "{name}");
    }
    assert!(Names::new(["x".repeat(64).as_str()], []).is_err());
    assert!(Names::new([["a"; 128].join(".").as_str()], []).is_err());
}
