//! The commands beside `all`.

use std::fs;

use crate::support::{Place, code, kleisd, run, stderr, stdout};

#[test]
fn version_and_help_succeed() {
    let version = run(&["version"]);
    assert_eq!(
        stdout(&version),
        format!("kleisd {}\n", env!("CARGO_PKG_VERSION"))
    );
    for arguments in [&["--help"][..], &["all", "--help"], &["--version"]] {
        assert_eq!(code(&run(arguments)), 0, "{arguments:?}");
    }
}

#[test]
fn check_config_tells_everything_that_is_wrong() {
    let place = Place::new();
    let path = place.beside("kleisd.toml");
    fs::write(&path, include_str!("../../../../deploy/config/kleisd.toml")).unwrap();
    let good = run(&["check-config", "--config", path.to_str().unwrap()]);
    assert_eq!(code(&good), 0, "{}", stderr(&good));
    fs::write(&path, "[limits]\nbrust = 1\n[listen]\npublic = \"x\"\n").unwrap();
    let bad = kleisd(&["check-config", "--config", path.to_str().unwrap()])
        .env("KLEIS_LIMITS__BURST", "none")
        .output()
        .unwrap();
    assert_eq!(code(&bad), 64);
    for key in ["limits.brust", "listen.public", "limits.burst"] {
        assert!(stderr(&bad).contains(key), "{}", stderr(&bad));
    }
}

#[test]
fn a_command_needs_an_installation() {
    let place = Place::new();
    for words in [&["migrate"][..], &["bootstrap"], &["audit", "verify"]] {
        let refused = place.run(words);
        assert_eq!(code(&refused), 69, "{words:?}");
        assert!(
            stderr(&refused).contains("holds no installation"),
            "{}",
            stderr(&refused)
        );
        assert!(!place.data().exists(), "{words:?} made something");
    }
}

#[test]
fn bootstrap_makes_a_code_each_time_as_long_as_there_is_no_operator() {
    let place = Place::new().installed();
    let codes: Vec<String> = (0..2).map(|_| stdout(&place.run(&["bootstrap"]))).collect();
    assert!(
        codes[0].contains("kleis operator bootstrap --id SSIN:... --code "),
        "{}",
        codes[0]
    );
    assert_ne!(codes[0], codes[1]);
}

#[test]
fn migrate_has_nothing_to_do_on_a_new_installation() {
    let place = Place::new().installed();
    let output = place.run(&["migrate"]);
    assert_eq!(code(&output), 0);
    assert_eq!(stdout(&output).matches(": 0 migrations applied").count(), 3);
}

#[test]
fn the_audit_is_verified_beside_a_running_server() {
    let place = Place::new();
    let running = place.start(&[]);
    let output = place.run(&["audit", "verify"]);
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    let said = stdout(&output);
    assert!(said.starts_with("registry.db: 2 chains, "), "{said}");
    assert!(said.contains(", 0 findings\ncustody.db: "), "{said}");
    assert!(running.stop().success());
}
