//! What may be told of a message.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kleis_jose::jwe::{self, JweError};
use kleis_jose::jws::Compact;
use kleis_types::{base64url, strict_json};
use serde_json::{Value, json};

use super::certificates;
use crate::commands::jose::{MAX_MESSAGE, refusal, token};
use crate::error::CliError;
use crate::output::{Cell, Report};

pub(super) fn jwe(text: &str) -> Report {
    let ciphertext = part(text, 3, "ciphertext");
    let report = described("JWE", text).field(
        "ciphertextBytes",
        "ciphertext, bytes",
        length(ciphertext.as_deref()),
    );
    refused(report, jwe_refusal(text).as_ref())
}

pub(super) fn jws(text: &str, claims: bool) -> Report {
    let payload = part(text, 1, "payload");
    let mut report =
        described("JWS", text).field("payloadBytes", "payload, bytes", length(payload.as_deref()));
    if claims {
        let shown = payload.as_deref().map_or(Value::Null, shown);
        report = report.block("payload", "payload", shown.clone(), shown);
    }
    let chain = chain(text);
    if !chain.is_empty() {
        report = report.table("certificates", certificates::table(&chain), "");
    }
    refused(report, jws_refusal(text).as_ref())
}

/// Why a reader would refuse the message for its form, whatever its keys.
fn jwe_refusal(text: &str) -> Option<CliError> {
    let error = if token::is_json(text) {
        // Without a key nothing is decrypted: all else is checked before.
        jwe::decrypt_json(&[], text.as_bytes(), MAX_MESSAGE).err()
    } else {
        jwe::header(text).err()
    };
    error
        .filter(|error| *error != JweError::NotARecipient)
        .map(|error| refusal::jwe(&error))
}

/// Why a reader would refuse the message for its form, whatever its key. Of several signatures one
/// good one is enough, so nothing is said of those.
fn jws_refusal(text: &str) -> Option<CliError> {
    let compact = if token::is_json(text) {
        as_compact(text)?
    } else {
        text.to_owned()
    };
    let error = Compact::parse(&compact, MAX_MESSAGE).err();
    error.map(|error| refusal::jws(&error))
}

/// The compact serialisation of a flattened one without an unprotected header.
fn as_compact(text: &str) -> Option<String> {
    let message = strict_json::value(text.as_bytes(), MAX_MESSAGE).ok()?;
    let part = |name: &str| message.get(name)?.as_str().map(str::to_owned);
    match message.get("header") {
        Some(_) => None,
        None => Some([part("protected")?, part("payload")?, part("signature")?].join(".")),
    }
}

fn described(kind: &'static str, text: &str) -> Report {
    let serialisation = if token::is_json(text) {
        "JSON"
    } else {
        "compact"
    };
    let headers = token::headers(text).unwrap_or(Value::Null);
    let shown = without_chains(headers.clone());
    Report::new()
        .field("kind", "kind", Cell::text(kind))
        .field("serialisation", "serialisation", Cell::text(serialisation))
        .block("header", "header", headers, shown)
}

/// That the message would be refused for its form or its header, whatever the key.
fn refused(report: Report, refusal: Option<&CliError>) -> Report {
    let Some(told) = refusal.map(CliError::told) else {
        return report.data("refusal", Value::Null);
    };
    let whole = json!({ "reason": told.reason, "detail": told.detail });
    let shown = format!("{} [{}]", told.detail, told.reason);
    report.field("refusal", "would be refused", Cell::json(whole, shown))
}

/// A part of a message: by its place in the compact serialisation, by its name in the JSON one.
fn part(text: &str, place: usize, name: &str) -> Option<Vec<u8>> {
    if !token::is_json(text) {
        return base64url::decode(text.split('.').nth(place)?).ok();
    }
    let message = strict_json::value(text.as_bytes(), MAX_MESSAGE).ok()?;
    base64url::decode(message.get(name)?.as_str()?).ok()
}

fn length(bytes: Option<&[u8]>) -> Cell {
    bytes.map_or_else(Cell::none, |bytes| Cell::number(bytes.len() as u64))
}

/// A payload: JSON, text, or base64url.
fn shown(payload: &[u8]) -> Value {
    serde_json::from_slice(payload).unwrap_or_else(|_| match std::str::from_utf8(payload) {
        Ok(text) => text.into(),
        Err(_) => base64url::encode(payload).into(),
    })
}

/// The chain in the header of a compact message, DER.
fn chain(text: &str) -> Vec<Vec<u8>> {
    let headers = token::headers(text).unwrap_or(Value::Null);
    let chain = headers["x5c"].as_array().cloned().unwrap_or_default();
    chain
        .iter()
        .filter_map(|text| STANDARD.decode(text.as_str()?).ok())
        .collect()
}

/// Certificates have a table of their own: in the header they are told by their number.
fn without_chains(mut headers: Value) -> Value {
    if let Some(Value::Array(chain)) = headers.get("x5c") {
        headers["x5c"] = format!("({} certificates)", chain.len()).into();
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_are_shown_as_what_they_are() {
        assert_eq!(shown(b"{\"a\":1}"), json!({"a": 1}));
        assert_eq!(shown(b"hello"), json!("hello"));
        assert_eq!(shown(&[0xff]), json!("_w"));
    }

    #[test]
    fn parts_are_found_in_both_serialisations() {
        assert_eq!(part("e30.aGk.x", 1, "payload").unwrap(), b"hi");
        assert_eq!(part("{\"payload\":\"aGk\"}", 1, "payload").unwrap(), b"hi");
        assert_eq!(part("e30.a.x", 1, "payload"), None);
        assert_eq!(part("{}", 1, "payload"), None);
    }

    #[test]
    fn a_long_chain_is_told_by_its_length() {
        let headers = without_chains(json!({"x5c": ["AAAA", "BBBB"], "alg": "ES256"}));
        assert_eq!(headers, json!({"x5c": "(2 certificates)", "alg": "ES256"}));
    }
}
