//! Signatures, every algorithm, in both directions.

use serde_json::Value;

use super::{
    library::{Library, sign, verify},
    plumbing::{Keys, kleis_jose},
    with_each_library,
};

const PAYLOAD: &[u8] = b"{\"sub\":\"CBE:0123456749\"}";

/// Keys with the algorithm that they sign with.
fn cases(_keys: &Keys) -> Vec<(Value, &'static str)> {
    vec![
        (Keys::generate("P-256", None), "ES256"),
        (Keys::generate("P-384", None), "ES384"),
        (Keys::generate("P-521", None), "ES512"),
        (Keys::generate("Ed25519", None), "EdDSA"),
        (Keys::generate("RSA-2048", None), "PS256"),
        (Keys::generate("RSA-2048", Some("RS256")), "RS256"),
    ]
}

#[test]
fn interop_they_verify_what_we_sign() {
    let keys = Keys::new();
    let cases = cases(&keys);
    for form in [&[][..], &["--json"]] {
        let tokens: Vec<_> = cases
            .iter()
            .map(|(jwk, _)| {
                let file = keys.file(jwk);
                let arguments = [&["sign", "--typ", "JWT", "--key", &file], form].concat();
                String::from_utf8(kleis_jose(&arguments, PAYLOAD).unwrap()).unwrap()
            })
            .collect();
        with_each_library(|library: Library| {
            let pairs = cases.iter().zip(&tokens);
            let tasks: Vec<_> = pairs
                .map(|((jwk, alg), token)| verify(jwk, alg, token.trim()))
                .collect();
            for ((_, alg), payload) in cases.iter().zip(library.run(&tasks)) {
                assert_eq!(
                    payload.as_deref(),
                    Ok(payload_text().as_str()),
                    "{library:?} {alg}"
                );
            }
        });
    }
}

#[test]
fn interop_we_verify_what_they_sign() {
    let keys = Keys::new();
    let cases = cases(&keys);
    with_each_library(|library: Library| {
        for form in ["compact", "json"] {
            let tasks: Vec<_> = cases
                .iter()
                .map(|(jwk, alg)| sign(jwk, alg, form, PAYLOAD))
                .collect();
            for ((jwk, alg), token) in cases.iter().zip(library.run(&tasks)) {
                let what = format!("{library:?} {alg} {form}");
                let token = token.unwrap_or_else(|error| panic!("{what}: {error}"));
                let file = keys.file(jwk);
                let payload = kleis_jose(&["verify", "--key", &file], token.as_bytes());
                assert_eq!(payload.as_deref(), Ok(PAYLOAD), "{what}");
                // Not under another key of the same kind.
                let other = Keys::generate(kind_of(alg), (*alg == "RS256").then_some("RS256"));
                let other = keys.file(&other);
                assert!(kleis_jose(&["verify", "--key", &other], token.as_bytes()).is_err());
            }
        }
    });
}

fn kind_of(alg: &str) -> &'static str {
    match alg {
        "ES256" => "P-256",
        "ES384" => "P-384",
        "ES512" => "P-521",
        "EdDSA" => "Ed25519",
        _ => "RSA-2048",
    }
}

fn payload_text() -> String {
    kleis_types::base64url::encode(PAYLOAD)
}
