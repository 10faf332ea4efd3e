//! The only place that writes to standard output and standard error.
//!
//! Results go to standard output: tables for people, or with `--output json` exactly one JSON
//! document. Everything else (remarks, progress, errors) goes to standard error.

mod cell;
mod printable;
mod product;
mod progress;
mod report;
mod table;

use std::io::{self, IsTerminal as _, Write};

use clap::ValueEnum;
use serde_json::json;

use crate::error::CliError;

pub(crate) use cell::Cell;
pub(crate) use printable::printable;
pub(crate) use product::{Form, Product};
pub(crate) use progress::Progress;
pub(crate) use report::Report;
pub(crate) use table::Table;

/// From how many bytes on a person may wonder what the program does.
const LARGE: usize = 1 << 20;

/// For whom the output is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Tables and sentences, for people.
    #[default]
    Human,
    /// One JSON document, for programs.
    Json,
}

/// How to speak, and about what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    format: Format,
    quiet: bool,
}

impl Output {
    /// `quiet` leaves out remarks and progress.
    pub(crate) fn new(format: Format, quiet: bool) -> Self {
        Self { format, quiet }
    }

    /// Prints the result of a command. A product that goes to a file is written first.
    pub(crate) fn print(self, report: &Report) -> Result<(), CliError> {
        report.save()?;
        let mut stdout = io::stdout().lock();
        match self.format {
            Format::Json => report.write_json(&mut stdout)?,
            Format::Human => {
                let mut remarks = Vec::new();
                report.write_human(&mut stdout, &mut remarks)?;
                if !self.quiet {
                    io::stderr().lock().write_all(&remarks)?;
                }
            }
        }
        stdout.flush()?;
        Ok(())
    }

    /// Says something that went otherwise than wanted, but is no failure.
    pub(crate) fn warn(self, error: &CliError) {
        let told = error.told();
        let line = match self.format {
            Format::Json => {
                json!({ "warning": { "reason": told.reason, "detail": told.detail } }).to_string()
            }
            Format::Human => format!("warning[{}]: {}", told.reason, printable(&told.detail)),
        };
        say(&line);
    }

    /// Says why the command failed.
    pub(crate) fn fail(self, error: &CliError) {
        match self.format {
            Format::Json => say(&error.to_json().to_string()),
            Format::Human => say(&human_error(error)),
        }
    }

    /// Says what clap has to say about the command line, in its own words and colours.
    pub(crate) fn usage(self, error: &clap::Error) {
        match self.format {
            Format::Json => {
                let text = error.render().to_string();
                let detail = text.trim().trim_start_matches("error: ");
                self.fail(&CliError::usage(detail));
            }
            // There is nobody left to tell that the terminal is gone.
            Format::Human => drop(error.print()),
        }
    }

    /// Shows how something of many parts goes on, where a person is watching.
    pub(crate) fn progress(self, label: &str, total: usize) -> Progress {
        Progress::new(label, total, self.is_watched())
    }

    /// Shows that something goes on with so many bytes, if they are many.
    pub(crate) fn working(self, label: &str, bytes: usize) -> Progress {
        let label = format!("{label} {} MiB ...", bytes >> 20);
        Progress::whole(label, self.is_watched() && bytes >= LARGE)
    }

    fn is_watched(self) -> bool {
        self.format == Format::Human && !self.quiet && io::stderr().is_terminal()
    }
}

/// Asks a person to confirm. `None` when there is nobody to ask.
pub(crate) fn confirm(question: &str) -> io::Result<Option<bool>> {
    confirm_text("", question)
}

/// Shows a person a text of several lines, and asks to confirm. `None` when there is nobody to ask.
pub(crate) fn confirm_text(text: &str, question: &str) -> io::Result<Option<bool>> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Ok(None);
    }
    for line in text.lines() {
        say(&printable(line));
    }
    let mut stderr = io::stderr().lock();
    write!(stderr, "{} [y/N] ", printable(question))?;
    stderr.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(Some(matches!(answer.trim(), "y" | "Y" | "yes" | "Yes")))
}

/// A line on standard error. If that is gone, there is nobody left to tell.
fn say(line: &str) {
    drop(writeln!(io::stderr().lock(), "{line}"));
}

fn human_error(error: &CliError) -> String {
    let told = error.told();
    let field = told.field.map(|field| format!("{field}: "));
    let detail = format!("{}{}", field.unwrap_or_default(), told.detail);
    let mut lines = vec![format!("error[{}]: {}", told.reason, printable(&detail))];
    for item in error.items() {
        let (what, detail) = (printable(&item.what), printable(&item.detail));
        lines.push(format!("  {what}: {detail} [{}]", item.reason));
    }
    let trace = told.trace.as_deref().map(printable);
    lines.extend(trace.map(|trace| format!("  trace: {trace}")));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use kleis_client::ClientError;
    use kleis_types::{ErrorCode, Problem};

    use super::*;
    use crate::error::Item;

    #[test]
    fn people_read_reason_field_detail_and_trace() {
        let problem = Problem::new(ErrorCode::PolicyInvalid, "Correct it.").at("readers");
        let error = ClientError::Refused {
            problem,
            trace: Some("4bf9".to_owned()),
        };
        let text = human_error(&error.into());
        assert_eq!(
            text,
            "error[POLICY_INVALID]: readers: Correct it.\n  trace: 4bf9"
        );
    }

    #[test]
    fn people_read_every_single_fault() {
        let fault = CliError::input("CSV_INVALID", "2 lines").told();
        let item = |line| Item {
            what: format!("line {line}"),
            reason: "X",
            detail: "bad".into(),
        };
        let error = CliError::Several(Box::new(fault), vec![item(2), item(5)]);
        let text = human_error(&error);
        assert_eq!(text.lines().count(), 3);
        assert!(text.ends_with("  line 5: bad [X]"));
    }

    #[test]
    fn what_somebody_else_said_does_not_steer_the_terminal() {
        let error = CliError::refused("X", "\u{1b}[2Jall is well");
        assert!(!human_error(&error).contains('\u{1b}'));
    }
}
