//! The members of the JSON serialisations, read and taken apart.

use super::compact::{TOO_LONG, decode, open, read_members};
use super::content::Sealed;
use super::key_management::recover;
use super::{Decrypted, JweError, MAX_HEADER, MAX_RECIPIENTS, ParsedHeader};
use crate::json::{shown, take_string};
use crate::jwk::Jwk;
use kleis_types::strict_json;
use serde_json::{Map, Value};

/// A message in one of the JSON serialisations.
pub(super) struct Message {
    protected: String,
    /// The protected and the shared unprotected header.
    shared: Map<String, Value>,
    pub(super) recipients: Vec<RecipientPart>,
    aad: Option<String>,
    iv: Vec<u8>,
    sealed: Sealed,
}

/// What a message holds for one recipient.
pub(super) struct RecipientPart {
    header: Map<String, Value>,
    encrypted_key: Vec<u8>,
}

impl Message {
    pub(super) fn read(json: &[u8], max_len: usize) -> Result<Self, JweError> {
        if json.len() > max_len {
            return Err(JweError::TooLarge { max: max_len });
        }
        let Value::Object(mut message) = strict_json::value(json, max_len)? else {
            return Err(JweError::Malformed("the message is not an object"));
        };
        let protected = take_string(&mut message, "protected")?.unwrap_or_default();
        let mut shared = if protected.is_empty() {
            Map::new()
        } else {
            read_members(&protected)?
        };
        let unprotected = take_object(&mut message, "unprotected")?;
        if crate::json::to_bytes(&unprotected).len() > MAX_HEADER {
            return Err(JweError::Malformed(TOO_LONG));
        }
        join(&mut shared, unprotected)?;
        let mut part = |name| match take_string(&mut message, name)? {
            Some(text) => decode(&text),
            None => Err(JweError::Malformed("iv, ciphertext or tag is missing")),
        };
        let (iv, ciphertext, tag) = (part("iv")?, part("ciphertext")?, part("tag")?);
        Ok(Self {
            protected,
            shared,
            aad: take_string(&mut message, "aad")?,
            recipients: recipients(message)?,
            iv,
            sealed: Sealed { ciphertext, tag },
        })
    }

    pub(super) fn header(&self, recipient: &RecipientPart) -> Result<ParsedHeader, JweError> {
        let mut members = self.shared.clone();
        join(&mut members, recipient.header.clone())?;
        ParsedHeader::read(members)
    }

    pub(super) fn open(
        &self,
        key: &Jwk,
        header: &ParsedHeader,
        recipient: &RecipientPart,
    ) -> Result<Decrypted, JweError> {
        let cek = recover(key, header, &recipient.encrypted_key)?;
        // RFC 7516 section 5.1 step 14.
        let authenticated = match &self.aad {
            Some(aad) => format!("{}.{aad}", self.protected),
            None => self.protected.clone(),
        };
        let authenticated = authenticated.as_bytes();
        let plaintext = open(
            header.encryption(),
            cek,
            &self.iv,
            authenticated,
            &self.sealed,
        )?;
        let aad = self
            .aad
            .as_deref()
            .map(decode)
            .transpose()?
            .unwrap_or_default();
        Ok(Decrypted {
            header: header.clone(),
            plaintext,
            aad,
            recipient: key.thumbprint(),
        })
    }
}

/// The `recipients`, or the one recipient of the flattened form.
fn recipients(mut message: Map<String, Value>) -> Result<Vec<RecipientPart>, JweError> {
    let Some(list) = message.remove("recipients") else {
        return Ok(vec![RecipientPart::read(message)?]);
    };
    if message.contains_key("header") || message.contains_key("encrypted_key") {
        return Err(JweError::Malformed(
            "the message mixes both JSON serialisations",
        ));
    }
    let Value::Array(list) = list else {
        return Err(JweError::Malformed("the recipients are not an array"));
    };
    if list.is_empty() || list.len() > MAX_RECIPIENTS {
        return Err(JweError::Recipients);
    }
    let read = |value| match value {
        Value::Object(object) => RecipientPart::read(object),
        _ => Err(JweError::Malformed("a recipient is not an object")),
    };
    list.into_iter().map(read).collect()
}

impl RecipientPart {
    fn read(mut object: Map<String, Value>) -> Result<Self, JweError> {
        let encrypted_key = take_string(&mut object, "encrypted_key")?.unwrap_or_default();
        Ok(Self {
            header: take_object(&mut object, "header")?,
            encrypted_key: decode(&encrypted_key)?,
        })
    }
}

fn take_object(
    object: &mut Map<String, Value>,
    name: &str,
) -> Result<Map<String, Value>, JweError> {
    match object.remove(name) {
        None => Ok(Map::new()),
        Some(Value::Object(object)) => Ok(object),
        Some(_) => Err(JweError::Malformed("a header is not an object")),
    }
}

/// Adds members whose names must be new (RFC 7516 section 7.2.1).
fn join(members: &mut Map<String, Value>, more: Map<String, Value>) -> Result<(), JweError> {
    for (name, value) in more {
        if members.insert(name.clone(), value).is_some() {
            return Err(JweError::DuplicateMember(shown(&name)));
        }
    }
    Ok(())
}
