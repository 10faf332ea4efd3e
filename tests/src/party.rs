//! Somebody with a home directory.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::Arc,
};

use kleis_client::{Home, HomeError, Kleis, Passphrase};
use kleis_jose::Jwk;
use kleis_trust::Signer;
use kleis_types::{OsRandom, SystemClock, base64url};
use serde_json::Value;
use tempfile::NamedTempFile;

use crate::binaries;

/// A command that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The exit code of `kleis`.
    pub code: i32,
    /// The stable reason.
    pub reason: String,
    /// The stable reasons of single things that were wrong, where they were several.
    pub items: Vec<String>,
    /// What it told people, without the trace.
    pub detail: String,
}

/// Somebody with a home directory, who acts through `kleis` or the SDK.
#[derive(Clone, Debug)]
pub struct Party {
    home: PathBuf,
    identifier: String,
    device: String,
}

impl Party {
    pub(crate) fn new(home: PathBuf, identifier: &str, device: &str) -> Self {
        Self {
            home,
            identifier: identifier.to_owned(),
            device: device.to_owned(),
        }
    }

    /// The home directory.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The identifier, text form.
    pub fn identifier(&self) -> &str {
        &self.identifier
    }

    /// The device.
    pub fn device(&self) -> &str {
        &self.device
    }

    // --- through `kleis` ----------------------------------------------------------------------

    /// Runs a command that must succeed; gives its JSON.
    pub fn kleis(&self, arguments: &[&str]) -> Value {
        self.kleis_with(arguments, b"")
    }

    /// Runs a command with a standard input that must succeed; gives its JSON.
    pub fn kleis_with(&self, arguments: &[&str], stdin: &[u8]) -> Value {
        let output = self.run(arguments, stdin);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "kleis {arguments:?}: {}\n{said}",
            output.status
        );
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!(
                "kleis {arguments:?}: {error}: {}",
                String::from_utf8_lossy(&output.stdout)
            )
        })
    }

    /// Runs a command that must be refused.
    pub fn refused(&self, arguments: &[&str]) -> Refused {
        self.refused_with(arguments, b"")
    }

    /// Runs a command with a standard input that must be refused.
    pub fn refused_with(&self, arguments: &[&str], stdin: &[u8]) -> Refused {
        let output = self.run(arguments, stdin);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success(),
            "kleis {arguments:?} was not refused"
        );
        let line = stderr.lines().last().unwrap_or_default();
        let told: Value = serde_json::from_str(line)
            .unwrap_or_else(|error| panic!("kleis {arguments:?}: {error}: {stderr}"));
        let text = |name: &str| told["error"][name].as_str().unwrap_or_default().to_owned();
        let trace = text("trace");
        let detail = match trace.as_str() {
            "" => text("detail"),
            trace => text("detail").replace(trace, "TRACE"),
        };
        let items = told["error"]["items"].as_array().into_iter().flatten();
        let items = items
            .map(|item| item["reason"].as_str().unwrap().to_owned())
            .collect();
        Refused {
            code: output.status.code().unwrap(),
            reason: text("reason"),
            items,
            detail,
        }
    }

    /// Runs a command.
    pub fn run(&self, arguments: &[&str], stdin: &[u8]) -> Output {
        let mut child = self.start(arguments);
        // A command that needs no input may be gone before it is written.
        drop(child.stdin.take().unwrap().write_all(stdin));
        child.wait_with_output().unwrap()
    }

    /// Starts a command, all of whose streams are the test's.
    pub fn start(&self, arguments: &[&str]) -> Child {
        let mut command = Command::new(binaries::kleis());
        command
            .arg("--home")
            .arg(&self.home)
            .args(["--output", "json"])
            .args(arguments);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("KLEIS_") {
                command.env_remove(name);
            }
        }
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Seals a document (`to` are the options that say to whom); gives the JWE.
    pub fn seal(&self, document: &[u8], to: &[&str]) -> Vec<u8> {
        let out = NamedTempFile::new().unwrap();
        let path = out.path().to_str().unwrap();
        self.kleis_with(&[&["seal"], to, &["--out", path, "-"]].concat(), document);
        fs::read(path).unwrap()
    }

    /// Opens a sealed document; gives the document and who wrote it.
    pub fn open(&self, sealed: &[u8]) -> (Vec<u8>, String) {
        let opened = self.kleis_with(&["open"], sealed);
        let content = base64url::decode(opened["content"].as_str().unwrap()).unwrap();
        (
            content,
            opened["sender"]["identifier"].as_str().unwrap().to_owned(),
        )
    }

    // --- through the SDK ----------------------------------------------------------------------

    /// The home as the SDK sees it.
    pub fn open_home(&self) -> Home {
        let none: Passphrase =
            Arc::new(|| Err(HomeError::NoPassphrase("tests have none".to_owned())));
        Home::open(&self.home, none).unwrap()
    }

    /// A client of the SDK.
    pub fn client(&self) -> Kleis {
        Kleis::open(self.open_home(), Arc::new(SystemClock), Arc::new(OsRandom)).unwrap()
    }

    /// The private authentication key: a test may do with it what a program should not.
    pub fn auth_key(&self) -> Jwk {
        self.open_home().auth_key().unwrap()
    }

    /// The certified authentication key.
    pub fn signer(&self) -> Signer {
        let chain = self.open_home().identity().unwrap().chain().unwrap();
        Signer::new(self.auth_key(), chain).unwrap()
    }

    /// The same party behind another address, with a copy of the home.
    #[must_use]
    pub fn at(&self, server: &str) -> Self {
        let name = self.home.file_name().unwrap().to_string_lossy();
        let mut number = 0;
        let home = loop {
            let home = self.home.with_file_name(format!("{name}-{number}"));
            if !home.exists() {
                break home;
            }
            number += 1;
        };
        copy(&self.home, &home);
        let config = home.join("config.toml");
        let text = fs::read_to_string(&config).unwrap();
        let lines = text.lines().map(|line| {
            if line.starts_with("server = ") {
                format!("server = \"{server}\"")
            } else {
                line.to_owned()
            }
        });
        fs::write(&config, lines.collect::<Vec<_>>().join("\n")).unwrap();
        Self {
            home,
            ..self.clone()
        }
    }
}

/// Copies a directory with the permissions of everything in it.
fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp")
        .arg("-a")
        .arg(from)
        .arg(to)
        .status()
        .unwrap();
    assert!(status.success());
}
