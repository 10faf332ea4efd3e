//! The command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use kleis_types::Timestamp;

/// The services of Kleis.
#[derive(Debug, Parser)]
#[command(name = "kleisd", version, about, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run all services in one process, on SQLite; make the installation if there is none
    All(Box<All>),
    /// Bring the databases to the schema of this program
    Migrate(Place),
    /// Make a new code for the first operator, as long as there is none
    Bootstrap(Bootstrap),
    /// The CA that issues certificates
    #[command(subcommand)]
    Ca(Ca),
    /// Certify the edge: what stands between callers and this server, and ends TLS
    #[command(subcommand)]
    Edge(Edge),
    /// Fill and change the register of persons and organisations, of an installation that is not
    /// running
    #[command(subcommand)]
    Registrants(Registrants),
    /// Look at what owners are told
    #[command(subcommand)]
    Notices(Notices),
    /// Look into the audit
    #[command(subcommand)]
    Audit(Audit),
    /// Read a configuration, and say all that is wrong with it
    CheckConfig(CheckConfig),
    /// Say which version this is
    Version,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Ca {
    /// Make another issuing CA under the same root, in an installation that is not running. It
    /// issues from the next start; the one before goes on saying what became of its certificates
    Rotate(Site),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Edge {
    /// Make a key and a certificate for the edge of an installation that is not running; the former
    /// certificate holds no more
    Certify(Certify),
}

#[derive(Debug, Args)]
pub(crate) struct Certify {
    #[command(flatten)]
    pub(crate) site: Site,
    /// The directory for `edge.key`, for its owner alone, and `edge.pem`; neither may be there
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Registrants {
    /// Bring the register to what a file says, all of it or nothing; every bad line is told
    Import(ImportRegistrants),
    /// Write the whole register to a file, for its owner alone, or to standard output; works beside
    /// a running server
    Export(ExportRegistrants),
    /// Suspend one, with all certificates and keys that were issued to it
    Deactivate(OneRegistrant),
    /// Restore one, with what is left of its certificates and keys
    Activate(OneRegistrant),
}

#[derive(Debug, Args)]
pub(crate) struct ImportRegistrants {
    #[command(flatten)]
    pub(crate) place: Place,
    /// A TOML file; options stand above it
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// CSV in UTF-8 with the heading `name,identifiers,active`, or with `mail,webhook` after these.
    /// It is read twice, and so must be a file
    #[arg(value_name = "FILE.csv")]
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ExportRegistrants {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The file, which must not be there yet; without it, standard output
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct OneRegistrant {
    #[command(flatten)]
    pub(crate) place: Place,
    /// A TOML file; options stand above it
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Any identifier of the registrant, TYPE:VALUE
    #[arg(value_name = "IDENTIFIER")]
    pub(crate) identifier: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Notices {
    /// List the notices that could not be delivered and were given up; works beside a running
    /// server
    Failed(FailedNotices),
}

#[derive(Debug, Args)]
pub(crate) struct FailedNotices {
    #[command(flatten)]
    pub(crate) place: Place,
    /// How many, the newest first
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) limit: u32,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Walk the audit's chains, compare the records and the signed checkpoints with them, and these
    /// with their copies outside the databases; works beside a running server
    Verify(VerifyAudit),
    /// Tell the story of an order or of a record: who asked for what, signed how, and whether the
    /// certificate was good then; works beside a running server
    Show(ShowAudit),
    /// Write the audit with its checkpoints to standard output, for other programs to verify; works
    /// beside a running server
    Export(ExportAudit),
    /// Write old rows to a file, and remove them from the databases
    Archive(ArchiveAudit),
    /// Destroy what tells who stands behind a person's pseudonyms in the audit
    Forget(ForgetPerson),
}

#[derive(Debug, Args)]
pub(crate) struct VerifyAudit {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The directory with the checkpoints outside the databases [default: audit in the data
    /// directory]
    #[arg(long, value_name = "DIR")]
    pub(crate) sink: Option<PathBuf>,
    /// An archive, to prove the rows in it too; can be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) archive: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ShowAudit {
    #[command(flatten)]
    pub(crate) site: Site,
    /// The order with this `jti`
    #[arg(
        long,
        value_name = "JTI",
        allow_hyphen_values = true,
        required_unless_present = "resource",
        conflicts_with = "resource"
    )]
    pub(crate) order: Option<String>,
    /// The record, as the audit calls it: `certificate:SERIAL`, `key:ID`
    #[arg(long, value_name = "NAME")]
    pub(crate) resource: Option<String>,
    /// Of one service; without it, of all of them
    #[arg(long, value_enum)]
    pub(crate) service: Option<Database>,
    /// Show the identifiers of persons, and what may hold them
    #[arg(long)]
    pub(crate) show_persons: bool,
    /// For whom: people, or programs (one document of JSON)
    #[arg(long, value_enum, default_value_t)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct ExportAudit {
    #[command(flatten)]
    pub(crate) place: Place,
    /// One of the databases; without it all of them, one after the other
    #[arg(long, value_enum)]
    pub(crate) database: Option<Database>,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ExportFormat,
}

#[derive(Debug, Args)]
pub(crate) struct ArchiveAudit {
    #[command(flatten)]
    pub(crate) site: Site,
    /// Archive what is older than this day (at its beginning, UTC)
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = date)]
    pub(crate) before: Timestamp,
    /// The file to write, which must not be there yet
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ForgetPerson {
    #[command(flatten)]
    pub(crate) place: Place,
    /// A TOML file; options stand above it
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// An identifier of the person; those that the register knows besides are forgotten too
    #[arg(long, value_name = "TYPE:VALUE")]
    pub(crate) id: String,
}

/// One of the databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Database {
    #[value(alias = "registration")]
    Registry,
    Custody,
    Sts,
}

/// How an export is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// One JSON object to a line
    #[default]
    Jsonl,
}

