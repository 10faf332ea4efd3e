use kleis_types::{CredentialMap, IDENTIFIER_NAMESPACE};
use proptest::prelude::*;
use serde_json::json;

use super::*;

const CERTIFIED: &str = "urn:be:fgov:certified-namespace:ehealth";
const IDENTIFICATION: &str = "urn:be:fgov:identification-namespace";
const DOCTOR: &str = "urn:be:fgov:person:ssin:doctor:boolean";
const DOCTOR_NIHII11: &str = "urn:be:fgov:person:ssin:ehealth:1.0:doctor:nihii11";
const SSIN: &str = "urn:be:fgov:person:ssin";

mod load;
mod shipped;
mod shown;

/// A mapping with these rules and the usual namespaces, besides `urn:test`.
#[expect(
    clippy::needless_pass_by_value,
    reason = "callers write the rules where they use them"
)]
fn rules(identifiers: Value, credentials: Value) -> Mapping {
    mapping(json!({
        "namespaces": [IDENTIFIER_NAMESPACE, CERTIFIED, IDENTIFICATION, "urn:test"],
        "identifiers": identifiers, "credentials": credentials,
    }))
    .unwrap()
}

fn mapping(definition: Value) -> Result<Mapping, MappingError> {
    let definition = serde_json::from_value(definition).unwrap();
    Mapping::new(definition, TypeTable::belgian(), CredentialMap::belgian())
}

fn apply(mapping: &Mapping, claims: Value) -> Result<Mapped, MappingRefusal> {
    let Value::Object(claims) = claims else {
        panic!("claims are an object")
    };
    mapping.apply(&claims)
}

fn names(mapped: &Mapped) -> Vec<String> {
    mapped
        .identifiers()
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn values<'a>(mapped: &'a Mapped, namespace: &str, name: &str) -> Vec<&'a str> {
    let mut held = mapped
        .credentials()
        .iter()
        .filter(|it| it.namespace == namespace && it.name == name);
    let values = held.next().map(|it| it.values.iter().map(String::as_str));
    assert!(held.next().is_none(), "{namespace} {name} comes twice");
    values.into_iter().flatten().collect()
}

fn by_ssin() -> Value {
    json!([{"claim": ["ssin"], "type": "SSIN"}])
}

fn claim(name: &str) -> MappingRefusal {
    MappingRefusal::Claim(name.to_owned())
}

#[test]
fn identifiers_come_in_the_order_of_the_rules_and_in_canonical_form() {
    let mapping = rules(
        json!([
            {"claim": ["https://idp.example/org", "number"], "type": "CBE", "application_claim": ["app"]},
            {"claim": ["nihii"], "type": "NIHII"},
            {"claim": ["persons"], "type_claim": ["kind"]},
            {"claim": ["azp"], "prefix": "cbe-", "type": "CBE"},
        ]),
        json!([]),
    );
    let mapped = apply(
        &mapping,
        json!({
            "nihii": "1-87497-04-477", "kind": "niss", "persons": ["85.07.30-033.28", "93051822361"],
            "https://idp.example/org": {"number": "809394427"}, "app": "kgss", "azp": "cbe-0123456749",
        }),
    )
    .unwrap();
    assert_eq!(
        names(&mapped),
        [
            "CBE:0809394427/KGSS",
            "NIHII:18749704",
            "SSIN:85073003328",
            "SSIN:93051822361",
            "CBE:0123456749",
        ]
    );
    let principal = mapped.into_principal();
    assert_eq!(principal.primary().to_string(), "CBE:0809394427/KGSS");
    assert!(principal.certificate().is_none() && principal.token().is_none());
    // One identifier found twice counts once.
    let twice = apply(
        &mapping,
        json!({"kind": "SSIN", "persons": ["85073003328", "85.07.30-033.28"]}),
    );
    assert_eq!(names(&twice.unwrap()), ["SSIN:85073003328"]);
}

