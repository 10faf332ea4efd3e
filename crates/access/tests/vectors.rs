//! The examples of RFC 9449 and RFC 9068.

use kleis_access::{
    dpop::{self, DpopError},
    token::{IssuerRules, TYP, TokenError, Unverified},
};
use kleis_jose::{
    Jwk, KeyType, SignatureAlgorithm,
    jws::{self, Header},
};
use kleis_types::{OsRandom, Timestamp};
use serde_json::Value;

const PROOFS: &str = include_str!("../../../tests/vectors/rfc9449/proofs.json");
const TOKEN: &str = include_str!("../../../tests/vectors/rfc9068/token.json");

#[test]
fn the_proofs_of_rfc_9449() {
    let vectors: Value = serde_json::from_str(PROOFS).unwrap();
    let proofs = vectors["proofs"].as_array().unwrap();
    assert_eq!(proofs.len(), 2);
    for vector in proofs {
        let text = |name: &str| vector[name].as_str().unwrap();
        let token = vector["access_token"].as_str();
        let now = Timestamp::from_unix(vector["iat"].as_i64().unwrap());
        let read = |now| dpop::verify(text("proof"), text("method"), text("url"), token, now);
        let proof = read(now).unwrap();
        assert_eq!(proof.jkt(), text("jkt"));
        assert_eq!(proof.jti(), text("jti"));
        assert_eq!(proof.issued_at(), now);
        assert_eq!(proof.nonce(), None);
        assert_eq!(read(now.plus_seconds(61)).unwrap_err(), DpopError::Stale);
    }
}

#[test]
fn the_token_of_rfc_9068() {
    let vector: Value = serde_json::from_str(TOKEN).unwrap();
    let (header, claims) = (&vector["header"], &vector["claims"]);
    let key = Jwk::generate(KeyType::Rsa { bits: 2048 }, &OsRandom).unwrap();
    let key = key
        .with_member("alg", header["alg"].clone())
        .with_member("kid", header["kid"].clone());
    let typed = Header::default()
        .with_typ(header["typ"].as_str().unwrap())
        .with_kid(header["kid"].as_str().unwrap());
    let text = jws::sign(&key, &typed, claims.to_string().as_bytes()).unwrap();
    let mut rules = IssuerRules {
        issuer: claims["iss"].as_str().unwrap().to_owned(),
        audiences: vec![claims["aud"].as_str().unwrap().to_owned()],
        algorithms: vec![SignatureAlgorithm::Rs256],
        types: vec![TYP.to_owned()],
        max_lifetime: 365 * 86_400,
    };
    let now = Timestamp::from_unix(vector["now"].as_i64().unwrap());
    let unverified = Unverified::parse(&text).unwrap();
    let token = unverified.verify(&[key.public()], &rules, now).unwrap();
    assert_eq!(token.subject(), claims["sub"]);
    assert_eq!(token.client_id(), claims["client_id"]);
    assert_eq!(token.scopes().len(), 3);
    assert_eq!(token.confirmation(), None);
    // Its life of eight months is the issuer's to explain.
    rules.max_lifetime = 86_400;
    let refused = unverified.verify(&[key.public()], &rules, now).unwrap_err();
    assert_eq!(refused, TokenError::Lifetime);
}
