use kleis_jose::{Jwk, KeyType, digest, jws::Header};
use kleis_trust::test_util::{claims_of, forge};
use kleis_types::{ErrorCode, SeededRandom, Timestamp, base64url};
use serde_json::{Value, json};

use super::*;
use crate::SigningError;

const NOW: Timestamp = Timestamp::from_unix(1_795_000_000);
const URL: &str = "https://api.example.be/kleis.custody.v1.CustodyService/GetKey";
const TOKEN: &str = "an.access.token";

fn key_of(key_type: KeyType) -> Jwk {
    Jwk::generate(key_type, &SeededRandom::new(5)).unwrap()
}

fn key() -> Jwk {
    key_of(KeyType::P256)
}

fn request() -> Request<'static> {
    Request {
        method: "POST",
        url: URL,
        access_token: Some(TOKEN),
        nonce: Some("a-nonce"),
    }
}

fn proof() -> String {
    make(&key(), &request(), NOW, &SeededRandom::new(6)).unwrap()
}

fn read(proof: &str) -> Result<Proof, DpopError> {
    verify(proof, "POST", URL, Some(TOKEN), NOW)
}

fn header() -> Header {
    Header::default().with_typ(TYP).with_jwk(&key())
}

fn changed(change: impl FnOnce(&mut Value)) -> Result<Proof, DpopError> {
    let mut claims = claims_of(&proof());
    change(&mut claims);
    read(&forge(&key(), &header(), &claims))
}

fn with(name: &str, value: impl Into<Value>) -> Result<Proof, DpopError> {
    changed(|claims| claims[name] = value.into())
}

fn without(name: &str) -> Result<Proof, DpopError> {
    changed(|claims| drop(claims.as_object_mut().unwrap().remove(name)))
}

/// A proof whose header is this one, signed by `key()` all the same where that is possible.
fn with_header(header: &Value) -> String {
    let payload = base64url::encode(claims_of(&proof()).to_string().as_bytes());
    let header = base64url::encode(header.to_string().as_bytes());
    format!("{header}.{payload}.{}", base64url::encode(&[1; 64]))
}

#[test]
fn what_is_made_is_read() {
    for key_type in [
        KeyType::P256,
        KeyType::P384,
        KeyType::Ed25519,
        KeyType::Rsa { bits: 2048 },
    ] {
        let key = key_of(key_type)
            .with_thumbprint_kid()
            .with_member("owner", "Jane".into());
        let text = make(&key, &request(), NOW, &SeededRandom::new(6)).unwrap();
        let proof = read(&text).unwrap();
        assert_eq!(proof.jkt(), key.thumbprint().as_str());
        assert_eq!(proof.jti().len(), 22);
        assert_eq!(proof.issued_at(), NOW);
        assert_eq!(proof.nonce(), Some("a-nonce"));
        let header: Vec<u8> = base64url::decode(text.split('.').next().unwrap()).unwrap();
        let header = String::from_utf8(header).unwrap();
        assert!(
            !header.contains("Jane") && !header.contains("kid"),
            "only the key is shown"
        );
    }
    let rs256 = key_of(KeyType::Rsa { bits: 2048 }).with_member("alg", "RS256".into());
    let text = make(&rs256, &request(), NOW, &SeededRandom::new(6)).unwrap();
    assert!(read(&text).is_ok());
}

#[test]
fn a_proof_without_token_and_nonce() {
    let request = Request {
        access_token: None,
        nonce: None,
        url: "https://sts.example.be/token?x=1#y",
        ..request()
    };
    let text = make(&key(), &request, NOW, &SeededRandom::new(6)).unwrap();
    let claims = claims_of(&text);
    assert_eq!(claims["htu"], "https://sts.example.be/token");
    assert!(claims.get("ath").is_none() && claims.get("nonce").is_none());
    let proof = verify(&text, "POST", "https://sts.example.be/token", None, NOW).unwrap();
    assert_eq!(proof.nonce(), None);
}

#[test]
fn what_cannot_be_made() {
    for url in ["", "/token", "ftp://a/"] {
        let request = Request { url, ..request() };
        let made = make(&key(), &request, NOW, &SeededRandom::new(6));
        assert!(matches!(made, Err(SigningError::Claims(_))), "{url}");
    }
    let oct = Jwk::oct(vec![7; 32].into()).unwrap();
    for key in [oct, key_of(KeyType::X25519), key().public()] {
        assert!(make(&key, &request(), NOW, &SeededRandom::new(6)).is_err());
    }
}

