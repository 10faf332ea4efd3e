//! Years later: was the certificate good when this was signed?

use std::{fs, path::Path};

use kleis_e2e::{Installation, Party, people};
use kleis_types::{Clock as _, SystemClock, Timestamp};
use serde_json::Value;

use super::{DOCUMENT, next_second};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A document that a doctor has signed, and a patient who holds it.
struct Past {
    installation: Installation,
    doctor: Party,
    patient: Party,
    signed: String,
    then: Timestamp,
}

impl Past {
    fn new() -> Self {
        let installation = Installation::new();
        let doctor = installation.enrolled("doctor", people::DOCTOR);
        let patient = installation.enrolled("patient", people::PATIENT);
        let (file, signed) = (installation.path("letter"), installation.path("letter.jws"));
        fs::write(&file, DOCUMENT).unwrap();
        doctor.kleis(&["sign", text(&file), "--out", text(&signed)]);
        Self {
            then: SystemClock.now(),
            signed: text(&signed).to_owned(),
            installation,
            doctor,
            patient,
        }
    }

    /// Revokes the doctor's certificate; gives the moment at which the server has done so.
    fn revoke(&self, reason: &str) -> Timestamp {
        let serial = self.doctor.kleis(&["whoami"])["serial"].clone();
        let serial = serial.as_str().unwrap();
        next_second();
        let operator = self.installation.operator();
        operator.kleis(&["operator", "revoke", serial, "--reason", reason]);
        let described = self.describe(&[]);
        Timestamp::from_unix(described["revokedAt"].as_i64().unwrap())
    }

    fn describe(&self, further: &[&str]) -> Value {
        let ask = ["certificate", "describe", "--of", &self.signed];
        self.patient.kleis(&[&ask[..], further].concat())
    }
}

#[test]
fn flow_what_was_signed_before_a_revocation_stays_good() {
    let past = Past::new();
    let history = past.installation.path("history");
    let described = past.describe(&["--out", text(&history)]);
    assert_eq!(described["state"], "ACTIVE");
    assert_eq!(described["complete"], true);
    let said = described.to_string();
    assert!(!said.contains("18749704"), "an identity is told: {said}");

    let revoked_at = past.revoke("superseded");
    let (then, after) = (past.then.rfc3339(), revoked_at.rfc3339());
    let today = past.patient.refused(&["verify", &past.signed]);
    assert_eq!(today.reason, "CERTIFICATE_REVOKED");
    let verified = past.patient.kleis(&["verify", &past.signed, "--at", &then]);
    assert_eq!(verified["signer"]["identifier"], people::DOCTOR);
    assert_eq!(verified["standing"]["since"], "REVOKED");
    assert_eq!(verified["standing"]["reason"], "superseded");
    assert_eq!(verified["standing"]["sinceAt"], revoked_at.unix());
    let refused = past
        .patient
        .refused(&["verify", &past.signed, "--at", &after]);
    assert_eq!((refused.code, &*refused.reason), (1, "STANDING_REVOKED"));
    let early = past.then.plus_seconds(-86_400).rfc3339();
    let refused = past
        .patient
        .refused(&["verify", &past.signed, "--at", &early]);
    assert_eq!(refused.reason, "CERTIFICATE_NOT_YET_VALID");

    // The history from before says the same of then, and nothing of later.
    let kept = ["--history", text(&history)];
    let verify = ["verify", &past.signed, "--at", &then];
    let nobody = past
        .installation
        .stranger("nobody", people::INSURER, "main");
    let verified = nobody.kleis(&[&verify[..], &kept].concat());
    assert_eq!(verified["standing"]["since"], Value::Null);
    let late = past.then.plus_seconds(3600).rfc3339();
    let verify = ["verify", &past.signed, "--at", &late];
    let refused = nobody.refused(&[&verify[..], &kept].concat());
    assert_eq!(refused.reason, "STANDING_BEYOND_HISTORY");
}

#[test]
fn flow_what_a_stolen_key_has_signed_counts_at_no_time() {
    let past = Past::new();
    let (early, late) = (
        past.installation.path("early"),
        past.installation.path("late"),
    );
    past.describe(&["--out", text(&early)]);
    let revoked_at = past.revoke("keyCompromise");
    past.describe(&["--out", text(&late)]);
    let then = past.then.rfc3339();
    let verify = ["verify", &past.signed, "--at", &then];
    let refused = past.patient.refused(&verify);
    assert_eq!(
        (refused.code, &*refused.reason),
        (1, "STANDING_KEY_COMPROMISED")
    );
    let kept = ["--history", text(&late)];
    let refused = past.patient.refused(&[&verify[..], &kept].concat());
    assert_eq!(refused.reason, "STANDING_KEY_COMPROMISED");
    assert!(revoked_at > past.then);

    // Whoever is not certified asks nobody, and without an answer nothing is good.
    let nobody = past
        .installation
        .stranger("nobody", people::INSURER, "main");
    let refused = nobody.refused(&verify);
    assert_eq!(refused.reason, "NOT_ENROLLED");
    // A history is no document, and a document is no history.
    let wrong = ["--history", &past.signed];
    let refused = past.patient.refused(&[&verify[..], &wrong].concat());
    assert_eq!(refused.reason, "REPLY_TYPE");
    let refused = past.patient.refused(&["verify", text(&late)]);
    assert_eq!(refused.reason, "RESERVED_TYPE");
    // But the history is itself evidence that can be looked back at.
    let soon = revoked_at.plus_seconds(30).rfc3339();
    let reply = past.patient.kleis(&["verify", text(&early), "--at", &soon]);
    assert_eq!(reply["typ"], "kleis-reply+jwt");
    assert_eq!(reply["signer"]["identifier"], "SERVICE:registration");
}
