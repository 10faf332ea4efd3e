//! `kleisd audit show`, beside a running server: who asked for what, and does it hold?

use std::{
    fs,
    process::{Command, Output},
};

use kleis_e2e::{Installation, Party, binaries, people};
use serde_json::{Value, json};

use super::{next_second, policy};

/// The value in the patient's identifier: it must not be seen unasked.
const SSIN: &str = "85073003328";

struct Scene {
    installation: Installation,
    patient: Party,
}

impl Scene {
    /// A patient has published a key, put one into custody that only they may read, and was revoked
    /// since.
    fn new() -> Self {
        let installation = Installation::new();
        let patient = installation.published("patient", people::PATIENT);
        let file = installation.path("policy.json");
        let reader = json!({
            "namespace": "urn:be:fgov:identification-namespace",
            "name": "urn:be:fgov:person:ssin",
            "values": [SSIN],
        });
        fs::write(&file, policy(&[reader], json!({})).to_string()).unwrap();
        patient.kleis(&["custody", "create", "--policy", file.to_str().unwrap()]);
        next_second();
        let serial = patient.kleis(&["whoami"])["serial"].clone();
        let revoke = ["operator", "revoke", serial.as_str().unwrap()];
        let why = ["--reason", "affiliationChanged"];
        let operator = installation.operator();
        operator.kleis(&[&revoke[..], &why].concat());
        Self {
            installation,
            patient,
        }
    }

    fn show(&self, further: &[&str]) -> Output {
        Command::new(binaries::kleisd())
            .env_clear()
            .args(["audit", "show", "--data-dir"])
            .arg(self.installation.data_dir())
            .args(further)
            .output()
            .unwrap()
    }

