//! Orders as they should not be.

use kleis_jose::{
    Jwk,
    jws::{self, Header},
};
use kleis_trust::{Jti, Signer, typ};
use kleis_types::{Clock as _, OsRandom, SystemClock, base64url};
use serde_json::{Value, json};

use crate::{Installation, Party};

/// An order whose every part can be changed before it is signed.
#[derive(Clone, Debug)]
pub struct Forge {
    key: Jwk,
    /// The header.
    pub header: Header,
    /// The claims.
    pub claims: Value,
}

impl Forge {
    /// A sound order of a certified party.
    pub fn order(installation: &Installation, party: &Party, method: &str, body: Value) -> Self {
        let signer: Signer = party.signer();
        let header = Header::default()
            .with_typ(typ::ORDER)
            .with_x5c(signer.chain().to_vec());
        Self {
            key: party.auth_key(),
            header,
            claims: claims(installation, method, body),
        }
    }

    /// A sound enrolment for a key.
    pub fn enrolment(installation: &Installation, key: &Jwk, method: &str, body: Value) -> Self {
        let header = Header::default()
            .with_typ(typ::ENROLMENT)
            .with_jwk(&key.public());
        Self {
            key: key.clone(),
            header,
            claims: claims(installation, method, body),
        }
    }

    /// The same with another header.
    #[must_use]
    pub fn with_header(mut self, change: impl FnOnce(Header) -> Header) -> Self {
        self.header = change(self.header);
        self
    }

    /// The same with a claim set.
    #[must_use]
    pub fn with(mut self, claim: &str, value: impl Into<Value>) -> Self {
        self.claims[claim] = value.into();
        self
    }

    /// The same without a claim.
    #[must_use]
    pub fn without(mut self, claim: &str) -> Self {
        self.claims.as_object_mut().unwrap().remove(claim);
        self
    }

    /// The same with a member of the body set.
    #[must_use]
    pub fn with_body(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.claims["body"][member] = value.into();
        self
    }

    /// The same with a `jti` of its own.
    #[must_use]
    pub fn again(self) -> Self {
        self.with("jti", Jti::random(&OsRandom).to_string())
    }

    /// The claims of a compact JWS, nothing verified.
    pub fn claims_of(compact: &str) -> Value {
        let payload = compact.split('.').nth(1).unwrap();
        serde_json::from_slice(&base64url::decode(payload).unwrap()).unwrap()
    }

    /// Signed.
    pub fn sign(&self) -> String {
        self.sign_bytes(self.claims.to_string().as_bytes())
    }

    /// Signed, with other bytes in the place of the claims.
    pub fn sign_bytes(&self, payload: &[u8]) -> String {
        jws::sign(&self.key, &self.header, payload).unwrap()
    }
}

fn claims(installation: &Installation, method: &str, body: Value) -> Value {
    let now = SystemClock.now().unix();
    let mut claims = json!({
        "aud": format!("urn:kleis:installation:{}", installation.facts().installation),
        "method": method,
        "iat": now,
        "exp": now + 300,
        "jti": Jti::random(&OsRandom).to_string(),
    });
    claims["body"] = body;
    claims
}
