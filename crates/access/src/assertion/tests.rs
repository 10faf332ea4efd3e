use kleis_jose::{
    Jwk, KeyType,
    jws::{self, Header},
};
use kleis_trust::test_util::{claims_of, forge};
use kleis_types::{Confirmation, ErrorCode, SeededRandom, Timestamp, base64url};
use serde_json::{Value, json};

use super::*;

const NOW: Timestamp = Timestamp::from_unix(1_795_000_000);
const ISSUER: &str = "https://sts.example.be";
const CLIENT: &str = "NIHII:18749704";

fn key_of(key_type: KeyType) -> Jwk {
    Jwk::generate(key_type, &SeededRandom::new(5)).unwrap()
}

fn key() -> Jwk {
    key_of(KeyType::P256)
}

fn assertion() -> String {
    make(&key(), CLIENT, ISSUER, None, NOW, &SeededRandom::new(6)).unwrap()
}

fn read(assertion: &str) -> Result<Assertion, AssertionError> {
    Unverified::parse(assertion)?.verify(&key().public(), ISSUER, NOW)
}

fn header() -> Header {
    Header::default().with_typ(TYP)
}

fn changed(change: impl FnOnce(&mut Value)) -> Result<Assertion, AssertionError> {
    let mut claims = claims_of(&assertion());
    change(&mut claims);
    read(&forge(&key(), &header(), &claims))
}

fn with(name: &str, value: impl Into<Value>) -> Result<Assertion, AssertionError> {
    changed(|claims| claims[name] = value.into())
}

fn without(name: &str) -> Result<Assertion, AssertionError> {
    changed(|claims| drop(claims.as_object_mut().unwrap().remove(name)))
}

#[test]
fn what_is_made_is_read() {
    for key_type in [
        KeyType::P256,
        KeyType::P384,
        KeyType::Ed25519,
        KeyType::Rsa { bits: 2048 },
    ] {
        let key = key_of(key_type);
        let text = make(&key, CLIENT, ISSUER, None, NOW, &SeededRandom::new(6)).unwrap();
        let unverified = Unverified::parse(&text).unwrap();
        assert_eq!(unverified.client_id(), CLIENT);
        assert_eq!(unverified.kid(), Some(key.thumbprint().as_str()));
        let assertion = unverified.verify(&key.public(), ISSUER, NOW).unwrap();
        assert_eq!(assertion.client_id(), CLIENT);
        assert_eq!(assertion.jti().len(), 22);
        assert_eq!(assertion.expires_at(), NOW.plus_seconds(LIFETIME));
        assert!(!format!("{assertion:?}").contains(CLIENT));
    }
    assert!(
        make(
            &key().public(),
            CLIENT,
            ISSUER,
            None,
            NOW,
            &SeededRandom::new(6)
        )
        .is_err()
    );
    let jtis = [6, 7].map(|seed| {
        let made = make(&key(), CLIENT, ISSUER, None, NOW, &SeededRandom::new(seed)).unwrap();
        read(&made).unwrap().jti().to_owned()
    });
    assert_ne!(jtis[0], jtis[1]);
}

#[test]
fn the_form_is_that_of_a_jwt() {
    let good = assertion();
    assert_eq!(
        read(&"x".repeat(MAX_SIZE + 1)).unwrap_err(),
        AssertionError::TooLarge
    );
    for wrong in ["", "..", "a.b.c.d", &good[1..], &format!("{good}=")] {
        assert_eq!(
            read(wrong).unwrap_err(),
            AssertionError::Malformed,
            "{wrong}"
        );
    }
    let raw = |header: Value, claims: &str| {
        let header = base64url::encode(header.to_string().as_bytes());
        format!("{header}.{}.AAAA", base64url::encode(claims.as_bytes()))
    };
    let claims = claims_of(&good).to_string();
    for alg in ["none", "HS256", "RS512"] {
        let refused = read(&raw(json!({"alg": alg, "typ": TYP}), &claims)).unwrap_err();
        assert_eq!(refused, AssertionError::AlgorithmRefused, "{alg}");
    }
    let crit = json!({"alg": "ES256", "typ": TYP, "crit": ["exp"]});
    assert_eq!(
        read(&raw(crit, &claims)).unwrap_err(),
        AssertionError::Malformed
    );
    let twice = claims.replacen('{', "{\"aud\":\"https://other.example\",", 1);
    for claims in ["", "[]", &twice] {
        let refused = read(&raw(json!({"alg": "ES256"}), claims)).unwrap_err();
        assert_eq!(refused, AssertionError::ClaimsMalformed, "{claims}");
    }
}

#[test]
fn the_type_is_its_own_or_none() {
    let typed = |typ: &str| {
        let claims = claims_of(&assertion());
        read(&forge(&key(), &header().with_typ(typ), &claims)).map(drop)
    };
    for typ in [
        "client-authentication+jwt",
        "application/client-authentication+jwt",
        "JWT",
        "jwt",
    ] {
        assert_eq!(typed(typ), Ok(()), "{typ}");
    }
    assert!(read(&forge(&key(), &Header::default(), &claims_of(&assertion()))).is_ok());
    for typ in [
        "",
        "at+jwt",
        "dpop+jwt",
        "kleis-order+jwt",
        "statuslist+jwt",
        "JOSE",
        "secevent+jwt",
    ] {
        assert_eq!(typed(typ), Err(AssertionError::WrongType), "{typ}");
    }
}

