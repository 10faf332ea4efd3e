//! The server's own life: it starts, stops, dies, and loses nothing that it has acknowledged.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    process::Command,
    sync::{
        Arc,
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, JoinHandle},
};

use kleis_e2e::{Installation, Kleisd, Party, binaries, people};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::{any_pharmacy, policy};

/// Many callers who put keys into custody until nobody answers any more, and tell of each key that was acknowledged.
struct Load {
    callers: Vec<JoinHandle<()>>,
    acknowledged: Receiver<String>,
}

impl Load {
    fn start(party: &Party) -> Self {
        let policy: Arc<[u8]> = policy(&[any_pharmacy()], json!({}))
            .to_string()
            .into_bytes()
            .into();
        let (sender, acknowledged) = mpsc::channel();
        let caller = |_| {
            let (party, policy, sender) = (party.clone(), Arc::clone(&policy), sender.clone());
            thread::spawn(move || call(&party, &policy, &sender))
        };
        Self {
            callers: (0..16).map(caller).collect(),
            acknowledged,
        }
    }

    /// Waits until so many keys were acknowledged.
    fn reaches(&mut self, number: usize) -> Vec<String> {
        self.acknowledged.iter().take(number).collect()
    }

    /// Waits until the callers have given up; gives what was acknowledged since.
    fn end(self) -> Vec<String> {
        for caller in self.callers {
            caller.join().unwrap();
        }
        self.acknowledged.try_iter().collect()
    }
}

fn call(party: &Party, policy: &[u8], acknowledged: &Sender<String>) {
    runtime().block_on(async {
        let client = party.client();

        while let Ok(keys) = client.create_keys(policy, 1).await {
            for key in keys {
                acknowledged.send(key.key_id).unwrap();
            }
        }
    });
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

fn all_are_there(owner: &Party, keys: &[String]) {
    runtime().block_on(async {
        let client = owner.client();
        for key in keys {
            let described = client.describe_key(key).await.unwrap();
            assert_eq!(described.state, "ACTIVE", "{key}");
        }
    });
}

pub(crate) fn audit_verify(installation: &Installation) -> (i32, String) {
    let output = Command::new(binaries::kleisd())
        .args(["audit", "verify", "--data-dir"])
        .arg(installation.data_dir())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.code().unwrap(),
        String::from_utf8(said).unwrap(),
    )
}

#[test]
fn flow_what_was_acknowledged_survives_a_kill_under_load() {
    let mut installation = Installation::new();
    let owner = installation.enrolled("owner", people::DOCTOR);
    let mut keys = Vec::new();
    for _ in 0..2 {
        let mut load = Load::start(&owner);
        keys.extend(load.reaches(100));
        installation.take_kleisd().kill();
        keys.extend(load.end());
        installation.start_again(&[]).unwrap();
        all_are_there(&owner, &keys);
    }
    assert_eq!(audit_verify(&installation).0, 0);
}

#[test]
fn flow_a_server_that_is_told_to_stop_finishes_what_it_has_begun() {
    let mut installation = Installation::new();
    let owner = installation.enrolled("owner", people::DOCTOR);
    let mut load = Load::start(&owner);
    let mut keys = load.reaches(100);
    let status = installation.take_kleisd().stop();
    assert_eq!(status.code(), Some(0));
    keys.extend(load.end());
    // Closed in order: nothing is left in the write-ahead logs.
    for name in ["registry.db-wal", "custody.db-wal", "sts.db-wal"] {
        let length = fs::metadata(installation.data_dir().join(name)).map_or(0, |file| file.len());
        assert_eq!(length, 0, "{name}");
    }
    installation.start_again(&[]).unwrap();
    all_are_there(&owner, &keys);
    assert_eq!(audit_verify(&installation).0, 0);
}

#[test]
fn flow_a_restart_changes_nothing_for_anybody() {
    let mut installation = Installation::new();
    let sender = installation.enrolled("sender", people::DOCTOR);
    let reader = installation.published("reader", people::APPLICATION);
    let sealed = sender.seal(super::DOCUMENT, &["--to", people::APPLICATION]);
    let before = sender.kleis(&["lookup", people::APPLICATION]);
    installation.restart();
    assert_eq!(sender.kleis(&["lookup", people::APPLICATION]), before);
    reader.open(&sealed);
    reader.kleis(&["keys", "rotate"]);
    // The one-time code was for the first start alone.
    assert_eq!(installation.kleisd().facts().bootstrap, None);
    assert_eq!(
        installation.kleisd().facts().installation,
        installation.facts().installation
    );
}

