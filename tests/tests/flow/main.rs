//! The use cases, from end to end: real binaries, real sockets, homes on a disk.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "tests: a panic is a failed test")]

mod accounted;
mod auditors;
mod certificates;
mod custody;
mod documents;
mod evidence;
mod keys;
mod operators;
mod requests;
mod server;
mod stories;

use kleis_types::{Clock as _, SystemClock};
use serde_json::{Value, json};

/// A prescription as it is sent.
const DOCUMENT: &[u8] = include_bytes!("../../demo/prescription.json");

/// The credential of every recognised pharmacy.
fn any_pharmacy() -> Value {
    json!({
        "namespace": "urn:be:fgov:certified-namespace:ehealth",
        "name": "urn:be:fgov:ehealth:1.0:pharmacy:nihii-number:recognisedpharmacy:boolean",
        "values": ["true"],
    })
}

/// A policy with these readers, good for a month, with further members.
fn policy(readers: &[Value], further: Value) -> Value {
    let readers: Vec<_> = readers
        .iter()
        .map(|one| json!({ "allOf": [one] }))
        .collect();
    let mut policy = json!({ "readers": readers, "expiresAt": in_a_month() });
    if let Value::Object(further) = further {
        policy.as_object_mut().unwrap().extend(further);
    }
    policy
}

fn in_a_month() -> i64 {
    SystemClock.now().plus_seconds(30 * 86_400).unix()
}

/// Waits until the second is over in which this was called: times are whole seconds.
fn next_second() {
    let now = SystemClock.now();
    while SystemClock.now() == now {
        std::thread::yield_now();
    }
}