    fn text(&self, further: &[&str], code: i32) -> String {
        let output = self.show(further);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{further:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, further: &[&str], code: i32) -> Value {
        let text = self.text(&[further, &["--output", "json"]].concat(), code);
        serde_json::from_str(&text).unwrap()
    }

    /// The `jti` of the only order to this method.
    fn jti(&self, in_custody: bool, method: &str) -> String {
        let databases = self.installation.databases();
        let (statement, method) = (
            "SELECT jti FROM orders WHERE method LIKE ?",
            [Value::from(format!("%/{method}"))],
        );
        let rows = if in_custody {
            databases.custody(statement, &method)
        } else {
            databases.registry(statement, &method)
        };
        rows[0][0].as_str().unwrap().to_owned()
    }

    /// Changes what a database says of itself.
    fn tamper(&self, table: &str, statement: &str) {
        let databases = self.installation.databases();
        let triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?";
        for row in databases.registry(triggers, &[table.into()]) {
            let name = row[0].as_str().unwrap();
            databases.registry(&format!("DROP TRIGGER {name}"), &[]);
        }
        databases.registry(statement, &[]);
    }
}

fn of(story: &Value, database: &str) -> Value {
    let chapters = story["chapters"].as_array().unwrap();
    let found = chapters.iter().find(|one| one["database"] == database);
    found.unwrap().clone()
}

#[test]
fn flow_the_story_of_an_order_is_told_years_later() {
    let scene = Scene::new();
    let jti = scene.jti(false, "CompleteKey");
    let story = scene.json(&["--order", &jti], 0);
    assert!(!story.to_string().contains(SSIN), "{story}");
    let chapter = of(&story, "registry");
    let order = &chapter["orders"][0];
    assert_eq!(
        order["method"],
        "kleis.registration.v1.RegistrationService/CompleteKey"
    );
    assert_eq!(order["signer"]["identifier"], "SSIN:***");
    assert_eq!(order["signer"]["device"], "main");
    for part in ["row", "signature", "certificate"] {
        assert_eq!(order[part]["holds"], true, "{part}: {order}");
    }
    let certificate = order["certificate"]["told"].as_str().unwrap();
    assert!(certificate.contains("revoked since"), "{certificate}");
    assert_eq!(order["reply"]["verdict"]["holds"], true, "{order}");
    assert_eq!(order["reply"]["body"], order["result"]);
    assert_eq!(order["result"]["state"], "ACTIVE");
    let rows = chapter["rows"].as_array().unwrap();
    assert!(!rows.is_empty());
    for row in rows {
        assert_eq!(row["action"], "registration.complete_key");
        assert_eq!(row["isIntact"], true);
    }

    let text = scene.text(&["--order", &jti], 0);
    for part in [
        "signature    holds",
        "row          as it was written",
        "SSIN:***",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains(SSIN), "{text}");
    // The binding carries a certificate, which names the person.
    let binding = order["claims"]["body"]["binding"].as_str().unwrap();
    assert!(binding.contains("characters, SHA-256"), "{binding}");
    let text = scene.text(&["--order", &jti, "--show-persons"], 0);
    assert!(text.contains(people::PATIENT), "{text}");

    // The request for the first certificate has no certificate yet.
    let enrolment = scene.jti(false, "BootstrapOperator");
    let story = scene.json(&["--order", &enrolment, "--service", "registration"], 0);
    let order = &of(&story, "registry")["orders"][0];
    assert_eq!(order["signature"]["holds"], true, "{order}");
    assert_eq!(order["certificate"]["holds"], Value::Null, "{order}");
    assert!(!story.to_string().contains("73011136173"), "{story}");
}

#[test]
fn flow_the_story_of_a_record_and_of_custody() {
    let scene = Scene::new();
    let jti = scene.jti(true, "CreateKeys");
    let story = scene.json(&["--order", &jti], 0);
    assert!(!story.to_string().contains(SSIN), "{story}");
    let chapter = of(&story, "custody");
    let order = &chapter["orders"][0];
    for part in ["row", "signature", "certificate"] {
        assert_eq!(order[part]["holds"], true, "{part}: {order}");
    }
    assert_eq!(order["reply"]["verdict"]["holds"], true, "{order}");
    let policy = &order["claims"]["body"]["policy"];
    assert_eq!(policy["readers"][0]["allOf"][0]["values"], json!(["***"]));
    let shown = scene.text(&["--order", &jti, "--show-persons"], 0);
    assert!(shown.contains(SSIN), "{shown}");

    let serial = scene.patient.kleis(&["whoami"])["serial"].clone();
    let resource = format!("certificate:{}", serial.as_str().unwrap());
    let story = scene.json(&["--resource", &resource], 0);
    let chapter = of(&story, "registry");
    let actions = chapter["rows"].as_array().unwrap().iter();
    let actions: Vec<_> = actions.map(|row| row["action"].as_str().unwrap()).collect();
    let revoked = "registration.revoke_certificate_as_operator";
    assert_eq!(actions, ["registration.enrol", revoked]);
    let methods = chapter["orders"].as_array().unwrap().iter();
    assert_eq!(methods.count(), 2);
    let text = scene.text(&["--resource", &resource], 0);
    assert!(text.contains("REVOKED") && !text.contains(SSIN), "{text}");
    for nothing in [["--resource", "certificate:00"], ["--order", "nothing"]] {
        scene.text(&nothing, 64);
    }
    scene.text(&[], 64);
}

#[test]
fn flow_a_story_that_was_rewritten_says_so() {
    let scene = Scene::new();
    let jti = scene.jti(false, "CompleteKey");
    let ask = ["--order", jti.as_str()];
    let of_order = |code| {
        let story = scene.json(&ask, code);
        of(&story, "registry")["orders"][0].clone()
    };
    let change = "UPDATE orders SET result = replace(result, 'ACTIVE', 'REVOKED') WHERE jti = ";
    scene.tamper("orders", &format!("{change}'{jti}'"));
    let order = of_order(65);
    assert_eq!(order["row"]["reason"], "ORDER_TAMPERED");
    assert_eq!(order["signature"]["holds"], true);
    let text = scene.text(&ask, 65);
    assert!(text.contains("was tampered with"), "{text}");

    // Without the root KEK the row is not believed, and not called tampered with.
    let kek = scene.installation.data_dir().join("kek/root.kek");
    let aside = scene.installation.path("root.kek");
    fs::rename(&kek, &aside).unwrap();
    assert_eq!(of_order(0)["row"]["holds"], Value::Null);
    let named = [&ask[..], &["--kek-file", aside.to_str().unwrap()]].concat();
    scene.text(&named, 65);
    let missing = [&ask[..], &["--kek-file", kek.to_str().unwrap()]].concat();
    scene.text(&missing, 69);

    // Another order in its place, and another reply.
    let other = scene.jti(false, "BeginKey");
    let copy = format!(
        "UPDATE orders SET compact = (SELECT compact FROM orders WHERE jti = '{other}'), \
         reply = (SELECT reply FROM orders WHERE jti = '{other}') WHERE jti = '{jti}'"
    );
    scene.tamper("orders", &copy);
    let order = of_order(65);
    assert_eq!(order["signature"]["reason"], "ORDER_METHOD", "{order}");
    assert_eq!(
        order["reply"]["verdict"]["reason"], "REPLY_METHOD",
        "{order}"
    );

    // A row of the audit, and a row of an order that is none any more.
    scene.tamper(
        "audit",
        "UPDATE audit SET details = 'x' WHERE action = 'registration.begin_key'",
    );
    let story = scene.json(&["--order", &other], 65);
    assert_eq!(of(&story, "registry")["rows"][0]["isIntact"], false);
}

#[test]
fn flow_the_story_of_a_signing_key_is_the_token_services_own() {
    let scene = Scene::new();
    let keys = scene
        .installation
        .databases()
        .sts("SELECT kid FROM signing_keys WHERE state = 'CURRENT'", &[]);
    let about = format!("sts-key:{}", keys[0][0].as_str().unwrap());
    for further in [&[][..], &["--service", "sts"]] {
        let story = scene.json(&[&["--resource", &about][..], further].concat(), 0);
        let rows = of(&story, "sts")["rows"].clone();
        assert!(
            rows.as_array()
                .unwrap()
                .iter()
                .all(|row| row["action"] == "sts.rotate_keys"),
            "{rows}"
        );
        assert_ne!(rows, json!([]));
    }
    let alone = scene.json(&["--resource", &about, "--service", "sts"], 0);
    assert_eq!(alone["chapters"].as_array().unwrap().len(), 1);
}
