//! `kleis jose sign` and `kleis jose verify`.

mod support;

use kleis_types::base64url;
use serde_json::{Value, json};
use support::{Place, refused};

const CLAIMS: &[u8] = b"{\"iss\":\"alice\"}";
const TYPES: [(&str, &str); 5] = [
    ("P-256", "ES256"),
    ("P-384", "ES384"),
    ("P-521", "ES512"),
    ("Ed25519", "EdDSA"),
    ("RSA-2048", "PS256"),
];

fn place() -> Place {
    let place = Place::new();
    for (key_type, _) in TYPES {
        let args = format!(
            "jose generate --type {key_type} --use sig --out {key_type}.jwk \
             --public-out {key_type}.pub"
        );
        place.run(&args).text();
    }
    place
        .run("jose generate --type RSA-2048 --alg RS256 --out rs256.jwk")
        .text();
    place
}

#[test]
fn every_algorithm_goes_round_in_both_serialisations() {
    let place = place();
    for (key, algorithm) in TYPES {
        for json in ["", "--json"] {
            let jws = place.pipe(
                &format!("jose sign --key {key}.jwk --typ JWT {json}"),
                CLAIMS,
            );
            let args = format!("--output json jose verify --key {key}.pub");
            let verified = place.pipe(&args, jws.bytes()).json();
            assert_eq!(verified["alg"], algorithm);
            assert_eq!(verified["typ"], "JWT");
            assert_eq!(verified["content"], base64url::encode(CLAIMS));
            let plain = place.pipe(&format!("jose verify --key {key}.jwk"), jws.bytes());
            assert_eq!(plain.bytes(), CLAIMS);
        }
    }
    let jws = place
        .pipe("--output json jose sign --key rs256.jwk", CLAIMS)
        .json();
    assert_eq!(jws["alg"], json!(["RS256"]));
    let verified = place.pipe(
        "jose verify --key rs256.jwk",
        jws["jws"].as_str().unwrap().as_bytes(),
    );
    assert_eq!(verified.bytes(), CLAIMS);
}

#[test]
fn several_keys_sign_one_document() {
    let place = place();
    let jws = place.pipe("jose sign --key P-256.jwk --key Ed25519.jwk", CLAIMS);
    let document: Value = serde_json::from_slice(jws.bytes()).unwrap();
    assert_eq!(document["signatures"].as_array().unwrap().len(), 2);
    for key in ["P-256", "Ed25519"] {
        let verified = place.pipe(&format!("jose verify --key {key}.pub"), jws.bytes());
        assert_eq!(verified.bytes(), CLAIMS);
    }
    let other = place.pipe("--output json jose verify --key P-384.pub", jws.bytes());
    assert_eq!(other.refusal(), refused(1, "NO_SIGNATURE_BY_KEY"));
}

#[test]
fn reserved_types_are_not_signed() {
    let place = place();
    for typ in [
        "kleis-order+jwt",
        "KLEIS-Order+JWT",
        "application/kleis-binding+jwt",
        "statuslist+jwt",
        "at+jwt",
        "application/dpop+jwt",
        "client-authentication+jwt",
    ] {
        for option in ["--typ", "--cty"] {
            let args = format!("--output json jose sign --key P-256.jwk {option} {typ}");
            assert_eq!(
                place.pipe(&args, CLAIMS).refusal(),
                refused(1, "RESERVED_TYPE"),
                "{typ}"
            );
        }
    }
    let sealed = "--output json jose encrypt --key P-256.pub --typ kleis-challenge+jwe";
    assert_eq!(
        place.pipe(sealed, CLAIMS).refusal(),
        refused(1, "RESERVED_TYPE")
    );
}

#[test]
fn the_wrong_key_and_changed_bytes_are_refused() {
    let place = place();
    place
        .run("jose generate --type P-256 --out other.jwk")
        .text();
    let jws = place.pipe("jose sign --key P-256.jwk", CLAIMS);
    let verify = |key: &str, token: &[u8]| {
        place
            .pipe(&format!("--output json jose verify --key {key}"), token)
            .refusal()
    };
    assert_eq!(
        verify("other.jwk", jws.bytes()),
        refused(1, "SIGNATURE_INVALID")
    );
    assert_eq!(verify("Ed25519.pub", jws.bytes()), refused(1, "KEY_TYPE"));
    let parts: Vec<_> = jws.text().trim().split('.').collect();
    let forged = base64url::encode(b"{\"iss\":\"mallory\"}");
    let forged = format!("{}.{forged}.{}", parts[0], parts[2]);
    assert_eq!(
        verify("P-256.pub", forged.as_bytes()),
        refused(1, "SIGNATURE_INVALID")
    );
    assert_eq!(verify("P-256.pub", b"hello"), refused(7, "JWS_MALFORMED"));
    // Of several keys the right one is found, wherever it stands.
    let both = place.pipe("jose verify --key other.jwk --key P-256.pub", jws.bytes());
    assert_eq!(both.bytes(), CLAIMS);
}

#[test]
fn what_is_not_signed_is_never_accepted() {
    let place = place();
    let token = |header: Value| {
        let header = base64url::encode(header.to_string().as_bytes());
        format!("{header}.{}.", base64url::encode(CLAIMS))
    };
    let cases = [
        (json!({"alg": "none"}), "ALGORITHM_NONE"),
        (json!({"alg": "HS256"}), "ALGORITHM_UNSUPPORTED"),
        (json!({"alg": "ES256", "crit": ["exp"]}), "HEADER_CRITICAL"),
        (json!({"alg": "ES256", "b64": false}), "HEADER_B64"),
    ];
    for (header, reason) in cases {
        let token = token(header);
        let run = place.pipe(
            "--output json jose verify --key P-256.pub",
            token.as_bytes(),
        );
        assert_eq!(run.refusal(), refused(1, reason));
        let inspected = place
            .pipe("--output json jose inspect", token.as_bytes())
            .json();
        assert_eq!(inspected["refusal"]["reason"], reason);
    }
}

#[test]
fn a_key_that_cannot_sign_is_refused_by_name() {
    let place = place();
    place.run("jose generate --type X25519 --out x.jwk").text();
    place
        .run("jose generate --type P-256 --use enc --out enc.jwk")
        .text();
    let sign = |key: &str| {
        place
            .pipe(&format!("--output json jose sign --key {key}"), CLAIMS)
            .refusal()
    };
    assert_eq!(sign("x.jwk"), refused(1, "KEY_TYPE"));
    assert_eq!(sign("enc.jwk"), refused(1, "KEY_USE"));
    assert_eq!(sign("P-256.pub"), refused(1, "KEY_NOT_PRIVATE"));
}
