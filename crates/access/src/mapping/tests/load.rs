//! Definitions, as operators write them.

use super::*;

fn good() -> Value {
    json!({
        "namespaces": ["urn:test"],
        "identifiers": [{"claim": ["ssin"], "type": "SSIN"}],
        "credentials": [{"namespace": "urn:test", "name": "x", "claim": ["x"]}],
    })
}

#[test]
fn a_source_is_a_name_or_a_table() {
    let read = |value: Value| serde_json::from_value::<MappingSource>(value);
    assert_eq!(
        read(json!("keycloak-iam-connect")).unwrap(),
        MappingSource::KeycloakIamConnect
    );
    assert_eq!(read(json!("kleis-sts")).unwrap(), MappingSource::KleisSts);
    let written = read(good()).unwrap();
    let definition = written.definition(CredentialMap::belgian());
    assert_eq!(definition, serde_json::from_value(good()).unwrap());
    for source in [MappingSource::KleisSts, written] {
        let again = read(serde_json::to_value(&source).unwrap()).unwrap();
        assert_eq!(again, source);
    }
    assert!(read(json!("keycloak")).is_err());
    assert!(read(json!(["kleis-sts"])).is_err());
    let mut slip = good();
    slip["identifiers"][0]["clam"] = json!(["x"]);
    assert!(read(slip).unwrap_err().to_string().contains("clam"));
}

#[test]
fn unknown_members_and_empty_paths_are_refused() {
    for (pointer, value) in [
        ("/namespace", json!([])),
        ("/identifiers/0/optional", json!(true)),
        ("/credentials/0/values", json!(["x"])),
    ] {
        let mut definition = good();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        definition.pointer_mut(parent).unwrap()[name] = value;
        assert!(
            serde_json::from_value::<MappingDefinition>(definition).is_err(),
            "{pointer}"
        );
    }
    let long = "n".repeat(257);
    for path in [
        json!([]),
        json!([""]),
        json!(vec!["a"; 9]),
        json!([long]),
        json!("a.b"),
    ] {
        assert!(serde_json::from_value::<ClaimPath>(path).is_err());
    }
}

#[test]
fn a_bad_definition_is_refused() {
    let form = || MappingError::Form("ssin".to_owned());
    let value = || MappingError::Value("x".to_owned());
    let long = "n".repeat(257);
    for (pointer, changed, why) in [
        ("/identifiers", json!([]), MappingError::NoIdentifiers),
        (
            "/identifiers/0/type",
            json!("PASSPORT"),
            MappingError::UnknownType("PASSPORT".to_owned()),
        ),
        (
            "/identifiers/0/type",
            json!("NISS"),
            MappingError::UnknownType("NISS".to_owned()),
        ),
        (
            "/identifiers/0/type",
            json!("SERVICE"),
            MappingError::UnknownType("SERVICE".to_owned()),
        ),
        ("/identifiers/0/type", json!(null), form()),
        ("/identifiers/0/urn", json!(true), form()),
        ("/identifiers/0/type_claim", json!(["t"]), form()),
        ("/identifiers/0/kind", json!("PERSON"), form()),
        ("/identifiers/0/prefix", json!(""), MappingError::Text),
        (
            "/credentials/0/namespace",
            json!("urn:other"),
            MappingError::Namespace("urn:other".to_owned()),
        ),
        (
            "/credentials/0/namespace",
            json!("urn:kleis:identifier"),
            MappingError::ReservedNamespace,
        ),
        ("/credentials/0/name", json!(long), MappingError::Text),
        ("/credentials/0/value", json!(""), MappingError::Text),
        ("/credentials/0/claim", json!(null), value()),
        (
            "/credentials/0/type",
            json!("X"),
            MappingError::UnknownType("X".to_owned()),
        ),
        (
            "/credentials/0/when",
            json!([{"claim": ["a", "b"], "any_of": []}]),
            MappingError::Condition("a.b".to_owned()),
        ),
        ("/namespaces", json!(["urn:test", ""]), MappingError::Text),
    ] {
        let mut definition = good();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        definition.pointer_mut(parent).unwrap()[name] = changed;
        assert_eq!(mapping(definition).unwrap_err(), why, "{pointer}");
    }
    let mut typed = good();
    typed["credentials"][0]["value"] = json!("true");
    assert!(mapping(typed.clone()).is_ok());
    typed["credentials"][0]["type"] = json!("SSIN");
    assert_eq!(mapping(typed).unwrap_err(), value());
}

#[test]
fn there_is_an_end_to_everything() {
    for (pointer, max) in [
        ("/namespaces", 64),
        ("/identifiers", 256),
        ("/credentials", 256),
    ] {
        let mut definition = good();
        let list = definition.pointer_mut(pointer).unwrap();
        let one = list[0].clone();
        *list = vec![one.clone(); max].into();
        assert!(mapping(definition.clone()).is_ok());
        definition
            .pointer_mut(pointer)
            .unwrap()
            .as_array_mut()
            .unwrap()
            .push(one);
        let refused = mapping(definition).unwrap_err();
        assert!(matches!(refused, MappingError::TooMany { max: it, .. } if it == max));
    }
    let condition = json!({"claim": ["a"], "any_of": ["x"]});
    let mut many = good();
    many["identifiers"][0]["when"] = vec![condition; 17].into();
    assert!(matches!(
        mapping(many),
        Err(MappingError::TooMany { max: 16, .. })
    ));
    let mut many = good();
    many["demands"] = json!([{"claim": ["a"], "any_of": vec!["x"; 65]}]);
    assert!(matches!(
        mapping(many),
        Err(MappingError::TooMany { max: 64, .. })
    ));
}
