//! `kleis operator registrants`.

use std::path::PathBuf;

use clap::Subcommand;
use kleis_client::{ClientError, RegistrantLine};
use kleis_roster::{LineFault, Reader, RosterError, Uniqueness};
use kleis_types::TypeTable;

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
/// suspended. Two more columns, `mail,webhook`, may follow: where the registrant is told what
/// happens to its keys. Empty ones take that away; without the columns it stays as it is.
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
    let lines = read(files::read(&args.file, MAX)?.expose())?;
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

/// Reads the whole file, or tells every line that is bad.
fn read(bytes: &[u8]) -> Result<Vec<RegistrantLine>, CliError> {
    let unreadable = |error: RosterError| match error {
        RosterError::Heading => CliError::input("CSV_HEADING", error),
        RosterError::Io(_) => CliError::input("CSV_INVALID", error),
    };
    let reader = Reader::new(bytes, TypeTable::belgian()).map_err(unreadable)?;
    let (mut lines, mut faults) = (Vec::new(), Vec::new());
    let mut unique = Uniqueness::default();
    for line in reader {
        let checked = match line {
            Ok((number, line)) => unique.check(number, &line).map(|()| line),
            Err(fault) => Err(fault.map_err(unreadable)?),
        };
        match checked {
            Ok(line) => lines.push(RegistrantLine {
                name: line.name,
                identifiers: line.identifiers,
                active: line.active,
                contact: line.contact,
            }),
            Err(fault) => faults.push(item(fault)),
        }
    }
    if !faults.is_empty() {
        let detail = format!(
            "nothing was sent: {} of the file's lines are bad",
            faults.len()
        );
        let fault = CliError::input("CSV_INVALID", detail).told();
        return Err(CliError::Several(Box::new(fault), faults));
    }
    if lines.is_empty() {
        let detail = "there are no registrants in the file";
        return Err(CliError::input("CSV_EMPTY", detail));
    }
    Ok(lines)
}

fn item(fault: LineFault) -> Item {
    let LineFault {
        line,
        field,
        reason,
        detail,
    } = fault;
    Item {
        what: format!("line {line}"),
        reason,
        detail: if field.is_empty() {
            detail
        } else {
            format!("{field}: {detail}")
        },
    }
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
        ("mail", "MAIL"),
        ("webhook", "WEBHOOK"),
    ]);
    for registrant in context.kleis()?.registrants().await? {
        table.row([
            Cell::text(registrant.name),
            Cell::flag(registrant.active),
            Cell::list(registrant.identifiers),
            Cell::text(registrant.mail),
            Cell::text(registrant.webhook),
        ]);
    }
    context.print(&Report::new().table("registrants", table, "The register is empty."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_lines_are_told_and_an_empty_file_is_refused() {
        let file = b"name,identifiers,active\nCheck,CBE:0425222333,true\n,CBE:0809394427,true\n";
        let error = read(file).unwrap_err();
        let told: Vec<_> = error
            .items()
            .iter()
            .map(|item| (item.what.as_str(), item.reason))
            .collect();
        assert_eq!(
            told,
            [("line 2", "IDENTIFIER_CHECK_DIGIT"), ("line 3", "CSV_NAME")]
        );
        let reason = |file: &str| read(file.as_bytes()).unwrap_err().told().reason;
        assert_eq!(reason("Jane,SSIN:85073003328,true\n"), "CSV_HEADING");
        assert_eq!(reason("name,identifiers,active\n"), "CSV_EMPTY");
    }
}
