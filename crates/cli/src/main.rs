//! `kleis`: the command line over the SDK, for people and for programs.
//!
//! A thin layer: it reads arguments and files, calls [`kleis_client`] (or, for `kleis jose`, the
//! JOSE library itself), and reports. What is verified, and in which order, is decided below it.
//!
//! # What it must never do
//!
//! - Write to standard output or standard error but through [`output`]: with `--output json` every
//!   command prints exactly one JSON document, and its error is one JSON document too.
//! - End with a code that [`exit`] does not explain, or name a refusal in prose alone: every one
//!   has a stable reason.
//! - Show a private member of a key that was not asked for, or write one where others may read it.
//! - Let what a server or a document says steer the terminal.
//!
//! # How to add the next command
//!
//! A module in `commands` with its arguments (their comments are the help) and a `run` that hands
//! one [`output::Report`] to the context; then a line in [`cli`]. A new kind of failure goes into
//! [`error`], and the compiler asks for its exit code.
#![forbid(unsafe_code)]

mod args;
mod cli;
mod commands;
mod context;
mod error;
mod exit;
mod files;
mod output;
mod p12;
mod passphrase;

fn main() -> std::process::ExitCode {
    // First of all, so that TLS finds this provider and no other.
    match rustls::crypto::aws_lc_rs::default_provider().install_default() {
        Ok(()) => cli::run(&std::env::args_os().collect::<Vec<_>>()).into(),
        Err(_) => exit::Exit::Internal.into(),
    }
}