#[test]
fn the_form_is_that_of_a_jwt() {
    let good = proof();
    assert_eq!(
        read(&"x".repeat(MAX_SIZE + 1)).unwrap_err(),
        DpopError::TooLarge
    );
    for wrong in [
        "",
        "..",
        "a.b.c.d",
        &good[1..],
        &format!("{good}\n"),
        &format!("{good},{good}"),
    ] {
        assert_eq!(read(wrong).unwrap_err(), DpopError::Malformed, "{wrong}");
    }
    let jwk = key().to_value();
    let crit = json!({"alg": "ES256", "typ": TYP, "jwk": jwk, "crit": ["jwk"]});
    assert_eq!(read(&with_header(&crit)).unwrap_err(), DpopError::Malformed);
    let twice = claims_of(&good)
        .to_string()
        .replacen('{', "{\"htm\":\"GET\",", 1);
    let twice = kleis_jose::jws::sign(&key(), &header(), twice.as_bytes()).unwrap();
    assert_eq!(read(&twice).unwrap_err(), DpopError::ClaimsMalformed);
}

#[test]
fn the_type_is_that_of_a_proof() {
    let claims = claims_of(&proof());
    for typ in [
        "JWT",
        "at+jwt",
        "kleis-enrolment+jwt",
        "client-authentication+jwt",
        "dpop",
    ] {
        let refused = read(&forge(&key(), &header().with_typ(typ), &claims)).unwrap_err();
        assert_eq!(refused, DpopError::WrongType, "{typ}");
    }
    let untyped = forge(&key(), &Header::default().with_jwk(&key()), &claims);
    assert_eq!(read(&untyped).unwrap_err(), DpopError::WrongType);
}

#[test]
fn only_a_signature_by_the_public_key_in_the_header_proves_anything() {
    let jwk = key().to_value();
    for alg in ["none", "HS256", "ES256K", "RS512"] {
        let header = json!({"alg": alg, "typ": TYP, "jwk": jwk});
        assert_eq!(
            read(&with_header(&header)).unwrap_err(),
            DpopError::AlgorithmRefused,
            "{alg}"
        );
    }
    let private: Value = serde_json::from_slice(key().to_private_json().expose()).unwrap();
    for bad in [
        private,
        json!({"kty": "oct", "k": "AAAA"}),
        json!({"kty": "oct"}),
        json!({"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"}),
        json!("key"),
        json!(null),
    ] {
        let header = json!({"alg": "ES256", "typ": TYP, "jwk": bad});
        assert_eq!(
            read(&with_header(&header)).unwrap_err(),
            DpopError::KeyRefused,
            "{bad}"
        );
    }
    let claims = claims_of(&proof());
    let keyless = Header::default().with_typ(TYP).with_kid("k");
    assert_eq!(
        read(&forge(&key(), &keyless, &claims)).unwrap_err(),
        DpopError::KeyRefused
    );
    // Somebody else's key, and one that does not suit the algorithm.
    let stolen = forge(&key_of(KeyType::P384), &header(), &claims);
    assert_eq!(read(&stolen).unwrap_err(), DpopError::SignatureInvalid);
    let other = Jwk::generate(KeyType::P256, &SeededRandom::new(9)).unwrap();
    let stolen = forge(&other, &header(), &claims);
    assert_eq!(read(&stolen).unwrap_err(), DpopError::SignatureInvalid);
    // A key for something else, by its own words.
    let not_for_this = key().with_member("use", "enc".into());
    let header = header().with_jwk(&not_for_this);
    let refused = read(&forge(&key(), &header, &claims)).unwrap_err();
    assert_eq!(refused, DpopError::SignatureInvalid);
}

#[test]
fn the_key_must_be_of_a_kind_that_we_certify() {
    let p521 = key_of(KeyType::P521);
    let header = Header::default().with_typ(TYP).with_jwk(&p521);
    let refused = read(&forge(&p521, &header, &claims_of(&proof()))).unwrap_err();
    assert_eq!(refused, DpopError::AlgorithmRefused);
    let x25519 = json!({"alg": "EdDSA", "typ": TYP, "jwk": key_of(KeyType::X25519).to_value()});
    assert_eq!(
        read(&with_header(&x25519)).unwrap_err(),
        DpopError::KeyRefused
    );
    // An RSA modulus with a small factor.
    let mut weak = vec![0xff; 256];
    weak[255] = 0xfd;
    let weak = json!({"kty": "RSA", "n": base64url::encode(&weak), "e": "AQAB"});
    let header = json!({"alg": "PS256", "typ": TYP, "jwk": weak});
    assert_eq!(
        read(&with_header(&header)).unwrap_err(),
        DpopError::KeyRefused
    );
}

