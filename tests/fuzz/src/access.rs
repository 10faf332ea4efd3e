//! What a caller shows to say who it is.

use std::{str, sync::LazyLock};

use kleis_access::{assertion as assertions, dpop as proofs, token as tokens};
use kleis_jose::{
    Jwk, KeyType, SignatureAlgorithm,
    jws::{self, Header},
};
use kleis_types::{SeededRandom, Timestamp};

/// Who issues, who calls, where, and when.
pub struct Access {
    /// Signs everything.
    pub key: Jwk,
    /// Issuer, audience, client and subject.
    pub name: &'static str,
    /// The URL that is called by `POST`.
    pub url: &'static str,
    /// The moment.
    pub now: Timestamp,
}

/// The same every time, so that seeds stay good.
pub static ACCESS: LazyLock<Access> = LazyLock::new(|| {
    let key = Jwk::generate(KeyType::P256, &SeededRandom::new(4)).unwrap();
    Access {
        key: key.with_thumbprint_kid(),
        name: "https://sts.example.be",
        url: "https://api.example.be/kleis.custody.v1.CustodyService/GetKey",
        now: Timestamp::from_unix(1_795_000_000),
    }
});

/// The access token that proofs go with.
pub const TOKEN: &str = "an.access.token";

/// An access token.
pub fn token(data: &[u8]) {
    each(data, tokens::TYP, |text| {
        let rules = tokens::IssuerRules {
            issuer: ACCESS.name.to_owned(),
            audiences: vec![ACCESS.name.to_owned()],
            algorithms: SignatureAlgorithm::ALL.to_vec(),
            types: vec![tokens::TYP.to_owned()],
            max_lifetime: 300,
        };
        let keys = [ACCESS.key.public()];
        let Ok(unverified) = tokens::Unverified::parse(text) else {
            return;
        };
        if let Ok(token) = unverified.verify(&keys, &rules, ACCESS.now) {
            assert_eq!(token.issuer(), ACCESS.name);
            let life = token.expires_at().seconds_since(token.issued_at());
            assert!((1..=300).contains(&life));
            assert!(token.known_scopes().len() <= token.scopes().len());
            assert!(!token.subject().is_empty() && !token.client_id().is_empty());
            assert_eq!(
                token.confirmation().is_some(),
                token.claims().contains_key("cnf")
            );
        }
    });
}

/// A DPoP proof.
pub fn dpop(data: &[u8]) {
    each(data, proofs::TYP, |text| {
        let Access { key, url, now, .. } = &*ACCESS;
        if let Ok(proof) = proofs::verify(text, "POST", url, Some(TOKEN), *now) {
            assert_eq!(proof.jkt(), key.thumbprint().as_str());
            assert!((1..=128).contains(&proof.jti().len()));
            let age = now.seconds_since(proof.issued_at());
            assert!(age.abs() <= 60);
        }
    });
}

/// A client assertion.
pub fn assertion(data: &[u8]) {
    each(data, assertions::TYP, |text| {
        let Access { key, name, now, .. } = &*ACCESS;
        let Ok(unverified) = assertions::Unverified::parse(text) else {
            return;
        };
        if let Ok(assertion) = unverified.verify(&key.public(), name, *now) {
            assert_eq!(assertion.client_id(), unverified.client_id());
            let left = assertion.expires_at().seconds_since(*now);
            assert!((-60..=360).contains(&left));
        }
    });
}

/// Reads the bytes as they come, and as the claims of a JWT of this type with a good signature.
fn each(data: &[u8], typ: &str, read: impl Fn(&str)) {
    if let Ok(text) = str::from_utf8(data) {
        read(text);
    }
    let key = &ACCESS.key;
    let header = Header::default()
        .with_typ(typ)
        .with_kid(key.thumbprint().as_str())
        .with_jwk(key);
    read(&jws::sign(key, &header, data).unwrap());
}
