//! What absence proves.

use super::*;

/// Whether a token with `claims` shows the credential `urn:test` `x`.
fn shows(identifiers: Value, credentials: Value, claims: Value) -> bool {
    let mapped = apply(&rules(identifiers, credentials), claims).unwrap();
    mapped.shown().contains("urn:test", "x")
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "callers write the rule where they use it"
)]
fn one(more: Value) -> Value {
    let mut rule = json!({"namespace": "urn:test", "name": "x"});
    for (name, value) in more.as_object().unwrap() {
        rule[name] = value.clone();
    }
    rule
}

#[test]
fn a_missing_claim_proves_nothing_and_an_empty_one_does() {
    let listed = json!([one(json!({"claim": ["x"], "conclusive": true}))]);
    let flag = json!([one(
        json!({"claim": ["x"], "value": "true", "conclusive": true})
    )]);
    for (credentials, x, shown) in [
        (&listed, Some(json!(["a"])), true),
        (&listed, Some(json!([])), true),
        (&listed, None, false),
        (&flag, Some(json!(false)), true),
        (&flag, Some(json!(true)), true),
        (&flag, None, false),
    ] {
        let mut claims = json!({"ssin": "85073003328"});
        if let Some(x) = x {
            claims["x"] = x;
        }
        assert_eq!(
            shows(by_ssin(), credentials.clone(), claims.clone()),
            shown,
            "{claims}"
        );
    }
}

#[test]
fn only_a_conclusive_rule_proves_anything() {
    let claims = json!({"ssin": "85073003328", "x": "a"});
    let silent = json!([one(json!({"claim": ["x"]}))]);
    assert!(!shows(by_ssin(), silent, claims));
}

#[test]
fn a_rule_that_is_not_in_force_proves_nothing() {
    let when = json!([{"claim": ["profile"], "any_of": ["quality"]}]);
    let guarded = json!([one(
        json!({"when": when, "claim": ["x"], "conclusive": true})
    )]);
    for (profile, shown) in [("quality", true), ("citizen", false)] {
        let claims = json!({"ssin": "85073003328", "profile": profile, "x": []});
        assert_eq!(
            shows(by_ssin(), guarded.clone(), claims),
            shown,
            "{profile}"
        );
    }
}

#[test]
fn every_rule_of_a_credential_must_be_decided() {
    let a = one(json!({"claim": ["a"], "conclusive": true}));
    let b = one(json!({"claim": ["b"], "conclusive": true}));
    let both = json!([a, b]);
    for (claims, shown) in [
        (json!({"ssin": "85073003328", "a": [], "b": []}), true),
        (json!({"ssin": "85073003328", "a": []}), false),
        (json!({"ssin": "85073003328", "b": []}), false),
    ] {
        assert_eq!(
            shows(by_ssin(), both.clone(), claims.clone()),
            shown,
            "{claims}"
        );
    }
    let c = one(json!({"claim": ["c"]}));
    let claims = json!({"ssin": "85073003328", "a": [], "c": []});
    assert!(!shows(by_ssin(), json!([a, c]), claims.clone()));
    assert!(!shows(by_ssin(), json!([c, a]), claims));
}

#[test]
fn what_follows_from_identifiers_is_shown_with_their_types() {
    let conclusive = json!([
        {"claim": ["ssin"], "type": "SSIN", "conclusive": true},
        {"claim": ["nihii"], "type": "NIHII", "conclusive": true},
    ]);
    let mapping = rules(conclusive, json!([]));
    let with = apply(&mapping, json!({"ssin": "85073003328", "nihii": []})).unwrap();
    let without = apply(&mapping, json!({"ssin": "85073003328"})).unwrap();
    for mapped in [&with, &without] {
        assert!(mapped.shown().contains(IDENTIFICATION, SSIN));
        assert!(mapped.shown().contains(IDENTIFIER_NAMESPACE, "SSIN"));
        // No rule speaks of enterprises: an organisation may hide behind any token.
        assert!(!mapped.shown().contains(IDENTIFIER_NAMESPACE, "CBE"));
        // The map itself knows only a part of this number.
        assert!(!mapped.shown().contains(CERTIFIED, DOCTOR_NIHII11));
    }
    assert!(with.shown().contains(CERTIFIED, DOCTOR));
    assert!(with.shown().contains(IDENTIFIER_NAMESPACE, "NIHII"));
    assert!(!without.shown().contains(CERTIFIED, DOCTOR));
    assert!(!without.shown().contains(IDENTIFIER_NAMESPACE, "NIHII"));
}

#[test]
fn a_second_way_to_an_identifier_must_be_decided_too() {
    let second = |more: Value| {
        rules(
            json!([{"claim": ["ssin"], "type": "SSIN", "conclusive": true}, more]),
            json!([]),
        )
    };
    let shows = |mapping: &Mapping, claims: Value| {
        let mapped = apply(mapping, claims).unwrap();
        mapped.shown().contains(IDENTIFICATION, SSIN)
    };
    let one = json!({"ssin": "85073003328"});
    let two = json!({"ssin": "85073003328", "urns": []});
    let urns = second(json!({"claim": ["urns"], "urn": true, "conclusive": true}));
    assert!(!shows(&urns, one.clone()));
    assert!(shows(&urns, two.clone()));
    let of_organisations = second(json!({"claim": ["urns"], "urn": true, "kind": "ORGANISATION"}));
    assert!(shows(&of_organisations, one));
    assert!(shows(&of_organisations, two));
}

#[test]
fn a_rule_for_what_the_map_gives_without_proof_proves_nothing() {
    let mapping = rules(
        json!([{"claim": ["nihii"], "type": "NIHII", "conclusive": true}]),
        json!([{"namespace": CERTIFIED, "name": DOCTOR_NIHII11, "claim": ["nihii"], "conclusive": true}]),
    );
    let mapped = apply(&mapping, json!({"nihii": "18749704477"})).unwrap();
    assert_eq!(
        values(&mapped, CERTIFIED, DOCTOR_NIHII11),
        ["18749704", "18749704477"]
    );
    assert!(!mapped.shown().contains(CERTIFIED, DOCTOR_NIHII11));
}
