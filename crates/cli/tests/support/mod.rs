//! Runs the real program in a directory of its own.

#![expect(dead_code, reason = "each test file uses a part of this")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

pub(crate) mod enrolled;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A directory that the program runs in, with a home in it.
pub(crate) struct Place {
    dir: TempDir,
}

/// How a run ended.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    /// A path in the directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file there.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    /// Writes a file there that its owner alone can read.
    pub(crate) fn write_private(&self, name: &str, content: impl AsRef<[u8]>) {
        use std::os::unix::fs::PermissionsExt as _;
        self.write(name, content);
        let mode = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(self.path(name), mode).unwrap();
    }

    /// Reads a file there.
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// Reads a text file there.
    pub(crate) fn read_text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    /// The permissions of a file there.
    pub(crate) fn mode(&self, name: &str) -> u32 {
        use std::os::unix::fs::PermissionsExt as _;
        let meta = std::fs::metadata(self.path(name)).unwrap();
        meta.permissions().mode() & 0o777
    }

    /// Runs `kleis` with these arguments (separated by spaces) and nothing on standard input.
    pub(crate) fn run(&self, args: &str) -> Run {
        self.pipe(args, b"")
    }

    /// Runs `kleis` with these arguments (separated by spaces) and this standard input.
    pub(crate) fn pipe(&self, args: &str, input: &[u8]) -> Run {
        let mut child = Command::new(env!("CARGO_BIN_EXE_kleis"))
            .args(args.split_whitespace())
            .current_dir(self.dir.path())
            .env_clear()
            .env("KLEIS_HOME", self.path("home"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        // A program that does not read its input closes it: that is no failure of the test.
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Run {
            code: output.status.code().unwrap(),
            stdout: output.stdout,
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Run {
    /// Standard output as text, of a run that succeeded.
    #[track_caller]
    pub(crate) fn text(&self) -> &str {
        assert_eq!(self.code, 0, "{}", self.stderr);
        std::str::from_utf8(&self.stdout).unwrap()
    }

    /// Standard output as bytes, of a run that succeeded.
    #[track_caller]
    pub(crate) fn bytes(&self) -> &[u8] {
        assert_eq!(self.code, 0, "{}", self.stderr);
        &self.stdout
    }

    /// The one JSON document on standard output, of a run that succeeded.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let text = self.text();
        assert_eq!(text.lines().count(), 1, "{text}");
        serde_json::from_str(text).unwrap()
    }

    /// The exit code and the reason of a run that failed with `--output json`: nothing stands on
    /// standard output, and one JSON document on standard error.
    #[track_caller]
    pub(crate) fn refusal(&self) -> (i32, String) {
        let error = self.error();
        (self.code, error["reason"].as_str().unwrap().to_owned())
    }

    /// The error of a run that failed with `--output json`.
    #[track_caller]
    pub(crate) fn error(&self) -> Value {
        assert_ne!(self.code, 0);
        assert!(self.stdout.is_empty());
        assert_eq!(self.stderr.lines().count(), 1, "{}", self.stderr);
        let document: Value = serde_json::from_str(&self.stderr).unwrap();
        assert!(document["error"]["detail"].is_string(), "{document}");
        document["error"].clone()
    }
}

/// A refusal as it is expected.
pub(crate) fn refused(code: i32, reason: &str) -> (i32, String) {
    (code, reason.to_owned())
}
