mod claims;

use kleis_jose::{Jwk, KeyType, SignatureAlgorithm, digest, jws::Header};
use kleis_trust::test_util::{claims_of, forge};
use kleis_types::{Confirmation, ErrorCode, Scope, SeededRandom, Timestamp, base64url};
use serde_json::{Map, Value, json};

use super::*;
use crate::SigningError;

const NOW: Timestamp = Timestamp::from_unix(1_795_000_000);
const ISSUER: &str = "https://idp.example.be/realms/care";
const AUDIENCE: &str = "urn:kleis:installation:test";
const THUMBPRINT: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

fn key_of(key_type: KeyType, seed: u64) -> Jwk {
    let key = Jwk::generate(key_type, &SeededRandom::new(seed)).unwrap();
    key.with_thumbprint_kid()
}

fn key() -> Jwk {
    key_of(KeyType::P256, 1)
}

fn rules() -> IssuerRules {
    IssuerRules {
        issuer: ISSUER.to_owned(),
        audiences: vec!["urn:other".to_owned(), AUDIENCE.to_owned()],
        algorithms: SignatureAlgorithm::ALL.to_vec(),
        types: vec![TYP.to_owned()],
        max_lifetime: 3600,
    }
}

fn new() -> NewToken<'static> {
    NewToken {
        issuer: ISSUER,
        subject: "NIHII:18749704",
        client_id: "NIHII:18749704",
        audience: AUDIENCE,
        scope: [Scope::Directory, Scope::Custody].into(),
        confirmation: Some(Confirmation::Key(THUMBPRINT.to_owned())),
        jti: "a-token",
        issued_at: NOW,
        lifetime: 300,
        extra: Map::new(),
    }
}

fn good() -> Value {
    claims_of(&sign(&key(), &new()).unwrap())
}

fn header() -> Header {
    let key = key();
    Header::default().with_typ(TYP).with_kid(key.kid().unwrap())
}

fn read_by(token: &str, keys: &[Jwk], rules: &IssuerRules) -> Result<AccessToken, TokenError> {
    Unverified::parse(token)?.verify(keys, rules, NOW)
}

fn read(token: &str) -> Result<AccessToken, TokenError> {
    read_by(token, &[key().public()], &rules())
}

/// The verdict over the good claims after a change.
fn changed(change: impl FnOnce(&mut Value)) -> Result<AccessToken, TokenError> {
    let mut claims = good();
    change(&mut claims);
    read(&forge(&key(), &header(), &claims))
}

fn with(name: &str, value: impl Into<Value>) -> Result<AccessToken, TokenError> {
    changed(|claims| claims[name] = value.into())
}

fn without(name: &str) -> Result<AccessToken, TokenError> {
    changed(|claims| drop(claims.as_object_mut().unwrap().remove(name)))
}

/// A token of which only the form is right.
fn raw(header: &Value, payload: &str, signature: &[u8]) -> String {
    let header = base64url::encode(header.to_string().as_bytes());
    let payload = base64url::encode(payload.as_bytes());
    format!("{header}.{payload}.{}", base64url::encode(signature))
}

#[test]
fn what_is_issued_is_read() {
    let mut new = new();
    let _ = new.extra.insert(
        "realm_access".to_owned(),
        json!({"roles": ["doctor"], "a.b": 1}),
    );
    let text = sign(&key(), &new).unwrap();
    let unverified = Unverified::parse(&text).unwrap();
    assert_eq!(unverified.issuer(), ISSUER);
    assert_eq!(unverified.kid(), Some(key().thumbprint().as_str()));
    let token = read(&text).unwrap();
    assert_eq!(token.issuer(), ISSUER);
    assert_eq!(token.subject(), "NIHII:18749704");
    assert_eq!(token.client_id(), "NIHII:18749704");
    assert_eq!(token.jti(), "a-token");
    assert_eq!(token.known_scopes(), new.scope);
    assert_eq!(token.confirmation(), new.confirmation.as_ref());
    assert_eq!(token.issued_at(), NOW);
    assert_eq!(token.expires_at(), NOW.plus_seconds(300));
    assert_eq!(
        token.hash(),
        base64url::encode(&digest::sha256(text.as_bytes()))
    );
    assert_eq!(token.claims()["aud"], AUDIENCE);
    assert_eq!(
        token.claim(&["realm_access", "roles"]),
        Some(&json!(["doctor"]))
    );
    assert_eq!(token.claim(&["realm_access", "a.b"]), Some(&json!(1)));
    for path in [
        &["realm_access.roles"][..],
        &["realm_access", "roles", "0"],
        &["none"],
        &[],
    ] {
        assert_eq!(token.claim(path), None, "{path:?}");
    }
    assert!(!format!("{token:?}").contains("18749704"));
}

