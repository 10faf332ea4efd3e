//! What it does not start on, and how it says so.

use std::{fs, net::TcpListener};

use crate::support::{Place, code, kleisd, run, stderr};

#[test]
fn a_second_process_is_refused() {
    let place = Place::new();
    let first = place.start(&[]);
    for refused in [
        place.start_in_vain(&[]),
        place.run(&["migrate"]),
        place.run(&["bootstrap"]),
    ] {
        assert_eq!(code(&refused), 75);
        assert!(
            stderr(&refused).contains("is in use by another kleisd"),
            "{}",
            stderr(&refused)
        );
    }
    assert!(first.stop().success());
}

#[test]
fn a_missing_or_other_kek_is_refused_and_the_right_one_named() {
    let place = Place::new().installed();
    let record = fs::read_to_string(place.data().join("installation.json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    let needed = record["kek"].as_str().unwrap();
    let kek = place.data().join("kek/root.kek");
    let elsewhere = place.beside("kek");
    fs::rename(&kek, &elsewhere).unwrap();

    let missing = place.start_in_vain(&[]);
    assert_eq!(code(&missing), 69);
    assert!(stderr(&missing).contains(needed), "{}", stderr(&missing));
    assert!(!kek.exists(), "no new one is made for old data");

    let other = Place::new().installed();
    fs::copy(other.data().join("kek/root.kek"), &kek).unwrap();
    let refused = place.start_in_vain(&[]);
    assert_eq!(code(&refused), 69);
    assert!(stderr(&refused).contains(needed), "{}", stderr(&refused));

    assert!(
        place
            .start(&["--kek-file", elsewhere.to_str().unwrap()])
            .stop()
            .success()
    );
}

#[test]
fn a_kek_can_be_in_the_environment_but_not_in_two_places() {
    let place = Place::new();
    let data = place.data();
    let hex = "00112233445566778899aabbccddeeff".repeat(2);
    let with_kek = |arguments: &[&str]| {
        let mut command = kleisd(&["bootstrap", "--data-dir"]);
        command
            .arg(&data)
            .args(arguments)
            .env("KLEIS_KEK", &hex)
            .output()
            .unwrap()
    };
    let file = place.beside("kek");
    assert!(
        place
            .start(&["--kek-file", file.to_str().unwrap()])
            .stop()
            .success()
    );
    assert!(!data.join("kek").exists());
    let twice = with_kek(&["--kek-file", file.to_str().unwrap()]);
    assert_eq!(code(&twice), 64);
    let other = with_kek(&[]);
    assert_eq!(code(&other), 69);
    assert!(stderr(&other).contains("KLEIS_KEK"), "{}", stderr(&other));
}

#[test]
fn a_directory_with_other_things_is_refused() {
    let place = Place::new();
    fs::create_dir(place.data()).unwrap();
    fs::write(place.data().join("registry.db"), "somebody's").unwrap();
    let refused = place.start_in_vain(&[]);
    assert_eq!(code(&refused), 69);
    assert!(
        stderr(&refused).contains("neither empty nor an installation"),
        "{}",
        stderr(&refused)
    );
    assert_eq!(
        fs::read(place.data().join("registry.db")).unwrap(),
        b"somebody's"
    );
}

#[test]
fn a_lost_database_is_not_replaced_by_an_empty_one() {
    let place = Place::new().installed();
    for name in ["registry.db", "custody.db"] {
        let (path, away) = (place.data().join(name), place.beside(name));
        fs::rename(&path, &away).unwrap();
        for refused in [place.start_in_vain(&[]), place.run(&["migrate"])] {
            assert_eq!(code(&refused), 69);
            assert!(stderr(&refused).contains(name), "{}", stderr(&refused));
        }
        assert!(!path.exists());
        fs::rename(&away, &path).unwrap();
    }
    assert!(place.start(&[]).stop().success());
}

#[test]
fn a_database_of_another_installation_is_refused() {
    let (place, other) = (Place::new().installed(), Place::new().installed());
    fs::copy(
        other.data().join("registry.db"),
        place.data().join("registry.db"),
    )
    .unwrap();
    for refused in [
        place.start_in_vain(&[]),
        place.run(&["bootstrap"]),
        place.run(&["audit", "verify"]),
    ] {
        assert_eq!(code(&refused), 69);
        let said = stderr(&refused);
        assert!(
            said.contains("not the database of this installation"),
            "{said}"
        );
    }
}

#[test]
fn a_port_that_is_taken_is_refused() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let place = Place::new();
    let mut command = kleisd(&["all", "--listen", &address, "--admin-listen", "127.0.0.1:0"]);
    let refused = command
        .arg("--data-dir")
        .arg(place.data())
        .output()
        .unwrap();
    assert_eq!(code(&refused), 69);
    assert!(stderr(&refused).contains(&address), "{}", stderr(&refused));
    // The installation is there all the same, and its operator not yet.
    assert!(place.start(&[]).stop().success());
    assert!(place.run(&["bootstrap"]).status.success());
}

#[test]
fn a_name_that_is_none_is_refused_before_anything_is_made() {
    let place = Place::new();
    let refused = place.start_in_vain(&["--tls-name", "not a name"]);
    assert_eq!(code(&refused), 64);
    assert!(!place.data().exists());
}

#[test]
fn a_wrong_command_line_is_a_usage_error() {
    for arguments in [
        &["all"][..],
        &[],
        &["al"],
        &["all", "--data-dir", "d", "--listen", "x"],
    ] {
        assert_eq!(code(&run(arguments)), 64, "{arguments:?}");
    }
}
