//! An access token, shown with the proof of possession of its key.

use std::sync::{Mutex, PoisonError};

use kleis_access::dpop;
use kleis_jose::{
    Jwk, KeyType,
    jws::{self, Header},
};
use kleis_trust::{Jti, order::access_token_hash};
use kleis_types::{Clock as _, OsRandom, SystemClock};
use prost::Message;
use serde_json::{Value, json};
use tonic::{Response, Status};

use crate::{Caller, Installation, PlayedIssuer};

/// The header that carries a nonce (RFC 9449 section 8).
const NONCE: &str = "dpop-nonce";

/// A token that is bound to a key, and the key.
#[derive(Debug)]
pub struct Shown {
    key: Jwk,
    token: String,
    nonce: Mutex<Option<String>>,
}

impl Shown {
    /// A token that is said to be bound to this key.
    pub fn new(key: Jwk, token: impl Into<String>) -> Self {
        Self {
            key,
            token: token.into(),
            nonce: Mutex::default(),
        }
    }

    /// A good token that is bound to a fresh key, its claims changed before it is signed.
    pub fn fresh(
        issuer: &PlayedIssuer,
        installation: &Installation,
        change: impl FnOnce(&mut Value),
    ) -> Self {
        let key = Jwk::generate(KeyType::P256, &OsRandom).unwrap();
        Self::bound(issuer, installation, key, change)
    }

    /// A good token that is bound to this key, its claims changed before it is signed.
    pub fn bound(
        issuer: &PlayedIssuer,
        installation: &Installation,
        key: Jwk,
        change: impl FnOnce(&mut Value),
    ) -> Self {
        let mut claims = issuer.claims(installation);
        claims["cnf"] = json!({"jkt": key.thumbprint().to_string()});
        change(&mut claims);
        Self::new(key, issuer.sign(&claims))
    }

    /// The token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The key.
    pub fn key(&self) -> &Jwk {
        &self.key
    }

    /// `Authorization` with the token.
    pub fn authorization(&self) -> String {
        format!("DPoP {}", self.token)
    }

    /// A sound proof for a method of a caller, with the last nonce that was learnt.
    pub fn proof(&self, caller: &Caller, method: &str) -> ForgedProof {
        let proof = ForgedProof::new(&self.key, &caller.url(method), &self.token);
        match self.nonce() {
            Some(nonce) => proof.with("nonce", nonce),
            None => proof,
        }
    }

    /// Calls with the token and this proof, and learns the nonce of the answer.
    ///
    /// # Errors
    /// What the service said, with its headers.
    pub async fn call_with<Q, R>(
        &self,
        caller: &Caller,
        method: &str,
        message: Q,
        proof: &str,
    ) -> Result<Response<R>, Status>
    where
        Q: Message + Send + Sync + 'static,
        R: Message + Default + Send + Sync + 'static,
    {
        let authorization = self.authorization();
        let headers = [("authorization", authorization.as_str()), ("dpop", proof)];
        let answer = caller.call_with(method, message, &headers).await;
        let metadata = match &answer {
            Ok(response) => response.metadata(),
            Err(status) => status.metadata(),
        };
        if let Some(nonce) = metadata.get(NONCE) {
            let nonce = nonce.to_str().unwrap().to_owned();
            *self.nonce.lock().unwrap_or_else(PoisonError::into_inner) = Some(nonce);
        }
        answer
    }

    /// Calls as a client does: once more with the nonce, if one is asked for.
    ///
    /// # Errors
    /// What the service said, with its headers.
    pub async fn call<Q, R>(&self, caller: &Caller, method: &str, message: Q) -> Result<R, Status>
    where
        Q: Message + Clone + Send + Sync + 'static,
        R: Message + Default + Send + Sync + 'static,
    {
        let before = self.nonce();
        let proof = self.proof(caller, method).sign();
        let first = self
            .call_with(caller, method, message.clone(), &proof)
            .await;
        let answer = match first {
            Err(_) if self.nonce() != before => {
                let proof = self.proof(caller, method).sign();
                self.call_with(caller, method, message, &proof).await
            }
            answer => answer,
        };
        Ok(answer?.into_inner())
    }

    fn nonce(&self) -> Option<String> {
        let nonce = self.nonce.lock().unwrap_or_else(PoisonError::into_inner);
        nonce.clone()
    }
}

/// A DPoP proof whose every part can be changed before it is signed.
#[derive(Clone, Debug)]
pub struct ForgedProof {
    key: Jwk,
    typ: String,
    claims: Value,
}

impl ForgedProof {
    fn new(key: &Jwk, url: &str, token: &str) -> Self {
        let claims = json!({
            "jti": Jti::random(&OsRandom).to_string(),
            "htm": "POST",
            "htu": url,
            "iat": SystemClock.now().unix(),
            "ath": access_token_hash(token),
        });
        Self {
            key: key.clone(),
            typ: dpop::TYP.to_owned(),
            claims,
        }
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

    /// The same by another key.
    #[must_use]
    pub fn by(mut self, key: &Jwk) -> Self {
        self.key = key.clone();
        self
    }

    /// The same as a JWT of another type.
    #[must_use]
    pub fn as_type(mut self, typ: &str) -> Self {
        typ.clone_into(&mut self.typ);
        self
    }

    /// Signed.
    pub fn sign(&self) -> String {
        let header = Header::default()
            .with_typ(&self.typ)
            .with_jwk(&self.key.public());
        jws::sign(&self.key, &header, self.claims.to_string().as_bytes()).unwrap()
    }
}