#[test]
fn a_claim_that_cannot_be_read_refuses_the_token() {
    let mapping = rules(
        json!([
            {"claim": ["ssin"], "type": "SSIN"},
            {"claim": ["org", "value"], "type_claim": ["org", "type"], "kind": "ORGANISATION"},
            {"claim": ["urns"], "urn": true},
            {"claim": ["azp"], "prefix": "cbe-", "type": "CBE"},
        ]),
        json!([]),
    );
    let long = "1".repeat(129);
    let many: Vec<_> = (0..17)
        .map(|n| format!("urn:kleis:id:EHP:{n:010}"))
        .collect();
    for (claims, why) in [
        (json!({"ssin": 85_073_003_328_u64}), claim("ssin")),
        (json!({"ssin": null}), claim("ssin")),
        (json!({"ssin": {"value": "85073003328"}}), claim("ssin")),
        (json!({"ssin": ["85073003328", 1]}), claim("ssin")),
        (
            json!({"ssin": ["85073003328", ["93051822361"]]}),
            claim("ssin"),
        ),
        (json!({"ssin": long}), claim("ssin")),
        (json!({"ssin": ""}), claim("ssin")),
        (json!({"ssin": "85073003328\n"}), claim("ssin")),
        (json!({"org": "0809394427"}), claim("org.value")),
        (
            json!({"org": {"value": "0809394427", "type": ["CBE"]}}),
            claim("org.type"),
        ),
        (
            json!({"org": {"value": "0809394427"}}),
            MappingRefusal::Missing("org.type".to_owned()),
        ),
        (
            json!({"org": {"value": "85073003328", "type": "SSIN"}}),
            MappingRefusal::Kind("org.value".to_owned()),
        ),
        (
            json!({"org": {"value": "custody", "type": "SERVICE"}}),
            MappingRefusal::Kind("org.value".to_owned()),
        ),
        (json!({"urns": many}), claim("urns")),
        (json!({"azp": "0123456749"}), claim("azp")),
        (json!({"urns": []}), MappingRefusal::NoIdentifier),
        (json!({"sub": "85073003328"}), MappingRefusal::NoIdentifier),
    ] {
        let mut beside = claims.clone();
        assert_eq!(apply(&mapping, claims), Err(why.clone()), "{beside}");
        // A good identifier beside it does not help.
        if why != MappingRefusal::NoIdentifier {
            beside["more"] = json!("85073003328");
            assert_eq!(apply(&mapping, beside), Err(why));
        }
    }
    for (claims, name) in [
        (json!({"ssin": "79121137740"}), "ssin"),
        (json!({"ssin": ["85073003328", "12345678901"]}), "ssin"),
        (
            json!({"org": {"value": "1", "type": "PASSPORT"}}),
            "org.value",
        ),
        (json!({"urns": "urn:kleis:id:SSIN:79121137740"}), "urns"),
        (json!({"urns": "SSIN:85073003328"}), "urns"),
        // Brought to form by the table, hence another text for one identifier.
        (json!({"urns": "urn:kleis:id:NIHII11:18749704477"}), "urns"),
        (json!({"urns": "urn:kleis:id:NIHII:18749704477"}), "urns"),
    ] {
        let refused = apply(&mapping, claims.clone()).unwrap_err();
        let is_it = matches!(&refused, MappingRefusal::Identifier { claim, .. } if claim == name);
        assert!(is_it, "{claims}: {refused:?}");
        assert!(!format!("{refused:?}{refused}").contains("791211"));
    }
    let service = apply(&mapping, json!({"urns": "urn:kleis:id:SERVICE:custody"}));
    assert_eq!(service, Err(MappingRefusal::Kind("urns".to_owned())));
    assert_eq!(
        service.unwrap_err().code(),
        kleis_types::ErrorCode::TokenInvalid
    );
}

#[test]
fn claims_give_credentials() {
    let mapping = rules(
        by_ssin(),
        json!([
            {"namespace": "urn:test", "name": "role", "claim": ["realm_access", "roles"]},
            {"namespace": "urn:test", "name": "role", "value": "member"},
            {"namespace": "urn:test", "name": "nurse", "claim": ["nurse"], "value": "true"},
            {"namespace": "urn:test", "name": "admin", "value": "true",
             "when": [{"claim": ["realm_access", "roles"], "any_of": ["admin", "root"]}]},
            {"namespace": "urn:test", "name": "mandator", "claim": ["mandator"], "type": "SSIN"},
        ]),
    );
    let mapped = apply(
        &mapping,
        json!({
            "ssin": "85073003328", "nurse": true, "mandator": "93.05.18-223.61",
            "realm_access": {"roles": ["b", "root", "b"]},
        }),
    )
    .unwrap();
    assert_eq!(values(&mapped, "urn:test", "role"), ["b", "member", "root"]);
    assert_eq!(values(&mapped, "urn:test", "nurse"), ["true"]);
    assert_eq!(values(&mapped, "urn:test", "admin"), ["true"]);
    assert_eq!(values(&mapped, "urn:test", "mandator"), ["93051822361"]);
    assert_eq!(values(&mapped, IDENTIFICATION, SSIN), ["85073003328"]);
    assert_eq!(names(&mapped), ["SSIN:85073003328"]);

    let less = apply(&mapping, json!({"ssin": "85073003328", "nurse": false})).unwrap();
    assert_eq!(values(&less, "urn:test", "role"), ["member"]);
    // False is not a value: a policy that asks for any would be satisfied by it.
    assert!(less.credentials().iter().all(|it| it.name != "nurse"));
    assert!(values(&less, "urn:test", "admin").is_empty());

    for (name, value) in [
        ("nurse", json!("true")),
        ("nurse", json!(1)),
        ("mandator", json!(true)),
        ("realm_access", json!([])),
    ] {
        let mut claims = json!({"ssin": "85073003328"});
        claims[name] = value;
        let refused = apply(&mapping, claims.clone());
        assert!(matches!(refused, Err(MappingRefusal::Claim(_))), "{claims}");
    }
    let refused = apply(
        &mapping,
        json!({"ssin": "85073003328", "mandator": "79121137740"}),
    );
    assert!(matches!(refused, Err(MappingRefusal::Identifier { .. })));
}

