use proptest::prelude::*;
use serde::Deserialize;
use serde_json::json;

use super::*;

const MAX: usize = 10_000;

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Point {
    x: i64,
    #[serde(default)]
    y: Option<i64>,
}

#[test]
fn reads_what_is_expected() {
    assert_eq!(
        from_slice(br#" {"x":1,"y":-2} "#, MAX),
        Ok(Point { x: 1, y: Some(-2) })
    );
    assert_eq!(
        value(br#"[1,"a",null,true,{"b":[]}]"#, MAX),
        Ok(json!([1, "a", null, true, {"b": []}]))
    );
}

#[test]
fn duplicate_names_are_refused_at_any_depth() {
    let refused = |text: &str| match value(text.as_bytes(), MAX) {
        Err(StrictJsonError::DuplicateName { line, column }) => (line, column),
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(refused(r#"{"a":1,"a":1}"#).0, 1);
    assert_eq!(refused("{\"a\":1,\n\"b\":[{\"c\":{},\"c\":{}}]}").0, 2);
    // The same name after unescaping.
    refused(r#"{"a":1,"\u0061":2}"#);
    refused(r#"{"":1,"":2}"#);
    assert!(value(br#"{"a":{"a":{"a":1}},"A":1}"#, MAX).is_ok());
    // Also where the target would not have noticed.
    assert!(matches!(
        from_slice::<Value>(br#"{"a":{"b":1,"b":1}}"#, MAX),
        Err(StrictJsonError::DuplicateName { .. })
    ));
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(value(nested(MAX_DEPTH).as_bytes(), MAX).is_ok());
    assert_eq!(
        value(nested(MAX_DEPTH + 1).as_bytes(), MAX),
        Err(StrictJsonError::TooDeep)
    );
    let objects = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    assert!(value(objects(MAX_DEPTH).as_bytes(), MAX).is_ok());
    assert_eq!(
        value(objects(MAX_DEPTH + 1).as_bytes(), MAX),
        Err(StrictJsonError::TooDeep)
    );
    // Deep enough to overflow the stack of a reader without a bound, and never closed.
    assert_eq!(
        value("[".repeat(MAX).as_bytes(), MAX),
        Err(StrictJsonError::TooDeep)
    );
}

#[test]
fn size_is_bounded_before_anything_is_read() {
    assert!(value(b"123", 3).is_ok());
    assert_eq!(value(b"123 ", 3), Err(StrictJsonError::TooLarge { max: 3 }));
    assert_eq!(value(b"}}}}", 3), Err(StrictJsonError::TooLarge { max: 3 }));
}

#[test]
fn what_is_not_one_json_text_is_refused() {
    let texts: [&[u8]; 14] = [
        b"",
        b" ",
        b"{",
        b"{}{}",
        b"1 2",
        b"{\"a\":1,}",
        b"[1,]",
        b"{a:1}",
        b"'a'",
        b"01",
        b"NaN",
        b"\xef\xbb\xbf{}",
        b"\"\xff\"",
        b"\"\\ud800\"",
    ];
    for text in texts {
        let result = value(text, MAX);
        assert!(
            matches!(result, Err(StrictJsonError::Syntax { .. })),
            "{text:?}: {result:?}"
        );
    }
}

#[test]
fn other_members_and_types_are_refused_with_a_place() {
    for text in [
        r#"{"x":"1"}"#,
        r#"{"x":1.5}"#,
        r#"{"x":1,"z":2}"#,
        "{}",
        "[]",
        "9",
    ] {
        let result = from_slice::<Point>(text.as_bytes(), MAX);
        assert!(
            matches!(result, Err(StrictJsonError::Shape { line: 1, .. })),
            "{result:?}"
        );
    }
    assert!(from_slice::<u64>(b"18446744073709551616", MAX).is_err());
}

#[test]
fn errors_do_not_repeat_the_content() {
    let texts = [
        r#"{"x":"85073003328"}"#,
        r#"{"85073003328":1}"#,
        "85073003328",
        "\"85073003328",
    ];
    for text in texts {
        let error = from_slice::<Point>(text.as_bytes(), MAX).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("8507"), "{error}");
    }
}

#[test]
fn problems_tell_size_from_form() {
    let problem = |text: &[u8]| Problem::from(value(text, 8).unwrap_err());
    assert_eq!(problem(b"123456789").code(), ErrorCode::RequestTooLarge);
    assert_eq!(problem(b"{").code(), ErrorCode::RequestMalformed);
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("\\PC{0,3}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_was_written_is_read(wanted in any_value()) {
        prop_assert_eq!(value(wanted.to_string().as_bytes(), usize::MAX).unwrap(), wanted);
    }

    #[test]
    fn a_repeated_member_is_found_wherever_it_stands(
        inner in any_value(), name in "\\PC{0,3}", before in any_value(),
    ) {
        let name = Value::from(name);
        let text = format!("[{before},{{{name}:{inner},{name}:{inner}}}]");
        let refused = matches!(
            value(text.as_bytes(), usize::MAX),
            Err(StrictJsonError::DuplicateName { .. })
        );
        prop_assert!(refused);
    }

    #[test]
    fn nothing_makes_it_panic(bytes: Vec<u8>, text in "[\\[\\]{}\",:0-9a\\\\ ]{0,40}") {
        let too_large = matches!(value(&bytes, 4), Err(StrictJsonError::TooLarge { max: 4 }));
        prop_assert_eq!(too_large, bytes.len() > 4);
        if let Ok(read) = value(text.as_bytes(), MAX) {
            prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), read);
        }
    }
}
