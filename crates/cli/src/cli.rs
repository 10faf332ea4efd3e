//! The command line: global options, the commands, and where each of them goes.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands::{
    audit, certificate, contract, custody, devices, enroll, init, jose, keys, lookup, notices,
    open, operator, request, seal, sign, token, verify, watch, whoami,
};
use crate::context::Context;
use crate::error::CliError;
use crate::exit::{self, Exit};
use crate::output::{Format, Output};

/// Find keys, prove keys, seal and open documents: the command line of Kleis.
///
/// Kleis is a registry of keys for end-to-end encrypted health care. With this program you enrol an
/// identity, publish the keys that others encrypt to, seal documents to recipients by their
/// identifier (also to readers whom you do not know yet), and open what was sealed to you. Whatever
/// comes from a server is verified here, against the root certificate that you pinned, before it is
/// used.
#[derive(Debug, Parser)]
#[command(
    name = "kleis",
    version,
    max_term_width = 100,
    arg_required_else_help = true,
    subcommand_required = true,
    after_long_help = exit::HELP
)]
struct Cli {
    #[command(flatten, next_help_heading = "Options of every command")]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// The directory with your identity and keys [default: ~/.config/kleis]
    ///
    /// One home is one device of one identity at one installation. It is made by `kleis init`, and
    /// belongs to you alone (0700).
    #[arg(
        long,
        global = true,
        env = "KLEIS_HOME",
        value_name = "DIR",
        hide_env_values = true
    )]
    pub(crate) home: Option<PathBuf>,

    /// For whom to write: tables for people, or one JSON document for programs
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORM")]
    pub(crate) output: Format,

    /// Read the passphrase of key files from the first line of FILE, and do not ask
    #[arg(
        long,
        global = true,
        env = "KLEIS_PASSPHRASE_FILE",
        value_name = "FILE",
        hide_env_values = true
    )]
    pub(crate) passphrase_file: Option<PathBuf>,

    /// Show the access token in FILE with every request
    ///
    /// For the credentials that only its issuer certifies. It must be bound to the authentication
    /// key of the home.
    #[arg(
        long,
        global = true,
        env = "KLEIS_ACCESS_TOKEN_FILE",
        value_name = "FILE",
        hide_env_values = true
    )]
    pub(crate) access_token: Option<PathBuf>,

    /// Write results only: no remarks, no progress
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::InitArgs),
    Enroll(enroll::EnrollArgs),
    Request(request::RequestArgs),
    Contract(contract::ContractArgs),
    Whoami(whoami::WhoamiArgs),
    Status(whoami::StatusArgs),
    Devices(devices::DevicesArgs),
    Keys(keys::KeysArgs),
    Notices(notices::NoticesArgs),
    Lookup(lookup::LookupArgs),
    Watch(watch::WatchArgs),
    Seal(seal::SealArgs),
    Open(open::OpenArgs),
    Sign(sign::SignArgs),
    Verify(verify::VerifyArgs),
    Certificate(certificate::CertificateArgs),
    Token(token::TokenArgs),
    Custody(custody::CustodyArgs),
    Operator(operator::OperatorArgs),
    Audit(audit::AuditArgs),
    Jose(jose::JoseArgs),
}

/// Reads the command line, does what it says, and tells how that ended.
pub(crate) fn run(args: &[OsString]) -> Exit {
    match Cli::try_parse_from(args) {
        Ok(cli) => {
            let context = Context::new(&cli.global);
            match dispatch(&cli.command, &context) {
                Ok(()) => Exit::Done,
                Err(error) => {
                    let exit = error.exit();
                    if exit != Exit::Done {
                        context.output().fail(&error);
                    }
                    exit
                }
            }
        }
        Err(error) if error.exit_code() == 0 => {
            // Help or the version, asked for: whatever the form, it is for people.
            Output::new(Format::Human, false).usage(&error);
            Exit::Done
        }
        Err(error) => {
            Output::new(wanted_format(args), false).usage(&error);
            Exit::Usage
        }
    }
}

fn dispatch(command: &Command, context: &Context) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(CliError::internal)?;
    runtime.block_on(async {
        match command {
            Command::Init(args) => init::run(context, args).await,
            Command::Enroll(args) => enroll::run(context, args).await,
            Command::Request(args) => request::run(context, args).await,
            Command::Contract(args) => contract::run(context, args).await,
            Command::Whoami(_) => whoami::run(context),
            Command::Status(_) => whoami::status(context).await,
            Command::Devices(args) => devices::run(context, args).await,
            Command::Keys(args) => keys::run(context, args).await,
            Command::Notices(args) => notices::run(context, args).await,
            Command::Lookup(args) => lookup::run(context, args).await,
            Command::Watch(args) => watch::run(context, args).await,
            Command::Seal(args) => seal::run(context, args).await,
            Command::Open(args) => open::run(context, args).await,
            Command::Sign(args) => sign::sign(context, args),
            Command::Verify(args) => verify::run(context, args).await,
            Command::Certificate(args) => certificate::run(context, args).await,
            Command::Token(args) => token::run(context, args).await,
            Command::Custody(args) => custody::run(context, args).await,
            Command::Operator(args) => operator::run(context, args).await,
            Command::Audit(args) => audit::run(context, args).await,
            Command::Jose(args) => jose::run(context, args),
        }
    })
}

/// The form that the command line asks for, though it could not be read as a whole.
fn wanted_format(args: &[OsString]) -> Format {
    let args: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
    let pair = args
        .windows(2)
        .any(|pair| pair[0] == "--output" && pair[1] == "json");
    if pair || args.iter().any(|arg| arg == "--output=json") {
        Format::Json
    } else {
        Format::Human
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_grammar_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_option_is_explained() {
        fn check(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for argument in command.get_arguments() {
                let explained = argument.get_help().is_some() || argument.get_long_help().is_some();
                assert!(explained, "{} {}", command.get_name(), argument.get_id());
            }
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }

    /// One in 64 of all texts in base64url does.
    #[test]
    fn ids_may_begin_with_a_hyphen() {
        let kid = "-P5SDmjRM4BVGu4fgpTC1w3RUEs_cwO2vh9Wuc6XEtY";
        let id = "-P5SDmjRM4BVGu4fgpTC1w";
        let person = "SSIN:85073003328";
        for words in [
            vec!["keys", "activate", kid],
            vec!["keys", "revoke", kid, "--reason", "superseded"],
            vec!["custody", "get", id],
            vec!["operator", "requests", "approve", id, "--key", kid, "--yes"],
            vec!["operator", "requests", "reject", id, "--reason", "No."],
            vec![
                "operator",
                "codes",
                "approve",
                "-Q2-7wAAAAA",
                "--id",
                person,
            ],
            vec!["operator", "codes", "revoke", "-Q2-7wAAAAA"],
            vec![
                "request",
                "submit",
                "--id",
                person,
                "--accept-contract",
                kid,
            ],
        ] {
            let read = Cli::try_parse_from([&["kleis"], &words[..]].concat());
            let refused = read.err().map(|error| error.to_string());
            assert_eq!(refused, None, "{words:?}");
        }
    }

    #[test]
    fn the_form_is_found_in_a_broken_command_line() {
        let format =
            |args: &[&str]| wanted_format(&args.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(
            format(&["kleis", "--output", "json", "nonsense"]),
            Format::Json
        );
        assert_eq!(
            format(&["kleis", "nonsense", "--output=json"]),
            Format::Json
        );
        assert_eq!(
            format(&["kleis", "--output", "human", "json"]),
            Format::Human
        );
    }
}
