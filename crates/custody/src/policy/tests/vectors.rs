//! The fixed examples in `tests/vectors/policy`, made by a program that shares no code with ours.

use std::collections::BTreeMap;

use kleis_types::{Credential, CredentialMap, CredentialRule, TypeTable};
use serde::Deserialize;

use super::{Decision, Policy, at, principal};

#[derive(Deserialize)]
struct ParseVectors {
    now: i64,
    accepted: Vec<Accepted>,
    refused: Vec<Refused>,
}

#[derive(Deserialize)]
struct Accepted {
    name: String,
    document: String,
    hash: String,
}

#[derive(Deserialize)]
struct Refused {
    name: String,
    document: String,
    field: String,
    fault: String,
}

#[derive(Deserialize)]
struct EvaluateVectors {
    rules: Vec<CredentialRule>,
    principals: BTreeMap<String, Caller>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Caller {
    identifiers: Vec<String>,
    credentials: Vec<Credential>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    policy: String,
    principal: String,
    owner: String,
    now: i64,
    decision: String,
}

fn parse_vectors() -> ParseVectors {
    serde_json::from_str(include_str!(
        "../../../../../tests/vectors/policy/parse.json"
    ))
    .unwrap()
}

#[test]
fn accepted_documents_have_the_expected_hash() {
    let vectors = parse_vectors();
    assert!(vectors.accepted.len() > 10);
    for case in &vectors.accepted {
        let policy = Policy::parse(case.document.as_bytes(), at(vectors.now));
        let policy = policy.unwrap_or_else(|error| panic!("{}: {error}", case.name));
        assert_eq!(policy.hash_text(), case.hash, "{}", case.name);
    }
}

#[test]
fn refused_documents_name_the_place_and_the_fault() {
    let vectors = parse_vectors();
    assert!(vectors.refused.len() > 80);
    for case in &vectors.refused {
        let Err(error) = Policy::parse(case.document.as_bytes(), at(vectors.now)) else {
            panic!("{}: accepted", case.name);
        };
        let found = (error.field(), error.fault().name());
        assert_eq!(
            found,
            (case.field.as_str(), case.fault.as_str()),
            "{}",
            case.name
        );
    }
}

#[test]
fn decisions_are_the_expected_ones() {
    let vectors: EvaluateVectors = serde_json::from_str(include_str!(
        "../../../../../tests/vectors/policy/evaluate.json"
    ))
    .unwrap();
    let map = CredentialMap::new(vectors.rules, TypeTable::belgian()).unwrap();
    assert!(vectors.cases.len() > 35);
    for case in &vectors.cases {
        let caller = &vectors.principals[&case.principal];
        let identifiers: Vec<_> = caller.identifiers.iter().map(String::as_str).collect();
        let principal = principal(&identifiers, &map);
        assert_eq!(
            principal.credentials(),
            caller.credentials,
            "{}",
            case.principal
        );

        let policy = Policy::stored(case.policy.as_bytes()).unwrap();
        let decision = policy.evaluate(&principal, &case.owner.parse().unwrap(), at(case.now));
        let text = match decision {
            Decision::Allowed => "ALLOWED",
            Decision::Refused(refusal) => refusal.as_str(),
        };
        assert_eq!(text, case.decision, "{}", case.name);
        assert_eq!(decision.is_allowed(), text == "ALLOWED");
    }
}
