//! What is written, seen behind the server's back.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
};

use kleis_types::base64url;
use serde_json::{Value, json};

/// Python has SQLite in its standard library, and the tests need Python anyway.
const SCRIPT: &str = r"
import base64, json, sqlite3, sys
path, statement, parameters = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
def out(value):
    return {'blob': base64.b64encode(value).decode()} if isinstance(value, bytes) else value
def into(value):
    return base64.b64decode(value['blob']) if isinstance(value, dict) else value
connection = sqlite3.connect(path, timeout=20)
with connection:
    if statement == 'DUMP':
        rows = list(connection.iterdump())
    else:
        rows = [[out(v) for v in row] for row in connection.execute(statement, [into(p) for p in parameters])]
print(json.dumps(rows))
";

/// No changes of the databases.
pub const NOTHING: [String; 0] = [];

/// The databases of a data directory.
#[derive(Clone, Debug)]
pub struct Databases {
    registry: PathBuf,
    custody: PathBuf,
    sts: PathBuf,
}

impl Databases {
    pub(crate) fn new(data_dir: &Path) -> Self {
        Self {
            registry: data_dir.join("registry.db"),
            custody: data_dir.join("custody.db"),
            sts: data_dir.join("sts.db"),
        }
    }

    /// Everything that is in them, but for the audit's checkpoints: those come by the clock.
    pub fn contents(&self) -> Contents {
        let dump = |path: &Path| -> Vec<String> {
            let rows = serde_json::from_value(run(path, "DUMP", &[]));
            let mut rows: Vec<String> = rows.unwrap();
            rows.retain(|row| !row.starts_with("INSERT INTO \"checkpoints\""));
            rows
        };
        Contents(
            [&self.registry, &self.custody, &self.sts]
                .into_iter()
                .flat_map(|path| dump(path))
                .collect(),
        )
    }

    /// What was written or removed since, as SQL.
    pub fn changes_since(&self, before: &Contents) -> Vec<String> {
        self.contents()
            .0
            .symmetric_difference(&before.0)
            .cloned()
            .collect()
    }

    /// Runs a statement on the registry; gives the rows. BLOBs are `{"blob": base64}` in both directions.
    pub fn registry(&self, statement: &str, parameters: &[Value]) -> Vec<Vec<Value>> {
        rows(run(&self.registry, statement, parameters))
    }

    /// Runs a statement on custody's database; gives the rows.
    pub fn custody(&self, statement: &str, parameters: &[Value]) -> Vec<Vec<Value>> {
        rows(run(&self.custody, statement, parameters))
    }

    /// Runs a statement on the token service's database; gives the rows.
    pub fn sts(&self, statement: &str, parameters: &[Value]) -> Vec<Vec<Value>> {
        rows(run(&self.sts, statement, parameters))
    }
}

/// A BLOB as a parameter.
pub fn blob(bytes: &[u8]) -> Value {
    json!({ "blob": base64(bytes) })
}

/// Base64 with padding (RFC 4648 section 4), as `x5c` has it.
pub fn base64(bytes: &[u8]) -> String {
    let text = base64url::encode(bytes).replace('-', "+").replace('_', "/");
    let padding = "=".repeat((4 - text.len() % 4) % 4);
    text + &padding
}

/// All rows of the databases at a moment.
#[derive(Clone, Debug)]
pub struct Contents(BTreeSet<String>);

fn run(path: &Path, statement: &str, parameters: &[Value]) -> Value {
    let parameters = Value::from(parameters.to_vec()).to_string();
    let output = Command::new("python3")
        .args(["-c", SCRIPT])
        .arg(path)
        .args([statement, &parameters])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{statement}: {said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn rows(value: Value) -> Vec<Vec<Value>> {
    serde_json::from_value(value).unwrap()
}
