//! A text with one thing made false, whatever stands in it.

use kleis_types::base64url;
use serde_json::Value;

use super::{Forms, of_json, within};

/// A compact JWS or JWE, JSON, or a plain text with something changed.
pub fn of_text(here: &str, donors: &[&str]) -> Forms<String> {
    let mut forms = if let Some(parts) = compact(here) {
        of_compact(&parts, donors)
    } else if let Some(value) = json(here) {
        let others: Vec<_> = donors.iter().filter_map(|donor| json(donor)).collect();
        let others: Vec<_> = others.iter().collect();
        within("json", of_json(&value, &others), |value| value.to_string())
    } else {
        of_plain(here)
    };
    if let Some(other) = donors.iter().find(|donor| **donor != here) {
        forms.push(("swapped".to_owned(), (*other).to_owned()));
    }
    forms
}

/// The parts of a compact JWS or JWE.
fn compact(text: &str) -> Option<Vec<&str>> {
    let parts: Vec<_> = text.split('.').collect();
    let is_compact = matches!(parts.len(), 3 | 5) && decoded(parts[0]).is_some();
    is_compact.then_some(parts)
}

fn of_compact(parts: &[&str], donors: &[&str]) -> Forms<String> {
    let text = parts.join(".");
    let mut forms = vec![
        ("cut off".to_owned(), text[..text.len() - 4].to_owned()),
        ("longer".to_owned(), format!("{text}AAAA")),
    ];
    let names: &[&str] = match parts.len() {
        3 => &["header", "claims", "signature"],
        _ => &["header", "encrypted key", "iv", "ciphertext", "tag"],
    };
    let donors: Vec<_> = donors.iter().filter_map(|donor| compact(donor)).collect();
    for (index, part) in parts.iter().enumerate() {
        let donors: Vec<_> = donors
            .iter()
            .filter_map(|donor| donor.get(index).copied())
            .collect();
        let put = |part: String| {
            let mut parts = parts.to_vec();
            parts[index] = &part;
            parts.join(".")
        };
        forms.extend(within(names[index], of_part(part, &donors), put));
    }
    forms
}

/// One part of a compact text.
fn of_part(part: &str, donors: &[&str]) -> Forms<String> {
    let mut forms = match decoded(part) {
        Some(value) => {
            let others: Vec<_> = donors.iter().filter_map(|donor| decoded(donor)).collect();
            let others: Vec<_> = others.iter().collect();
            within("", of_json(&value, &others), |value: Value| {
                base64url::encode(value.to_string().as_bytes())
            })
        }
        None => of_plain(part),
    };
    if !part.is_empty() {
        forms.push(("left out".to_owned(), String::new()));
    }
    if let Some(other) = donors.iter().find(|donor| **donor != part) {
        forms.push(("swapped".to_owned(), (*other).to_owned()));
    }
    forms
}

/// The first character is another one: in base64url its bits always count.
fn of_plain(text: &str) -> Forms<String> {
    let mut rest = text.chars();
    let other = match rest.next() {
        Some('A') => 'B',
        Some('0') => '1',
        Some(first) if first.is_ascii_digit() => '0',
        _ => 'A',
    };
    vec![("changed".to_owned(), format!("{other}{}", rest.as_str()))]
}

fn json(text: &str) -> Option<Value> {
    let value = serde_json::from_str(text).ok()?;
    matches!(value, Value::Object(_) | Value::Array(_)).then_some(value)
}

/// What a part of a compact text says, if that is JSON.
fn decoded(part: &str) -> Option<Value> {
    json(str::from_utf8(&base64url::decode(part).ok()?).ok()?)
}
