//! What a forger, or a careless implementation, might make.

use kleis_jose::{
    Jwk,
    jws::{self, Header},
};
use kleis_types::base64url;
use serde_json::Value;

use crate::{Signer, typ};

/// Signs anything with any header: what a forger, or a careless implementation, might make.
pub fn forge(key: &Jwk, header: &Header, claims: &Value) -> String {
    jws::sign(key, header, claims.to_string().as_bytes()).unwrap()
}

/// The claims of a compact JWS, unverified: for a forger to change.
pub fn claims_of(compact: &str) -> Value {
    let payload = compact.split('.').nth(1).unwrap();
    let payload = base64url::decode(payload).unwrap();
    serde_json::from_slice(&payload).unwrap()
}

/// The private key of a signer: for a forger who has stolen it.
pub fn private_key(signer: &Signer) -> &Jwk {
    signer.key()
}

/// A binding with other claims, signed by `signer` all the same.
pub fn reforge_binding(signer: &Signer, compact: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut claims = claims_of(compact);
    change(&mut claims);
    let header = Header::default()
        .with_typ(typ::BINDING)
        .with_kid(signer.public_key().thumbprint().as_str())
        .with_x5t_s256(signer.certificate().x5t_s256());
    forge(signer.key(), &header, &claims)
}

/// A JWS of `typ` with a chain, with other claims, signed by `signer` all the same.
pub fn reforge(
    signer: &Signer,
    typ: &str,
    compact: &str,
    change: impl FnOnce(&mut Value),
) -> String {
    let mut claims = claims_of(compact);
    change(&mut claims);
    let header = Header::default()
        .with_typ(typ)
        .with_x5c(signer.chain().to_vec());
    forge(signer.key(), &header, &claims)
}