#[test]
fn flow_a_second_server_on_the_same_data_refuses() {
    let installation = Installation::new();
    let refused = Kleisd::start(&installation.data_dir(), &[]).unwrap_err();
    assert_eq!(refused.code, Some(75), "{refused:?}");
    // The first one does not mind.
    installation.enrolled("patient", people::PATIENT);
}

#[test]
fn flow_a_server_with_another_root_kek_refuses_and_says_which_it_needs() {
    let mut installation = Installation::new();
    let owner = installation.enrolled("owner", people::DOCTOR);
    assert!(installation.take_kleisd().stop().success());
    let (file, other) = (
        installation.data_dir().join("kek/root.kek"),
        installation.path("other"),
    );
    let right = fs::read(&file).unwrap();
    fs::write(&other, right.iter().map(|byte| !byte).collect::<Vec<_>>()).unwrap();
    fs::set_permissions(&other, fs::Permissions::from_mode(0o600)).unwrap();

    let record = fs::read(installation.data_dir().join("installation.json")).unwrap();
    let record: Value = serde_json::from_slice(&record).unwrap();
    let needed = record["kek"].as_str().unwrap();
    let refused = installation
        .start_again(&["--kek-file", other.to_str().unwrap()])
        .unwrap_err();
    assert_ne!(refused.code, Some(0));
    assert!(refused.stderr.contains(needed), "{refused:?}");

    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let refused = installation.start_again(&[]).unwrap_err();
    assert_ne!(
        refused.code,
        Some(0),
        "a root KEK that others can read is none"
    );

    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    installation.start_again(&[]).unwrap();
    owner.kleis(&["keys", "publish"]);
}

#[test]
fn flow_files_of_the_installation_are_for_its_owner_alone() {
    let installation = Installation::new();
    let mut folders = vec![installation.data_dir()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let (metadata, name) = (entry.metadata().unwrap(), entry.file_name());
            let mode = metadata.permissions().mode() & 0o777;
            // The root certificate and the issuing CA's are there to be handed out.
            let public = name.to_string_lossy().ends_with(".pem");
            assert!(public || mode & 0o700 == mode, "{name:?} has mode {mode:o}");
            if metadata.is_dir() {
                folders.push(entry.path());
            }
        }
    }
}

#[test]
fn flow_the_audit_finds_what_was_edited_and_what_was_put_back() {
    let installation = Installation::new();
    let owner = installation.enrolled("owner", people::DOCTOR);
    owner.kleis(&["keys", "publish"]);
    let databases = installation.databases();
    let path = installation.path("policy.json");
    fs::write(&path, policy(&[any_pharmacy()], json!({})).to_string()).unwrap();
    let create = ["custody", "create", "--policy", path.to_str().unwrap()];
    let made = owner.kleis(&create);
    let key_id = made["keys"][0]["keyId"].clone();
    let select = "SELECT * FROM records WHERE key_id = ?";
    let earlier = databases
        .custody(select, std::slice::from_ref(&key_id))
        .remove(0);
    owner.kleis(&["custody", "shred", key_id.as_str().unwrap()]);
    assert_eq!(audit_verify(&installation).0, 0);

    let later = databases
        .custody(select, std::slice::from_ref(&key_id))
        .remove(0);
    let marks = vec!["?"; earlier.len()].join(", ");
    let replace = format!("REPLACE INTO records VALUES ({marks})");
    databases.custody(&replace, &earlier);
    let (code, said) = audit_verify(&installation);
    assert_eq!(code, 65, "{said}");
    let record = key_id.as_str().unwrap();
    let finding = format!("record:{record} is at version 1, the audit has seen version 2");
    assert!(said.contains(&finding), "{said}");
    databases.custody(&replace, &later);
    assert_eq!(audit_verify(&installation).0, 0);

    let edit = "UPDATE encryption_keys SET device = 'other' WHERE owner = ?";
    databases.registry(edit, &[people::DOCTOR.into()]);
    assert_eq!(audit_verify(&installation).0, 65);
    let undo = "UPDATE encryption_keys SET device = 'main' WHERE owner = ?";
    databases.registry(undo, &[people::DOCTOR.into()]);
    assert_eq!(audit_verify(&installation).0, 0);
}
