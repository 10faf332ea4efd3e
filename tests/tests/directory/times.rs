//! What was active at some time.

use kleis_e2e::{Installation, people};
use kleis_types::{Clock as _, SystemClock, Timestamp};
use serde_json::Value;

fn kid(answer: &Value) -> String {
    answer["kid"].as_str().unwrap().to_owned()
}

/// The present, once it is later than what has just been done: times are whole seconds.
fn later() -> Timestamp {
    let before = SystemClock.now();
    loop {
        let now = SystemClock.now();
        if now > before {
            return now;
        }
        std::thread::yield_now();
    }
}

#[test]
fn directory_the_keys_of_the_past_are_told_and_verified() {
    let installation = Installation::new();
    let sender = installation.enrolled("sender", people::DOCTOR);
    let reader = installation.enrolled("reader", people::APPLICATION);
    let before = SystemClock.now().plus_seconds(-3_600);
    let first = kid(&reader.kleis(&["keys", "publish"]));
    let then = later();
    later();
    let second = kid(&reader.kleis(&["keys", "rotate"]));
    let between = later();
    later();
    reader.kleis(&["keys", "revoke", &second, "--reason", "keyCompromise"]);
    let after = later();
    let as_of = |at: Timestamp| {
        let at = at.rfc3339();
        sender.run(&["lookup", people::APPLICATION, "--as-of", &at], b"")
    };
    for (at, expected) in [(then, &first), (between, &second)] {
        let output = as_of(at);
        let found: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(found["asOf"], at.unix());
        assert_eq!(found["keys"].as_array().unwrap().len(), 1);
        assert_eq!(&kid(&found["keys"][0]), expected);
    }
    for at in [before, after] {
        let refused = as_of(at);
        assert!(!refused.status.success());
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(said.contains("RECIPIENT_NOT_FOUND"), "{said}");
    }
}
