//! Encryption, every algorithm with every other, in both directions.

use serde_json::Value;

use super::{
    library::{Library, decrypt, encrypt, recipient},
    plumbing::{Keys, kleis_jose},
    with_each_library,
};

const PLAINTEXT: &[u8] = b"Take one capsule three times a day. \xe2\x9c\x93";
const ENCRYPTIONS: &[&str] = &["A128GCM", "A256GCM", "A128CBC-HS256", "A256CBC-HS512"];
const AGREEMENTS: &[&str] = &["ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW"];

/// A key, how it is used, and for which contents.
struct Case {
    jwk: Value,
    alg: &'static str,
    enc: &'static str,
}

fn cases(_keys: &Keys) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |kind: &str, algs: &[&'static str], encs: &[&'static str]| {
        let jwk = Keys::generate(kind, None);
        for alg in algs {
            for enc in encs {
                cases.push(Case {
                    jwk: jwk.clone(),
                    alg,
                    enc,
                });
            }
        }
    };
    for curve in ["P-256", "P-384", "P-521", "X25519"] {
        add(curve, AGREEMENTS, ENCRYPTIONS);
    }
    add("RSA-2048", &["RSA-OAEP-256"], ENCRYPTIONS);
    add("oct-128", &["A128KW"], ENCRYPTIONS);
    add("oct-256", &["A256KW"], ENCRYPTIONS);
    add("oct-128", &["dir"], &["A128GCM"]);
    add("oct-256", &["dir"], &["A256GCM", "A128CBC-HS256"]);
    add("oct-512", &["dir"], &["A256CBC-HS512"]);
    cases
}

#[test]
fn interop_they_open_what_we_encrypt() {
    let keys = Keys::new();
    let cases = cases(&keys);
    let tokens: Vec<_> = cases
        .iter()
        .map(|case| {
            let file = keys.file(&case.jwk);
            let arguments = [
                "encrypt", "--key", &file, "--alg", case.alg, "--enc", case.enc,
            ];
            String::from_utf8(kleis_jose(&arguments, PLAINTEXT).unwrap()).unwrap()
        })
        .collect();
    with_each_library(|library: Library| {
        let task =
            |(case, token): (&Case, &String)| decrypt(&case.jwk, case.alg, case.enc, token.trim());
        let tasks: Vec<_> = cases.iter().zip(&tokens).map(task).collect();
        for (case, opened) in cases.iter().zip(library.run(&tasks)) {
            let what = format!("{library:?} {} {} {}", case.jwk["crv"], case.alg, case.enc);
            assert_eq!(opened.as_deref(), Ok(plaintext().as_str()), "{what}");
        }
    });
}

#[test]
fn interop_we_open_what_they_encrypt() {
    let keys = Keys::new();
    let cases = cases(&keys);
    with_each_library(|library: Library| {
        let task = |case: &Case| {
            encrypt(
                &[recipient(&case.jwk, case.alg)],
                case.enc,
                "compact",
                PLAINTEXT,
            )
        };
        let tasks: Vec<_> = cases.iter().map(task).collect();
        for (case, token) in cases.iter().zip(library.run(&tasks)) {
            let what = format!("{library:?} {} {} {}", case.jwk["crv"], case.alg, case.enc);
            let token = token.unwrap_or_else(|error| panic!("{what}: {error}"));
            let file = keys.file(&case.jwk);
            let opened = kleis_jose(&["decrypt", "--key", &file], token.as_bytes());
            assert_eq!(opened.as_deref(), Ok(PLAINTEXT), "{what}");
        }
    });
}

#[test]
fn interop_many_recipients_in_both_directions() {
    let keys = Keys::new();
    let to: Vec<(Value, &str)> = [
        ("P-256", "ECDH-ES+A256KW"),
        ("P-521", "ECDH-ES+A256KW"),
        ("X25519", "ECDH-ES+A256KW"),
        ("RSA-2048", "RSA-OAEP-256"),
        ("oct-256", "A256KW"),
    ]
    .map(|(kind, alg)| (Keys::generate(kind, None), alg))
    .into();
    let files: Vec<_> = to.iter().map(|(jwk, _)| keys.file(jwk)).collect();
    let arguments = files.iter().flat_map(|file| ["--key", file]);
    let arguments: Vec<_> = ["encrypt"].into_iter().chain(arguments).collect();
    let ours = String::from_utf8(kleis_jose(&arguments, PLAINTEXT).unwrap()).unwrap();
    with_each_library(|library: Library| {
        let tasks: Vec<_> = to
            .iter()
            .map(|(jwk, alg)| decrypt(jwk, alg, "A256GCM", &ours))
            .collect();
        for (opened, (_, alg)) in library.run(&tasks).into_iter().zip(&to) {
            assert_eq!(
                opened.as_deref(),
                Ok(plaintext().as_str()),
                "{library:?} {alg}"
            );
        }
        let recipients: Vec<_> = to.iter().map(|(jwk, alg)| recipient(jwk, alg)).collect();
        let theirs = library.must(encrypt(&recipients, "A256GCM", "json", PLAINTEXT));
        for file in &files {
            let opened = kleis_jose(&["decrypt", "--key", file], theirs.as_bytes());
            assert_eq!(opened.as_deref(), Ok(PLAINTEXT), "{library:?}");
        }
    });
}

fn plaintext() -> String {
    kleis_types::base64url::encode(PLAINTEXT)
}
