use proptest::prelude::*;

use super::*;
use crate::{ErrorCode, Problem};

fn id(text: &str) -> Identifier {
    text.parse().unwrap()
}

#[test]
fn text_and_urn_forms() {
    let plain = id("NIHII:18749704");
    assert_eq!((plain.type_name(), plain.value()), ("NIHII", "18749704"));
    assert_eq!(plain.application(), None);
    assert_eq!(plain.to_string(), "NIHII:18749704");
    assert_eq!(plain.to_urn(), "urn:kleis:id:NIHII:18749704");
    assert_eq!(plain.qualified_value(), "18749704");

    let with_app = id("CBE:0809394427/KGSS");
    assert_eq!(with_app.application().unwrap().as_str(), "KGSS");
    assert_eq!(with_app.to_string(), "CBE:0809394427/KGSS");
    assert_eq!(with_app.to_urn(), "urn:kleis:id:CBE:0809394427:KGSS");
    assert_eq!(with_app.qualified_value(), "0809394427/KGSS");
    assert_eq!(Identifier::from_urn(&with_app.to_urn()).unwrap(), with_app);

    assert_ne!(with_app, id("CBE:0809394427"));
    assert_eq!(with_app.with_application(None), id("CBE:0809394427"));
    let recipe = Some("RECIPE".parse().unwrap());
    assert_eq!(
        with_app.with_application(recipe),
        id("CBE:0809394427/RECIPE")
    );
}

#[test]
fn leading_zeros_count() {
    assert_ne!(id("CBE:0809394427"), id("CBE:809394427"));
    assert_eq!(id("SSIN:00000000097").value(), "00000000097");
}

#[test]
fn texts_outside_the_grammar_are_refused() {
    let (long_type, long_value) = ("A".repeat(33), "1".repeat(33));
    let (long_type, long_value) = (format!("{long_type}:1"), format!("A:{long_value}"));
    for text in [
        "",
        ":",
        "A",
        "A:",
        ":1",
        "a:1",
        "1A:1",
        "-A:1",
        "A:1:2",
        "A:1.2",
        "A:1 ",
        " A:1",
        "A: 1",
        "A:1_2",
        "A:é",
        "A:1\n",
        "A:١",
        "urn:kleis:id:A:1",
        &long_type,
        &long_value,
    ] {
        assert_eq!(
            text.parse::<Identifier>(),
            Err(IdentifierError::Malformed),
            "{text:?}"
        );
    }
    for text in ["A:1/", "A:1/a", "A:1/B/C", "A:1/B C", "A:1/É"] {
        let refused = text.parse::<Identifier>();
        assert_eq!(
            refused,
            Err(IdentifierError::ApplicationMalformed),
            "{text:?}"
        );
    }
    for urn in [
        "",
        "A:1",
        "urn:kleis:id:",
        "urn:kleis:id:A",
        "urn:kleis:id:A:",
        "urn:kleis:id:A:1:B:C",
        "urn:kleis:id:A:1/B",
        "URN:kleis:id:A:1",
        "urn:kleis:device:main",
        "urn:kleis:id:a:1",
    ] {
        assert_eq!(
            Identifier::from_urn(urn),
            Err(IdentifierError::Malformed),
            "{urn:?}"
        );
    }
    let empty = Identifier::from_urn("urn:kleis:id:A:1:");
    assert_eq!(empty, Err(IdentifierError::ApplicationMalformed));
}

#[test]
fn debug_and_errors_show_no_value() {
    let person = id("SSIN:85073003328");
    assert_eq!(
        format!("{person:?} {:?}", Some(&person)),
        "SSIN:*** Some(SSIN:***)"
    );
    let table = TypeTable::belgian();
    for text in [
        "85073003328",
        "X:85073003328",
        "SSIN:85073003329",
        "SSIN:85073003328/APP",
        "85073003328:SSIN",
        "SSIN:850730033281",
        "CBE:0809394427/85073003328É",
    ] {
        let error = table.parse(text).unwrap_err();
        assert!(
            !format!("{error} {error:?}").contains("8507"),
            "{text}: {error}"
        );
    }
}

#[test]
fn services() {
    for &service in Service::ALL {
        let own = Identifier::service(service);
        assert_eq!(own.to_string(), format!("SERVICE:{service}"));
        assert_eq!(own.as_service(), Some(service));
        assert_eq!(id(&own.to_string()), own);
    }
    for text in [
        "CBE:custody",
        "SERVICE:Custody",
        "SERVICE:other",
        "SERVICE:custody/APP",
    ] {
        assert_eq!(id(text).as_service(), None, "{text}");
    }
}

#[test]
fn json_is_the_text_form() {
    let with_app = id("CBE:0809394427/KGSS");
    let json = serde_json::to_string(&with_app).unwrap();
    assert_eq!(json, "\"CBE:0809394427/KGSS\"");
    assert_eq!(serde_json::from_str::<Identifier>(&json).unwrap(), with_app);
    for json in ["\"0809394427\"", "809394427", "null", "{\"type\":\"CBE\"}"] {
        assert!(serde_json::from_str::<Identifier>(json).is_err(), "{json}");
    }
}

#[test]
fn each_refusal_has_its_code() {
    let code = |text: &str| Problem::from(TypeTable::belgian().parse(text).unwrap_err()).code();
    assert_eq!(code("nothing"), ErrorCode::IdentifierInvalid);
    assert_eq!(code("SSIN:1"), ErrorCode::IdentifierInvalid);
    assert_eq!(code("PASSPORT:1"), ErrorCode::IdentifierTypeUnknown);
    assert_eq!(code("CBE:0425222333"), ErrorCode::IdentifierCheckDigit);
    assert_eq!(code("CBE:0809394427/A B"), ErrorCode::ApplicationInvalid);
    assert_eq!(code("SSIN:85073003328/APP"), ErrorCode::ApplicationInvalid);
}

proptest! {
    #[test]
    fn text_and_urn_round_trip(
        text in "[A-Z][A-Z0-9_-]{0,31}:[0-9A-Za-z-]{1,32}(/[0-9A-Z_-]{1,30})?"
    ) {
        let parsed = id(&text);
        prop_assert_eq!(parsed.to_string(), text);
        prop_assert_eq!(&Identifier::from_urn(&parsed.to_urn()).unwrap(), &parsed);
    }

    #[test]
    fn whatever_is_read_is_written_back_the_same(text in "[A-Ba:/0-1_ -]{0,12}") {
        if let Ok(parsed) = text.parse::<Identifier>() {
            prop_assert_eq!(parsed.to_string(), text.clone());
        }
        let urn = format!("{URN_PREFIX}{text}");
        if let Ok(parsed) = Identifier::from_urn(&urn) {
            prop_assert_eq!(parsed.to_urn(), urn);
        }
    }
}
