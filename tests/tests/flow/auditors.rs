//! Auditors, and nobody else, ask what was done; that they asked is in the audit too.

use kleis_e2e::{Installation, people};
use serde_json::Value;

fn events(answer: &Value) -> &Vec<Value> {
    answer["events"].as_array().unwrap()
}

#[test]
fn flow_an_auditor_asks_what_was_done_and_by_whom() {
    let installation = Installation::new();
    let auditor = installation.enrolled("auditor", people::PATIENT);
    let list = ["audit", "list", "--service", "registration"];
    let refused = auditor.refused(&list);
    assert_eq!(refused.reason, "PERMISSION_DENIED");
    let operator = installation.operator();
    assert_eq!(
        operator.refused(&list).reason,
        "PERMISSION_DENIED",
        "operators are no auditors"
    );

    operator.kleis(&["operator", "roles", "grant", people::PATIENT, "auditor"]);
    let by_operator = ["--actor", people::OPERATOR];
    let granted = ["--action", "registration.grant_role"];
    let found = auditor.kleis(&[&list[..], &by_operator, &granted].concat());
    assert_eq!(events(&found).len(), 1, "{found}");
    // The person was named by who asked; the answer has the pseudonym.
    let event = events(&found)[0].to_string();
    let number = people::OPERATOR.split_once(':').unwrap().1;
    assert!(
        event.contains("person:") && !event.contains(number),
        "{event}"
    );

    let asked = auditor.kleis(&[&list[..], &["--action", "audit."]].concat());
    assert!(
        !events(&asked).is_empty(),
        "the first question is in the audit: {asked}"
    );
    operator.kleis(&["operator", "roles", "withdraw", people::PATIENT, "auditor"]);
    assert_eq!(auditor.refused(&list).reason, "PERMISSION_DENIED");
}
