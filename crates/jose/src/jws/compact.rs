//! The compact serialisation (RFC 7515 section 7.1).

use super::header::ParsedHeader;
use super::{Header, JwsError};
use crate::algorithm::SignatureAlgorithm;
use crate::jwk::{Jwk, KeyUseError};
use crate::signature;
use kleis_types::{base64url, strict_json};
use serde_json::Value;
use std::fmt;

/// Signs the payload with the algorithm of the key.
pub fn sign(key: &Jwk, header: &Header, payload: &[u8]) -> Result<String, JwsError> {
    let algorithm = algorithm_of(key)?;
    let protected = crate::json::to_bytes(&header.to_members(algorithm)?);
    let mut token = signing_input(&base64url::encode(&protected), &base64url::encode(payload));
    let signature = signature::sign(key, algorithm, token.as_bytes())?;
    token.push('.');
    token.push_str(&base64url::encode(&signature));
    Ok(token)
}

pub(super) fn algorithm_of(key: &Jwk) -> Result<SignatureAlgorithm, KeyUseError> {
    key.signature_algorithm()
        .ok_or(KeyUseError::KeyType(key.key_type()))
}

/// RFC 7515 section 5.1 step 8.
pub(super) fn signing_input(protected: &str, payload: &str) -> String {
    format!("{protected}.{payload}")
}

/// A compact JWS that was read but not verified.
#[derive(Clone)]
pub struct Compact<'a> {
    signing_input: &'a str,
    header: ParsedHeader,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> Compact<'a> {
    /// Reads a compact JWS of at most `max_len` bytes and checks its header.
    pub fn parse(token: &'a str, max_len: usize) -> Result<Self, JwsError> {
        if token.len() > max_len {
            return Err(JwsError::TooLarge { max: max_len });
        }
        let mut parts = token.split('.');
        let (Some(protected), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(JwsError::Malformed("three parts are expected"));
        };
        let header = match strict_json::value(&decode(protected)?, max_len)? {
            Value::Object(members) => ParsedHeader::read(members)?,
            _ => return Err(JwsError::Malformed("the header is not an object")),
        };
        Ok(Self {
            signing_input: &token[..protected.len() + 1 + payload.len()],
            header,
            payload: decode(payload)?,
            signature: decode(signature)?,
        })
    }

    /// What the header says.
    pub fn header(&self) -> &Header {
        &self.header.header
    }

    /// The algorithm that the header names.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.header.algorithm
    }

    /// The names of all header members, `alg` included, for callers that allow only some.
    pub fn members(&self) -> impl Iterator<Item = &str> {
        self.header.names.iter().map(String::as_str)
    }

    /// The payload before anything is known about it: to find the key, never to act upon.
    pub fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }

    /// Verifies the signature and gives the payload.
    pub fn verify(&self, key: &Jwk) -> Result<Vec<u8>, JwsError> {
        let message = self.signing_input.as_bytes();
        signature::verify(key, self.header.algorithm, message, &self.signature)?;
        Ok(self.payload.clone())
    }
}

impl fmt::Debug for Compact<'_> {
    /// The header without the payload, which may speak of persons.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compact")
            .field("algorithm", &self.header.algorithm)
            .field("header", &self.header.header)
            .finish_non_exhaustive()
    }
}

pub(super) fn decode(part: &str) -> Result<Vec<u8>, JwsError> {
    base64url::decode(part).map_err(|_| JwsError::Malformed("a part is not base64url"))
}
