//! Every small way in which a message can be made false.

use kleis_e2e::Lone;
use kleis_types::base64url;
use prost::Message as _;
use serde_json::{Value, json};

/// The forms of a message that holds one text, by the forms of the text.
pub(super) fn of_lone(
    message: &[u8],
    forms: fn(&str) -> Vec<(String, String)>,
) -> Vec<(String, Vec<u8>)> {
    let text = Lone::decode(message).unwrap().text;
    let wrap = |(name, text)| (name, Lone { text }.encode_to_vec());
    forms(&text).into_iter().map(wrap).collect()
}

/// A compact JWS with something changed in its header, its claims or its signature, and the same signature otherwise.
pub(super) fn of_jws(compact: &str) -> Vec<(String, String)> {
    let parts: Vec<_> = compact.split('.').collect();
    let [header, payload, signature] = parts[..] else {
        panic!("not a JWS: {compact}")
    };
    let mut forms = of_any(compact);
    let json = |part: &str| serde_json::from_slice(&base64url::decode(part).unwrap()).unwrap();
    for (name, value) in of_json(&json(header)) {
        let header = base64url::encode(value.to_string().as_bytes());
        forms.push((
            format!("header {name}"),
            format!("{header}.{payload}.{signature}"),
        ));
    }
    for (name, value) in of_json(&json(payload)) {
        let payload = base64url::encode(value.to_string().as_bytes());
        forms.push((
            format!("claims {name}"),
            format!("{header}.{payload}.{signature}"),
        ));
    }
    forms
}

/// A compact JWE with something changed in each of its parts.
pub(super) fn of_jwe(compact: &str) -> Vec<(String, String)> {
    let parts: Vec<_> = compact.split('.').collect();
    assert_eq!(parts.len(), 5, "not a JWE: {compact}");
    let mut forms = of_any(compact);
    for (index, part) in parts.iter().enumerate() {
        let mut bytes = base64url::decode(part).unwrap();
        let Some(middle) = bytes.len().checked_div(2).filter(|_| !bytes.is_empty()) else {
            continue;
        };
        bytes[middle] ^= 1;
        let other = base64url::encode(&bytes);
        let mut parts = parts.clone();
        parts[index] = &other;
        forms.push((format!("part {index}"), parts.join(".")));
    }
    forms
}

/// What can be done to every text.
fn of_any(text: &str) -> Vec<(String, String)> {
    let cut = text[..text.len() - 4].to_owned();
    let last = if text.ends_with('A') { "E" } else { "A" };
    // The first character of the last part: its bits always count.
    let (head, tail) = text.rsplit_once('.').unwrap();
    let first = if tail.starts_with('B') { "C" } else { "B" };
    vec![
        ("nothing".to_owned(), String::new()),
        ("cut off".to_owned(), cut),
        ("longer".to_owned(), format!("{text}{last}AAA")),
        (
            "last part".to_owned(),
            format!("{head}.{first}{}", &tail[1..]),
        ),
        ("without last part".to_owned(), format!("{head}.")),
    ]
}

/// JSON with one value changed, one member left out, or one added.
pub(super) fn of_json(value: &Value) -> Vec<(String, Value)> {
    match value {
        Value::Object(members) => {
            let mut forms = Vec::new();
            for (name, member) in members {
                let mut without = members.clone();
                without.remove(name);
                forms.push((format!("without {name}"), Value::Object(without)));
                for (below, changed) in of_json(member) {
                    let mut with = members.clone();
                    with.insert(name.clone(), changed);
                    forms.push((format!("{name} {below}"), Value::Object(with)));
                }
            }
            let mut with = members.clone();
            with.insert("more".to_owned(), json!(1));
            forms.push(("more".to_owned(), Value::Object(with)));
            forms
        }
        Value::Array(items) => {
            let mut forms = vec![("empty".to_owned(), json!([]))];
            for (index, item) in items.iter().enumerate() {
                for (below, changed) in of_json(item) {
                    let mut with = items.clone();
                    with[index] = changed;
                    forms.push((format!("[{index}] {below}"), Value::Array(with)));
                }
                let mut twice = items.clone();
                twice.push(item.clone());
                forms.push((format!("[{index}] twice"), Value::Array(twice)));
            }
            forms
        }
        Value::String(text) => {
            let first = if text.starts_with('A') { "B" } else { "A" };
            let rest: String = text.chars().skip(1).collect();
            vec![
                ("changed".to_owned(), json!(format!("{first}{rest}"))),
                ("null".to_owned(), json!(null)),
            ]
        }
        Value::Number(number) => {
            let other = number.as_i64().map_or(json!(0), |number| json!(number + 1));
            vec![("changed".to_owned(), other)]
        }
        Value::Bool(flag) => vec![("changed".to_owned(), json!(!flag))],
        Value::Null => vec![("changed".to_owned(), json!(0))],
    }
}
