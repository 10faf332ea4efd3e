//! Messages as text: which serialisation they are in, and their headers as they stand there.

use kleis_types::{base64url, strict_json};
use serde_json::{Map, Value};

/// The deepest structure that is looked into is that of a message: headers in lists in an object.
const MAX: usize = super::MAX_MESSAGE;

/// Names of private key material (RFC 7518 section 6, RFC 8037).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "k", "oth"];

/// Whether a message is in a JSON serialisation.
pub(super) fn is_json(text: &str) -> bool {
    text.starts_with('{')
}

/// The headers of a message: the protected one of a compact message, all of them of a JSON one.
pub(super) fn headers(text: &str) -> Option<Value> {
    if !is_json(text) {
        return decoded(text.split('.').next()?);
    }
    let Value::Object(message) = strict_json::value(text.as_bytes(), MAX).ok()? else {
        return None;
    };
    let mut headers = own_headers(&message);
    for list in ["recipients", "signatures"] {
        if let Some(Value::Array(parts)) = message.get(list) {
            let parts = parts.iter().filter_map(Value::as_object).map(own_headers);
            headers.insert(list.to_owned(), parts.map(Value::Object).collect());
        }
    }
    Some(Value::Object(headers))
}

fn own_headers(part: &Map<String, Value>) -> Map<String, Value> {
    let mut headers = Map::new();
    for name in ["unprotected", "header"] {
        if let Some(header) = part.get(name) {
            headers.insert(name.to_owned(), without_secrets(header.clone()));
        }
    }
    if let Some(header) = part
        .get("protected")
        .and_then(Value::as_str)
        .and_then(decoded)
    {
        headers.insert("protected".to_owned(), header);
    }
    headers
}

fn decoded(header: &str) -> Option<Value> {
    let bytes = base64url::decode(header).ok()?;
    strict_json::value(&bytes, MAX).ok().map(without_secrets)
}

/// A header without private key material, which has no business there but may be there.
fn without_secrets(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let is_key = members.contains_key("kty");
            let members = members.into_iter().map(|(name, value)| {
                let is_secret = is_key && PRIVATE.contains(&name.as_str());
                let value = if is_secret {
                    "(private)".into()
                } else {
                    without_secrets(value)
                };
                (name, value)
            });
            Value::Object(members.collect())
        }
        Value::Array(values) => values.into_iter().map(without_secrets).collect(),
        value => value,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn headers_of_both_serialisations() {
        let protected = base64url::encode(b"{\"enc\":\"A256GCM\"}");
        let compact = format!("{protected}....");
        assert_eq!(headers(&compact), Some(json!({"enc": "A256GCM"})));
        let message = json!({
            "protected": protected,
            "unprotected": {"typ": "x"},
            "recipients": [{"header": {"alg": "dir"}, "encrypted_key": "AAAA"}],
            "ciphertext": "AAAA",
        });
        let expected = json!({
            "protected": {"enc": "A256GCM"},
            "unprotected": {"typ": "x"},
            "recipients": [{"header": {"alg": "dir"}}],
        });
        assert_eq!(headers(&message.to_string()), Some(expected));
        for text in ["", "x", "{", "[]", "AAAA.x.y"] {
            assert_eq!(headers(text), None, "{text}");
        }
    }

    #[test]
    fn a_private_key_in_a_header_is_not_shown() {
        let header = json!({"jwk": {"kty": "OKP", "x": "pub", "d": "secret"}, "d": "no key"});
        let text = format!("{}..", base64url::encode(header.to_string().as_bytes()));
        let shown = headers(&text).unwrap();
        assert_eq!(shown["jwk"]["d"], "(private)");
        assert_eq!(shown["jwk"]["x"], "pub");
        assert_eq!(shown["d"], "no key");
    }
}