#[test]
fn only_the_clients_key_signs_for_it() {
    let text = assertion();
    let unverified = Unverified::parse(&text).unwrap();
    let same_type = Jwk::generate(KeyType::P256, &SeededRandom::new(9)).unwrap();
    for other in [
        same_type,
        key_of(KeyType::Ed25519),
        key().with_member("use", "enc".into()),
        Jwk::oct(vec![7; 32].into()).unwrap(),
    ] {
        let refused = unverified.verify(&other.public(), ISSUER, NOW).unwrap_err();
        assert_eq!(refused, AssertionError::SignatureInvalid);
    }
    // The header's own key counts for nothing.
    let thief = Jwk::generate(KeyType::P256, &SeededRandom::new(9)).unwrap();
    let stolen = forge(&thief, &header().with_jwk(&thief), &claims_of(&text));
    assert_eq!(read(&stolen).unwrap_err(), AssertionError::SignatureInvalid);
    let p521 = key_of(KeyType::P521);
    let refused = Unverified::parse(&forge(&p521, &header(), &claims_of(&text))).map(drop);
    assert_eq!(refused, Err(AssertionError::AlgorithmRefused));
}

#[test]
fn issuer_and_subject_are_the_client() {
    for name in ["iss", "sub"] {
        let refused = with(name, "NIHII:10013506").unwrap_err();
        assert_eq!(refused, AssertionError::SubjectMismatch, "{name}");
    }
    for name in ["iss", "sub", "aud", "exp", "jti"] {
        assert_eq!(
            without(name).unwrap_err(),
            AssertionError::ClaimsMalformed,
            "{name}"
        );
        for value in [json!(null), json!(true), json!({})] {
            assert_eq!(
                with(name, value).unwrap_err(),
                AssertionError::ClaimsMalformed,
                "{name}"
            );
        }
    }
    for jti in [String::new(), "x".repeat(129), "a\nb".to_owned()] {
        assert_eq!(
            with("jti", jti).unwrap_err(),
            AssertionError::ClaimsMalformed
        );
    }
}

#[test]
fn the_audience_is_the_issuer_alone() {
    assert!(with("aud", json!([ISSUER])).is_ok());
    for audience in [
        json!("https://other.example"),
        json!(format!("{ISSUER}/")),
        json!(format!("{ISSUER}/token")),
        json!([ISSUER, "https://other.example"]),
        json!([ISSUER, ISSUER]),
        json!(["https://other.example"]),
    ] {
        let refused = with("aud", audience.clone()).unwrap_err();
        assert_eq!(refused, AssertionError::WrongAudience, "{audience}");
        assert_eq!(refused.code(), ErrorCode::TokenAudience);
    }
    assert_eq!(
        with("aud", json!([])).unwrap_err(),
        AssertionError::ClaimsMalformed
    );
}

#[test]
fn an_assertion_is_short_lived() {
    let at = |iat: Option<i64>, exp: i64| {
        changed(|claims| {
            match iat {
                Some(iat) => claims["iat"] = (NOW.unix() + iat).into(),
                None => drop(claims.as_object_mut().unwrap().remove("iat")),
            }
            claims["exp"] = (NOW.unix() + exp).into();
        })
        .map(drop)
    };
    assert_eq!(at(Some(0), 300), Ok(()));
    assert_eq!(at(Some(0), 301), Err(AssertionError::Lifetime));
    assert_eq!(at(Some(0), 0), Err(AssertionError::Lifetime));
    assert_eq!(at(Some(60), 360), Ok(()));
    assert_eq!(at(Some(61), 300), Err(AssertionError::NotYetValid));
    assert_eq!(at(Some(-200), -59), Ok(()));
    assert_eq!(at(Some(-200), -60), Err(AssertionError::Expired));
    assert_eq!(at(None, 300), Ok(()));
    assert_eq!(at(None, 301), Err(AssertionError::Lifetime));
    assert_eq!(at(None, -60), Err(AssertionError::Expired));
    let nbf = |seconds| with("nbf", NOW.unix() + seconds).map(drop);
    assert_eq!(nbf(60), Ok(()));
    assert_eq!(nbf(61), Err(AssertionError::NotYetValid));
    for absurd in [json!(u64::MAX), json!(-1), json!(1e300), json!("1")] {
        for name in ["exp", "iat", "nbf"] {
            let refused = with(name, absurd.clone()).unwrap_err();
            assert_eq!(refused, AssertionError::ClaimsMalformed, "{name}");
        }
    }
}

#[test]
fn an_assertion_may_name_the_only_key_that_its_token_is_for() {
    for (bound, member) in [
        (
            Confirmation::Key("a-jkt".to_owned()),
            json!({"jkt": "a-jkt"}),
        ),
        (
            Confirmation::Certificate("an-x5t".to_owned()),
            json!({"x5t#S256": "an-x5t"}),
        ),
    ] {
        let random = SeededRandom::new(6);
        let text = make(&key(), CLIENT, ISSUER, Some(&bound), NOW, &random).unwrap();
        let read = jws::Compact::parse(&text, MAX_SIZE).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(read.unverified_payload()).unwrap();
        assert_eq!(claims["cnf"], member);
    }
}
