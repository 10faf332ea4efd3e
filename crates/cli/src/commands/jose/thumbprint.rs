//! `kleis jose thumbprint`.

use std::path::PathBuf;

use crate::commands::key_source;
use crate::context::Context;
use crate::error::CliError;
use crate::files;
use crate::output::{Cell, Report, Table};

/// Print the SHA-256 thumbprint of a key (RFC 7638)
///
/// The thumbprint is the `kid` of every key that Kleis publishes. Of a JWK Set, that of every key.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kleis jose thumbprint key.jwk
  curl -s https://example.be/jwks | kleis jose thumbprint")]
pub(super) struct ThumbprintArgs {
    /// The key file; `-`, or none, is standard input
    #[arg(value_name = "FILE", conflicts_with = "key")]
    file: Option<PathBuf>,

    /// The key file
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

pub(super) fn run(context: &Context, args: &ThumbprintArgs) -> Result<(), CliError> {
    let path = args.key.clone().or_else(|| args.file.clone());
    let path = path.unwrap_or_else(|| files::STREAM.into());
    let keys = key_source::keys(context, &path)?;
    let mut report = Report::new();
    if let [key] = &keys[..] {
        let thumbprint = key.thumbprint();
        report = report
            .data("thumbprint", thumbprint.as_str())
            .line(thumbprint.as_str());
        return context.print(&report);
    }
    let mut table = Table::new(&[
        ("thumbprint", "THUMBPRINT"),
        ("type", "TYPE"),
        ("kid", "KID"),
    ]);
    for key in &keys {
        table.row([
            Cell::text(key.thumbprint()),
            Cell::text(key.key_type()),
            Cell::optional(key.kid()),
        ]);
    }
    context.print(&report.table("keys", table, "No keys that are supported."))
}
