//! From the first start to the last.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use rustix::process::Signal;

use crate::support::Place;

#[test]
fn a_first_start_makes_an_installation_and_a_second_finds_it() {
    let place = Place::new();
    let first = place.start(&[]);
    let code = first.fact("bootstrap").to_owned();
    assert_eq!(code.replace('-', "").len(), 45, "{code}");
    let (installation, root) = (
        first.fact("installation").to_owned(),
        fs::read(first.root()).unwrap(),
    );
    assert!(first.stop().success());

    let second = place.start(&[]);
    assert_eq!(second.fact("installation"), installation);
    assert_eq!(fs::read(second.root()).unwrap(), root);
    assert!(
        second.facts["bootstrap"].is_null(),
        "the code is shown once"
    );
    assert!(second.stop().success());
}

#[test]
fn what_is_secret_is_for_the_owner_alone() {
    let place = Place::new().installed();
    let public = ["root.pem", "issuing.pem"];
    assert_eq!(mode(&place.data()), 0o700);
    for path in files(&place.data()) {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(
            mode(&path) == 0o600 || public.contains(&name),
            "{}",
            path.display()
        );
    }
    // Nor is a private key in a file that could be read: all are wrapped.
    for path in files(&place.data()) {
        let content = fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&content);
        assert!(
            !text.contains("PRIVATE KEY") && !text.contains("\"d\":"),
            "{}",
            path.display()
        );
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn files(path: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[test]
fn both_signals_stop_it_in_good_order() {
    let place = Place::new();
    for signal in [Signal::TERM, Signal::INT] {
        let running = place.start(&[]);
        running.signal(signal);
        assert_eq!(running.wait().code(), Some(0), "{signal:?}");
    }
    // Closed in good order, a database is one file.
    let left = files(&place.data());
    assert!(
        !left
            .iter()
            .any(|path| path.to_string_lossy().ends_with("-wal")),
        "{left:?}"
    );
}

#[test]
fn what_was_killed_starts_again() {
    let place = Place::new();
    let killed = place.start(&[]);
    let installation = killed.fact("installation").to_owned();
    killed.kill();
    let again = place.start(&[]);
    assert_eq!(again.fact("installation"), installation);
    assert!(again.stop().success());
    assert!(place.run(&["audit", "verify"]).status.success());
}

#[test]
fn a_first_start_that_was_killed_on_the_way_starts_again() {
    // Killed as soon as there is anything: wherever that is, the next start is good. That each step
    // can be interrupted is tested where the steps are.
    let place = Place::new();
    let mut child = crate::support::kleisd(&["all", "--data-dir"])
        .arg(place.data())
        .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while !place.data().join(".new").exists() && !place.data().join("installation.json").exists() {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(place.start(&[]).stop().success());
    assert!(!place.data().join(".new").exists());
}

#[test]
fn the_ready_file_says_the_same() {
    let place = Place::new();
    let path = place.beside("ready.json");
    let running = place.start(&["--ready-file", path.to_str().unwrap()]);
    let written: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(written, running.facts);
    assert_eq!(mode(&path), 0o600, "it may hold the code");
    assert!(running.stop().success());
}

#[test]
fn people_are_told_what_to_type() {
    let place = Place::new();
    let mut child = crate::support::kleisd(&["all", "--data-dir"])
        .arg(place.data())
        .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    let said: Vec<String> = lines
        .map(Result::unwrap)
        .take_while(|line| line != "ready")
        .collect();
    child.kill().unwrap();
    child.wait().unwrap();
    let has = |start: &str| said.iter().any(|line| line.trim_start().starts_with(start));
    for start in [
        "public        https://127.0.0.1:",
        "admin         https://127.0.0.1:",
        "installation  ",
        "root          /",
        "root SHA-256  ",
        "kleis init --server https://127.0.0.1:",
        "kleis operator bootstrap --id SSIN:... --code ",
    ] {
        assert!(has(start), "{start}: {said:?}");
    }
}
