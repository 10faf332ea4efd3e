//! `kleis operator registrants`.

use std::path::PathBuf;

use clap::Subcommand;
use kleis_client::ClientError;

use super::csv;
use crate::context::Context;
use crate::error::{CliError, Item};
use crate::files;
use crate::output::{Cell, Report, Table};

/// The largest file of registrants, in bytes.
const MAX: usize = 64 << 20;

/// The register: who may be issued certificates at all
#[derive(Debug, clap::Args)]
pub(super) struct RegistrantsArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Import(ImportArgs),
    List(ListArgs),
}

/// Put persons and organisations into the register, or change them
///
/// The file is CSV in UTF-8 with the heading `name,identifiers,active`. Identifiers are separated
/// by a space or a semicolon; the first one is how the register knows the registrant. `active` is
/// `true` or `false`: for one that is not active nothing is issued, and what was issued is
/// suspended.
///
/// The whole file is checked first: if a line is bad, every bad line is told and nothing is sent.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example, registrants.csv:
  name,identifiers,active
  Jane Doe,SSIN:85073003328 NIHII:18749704,true
  eHealth,CBE:0809394427,true

  kleis operator registrants import registrants.csv")]
struct ImportArgs {
    /// The file; `-` is standard input
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
}

/// List the register
#[derive(Debug, clap::Args)]
struct ListArgs {}

pub(super) async fn run(context: &Context, args: &RegistrantsArgs) -> Result<(), CliError> {
    match &args.command {
        Command::Import(args) => import(context, args).await,
        Command::List(_) => list(context).await,
    }
}

async fn import(context: &Context, args: &ImportArgs) -> Result<(), CliError> {
    let lines = csv::read(files::read(&args.file, MAX)?.expose())?;
    let client = context.kleis()?;
    let progress = context
        .output()
        .progress("importing registrants", lines.len());
    let mut imported = 0;
    let result = client
        .import_registrants(&lines, |done| {
            imported = done;
            progress.at(done);
        })
        .await;
    drop(progress);
    let report = result.map_err(|error| interrupted(imported, error))?;
    let report = Report::new()
        .field("created", "new", Cell::number(report.created))
        .field("updated", "changed", Cell::number(report.updated))
        .field("unchanged", "unchanged", Cell::number(report.unchanged));
    context.print(&report)
}

/// A large file is sent in parts: those before the one that failed are in the register.
fn interrupted(imported: usize, error: ClientError) -> CliError {
    let error = CliError::from(error);
    if imported == 0 {
        return error;
    }
    let item = Item {
        what: format!("the first {imported}"),
        reason: "IMPORTED",
        detail: "these are in the register; to send the file again does no harm".to_owned(),
    };
    CliError::Several(Box::new(error.told()), vec![item])
}

async fn list(context: &Context) -> Result<(), CliError> {
    let mut table = Table::new(&[
        ("name", "NAME"),
        ("active", "ACTIVE"),
        ("identifiers", "IDENTIFIERS"),
    ]);
    for registrant in context.kleis()?.registrants().await? {
        table.row([
            Cell::text(registrant.name),
            Cell::flag(registrant.active),
            Cell::list(registrant.identifiers),
        ]);
    }
    context.print(&Report::new().table("registrants", table, "The register is empty."))
}
