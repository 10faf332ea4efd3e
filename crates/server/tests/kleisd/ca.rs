//! Another issuing CA takes over, also if the process that makes it dies on the way.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::support::{Place, code, stderr, stdout};

/// Has the present CA certify an edge; gives its chain.
fn certify(place: &Place, name: &str) -> PathBuf {
    let out = place.beside(name);
    let output = place.run(&["edge", "certify", "--out", out.to_str().unwrap()]);
    assert!(output.status.success(), "{}", stderr(&output));
    out.join("edge.pem")
}

fn rotate(place: &Place) {
    let output = place.run(&["ca", "rotate"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("Kleis Issuing CA "), "{output:?}");
}

/// Whether `openssl` follows a chain to the root by this issuing CA.
fn holds(place: &Place, chain: &Path, issuing: &Path) -> bool {
    let verified = Command::new("openssl")
        .args(["verify", "-x509_strict", "-CAfile"])
        .arg(place.data().join("root.pem"))
        .arg("-untrusted")
        .arg(issuing)
        .arg(chain)
        .output();
    verified.unwrap().status.success()
}

/// The present CA's files.
fn pair(place: &Place) -> [Vec<u8>; 2] {
    ["issuing.pem", "issuing.json"]
        .map(|name| fs::read(place.data().join("ca").join(name)).unwrap())
}

fn put(place: &Place, name: &str, content: &[u8]) {
    use std::os::unix::fs::PermissionsExt as _;
    let path = place.data().join("ca").join(name);
    fs::write(&path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn former(place: &Place) -> Vec<PathBuf> {
    let listed = fs::read_dir(place.data().join("ca/former")).unwrap();
    let mut found: Vec<_> = listed.map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.extension().unwrap() == "pem");
    found
}

#[test]
fn one_ca_follows_another_under_the_same_root() {
    let place = Place::new().installed();
    let root = fs::read(place.data().join("root.pem")).unwrap();
    let first = certify(&place, "first");
    rotate(&place);
    let second = certify(&place, "second");
    assert_eq!(fs::read(place.data().join("root.pem")).unwrap(), root);
    let ca = place.data().join("ca");
    let present = ca.join("issuing.pem");
    let [before] = &former(&place)[..] else {
        panic!("one former CA")
    };
    assert!(holds(&place, &first, before) && holds(&place, &second, &present));
    assert!(!holds(&place, &first, &present) && !holds(&place, &second, before));
    // It starts, and once more after the next one.
    assert!(place.start(&[]).stop().success());
    rotate(&place);
    assert_eq!(former(&place).len(), 2);
    assert!(place.start(&[]).stop().success());
    // Whoever's key is gone is missed, and not passed over.
    fs::remove_file(former(&place)[0].with_extension("json")).unwrap();
    let output = place.start_in_vain(&[]);
    assert!(
        code(&output) == 69 && stderr(&output).contains("[ca.pkcs11]"),
        "{output:?}"
    );
}

/// What a process that died has left as the present pair and as the next one, and whether the
/// change has come about.
type Death<'a> = (&'a [u8], &'a [u8], &'a [(&'a str, &'a [u8])], bool);

#[test]
fn a_rotation_that_was_interrupted_is_ended_or_had_not_begun() {
    let place = Place::new().installed();
    let before = pair(&place);
    rotate(&place);
    let after = pair(&place);
    assert!(before[0] != after[0] && before[1] != after[1]);
    let deaths: [Death<'_>; 4] = [
        (&before[0], &before[1], &[("next.json", &after[1])], false),
        (
            &before[0],
            &before[1],
            &[("next.json", &after[1]), ("next.pem", &after[0])],
            true,
        ),
        (&before[0], &after[1], &[("next.pem", &after[0])], true),
        (&after[0], &after[1], &[], true),
    ];
    for (number, (certificate, key, next, over)) in deaths.into_iter().enumerate() {
        put(&place, "issuing.pem", certificate);
        put(&place, "issuing.json", key);
        for (name, content) in next {
            put(&place, name, content);
        }
        certify(&place, &format!("edge-{number}"));
        let expected = if over { &after } else { &before };
        assert!(pair(&place) == *expected, "{number}");
        assert!(place.start(&[]).stop().success());
    }
    // What an attempt has left is not in the way of the next one.
    put(&place, "next.json", b"{}");
    put(&place, "next.tmp", b"");
    rotate(&place);
    assert!(place.start(&[]).stop().success());
}

#[test]
fn nothing_is_rotated_under_a_server_that_runs_or_without_the_root() {
    let place = Place::new();
    let running = place.start(&[]);
    let before = pair(&place);
    let output = place.run(&["ca", "rotate"]);
    assert!(!output.status.success() && stderr(&output).contains("is in use"));
    assert!(pair(&place) == before && !place.data().join("ca/former").exists());
    assert!(running.stop().success());
    // Nor without the root's key, which may be kept elsewhere.
    let (root, away) = (place.data().join("ca/root.json"), place.beside("root.json"));
    fs::rename(&root, &away).unwrap();
    let output = place.run(&["ca", "rotate"]);
    assert!(
        stderr(&output).contains("put the root's key back"),
        "{output:?}"
    );
    assert!(place.start(&[]).stop().success());
    fs::rename(&away, &root).unwrap();
    rotate(&place);
}
