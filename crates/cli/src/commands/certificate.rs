//! `kleis certificate`.

use std::path::PathBuf;

use clap::Subcommand;
use kleis_client::named_certificate;
use kleis_trust::standing::History;

use crate::args::{self, Out};
use crate::commands::sign::MAX_TOKEN;
use crate::context::Context;
use crate::error::CliError;
use crate::files;
use crate::output::{Cell, Form, Product, Report};

/// Ask how a certificate has stood through the years
#[derive(Debug, clap::Args)]
pub(crate) struct CertificateArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Describe(DescribeArgs),
}

/// Tell since when and until when a certificate was good, whosever it is
///
/// The answer is signed. Kept in a file, it lets `kleis verify --at TIME --history FILE` decide
/// without the server, for every TIME before it was given.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kleis certificate describe --of report.jws --out report.history
  kleis certificate describe LKBLXfTBJ7fAEYOu8ZTxsC1ta2KcVn3BKkjHlQoKQkA")]
struct DescribeArgs {
    /// The SHA-256 thumbprint of the certificate (`x5t#S256`)
    #[arg(value_parser = args::x5t, required_unless_present = "of", conflicts_with = "of")]
    x5t: Option<String>,

    /// A signed document: that of its signer's certificate
    #[arg(long, value_name = "FILE")]
    of: Option<PathBuf>,

    #[command(flatten)]
    out: Out,
}

pub(crate) async fn run(context: &Context, args: &CertificateArgs) -> Result<(), CliError> {
    match &args.command {
        Command::Describe(args) => describe(context, args).await,
    }
}

async fn describe(context: &Context, args: &DescribeArgs) -> Result<(), CliError> {
    let x5t = match (&args.x5t, &args.of) {
        (Some(x5t), _) => x5t.clone(),
        (None, Some(file)) => named_certificate(&files::read_text(file, MAX_TOKEN)?)?,
        (None, None) => {
            return Err(CliError::usage(
                "name a certificate, or a document with --of",
            ));
        }
    };
    let answer = context.kleis()?.certificate_history(&x5t).await?;
    let mut report = described(&answer.history);
    if let Some(out) = args.out.out.as_deref() {
        let reply = answer.reply.into_bytes();
        report = report.product(Product::shared("history", Form::Text, reply, Some(out)));
    }
    context.print(&report)
}

fn described(history: &History) -> Report {
    let time = |time: Option<kleis_types::Timestamp>| time.map_or_else(Cell::none, Cell::time);
    let report = Report::new()
        .field("x5t", "certificate", Cell::text(&history.x5t))
        .field("state", "state", Cell::text(history.state))
        .field("notBefore", "valid from", Cell::time(history.not_before))
        .field("notAfter", "valid until", Cell::time(history.not_after))
        .field("revokedAt", "revoked", time(history.revoked_at))
        .field("reason", "reason", Cell::optional(history.reason))
        .field("supersededAt", "superseded", time(history.superseded_at))
        .data("complete", history.is_complete)
        .field("asOf", "as of", Cell::time(history.as_of));
    if history.is_complete {
        return report;
    }
    report.line("The server's audit was archived: a supersession may be missing here.")
}