/// The beginning of a day.
fn date(text: &str) -> Result<Timestamp, String> {
    Timestamp::from_rfc3339(&format!("{text}T00:00:00Z"))
        .ok_or_else(|| "a day is written YYYY-MM-DD".to_owned())
}

/// Where an installation is.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The directory with all that the installation has
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: PathBuf,
}

/// An installation that is worked in, with what opens it.
#[derive(Debug, Args)]
pub(crate) struct Site {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The file with the root KEK. It can also be in the environment, in KLEIS_KEK; without either
    /// it lies in the data directory
    #[arg(long, value_name = "FILE")]
    pub(crate) kek_file: Option<PathBuf>,
    /// A TOML file; options stand above it
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct All {
    #[command(flatten)]
    pub(crate) site: Site,
    /// Where callers reach it [default: 127.0.0.1:8443]; port 0 lets the system choose
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// Where operators reach it [default: 127.0.0.1:8444]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) admin_listen: Option<SocketAddr>,
    /// A further DNS name or IP address for the server's certificate; can be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) tls_name: Vec<String>,
    /// Start although the audit does not agree with its checkpoints, as after a restore from a
    /// backup; the reason is written into the audit
    #[arg(long, value_name = "REASON")]
    pub(crate) accept_audit_gap: Option<String>,
    /// How to say on standard output that it is ready: for people, or one line of JSON
    #[arg(long, value_enum, default_value_t)]
    pub(crate) output: Output,
    /// Also write that line of JSON to this file, for its owner alone, once it is ready
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Bootstrap {
    #[command(flatten)]
    pub(crate) site: Site,
}

#[derive(Debug, Args)]
pub(crate) struct CheckConfig {
    /// The TOML file
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// For whom something is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    #[default]
    Text,
    Json,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn all_with_everything() {
        let line = "kleisd all --data-dir d --listen 127.0.0.1:0 --admin-listen [::1]:0 \
                    --tls-name a --tls-name b --kek-file k --config c --output json \
                    --ready-file r";
        let arguments = Arguments::try_parse_from(line.split_whitespace()).unwrap();
        let Command::All(all) = arguments.command else {
            panic!("another command")
        };
        assert_eq!(all.tls_name, ["a", "b"]);
        assert_eq!(all.output, Output::Json);
        assert_eq!(all.listen.unwrap().port(), 0);
    }

    #[test]
    fn a_data_directory_is_needed() {
        for line in [
            "kleisd all",
            "kleisd migrate",
            "kleisd bootstrap",
            "kleisd audit verify",
            "kleisd audit export",
            "kleisd audit archive --before 2026-01-01 --out x",
            "kleisd audit forget --id SSIN:85073003328",
        ] {
            assert!(
                Arguments::try_parse_from(line.split_whitespace()).is_err(),
                "{line}"
            );
        }
    }
}
