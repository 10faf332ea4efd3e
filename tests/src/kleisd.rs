//! A `kleisd all` of our own.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;

use crate::binaries;

/// The longest that starting and stopping may take. Nothing waits that long unless something is wrong.
const PATIENCE: Duration = Duration::from_mins(1);

/// What the server says when it is ready.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// The public address, `https://HOST:PORT`.
    pub public: String,
    /// The admin address.
    pub admin: String,
    /// Where the CA publishes without TLS, `http://HOST:PORT`.
    pub pki: Option<String>,
    /// The installation's id.
    pub installation: String,
    /// The file with the root certificate.
    pub root: PathBuf,
    /// SHA-256 of the root certificate, hexadecimal.
    pub root_sha256: String,
    /// The code for the first operator, on the first start.
    pub bootstrap: Option<String>,
}

/// A process that ended before it was ready.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code, if it was not killed.
    pub code: Option<i32>,
    /// What it said on standard error.
    pub stderr: String,
}

/// A running server. It is killed when this is dropped.
#[derive(Debug)]
pub struct Kleisd {
    child: Child,
    log: PathBuf,
    facts: Facts,
}

impl Kleisd {
    /// Starts on free ports and waits until it is ready.
    ///
    /// # Errors
    /// How it ended instead.
    pub fn start(data_dir: &Path, arguments: &[&str]) -> Result<Self, Ended> {
        Self::start_at("127.0.0.1:0", "127.0.0.1:0", data_dir, arguments)
    }

    /// Starts on the ports that another one had, with the same data.
    ///
    /// # Errors
    /// How it ended instead.
    pub fn start_again(before: &Facts, data_dir: &Path, arguments: &[&str]) -> Result<Self, Ended> {
        let address = |url: &str| url.trim_start_matches("https://").to_owned();
        Self::start_at(
            &address(&before.public),
            &address(&before.admin),
            data_dir,
            arguments,
        )
    }

    fn start_at(
        public: &str,
        admin: &str,
        data_dir: &Path,
        arguments: &[&str],
    ) -> Result<Self, Ended> {
        let log = data_dir.with_extension("log");
        let mut command = Command::new(binaries::kleisd());
        command
            .args([
                "all",
                "--output",
                "json",
                "--listen",
                public,
                "--admin-listen",
                admin,
            ])
            .arg("--data-dir")
            .arg(data_dir)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(
                File::options()
                    .create(true)
                    .append(true)
                    .open(&log)
                    .unwrap(),
            );
        let mut child = command.spawn().unwrap();
        let Some(line) = first_line(child.stdout.take().unwrap()) else {
            let code = wait(&mut child).code();
            let stderr = fs::read_to_string(log).unwrap_or_default();
            return Err(Ended { code, stderr });
        };
        let facts = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
        Ok(Self { child, log, facts })
    }

    /// What it said.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Kills it, as a power failure would: nothing is closed, nothing is flushed.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop; does not wait.
    pub fn ask_to_stop(&self) {
        let process = Pid::from_child(&self.child);
        kill_process(process, Signal::TERM).unwrap();
    }

    /// Waits for its end.
    pub fn wait(mut self) -> ExitStatus {
        wait(&mut self.child)
    }

    /// Asks it to stop, and waits until it has.
    pub fn stop(self) -> ExitStatus {
        self.ask_to_stop();
        self.wait()
    }
}

impl Drop for Kleisd {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            // It may end by itself at this very moment.
            drop(self.child.kill());
            drop(self.child.wait());
        }
        if thread::panicking() {
            let log = self.log();
            let lines: Vec<_> = log.lines().collect();
            let last = lines.len().saturating_sub(30);
            let said = lines[last..].join("\n");
            // Captured by the test runner, and shown with the failure.
            #[expect(clippy::print_stderr, reason = "for whoever reads the failed test")]
            {
                eprintln!("kleisd said last:\n{said}");
            }
        }
    }
}

/// The first line, or nothing if it ends without one.
fn first_line(stdout: ChildStdout) -> Option<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        // Read to the end, so that the server is never kept waiting.
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            // Whoever waited for the first one does not listen any more.
            sender.send(line).ok();
        }
    });
    receiver.recv_timeout(PATIENCE).ok()
}

fn wait(child: &mut Child) -> ExitStatus {
    // The standard library has no wait with a deadline; the thread that kills is the deadline.
    let (done, deadline) = mpsc::channel::<()>();
    let process = Pid::from_child(child);
    let watch = thread::spawn(move || {
        let start = Instant::now();
        if deadline.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
            // It may be gone at this very moment.
            kill_process(process, Signal::KILL).ok();
        }
        start.elapsed()
    });
    let status = child.wait().unwrap();
    drop(done);
    let waited = watch.join().unwrap();
    assert!(waited < PATIENCE, "the process did not end");
    status
}
