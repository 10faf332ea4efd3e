//! The JSON serialisations (RFC 7515 section 7.2).

use super::compact::{algorithm_of, decode, signing_input};
use super::header::ParsedHeader;
use super::{Header, JwsError};
use crate::algorithm::SignatureAlgorithm;
use crate::json::shown;
use crate::jwk::Jwk;
use crate::signature;
use kleis_types::{base64url, strict_json};
use serde_json::{Map, Value, json};
use std::fmt;

/// The most signatures that a document may have.
pub const MAX_SIGNATURES: usize = 64;

/// Somebody who signs, with the protected header of the signature.
#[derive(Clone, Copy, Debug)]
pub struct Signer<'a> {
    /// The private key.
    pub key: &'a Jwk,
    /// The header, all of it protected.
    pub header: &'a Header,
}

/// Signs the payload for each signer: the flattened form for one signer, the general form for more.
pub fn sign_json(signers: &[Signer<'_>], payload: &[u8]) -> Result<String, JwsError> {
    if signers.is_empty() || signers.len() > MAX_SIGNATURES {
        return Err(JwsError::Malformed(
            "between 1 and 64 signatures are expected",
        ));
    }
    let payload = base64url::encode(payload);
    let sign = |signer: &Signer<'_>| -> Result<(String, String), JwsError> {
        let algorithm = algorithm_of(signer.key)?;
        let members = signer.header.to_members(algorithm)?;
        let protected = base64url::encode(&crate::json::to_bytes(&members));
        let message = signing_input(&protected, &payload);
        let signature = signature::sign(signer.key, algorithm, message.as_bytes())?;
        Ok((protected, base64url::encode(&signature)))
    };
    let mut signatures = signers.iter().map(sign).collect::<Result<Vec<_>, _>>()?;
    let document = match (signatures.pop(), signatures.is_empty()) {
        (Some((protected, signature)), true) => {
            json!({ "payload": payload, "protected": protected, "signature": signature })
        }
        (last, _) => {
            let object =
                |(protected, signature)| json!({ "protected": protected, "signature": signature });
            let signatures = signatures
                .into_iter()
                .chain(last)
                .map(object)
                .collect::<Vec<_>>();
            json!({ "payload": payload, "signatures": signatures })
        }
    };
    Ok(document.to_string())
}

/// What a document says under one verified signature.
#[derive(Clone)]
pub struct Verified {
    payload: Vec<u8>,
    header: Header,
    protected: Vec<String>,
    algorithm: SignatureAlgorithm,
}

impl Verified {
    /// The payload.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The protected and unprotected header of the signature together.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Whether the signature covers this header member.
    pub fn is_protected(&self, name: &str) -> bool {
        self.protected.iter().any(|protected| protected == name)
    }

    /// The algorithm of the signature.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }
}

impl fmt::Debug for Verified {
    /// The header without the payload, which may speak of persons.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("algorithm", &self.algorithm)
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

/// Verifies a document of at most `max_len` bytes: at least one of its signatures must be by this
/// key. Signatures by others, also ones that we could not verify, do not matter. When none is by
/// this key, the error is the one of the only signature, or [`JwsError::NoSignature`].
pub fn verify_json(json: &[u8], key: &Jwk, max_len: usize) -> Result<Verified, JwsError> {
    if json.len() > max_len {
        return Err(JwsError::TooLarge { max: max_len });
    }
    let Value::Object(mut document) = strict_json::value(json, max_len)? else {
        return Err(JwsError::Malformed("the document is not an object"));
    };
    let payload = text(&mut document, "payload")?
        .ok_or(JwsError::Malformed("the document has no payload"))?;
    let signatures = signatures(document)?;
    let single = signatures.len() == 1;
    for signature in signatures {
        match verify_one(signature, &payload, key, max_len) {
            Err(error) if single => return Err(error),
            Err(_) => {}
            Ok(verified) => return Ok(verified),
        }
    }
    Err(JwsError::NoSignature)
}

/// The objects with `protected`, `header` and `signature`.
fn signatures(mut document: Map<String, Value>) -> Result<Vec<Map<String, Value>>, JwsError> {
    let malformed = JwsError::Malformed("between 1 and 64 signatures are expected");
    let Some(list) = document.remove("signatures") else {
        return Ok(vec![document]);
    };
    let Value::Array(list) = list else {
        return Err(malformed);
    };
    let flattened = ["protected", "header", "signature"];
    if flattened.iter().any(|name| document.contains_key(*name)) {
        return Err(JwsError::Malformed(
            "the document mixes both JSON serialisations",
        ));
    }
    if list.is_empty() || list.len() > MAX_SIGNATURES {
        return Err(malformed);
    }
    let object = |value| match value {
        Value::Object(object) => Ok(object),
        _ => Err(JwsError::Malformed("a signature is not an object")),
    };
    list.into_iter().map(object).collect()
}

fn verify_one(
    mut object: Map<String, Value>,
    payload: &str,
    key: &Jwk,
    max_len: usize,
) -> Result<Verified, JwsError> {
    let protected = text(&mut object, "protected")?.unwrap_or_default();
    let signature =
        text(&mut object, "signature")?.ok_or(JwsError::Malformed("a signature is missing"))?;
    let (header, names) = header(&protected, object.remove("header"), max_len)?;
    let message = signing_input(&protected, payload);
    let signature = decode(&signature)?;
    signature::verify(key, header.algorithm, message.as_bytes(), &signature)?;
    Ok(Verified {
        payload: decode(payload)?,
        header: header.header,
        protected: names,
        algorithm: header.algorithm,
    })
}

/// Joins both headers, whose names must differ, and tells which names are protected.
fn header(
    protected: &str,
    unprotected: Option<Value>,
    max_len: usize,
) -> Result<(ParsedHeader, Vec<String>), JwsError> {
    let malformed = JwsError::Malformed("a header is not an object");
    let mut members = match protected {
        "" => Map::new(),
        text => match strict_json::value(&decode(text)?, max_len)? {
            Value::Object(members) => members,
            _ => return Err(malformed),
        },
    };
    let names = members.keys().cloned().collect();
    match unprotected {
        None => {}
        Some(Value::Object(unprotected)) => {
            for (name, value) in unprotected {
                if members.insert(name.clone(), value).is_some() {
                    return Err(JwsError::DuplicateMember(shown(&name)));
                }
            }
        }
        Some(_) => return Err(malformed),
    }
    Ok((ParsedHeader::read(members)?, names))
}

fn text(object: &mut Map<String, Value>, name: &'static str) -> Result<Option<String>, JwsError> {
    Ok(crate::json::take_string(object, name)?)
}
