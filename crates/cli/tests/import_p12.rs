//! `kleis keys import-p12`, with key stores that keytool and openssl make.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::process::Command;

use serde_json::Value;
use support::{Place, refused};

const PASSPHRASE: &str = "ch4ngeit";
/// The serial number of an old encryption certificate, in decimal.
const SERIAL: &str = "24197857161011715162171839636988778104";

fn tool(place: &Place, program: &str, args: &str) {
    let done = Command::new(program)
        .args(args.split_whitespace())
        .current_dir(place.path("."))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{program} {args}: {told}");
}

fn place() -> Place {
    let place = Place::new();
    place.write_private("passphrase", format!("{PASSPHRASE}\n"));
    place
}

/// What keytool makes: a key to authenticate with, and old ones by their serial numbers.
fn java_store(place: &Place, aliases: &[&str], legacy: bool) {
    for alias in aliases {
        let old = if legacy {
            "-J-Dkeystore.pkcs12.legacy "
        } else {
            ""
        };
        let args = format!(
            "{old}-genkeypair -alias {alias} -keyalg RSA -keysize 2048 -validity 30 -dname \
             CN=SSIN=85073003328 -storetype PKCS12 -keystore store.p12 -storepass {PASSPHRASE}"
        );
        tool(place, "keytool", &args);
    }
}

fn openssl_store(place: &Place, options: &str) {
    tool(
        place,
        "openssl",
        "req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 30 -subj /CN=old",
    );
    let export = format!(
        "pkcs12 -export -inkey key.pem -in cert.pem -name {SERIAL} -passout pass:{PASSPHRASE} \
         -out store.p12 {options}"
    );
    tool(place, "openssl", &export);
}

fn import(place: &Place) -> Value {
    let args = "--output json keys import-p12 store.p12 --p12-passphrase-file passphrase";
    place.run(args).json()
}

fn results(document: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let keys = document["keys"].as_array().unwrap();
    let mut results: Vec<_> = keys
        .iter()
        .map(|key| (text(&key["alias"]), text(&key["result"])))
        .collect();
    results.sort();
    results
}

#[test]
fn a_java_key_store_of_today_gives_its_old_keys_and_keeps_its_own() {
    let place = place();
    java_store(&place, &["authentication", SERIAL, "42"], false);
    let first = import(&place);
    assert_eq!(first["imported"], 2);
    let pair = |alias: &str, result: &str| (alias.to_owned(), result.to_owned());
    assert_eq!(
        results(&first),
        [
            pair(SERIAL, "IMPORTED"),
            pair("42", "IMPORTED"),
            pair("authentication", "AUTHENTICATION_KEY"),
        ]
    );
    let again = import(&place);
    assert_eq!(again["imported"], 0);
    assert_eq!(results(&again)[0], pair(SERIAL, "HERE_ALREADY"));
    for key in first["keys"].as_array().unwrap() {
        if let Some(kid) = key["kid"].as_str() {
            let name = format!("home/keys/{kid}.jwk");
            assert_eq!(place.mode(&name), 0o600);
            let stored: Value = serde_json::from_str(&place.read_text(&name)).unwrap();
            assert_eq!(
                (&stored["kty"], &stored["use"]),
                (&"RSA".into(), &"enc".into())
            );
            assert!(stored["d"].is_string());
        }
    }
}

#[test]
fn key_stores_of_all_kinds_are_read() {
    for options in [
        "",
        "-legacy",
        "-legacy -certpbe PBE-SHA1-RC2-40 -keypbe PBE-SHA1-3DES -macalg SHA1",
        "-certpbe AES-128-CBC -keypbe AES-256-CBC -macalg SHA256",
    ] {
        let place = place();
        openssl_store(&place, options);
        let found = import(&place);
        let expected = [(SERIAL.to_owned(), "IMPORTED".to_owned())];
        assert_eq!(results(&found), expected, "{options}");
    }
    let place = place();
    java_store(&place, &[SERIAL], true);
    assert_eq!(import(&place)["imported"], 1);
}

#[test]
fn what_an_old_key_was_sealed_to_is_opened_with_it() {
    let place = place();
    openssl_store(&place, "-legacy");
    let kid = import(&place)["keys"][0]["kid"]
        .as_str()
        .unwrap()
        .to_owned();
    let stored = format!("home/keys/{kid}.jwk");
    tool(&place, "openssl", "pkey -in key.pem -pubout -out pub.pem");
    let sealed = place.pipe("jose encrypt --key pub.pem", b"the results are in");
    let opened = place.pipe(&format!("jose decrypt --key {stored}"), sealed.bytes());
    assert_eq!(opened.bytes(), b"the results are in");
}

#[test]
fn a_wrong_passphrase_and_a_broken_file_are_told_apart() {
    let place = place();
    openssl_store(&place, "");
    let run = |file: &str, passphrase: &str| {
        let args =
            format!("--output json keys import-p12 {file} --p12-passphrase-file {passphrase}");
        place.run(&args).refusal()
    };
    place.write_private("wrong", "another\n");
    assert_eq!(run("store.p12", "wrong"), refused(4, "PASSPHRASE"));
    let whole = place.read("store.p12");
    place.write("half.p12", &whole[..whole.len() / 2]);
    place.write("text.p12", "no key store\n");
    place.write("empty.p12", "");
    for broken in ["half.p12", "text.p12", "empty.p12"] {
        assert_eq!(
            run(broken, "passphrase"),
            refused(7, "P12_MALFORMED"),
            "{broken}"
        );
    }
    // One byte of what is protected: that looks like another passphrase.
    let mut changed = whole.clone();
    changed[whole.len() / 3] ^= 1;
    place.write("changed.p12", &changed);
    assert_eq!(run("changed.p12", "passphrase").1, "PASSPHRASE");
    assert!(std::fs::read_dir(place.path("home/keys")).map_or(0, Iterator::count) == 0);
}
