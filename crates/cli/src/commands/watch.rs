//! `kleis watch`.

use std::path::{Path, PathBuf};

use kleis_client::Heard;
use kleis_types::{Identifier, Timestamp};

use crate::args;
use crate::context::Context;
use crate::error::CliError;
use crate::files::{self, Access};
use crate::output::Report;

/// The longest cursor that is read from a file, in bytes.
const MAX_CURSOR: usize = 1024;

/// Watch whose keys change, until stopped
///
/// Prints a line for every change, in the order in which they were made; with --output json, each
/// is a JSON document on a line of its own. A connection that is cut is resumed where it was, and
/// nothing is lost. Without identifiers, the changes of all are told that you may look up.
///
/// A change says to look again, and no more: `kleis lookup` verifies what it finds.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kleis watch CBE:0809394427/KGSS
  kleis watch --cursor-file place.txt --output json | while read -r change; do ...; done")]
pub(crate) struct WatchArgs {
    /// Recipients, at most 100: TYPE:VALUE or TYPE:VALUE/APPLICATION
    #[arg(value_name = "ID", value_parser = args::identifier)]
    ids: Vec<Identifier>,

    /// Go on after this cursor, in place of from now on
    #[arg(long, value_name = "TEXT", conflicts_with = "cursor_file")]
    cursor: Option<String>,

    /// Keep the cursor in FILE, and go on after the one in it if there is one
    ///
    /// It is written after the change was told: who is stopped in between is told it once more.
    #[arg(long, value_name = "FILE")]
    cursor_file: Option<PathBuf>,

    /// End after so many changes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
}

pub(crate) async fn run(context: &Context, args: &WatchArgs) -> Result<(), CliError> {
    let file = args.cursor_file.as_deref();
    let cursor = match file {
        Some(path) => kept(path)?,
        None => args.cursor.clone(),
    };
    let client = context.kleis()?;
    let mut watch = client.watch(&args.ids, cursor.as_deref()).await?;
    let mut left = args.count;
    while left != Some(0) {
        if let Heard::Change { identifier, at } = watch.next().await? {
            context.print(&report(&identifier, at, watch.cursor()))?;
            left = left.map(|left| left - 1);
        }
        if let Some(path) = file {
            files::write(
                path,
                format!("{}\n", watch.cursor()).as_bytes(),
                Access::Shared,
            )?;
        }
    }
    Ok(())
}

/// The cursor in a file, if there is one.
fn kept(path: &Path) -> Result<Option<String>, CliError> {
    if !path.exists() {
        return Ok(None);
    }
    let text = files::read_text(path, MAX_CURSOR)?;
    let text = text.trim();
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

fn report(identifier: &Identifier, at: Timestamp, cursor: &str) -> Report {
    Report::new()
        .line(format!("{at}  {identifier}"))
        .data("identifier", identifier.to_string())
        .data("at", at.unix())
        .data("cursor", cursor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_cursor_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("place.txt");
        assert_eq!(kept(&path).unwrap(), None);
        std::fs::write(&path, "\n").unwrap();
        assert_eq!(kept(&path).unwrap(), None);
        std::fs::write(&path, "AbC\n").unwrap();
        assert_eq!(kept(&path).unwrap().as_deref(), Some("AbC"));
        std::fs::write(&path, "x".repeat(2_000)).unwrap();
        assert_eq!(kept(&path).unwrap_err().told().reason, "FILE");
    }
}
