//! No row of the audit, no act: what callers saw acknowledged before the server was killed stands in the export, which
//! verifies; refused releases too.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::Command,
    sync::mpsc::{self, Sender},
    thread,
};

use kleis_client::Kleis;
use kleis_e2e::{Installation, Party, binaries, people};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::{any_pharmacy, policy};

/// What a caller was told.
enum Told {
    /// A key was taken into custody.
    Made(String),
    /// Somebody who may not have a key was refused.
    Refused(String),
}

/// Makes keys as their owner, and asks for each as somebody whom the policy does not name, until nobody answers.
fn work(owner: &Party, stranger: &Party, told: &Sender<Told>) {
    let runtime = Runtime::new().unwrap();
    let policy = policy(&[any_pharmacy()], json!({})).to_string();
    runtime.block_on(async {
        let (owner, stranger): (Kleis, Kleis) = (owner.client(), stranger.client());
        while let Ok(keys) = owner.create_keys(policy.as_bytes(), 1).await {
            for key in keys {
                told.send(Told::Made(key.key_id.clone())).unwrap();
                match stranger.custody_key(&key.key_id).await {
                    Err(error) if error.reason() == "KEY_NOT_AVAILABLE" => {
                        told.send(Told::Refused(key.key_id)).unwrap();
                    }
                    Err(error) if error.is_transient() => {}
                    other => panic!("{other:?}"),
                }
            }
        }
    });
}

/// The outcomes of an action on each resource, in the export of custody's audit, after it was verified by a program that
/// knows the format alone.
fn outcomes(installation: &Installation, action: &str) -> BTreeMap<String, Vec<String>> {
    let export = Command::new(binaries::kleisd())
        .args(["audit", "export", "--database", "custody", "--data-dir"])
        .arg(installation.data_dir())
        .output()
        .unwrap();
    assert!(export.status.success());
    let path = installation.path("export.jsonl");
    fs::write(&path, &export.stdout).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/verify_audit_export.py");
    let root = &installation.facts().root;
    let verified = Command::new("python3")
        .arg(script)
        .arg("--root")
        .arg(root)
        .arg(&path)
        .output();
    let verified = verified.unwrap();
    assert!(
        verified.status.success(),
        "{}",
        String::from_utf8_lossy(&verified.stdout)
    );

    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in String::from_utf8(export.stdout).unwrap().lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let row = &row["row"];
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        if text("action") == action {
            found
                .entry(text("resource"))
                .or_default()
                .push(text("outcome"));
        }
    }
    found
}

#[test]
fn flow_every_acknowledged_act_and_every_refusal_is_in_the_verified_export() {
    const CALLERS: usize = 8;
    let mut installation = Installation::new();
    let owner = installation.enrolled("owner", people::DOCTOR);
    let stranger = installation.enrolled("stranger", people::INSURER);
    let (sender, told) = mpsc::channel();
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (owner, stranger, sender) = (owner.clone(), stranger.clone(), sender.clone());
            thread::spawn(move || work(&owner, &stranger, &sender))
        })
        .collect();
    drop(sender);
    let mut heard: Vec<_> = told.iter().take(200).collect();
    // In the midst of it: nothing is closed, nothing is flushed.
    installation.take_kleisd().kill();
    for caller in callers {
        caller.join().unwrap();
    }
    heard.extend(told);
    installation.start_again(&[]).unwrap();

    let made = outcomes(&installation, "custody.create_keys");
    let asked = outcomes(&installation, "custody.get_key");
    let mut refusals = 0;
    for told in heard {
        match told {
            Told::Made(key) => {
                let row = made.get(&format!("record:{key}"));
                assert_eq!(
                    row.map(Vec::as_slice),
                    Some(&["DONE".to_owned()][..]),
                    "{key}"
                );
            }
            Told::Refused(key) => {
                refusals += 1;
                let rows = &asked[&format!("record:{key}")];
                assert!(
                    rows.iter().all(|outcome| outcome == "REFUSED"),
                    "{key} {rows:?}"
                );
            }
        }
    }
    assert!(refusals > 50, "{refusals} refusals were told");
}