#[test]
fn every_required_claim_is_required() {
    for name in ["jti", "htm", "htu", "iat"] {
        assert_eq!(
            without(name).unwrap_err(),
            DpopError::ClaimsMalformed,
            "{name}"
        );
        for value in [json!(null), json!(true), json!([])] {
            assert_eq!(
                with(name, value).unwrap_err(),
                DpopError::ClaimsMalformed,
                "{name}"
            );
        }
    }
    assert!(with("jti", "x".repeat(128)).is_ok());
    for jti in [String::new(), "x".repeat(129), "a\nb".to_owned()] {
        assert_eq!(with("jti", jti).unwrap_err(), DpopError::ClaimsMalformed);
    }
    for name in ["ath", "nonce"] {
        assert_eq!(
            with(name, json!(1)).unwrap_err(),
            DpopError::ClaimsMalformed,
            "{name}"
        );
    }
    assert_eq!(without("nonce").unwrap().nonce(), None);
}

#[test]
fn a_proof_is_for_one_method_and_one_target() {
    for method in ["GET", "post", "POST "] {
        assert_eq!(
            with("htm", method).unwrap_err(),
            DpopError::WrongMethod,
            "{method}"
        );
    }
    assert!(with("htu", format!("{URL}?x=y#z")).is_ok());
    assert!(with("htu", URL.replace("api.example.be", "API.example.be:443")).is_ok());
    for target in [
        URL.replace("https", "http"),
        URL.replace("GetKey", "getkey"),
        URL.replace("GetKey", "ShredKey"),
        URL.replace("api.example.be", "api.example.be:8443"),
        URL.replace("api.example.be", "evil.example"),
        URL.replace("https://api.example.be", ""),
        "x".to_owned(),
    ] {
        assert_eq!(
            with("htu", target.as_str()).unwrap_err(),
            DpopError::WrongTarget,
            "{target}"
        );
    }
    // What is no URL at all is no target, even if both sides say the same.
    let claims = forge(&key(), &header(), &{
        let mut claims = claims_of(&proof());
        claims["htu"] = "nowhere".into();
        claims
    });
    let refused = verify(&claims, "POST", "nowhere", Some(TOKEN), NOW).unwrap_err();
    assert_eq!(refused, DpopError::WrongTarget);
}

#[test]
fn a_proof_goes_with_one_token() {
    for ath in [
        json!(base64url::encode(&digest::sha256(b"another.token"))),
        json!(TOKEN),
        json!("x"),
    ] {
        assert_eq!(with("ath", ath).unwrap_err(), DpopError::WrongToken);
    }
    assert_eq!(without("ath").unwrap_err(), DpopError::WrongToken);
    let other = verify(&proof(), "POST", URL, Some("another.token"), NOW);
    assert_eq!(other.unwrap_err(), DpopError::WrongToken);
    assert!(verify(&proof(), "POST", URL, None, NOW).is_ok());
}

#[test]
fn a_proof_is_good_for_a_minute_on_either_side() {
    let at = |seconds| with("iat", NOW.unix() + seconds).map(drop);
    assert_eq!(at(-60), Ok(()));
    assert_eq!(at(-61), Err(DpopError::Stale));
    assert_eq!(at(60), Ok(()));
    assert_eq!(at(61), Err(DpopError::NotYetValid));
    assert!(with("iat", json!(1_795_000_000.5)).is_ok());
    for absurd in [json!(u64::MAX), json!(-1), json!(1e300)] {
        assert_eq!(with("iat", absurd).unwrap_err(), DpopError::ClaimsMalformed);
    }
    assert_eq!(with("iat", 0).unwrap_err(), DpopError::Stale);
}

#[test]
fn every_refusal_is_of_one_code() {
    for refusal in DpopError::OWN {
        assert_eq!(refusal.code(), ErrorCode::DpopInvalid);
    }
}
