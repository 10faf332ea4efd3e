//! Use case 2: symmetric keys in custody.

use std::fs;

use kleis_e2e::{Installation, Party, blob, people};
use serde_json::{Value, json};

use super::{any_pharmacy, policy};

struct Scene {
    installation: Installation,
    owner: Party,
    pharmacy: Party,
    insurer: Party,
}

impl Scene {
    fn new() -> Self {
        let installation = Installation::new();
        let owner = installation.enrolled("owner", people::DOCTOR);
        let pharmacy = installation.enrolled("pharmacy", people::PHARMACY);
        let insurer = installation.enrolled("insurer", people::INSURER);
        Self {
            installation,
            owner,
            pharmacy,
            insurer,
        }
    }

    fn policy(&self, further: Value) -> String {
        let path = self.installation.path("policy.json");
        fs::write(&path, policy(&[any_pharmacy()], further).to_string()).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn create(&self, further: Value) -> String {
        let policy = self.policy(further);
        let made = self
            .owner
            .kleis(&["custody", "create", "--policy", &policy]);
        made["keys"][0]["keyId"].as_str().unwrap().to_owned()
    }
}

fn get(key_id: &str) -> [&str; 3] {
    ["custody", "get", key_id]
}

fn not_available(party: &Party, arguments: &[&str]) {
    let refused = party.refused(arguments);
    assert_eq!(
        (refused.code, refused.reason.as_str()),
        (3, "KEY_NOT_AVAILABLE"),
        "{arguments:?}"
    );
}

#[test]
fn flow_a_fresh_key_comes_out_for_its_readers_alone() {
    let scene = Scene::new();
    let key_id = scene.create(json!({}));
    let released = scene.pharmacy.kleis(&get(&key_id));
    assert_eq!(released["owner"], people::DOCTOR);
    assert_eq!(released["jwk"]["kid"], key_id.as_str());
    // The same key for everybody who may have it.
    assert_eq!(scene.pharmacy.kleis(&get(&key_id))["jwk"], released["jwk"]);
    not_available(&scene.insurer, &get(&key_id));
    not_available(&scene.owner, &get(&key_id));
}

#[test]
fn flow_a_deposited_key_comes_out_as_it_went_in() {
    let scene = Scene::new();
    let key = "00112233445566778899aabbccddeeff0123456789abcdef";
    let policy = scene.policy(json!({"ownerMayRead": true}));
    let deposit = ["custody", "deposit", "--policy", &policy, "--hex", key];
    let made = scene.owner.kleis(&deposit);
    let key_id = made["keys"][0]["keyId"].as_str().unwrap();
    for reader in [&scene.pharmacy, &scene.owner] {
        let released = reader.kleis(&get(key_id));
        assert_eq!(released["jwk"]["k"], "ABEiM0RVZneImaq7zN3u_wEjRWeJq83v");
    }
    let described = scene.owner.kleis(&["custody", "describe", key_id]);
    assert_eq!(described["algorithm"], "oct-192");
    assert_eq!(described["reads"], 2);
    let trivial = "00".repeat(32);
    let refused = scene
        .owner
        .refused(&["custody", "deposit", "--policy", &policy, "--hex", &trivial]);
    assert_eq!(refused.reason, "KEY_TRIVIAL");
}

#[test]
fn flow_a_key_burns_when_it_has_been_read_as_often_as_allowed() {
    let scene = Scene::new();
    let key_id = scene.create(json!({"maxReads": 2}));
    let first = scene.pharmacy.kleis(&get(&key_id));
    assert_eq!(first["readsLeft"], 1);
    assert_eq!(scene.pharmacy.kleis(&get(&key_id))["readsLeft"], 0);
    not_available(&scene.pharmacy, &get(&key_id));
    let described = scene.owner.kleis(&["custody", "describe", &key_id]);
    assert_eq!(
        (&described["state"], &described["reads"]),
        (&json!("SHREDDED"), &json!(2))
    );
    // The reader told that it has arrived, so nothing of the key is left.
    let rows = scene.installation.databases().custody(
        "SELECT length(wrapped) FROM records WHERE key_id = ?",
        &[key_id.into()],
    );
    assert_eq!(rows, [[json!(0)]]);
}

#[test]
fn flow_a_shredded_key_is_gone_like_one_that_never_was() {
    let scene = Scene::new();
    let key_id = scene.create(json!({}));
    scene.pharmacy.kleis(&get(&key_id));
    not_available(&scene.pharmacy, &["custody", "shred", &key_id]);
    let shredded = scene.owner.kleis(&["custody", "shred", &key_id]);
    assert_eq!(shredded["state"], "SHREDDED");
    let unknown = scene.pharmacy.refused(&get("AAAAAAAAAAAAAAAAAAAAAA"));
    assert_eq!(scene.pharmacy.refused(&get(&key_id)), unknown);
    let rows = scene.installation.databases().custody(
        "SELECT length(wrapped) FROM records WHERE key_id = ?",
        &[key_id.into()],
    );
    assert_eq!(rows, [[json!(0)]]);
}

#[test]
fn flow_who_is_excluded_may_not_read_whatever_else_they_are() {
    let scene = Scene::new();
    let excluded = json!([{
        "namespace": "urn:kleis:identifier",
        "name": "NIHII-PHARMACY",
        "values": ["71000436"],
    }]);
    let key_id = scene.create(json!({"excluded": excluded, "ownerMayRead": true}));
    not_available(&scene.pharmacy, &get(&key_id));
    scene.owner.kleis(&get(&key_id));
}

#[test]
fn flow_a_revoked_reader_reads_no_more() {
    let scene = Scene::new();
    let key_id = scene.create(json!({}));
    scene.pharmacy.kleis(&get(&key_id));
    let serial = scene.pharmacy.kleis(&["whoami"])["serial"]
        .as_str()
        .unwrap()
        .to_owned();
    let operator = scene.installation.operator();
    operator.kleis(&["operator", "revoke", &serial, "--reason", "keyCompromise"]);
    // At once: the registry is in the same process.
    let refused = scene.pharmacy.refused(&get(&key_id));
    assert_eq!(
        (refused.code, refused.reason.as_str()),
        (4, "CERTIFICATE_REVOKED")
    );
}

#[test]
fn flow_an_edited_record_is_refused_like_one_that_never_was() {
    let scene = Scene::new();
    let databases = scene.installation.databases();
    let unknown = scene.pharmacy.refused(&get("AAAAAAAAAAAAAAAAAAAAAA"));
    let open = policy(&[any_pharmacy()], json!({"maxReads": 9})).to_string();
    let edits = [
        ("reads", json!(0)),
        ("owner", json!(people::PHARMACY)),
        ("state", json!("ACTIVE")),
        ("version", json!(7)),
        ("algorithm", json!("oct-512")),
        ("created_at", json!(1)),
        ("policy", blob(open.as_bytes())),
        ("wrapped", blob(&[7; 40])),
        ("mac", blob(&[7; 32])),
    ];
    for (column, value) in edits {
        let key_id = scene.create(json!({"maxReads": 2}));
        // Read once, so that there is something to turn back; `state` once more, so that it is exhausted.
        scene.pharmacy.kleis(&get(&key_id));
        if column == "state" {
            scene.pharmacy.kleis(&get(&key_id));
        }
        let edit = format!("UPDATE records SET {column} = ? WHERE key_id = ?");
        databases.custody(&edit, &[value, key_id.clone().into()]);
        assert_eq!(scene.pharmacy.refused(&get(&key_id)), unknown, "{column}");
        let alarms = "SELECT count(*) FROM audit WHERE outcome = 'ALARM' AND resource = ?";
        let rows = databases.custody(alarms, &[format!("record:{key_id}").into()]);
        assert_eq!(rows, [[json!(1)]], "{column}");
    }
}
