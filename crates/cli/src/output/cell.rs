//! One value, in the form for programs and in the form for people.

use std::fmt::Display;

use kleis_types::Timestamp;
use serde_json::Value;

use super::printable;

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cell {
    json: Value,
    text: String,
}

impl Cell {
    /// The text form of something, for both.
    pub(crate) fn text(value: impl Display) -> Self {
        let text = value.to_string();
        Self {
            text: printable(&text),
            json: text.into(),
        }
    }

    /// Seconds since 1970 for programs, a date for people.
    pub(crate) fn time(at: Timestamp) -> Self {
        Self {
            json: at.unix().into(),
            text: at.rfc3339(),
        }
    }

    /// A number.
    pub(crate) fn number(value: impl Into<u64>) -> Self {
        let value = value.into();
        Self {
            json: value.into(),
            text: value.to_string(),
        }
    }

    /// Yes or no.
    pub(crate) fn flag(value: bool) -> Self {
        Self {
            json: value.into(),
            text: if value { "yes" } else { "no" }.to_owned(),
        }
    }

    /// Several texts.
    pub(crate) fn list<T: Display>(values: impl IntoIterator<Item = T>) -> Self {
        let values: Vec<_> = values.into_iter().map(|value| value.to_string()).collect();
        Self {
            text: printable(&values.join(", ")),
            json: values.into(),
        }
    }

    /// Nothing: `null` for programs, a dash for people.
    pub(crate) fn none() -> Self {
        Self {
            json: Value::Null,
            text: "-".to_owned(),
        }
    }

    /// A text that may be empty or missing.
    pub(crate) fn optional<T: Display>(value: Option<T>) -> Self {
        match value.map(|value| value.to_string()) {
            Some(text) if !text.is_empty() => Self::text(text),
            _ => Self::none(),
        }
    }

    /// A value with members for programs, and a text for people.
    pub(crate) fn json(json: Value, text: impl Display) -> Self {
        Self {
            json,
            text: printable(&text.to_string()),
        }
    }

    pub(super) fn value(&self) -> &Value {
        &self.json
    }

    pub(super) fn is_none(&self) -> bool {
        self.json.is_null()
    }

    pub(super) fn human(&self) -> &str {
        &self.text
    }

    /// How wide it is on a terminal, in characters.
    pub(super) fn width(&self) -> usize {
        self.text.chars().count()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_kind_has_both_forms() {
        let cases = [
            (Cell::text("a\nb"), json!("a\nb"), "a\u{fffd}b"),
            (
                Cell::time(Timestamp::from_unix(0)),
                json!(0),
                "1970-01-01T00:00:00Z",
            ),
            (Cell::number(7_u32), json!(7), "7"),
            (Cell::flag(true), json!(true), "yes"),
            (Cell::flag(false), json!(false), "no"),
            (Cell::list(["a", "b"]), json!(["a", "b"]), "a, b"),
            (Cell::none(), json!(null), "-"),
            (Cell::optional(Some("x")), json!("x"), "x"),
            (Cell::optional(Some("")), json!(null), "-"),
            (Cell::optional(None::<&str>), json!(null), "-"),
            (Cell::json(json!({"a": 1}), "one"), json!({"a": 1}), "one"),
        ];
        for (cell, json, human) in cases {
            assert_eq!((cell.value(), cell.human()), (&json, human));
        }
    }
}