#[test]
fn every_key_type_signs_tokens() {
    for key_type in [
        KeyType::P256,
        KeyType::P384,
        KeyType::P521,
        KeyType::Ed25519,
        KeyType::Rsa { bits: 2048 },
    ] {
        let key = key_of(key_type, 3);
        let text = sign(&key, &new()).unwrap();
        assert!(
            read_by(&text, &[key.public()], &rules()).is_ok(),
            "{key_type}"
        );
        let other = key_of(key_type, 4).with_member("kid", key.kid().unwrap().into());
        let refused = read_by(&text, &[other.public()], &rules()).unwrap_err();
        assert_eq!(refused, TokenError::SignatureInvalid);
    }
}

#[test]
fn what_cannot_be_issued() {
    let lifetime = NewToken {
        lifetime: 0,
        ..new()
    };
    assert!(matches!(
        sign(&key(), &lifetime),
        Err(SigningError::Claims(_))
    ));
    for name in ["iss", "nbf", "cnf", "scope", "exp"] {
        let mut taken = new();
        let _ = taken.extra.insert(name.to_owned(), json!(1));
        assert!(
            matches!(sign(&key(), &taken), Err(SigningError::Claims(_))),
            "{name}"
        );
    }
    let mut long = new();
    let _ = long
        .extra
        .insert("x".to_owned(), "x".repeat(MAX_SIZE).into());
    assert!(matches!(sign(&key(), &long), Err(SigningError::Claims(_))));
    assert!(matches!(
        sign(&key().public(), &new()),
        Err(SigningError::Key(_))
    ));
    let oct = Jwk::oct(vec![7; 32].into()).unwrap();
    assert!(matches!(sign(&oct, &new()), Err(SigningError::Key(_))));
}

#[test]
fn no_signature_and_no_mac_is_taken_for_a_signature() {
    let claims = good().to_string();
    for alg in ["none", "None", "HS256", "HS512", "ES256K", "RS384", ""] {
        let token = raw(&json!({"alg": alg, "typ": TYP}), &claims, &[]);
        assert_eq!(
            read(&token).unwrap_err(),
            TokenError::AlgorithmRefused,
            "{alg}"
        );
    }
    // The public key, which everybody knows, as the secret of a MAC.
    let header = json!({"alg": "HS256", "typ": TYP, "kid": key().kid()});
    let input = raw(&header, &claims, &[]);
    let secret = key().public().to_value().to_string();
    let mac = digest::hmac_sha256(secret.as_bytes(), input.trim_end_matches('.').as_bytes());
    let token = raw(&header, &claims, &mac);
    assert_eq!(read(&token).unwrap_err(), TokenError::AlgorithmRefused);
    // Nor a symmetric key that found its way into the issuer's set.
    let oct = Jwk::oct(secret.into_bytes().into()).unwrap();
    let oct = oct.with_member("kid", key().kid().unwrap().into());
    let good = sign(&key(), &new()).unwrap();
    assert_eq!(
        read_by(&good, &[oct], &rules()).unwrap_err(),
        TokenError::KeyUnsuitable
    );
}

#[test]
fn the_algorithm_must_be_the_issuers_and_the_keys() {
    let only_ps256 = IssuerRules {
        algorithms: vec![SignatureAlgorithm::Ps256],
        ..rules()
    };
    let token = sign(&key(), &new()).unwrap();
    let refused = read_by(&token, &[key().public()], &only_ps256).unwrap_err();
    assert_eq!(refused, TokenError::AlgorithmRefused);

    // A key of another type under the same name, and a key that its owner kept for something else.
    let kid = Value::from(key().kid().unwrap());
    for other in [
        key_of(KeyType::Ed25519, 1).with_member("kid", kid.clone()),
        key_of(KeyType::X25519, 1).with_member("kid", kid),
        key().public().with_member("use", "enc".into()),
        key().public().with_member("alg", "ES384".into()),
    ] {
        let refused = read_by(&token, &[other.public()], &rules()).unwrap_err();
        assert_eq!(refused, TokenError::KeyUnsuitable);
        // Beside it, the right one is found.
        assert!(read_by(&token, &[other.public(), key().public()], &rules()).is_ok());
    }
}

#[test]
fn the_kid_chooses_among_the_issuers_keys_and_nothing_else_does() {
    let stranger = key_of(KeyType::P256, 9);
    let as_stranger = forge(&stranger, &header().with_kid("unknown"), &good());
    assert_eq!(read(&as_stranger).unwrap_err(), TokenError::UnknownKey);
    let keyless = read_by(&sign(&key(), &new()).unwrap(), &[], &rules());
    assert_eq!(keyless.unwrap_err(), TokenError::UnknownKey);
    // A stranger's key in the header, under a name of the issuer's and under its own.
    for header in [header(), header().with_kid(stranger.kid().unwrap())] {
        let header = header
            .with_jwk(&stranger)
            .with_member("jku", "https://evil.example/keys".into())
            .with_member("x5u", "https://evil.example/chain".into());
        let refused = read(&forge(&stranger, &header, &good())).unwrap_err();
        assert!(
            matches!(
                refused,
                TokenError::UnknownKey | TokenError::SignatureInvalid
            ),
            "{refused:?}"
        );
        let honest = forge(&key(), &header.with_kid(key().kid().unwrap()), &good());
        assert!(
            read(&honest).is_ok(),
            "what the header has besides is not looked at"
        );
    }
}