#[test]
fn what_follows_from_identifiers_stays_within_the_namespaces() {
    let only = |namespaces: &[&str]| {
        let definition = json!({
            "namespaces": namespaces, "identifiers": [{"claim": ["nihii"], "type": "NIHII", "conclusive": true}],
        });
        apply(&mapping(definition).unwrap(), json!({"nihii": "18749704"})).unwrap()
    };
    let nothing = only(&[]);
    assert_eq!(names(&nothing), ["NIHII:18749704"]);
    assert!(nothing.credentials().is_empty());
    assert_eq!(**nothing.shown(), Shown::default());
    let own = only(&[IDENTIFIER_NAMESPACE]);
    assert_eq!(values(&own, IDENTIFIER_NAMESPACE, "NIHII"), ["18749704"]);
    assert_eq!(own.credentials().len(), 1);
    assert!(!own.shown().contains(CERTIFIED, DOCTOR));
    let certified = only(&[CERTIFIED]);
    assert_eq!(values(&certified, CERTIFIED, DOCTOR), ["true"]);
    assert!(values(&certified, IDENTIFIER_NAMESPACE, "NIHII").is_empty());
    assert!(!certified.shown().contains(IDENTIFIER_NAMESPACE, "NIHII"));
}

#[test]
fn conditions_and_demands() {
    let mapping = mapping(json!({
        "namespaces": ["urn:test"],
        "demands": [
            {"claim": ["profile"], "any_of": ["a", "b"]},
            {"when": [{"claim": ["profile"], "any_of": ["b"]}], "claim": ["sure"], "any_of": [true]},
        ],
        "identifiers": [
            {"claim": ["ssin"], "type": "SSIN", "required": true,
             "when": [{"claim": ["profile"], "any_of": ["a"]}]},
            {"claim": ["cbe"], "type": "CBE"},
        ],
    }))
    .unwrap();
    let demand = |name: &str| Err(MappingRefusal::Demand(name.to_owned()));
    for (claims, wanted) in [
        (json!({"profile": "a", "ssin": "85073003328"}), Ok(())),
        (
            json!({"profile": "a", "cbe": "0809394427"}),
            Err(MappingRefusal::Missing("ssin".to_owned())),
        ),
        (
            json!({"profile": "b", "sure": true, "cbe": "0809394427"}),
            Ok(()),
        ),
        (
            json!({"profile": "b", "sure": false, "cbe": "0809394427"}),
            demand("sure"),
        ),
        (
            json!({"profile": "b", "sure": "true", "cbe": "0809394427"}),
            demand("sure"),
        ),
        (json!({"profile": "b", "cbe": "0809394427"}), demand("sure")),
        (
            json!({"profile": "c", "cbe": "0809394427"}),
            demand("profile"),
        ),
        (
            json!({"profile": "A", "cbe": "0809394427"}),
            demand("profile"),
        ),
        (json!({"cbe": "0809394427"}), demand("profile")),
        (
            json!({"profile": 1, "cbe": "0809394427"}),
            Err(claim("profile")),
        ),
    ] {
        let verdict = apply(&mapping, claims.clone()).map(|_| ());
        assert_eq!(verdict, wanted, "{claims}");
    }
}

#[test]
fn debug_shows_no_value() {
    let mapping = rules(by_ssin(), json!([]));
    let mapped = apply(&mapping, json!({"ssin": "85073003328"})).unwrap();
    let text = format!("{mapped:?}");
    assert!(text.contains("SSIN") && !text.contains("8507"), "{text}");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z0-9]{0,12}".prop_map(Value::from),
        Just(json!("quality")),
        Just(json!("85073003328")),
        Just(json!("18749704477")),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let name = "(ssin|profile|quality|name|nihii|organisation|type|value)";
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((name, inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_the_claims_the_namespaces_hold(claims in any_json()) {
        let definition = MappingDefinition::keycloak_iam_connect();
        let namespaces = definition.namespaces.clone();
        let mapping =
            Mapping::new(definition, TypeTable::belgian(), CredentialMap::belgian()).unwrap();
        if let Value::Object(claims) = claims
            && let Ok(mapped) = mapping.apply(&claims)
        {
            prop_assert!(!mapped.identifiers().is_empty());
            for held in mapped.credentials() {
                prop_assert!(namespaces.contains(&held.namespace));
                prop_assert!(!held.values.is_empty());
            }
        }
    }
}
