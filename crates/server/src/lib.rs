//! kleisd: puts the services together and runs them.
//!
//! `kleisd all --data-dir DIR` is the whole of Kleis in one process, on SQLite:
//!
//! ```text
//! public listener: registration, custody, directory, sts     admin listener: registration's admin
//!        |             |              |         |            side, the auditors' query
//!        |             |              |         +-- asks the directory for its clients' keys,
//!        |             +--------------+------------ and registration for the status list,
//!        |                                          in memory, as any client would
//!        +-- CallerAuthenticator: certificates (by the registry's newest statuses), tokens, the edge
//! ```
//!
//! | module | what |
//! |---|---|
//! | `data_dir`, `lock`, `durable` | where things lie, that one process has them, on the disk |
//! | `creation` | an installation from nothing, whole or not at all |
//! | `premises` | an installation that is there: its id, its KEK, its CA |
//! | `sealed` | secrets on the disk, wrapped under the KEK |
//! | `service_keys`, `server_certificate` | the keys that the process itself uses |
//! | `audit` | checkpoints of the audit, and what is compared with them |
//! | `databases`, `services`, `all` | opened, put together, run until told to stop |
//!
//! # What it must never do
//!
//! Start on data whose KEK is another one, or that another process holds; replace a file that
//! something depends on; print a secret other than the bootstrap's code, which is printed once;
//! decide anything that is a service's to decide.
//!
//! # How to add the next command
//!
//! A variant in `args`, a file in `commands` with one function from its arguments to `Result<(),
//! Failure>`, a line in `commands::run`, and a test in `tests/` that runs the binary.
#![forbid(unsafe_code)]

mod access;
mod all;
mod args;
mod audit;
mod commands;
mod creation;
mod data_dir;
mod databases;
mod directory;
mod durable;
mod failure;
mod housekeeping;
mod hsm;
mod issuing;
mod kek;
mod lock;
mod notices;
mod premises;
mod ready;
mod sealed;
mod server_certificate;
mod service_keys;
mod services;
mod source;
mod status;

use std::{
    ffi::OsString,
    io::{Write as _, stderr},
};

use clap::Parser as _;
use kleis_runtime::Exit;

/// Runs the command of a command line, and says how it went.
pub fn main(
    arguments: impl IntoIterator<Item = OsString>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Exit {
    let arguments = match args::Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Nothing can be done about a terminal that does not listen.
            drop(error.print());
            return if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Ok
            };
        }
    };
    match commands::run(arguments.command, environment) {
        Ok(()) => Exit::Ok,
        Err(failure) => {
            drop(writeln!(stderr(), "kleisd: {failure}"));
            failure.exit()
        }
    }
}
