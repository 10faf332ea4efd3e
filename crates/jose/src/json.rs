//! Members of JSON objects taken by name, with errors that name them; objects written.

use std::io;

use kleis_types::{SecretBytes, base64url};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

/// A member is not what its name promises.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the member {name:?} is not {expected}")]
pub struct MemberError {
    name: &'static str,
    expected: &'static str,
}

impl MemberError {
    pub(crate) fn new(name: &'static str, expected: &'static str) -> Self {
        Self { name, expected }
    }

    /// The member's name.
    pub fn name(&self) -> &'static str {
        self.name
    }
}

/// As much of a stranger's text as an error may carry.
pub(crate) fn shown(text: &str) -> String {
    text.chars()
        .filter(char::is_ascii_graphic)
        .take(32)
        .collect()
}

/// Takes a string out of the object.
pub(crate) fn take_string(
    members: &mut Map<String, Value>,
    name: &'static str,
) -> Result<Option<String>, MemberError> {
    match members.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(MemberError::new(name, "a string")),
    }
}

/// Takes base64url-encoded bytes out of the object.
pub(crate) fn take_bytes(
    members: &mut Map<String, Value>,
    name: &'static str,
) -> Result<Option<Vec<u8>>, MemberError> {
    take_string(members, name)?
        .map(|text| decode(name, &text))
        .transpose()
}

/// Takes a base64url-encoded secret out of the object and wipes its text.
pub(crate) fn take_secret(
    members: &mut Map<String, Value>,
    name: &'static str,
) -> Result<Option<SecretBytes>, MemberError> {
    let Some(text) = take_string(members, name)?.map(Zeroizing::new) else {
        return Ok(None);
    };
    decode(name, &text).map(|bytes| Some(SecretBytes::from(bytes)))
}

/// Decodes the base64url text of a member.
pub(crate) fn decode(name: &'static str, text: &str) -> Result<Vec<u8>, MemberError> {
    base64url::decode(text).map_err(|_| MemberError::new(name, "base64url without padding"))
}

/// Serialises an object; the order of its members is that of their names.
pub(crate) fn to_bytes(members: &Map<String, Value>) -> Vec<u8> {
    // Unwrap safety: serde_json fails only on maps whose keys are not strings and on failing
    // writers.
    serde_json::to_vec(members).expect("a JSON object serialises")
}

/// Serialises an object that holds secrets, into memory of the right length: a buffer that grows is
/// moved, and leaves pieces of the secrets behind.
pub(crate) fn to_secret(members: &Map<String, Value>) -> SecretBytes {
    let mut length = Length(0);
    write(members, &mut length);
    let mut json = Zeroizing::new(Vec::with_capacity(length.0));
    write(members, &mut *json);
    SecretBytes::from(json)
}

fn write(members: &Map<String, Value>, to: impl io::Write) {
    // Unwrap safety: as above; neither of the two writers fails.
    serde_json::to_writer(to, members).expect("a JSON object serialises");
}

/// Counts what is written.
struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_are_taken_once_and_with_their_type() {
        let object = json!({"a": "AQI", "b": 1, "c": "A=", "d": "AR"});
        let mut members = object.as_object().unwrap().clone();
        assert_eq!(take_bytes(&mut members, "a"), Ok(Some(vec![1, 2])));
        assert_eq!(take_bytes(&mut members, "a"), Ok(None));
        for name in ["b", "c", "d"] {
            assert_eq!(take_secret(&mut members, name).unwrap_err().name(), name);
        }
        assert!(members.is_empty());
    }

    #[test]
    fn secrets_are_written_like_everything_else() {
        for object in [
            json!({}),
            json!({"k": "\u{1}é\"", "list": [1, null, {"a": 0.5}]}),
        ] {
            let members = object.as_object().unwrap();
            assert_eq!(to_secret(members).expose(), to_bytes(members));
        }
    }
}
