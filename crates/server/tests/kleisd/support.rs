//! Running the binary.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// The binary with an environment of its own.
pub(crate) fn kleisd(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kleisd"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    kleisd(arguments).output().unwrap()
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().expect("it was not killed")
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A place for an installation.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The arguments of a start on free ports.
    fn all(&self) -> Command {
        let mut command = kleisd(&["all", "--output", "json", "--data-dir"]);
        command.arg(self.data());
        command.args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]);
        command
    }

    /// Starts a server that becomes ready.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let mut command = self.all();
        command
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let facts = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not ready: {line:?}"));
        Running {
            child,
            facts,
            _stdout: stdout,
        }
    }

    /// Starts a server with more in its environment, or says how it ended.
    pub(crate) fn try_start(
        &self,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Result<Running, Output> {
        let mut command = self.all();
        command
            .args(arguments)
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        match serde_json::from_str(&line) {
            Ok(facts) => Ok(Running {
                child,
                facts,
                _stdout: stdout,
            }),
            Err(_) => Err(child.wait_with_output().unwrap()),
        }
    }

    /// Starts a server that does not become ready.
    pub(crate) fn start_in_vain(&self, arguments: &[&str]) -> Output {
        self.all().args(arguments).output().unwrap()
    }

    /// Runs a command on the data directory.
    pub(crate) fn run(&self, words: &[&str]) -> Output {
        kleisd(words)
            .arg("--data-dir")
            .arg(self.data())
            .output()
            .unwrap()
    }

    /// Makes an installation and leaves it.
    pub(crate) fn installed(self) -> Self {
        assert!(self.start(&[]).stop().success());
        self
    }
}

/// A server that runs. It is killed when it is dropped.
pub(crate) struct Running {
    child: Child,
    pub(crate) facts: Value,
    _stdout: BufReader<ChildStdout>,
}

impl Running {
    pub(crate) fn fact(&self, name: &str) -> &str {
        self.facts[name].as_str().unwrap()
    }

    pub(crate) fn root(&self) -> &Path {
        Path::new(self.fact("root"))
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    pub(crate) fn wait(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    pub(crate) fn stop(self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait()
    }

    pub(crate) fn kill(self) {
        self.signal(Signal::KILL);
        assert!(!self.wait().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already, or is of no more use.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