#[test]
fn without_a_kid_a_few_keys_are_tried() {
    let header = Header::default().with_typ(TYP);
    let token = forge(&key(), &header, &good());
    let strangers = |count: u64| (10..10 + count).map(|seed| key_of(KeyType::P256, seed).public());
    let unsuitable = (0..20).map(|seed| key_of(KeyType::Ed25519, seed).public());
    let keys: Vec<_> = unsuitable
        .chain(strangers(7))
        .chain([key().public()])
        .collect();
    assert!(read_by(&token, &keys, &rules()).is_ok());
    let keys: Vec<_> = strangers(8).chain([key().public()]).collect();
    assert_eq!(
        read_by(&token, &keys, &rules()).unwrap_err(),
        TokenError::UnknownKey
    );
}

#[test]
fn the_form_is_that_of_a_jwt() {
    let token = sign(&key(), &new()).unwrap();
    assert_eq!(
        read(&"x".repeat(MAX_SIZE + 1)).unwrap_err(),
        TokenError::TooLarge
    );
    for wrong in [
        "",
        ".",
        "..",
        "a.b",
        "a.b.c.d",
        &token[1..],
        &format!("{token}="),
        "{}",
    ] {
        assert_eq!(read(wrong).unwrap_err(), TokenError::Malformed, "{wrong}");
    }
    let crit = json!({"alg": "ES256", "typ": TYP, "crit": ["exp"], "exp": 1});
    assert_eq!(
        read(&raw(&crit, "{}", &[])).unwrap_err(),
        TokenError::Malformed
    );
    let twice = token.replacen('.', "A.", 1);
    assert_eq!(read(&twice).unwrap_err(), TokenError::Malformed);
    let fine = json!({"alg": "ES256", "typ": TYP});
    for claims in [
        "",
        "[]",
        "1",
        "{",
        "{\"iss\":\"a\",\"iss\":\"a\"}",
        "{}",
        "{\"iss\":1}",
    ] {
        let token = raw(&fine, claims, &[]);
        assert_eq!(
            read(&token).unwrap_err(),
            TokenError::ClaimsMalformed,
            "{claims}"
        );
    }
    // Signed by the issuer itself, and still ambiguous.
    let claims = good()
        .to_string()
        .replacen('{', "{\"sub\":\"SSIN:85073003328\",", 1);
    let token = kleis_jose::jws::sign(&key(), &header(), claims.as_bytes()).unwrap();
    assert_eq!(read(&token).unwrap_err(), TokenError::ClaimsMalformed);
}

#[test]
fn the_type_is_one_of_the_issuers() {
    let typed = |typ: &str, rules: &IssuerRules| {
        read_by(
            &forge(&key(), &header().with_typ(typ), &good()),
            &[key()],
            rules,
        )
    };
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt"] {
        assert!(typed(typ, &rules()).is_ok(), "{typ}");
    }
    let untyped = Header::default().with_kid(key().kid().unwrap());
    let untyped = forge(&key(), &untyped, &good());
    assert_eq!(read(&untyped).unwrap_err(), TokenError::WrongType);
    for typ in [
        "",
        "JWT",
        "kleis-order+jwt",
        "dpop+jwt",
        "client-authentication+jwt",
    ] {
        assert_eq!(
            typed(typ, &rules()).unwrap_err(),
            TokenError::WrongType,
            "{typ}"
        );
    }
    // An issuer whose tokens are just JWTs; and rules that go too far.
    let lax = [
        "JWT",
        "kleis-order+jwt",
        "dpop+jwt",
        "client-authentication+jwt",
    ];
    let lenient = IssuerRules {
        types: lax.map(str::to_owned).to_vec(),
        ..rules()
    };
    assert!(typed("jwt", &lenient).is_ok());
    for typ in [
        "at+jwt",
        "kleis-order+jwt",
        "dpop+jwt",
        "client-authentication+jwt",
    ] {
        assert_eq!(
            typed(typ, &lenient).unwrap_err(),
            TokenError::WrongType,
            "{typ}"
        );
    }
}

#[test]
fn keycloaks_access_tokens_are_told_from_its_other_ones() {
    let keycloak = IssuerRules {
        types: vec!["JWT".to_owned()],
        ..rules()
    };
    let of_kind = |kind: Value| {
        let mut claims = good();
        claims["typ"] = kind;
        claims["azp"] = "kleis-client".into();
        let _ = claims.as_object_mut().unwrap().remove("client_id");
        let token = forge(&key(), &header().with_typ("JWT"), &claims);
        read_by(&token, &[key().public()], &keycloak)
    };
    for kind in ["Bearer", "DPoP"] {
        assert_eq!(of_kind(kind.into()).unwrap().client_id(), "kleis-client");
    }
    for kind in [
        json!("ID"),
        json!("Refresh"),
        json!("Logout"),
        json!(null),
        json!(["Bearer"]),
    ] {
        assert_eq!(
            of_kind(kind.clone()).unwrap_err(),
            TokenError::WrongType,
            "{kind}"
        );
    }
}
