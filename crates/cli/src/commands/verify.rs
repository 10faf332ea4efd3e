//! `kleis verify`.

use std::path::PathBuf;

use kleis_client::PastDocument;
use kleis_trust::standing::Standing;
use kleis_types::Timestamp;
use serde_json::{Value, json};

use crate::args::{self, Input, Out};
use crate::commands::sign::{MAX_TOKEN, writer};
use crate::context::Context;
use crate::error::CliError;
use crate::files;
use crate::output::{Cell, Form, Product, Report};

/// The largest history of a certificate that is read, in bytes.
const MAX_HISTORY: usize = 64 * 1024;

/// Verify a signed document, and show who signed it
///
/// The signer's certificate chain must end in the pinned root, be valid now and be in use, by the
/// status list. The document is written only if all of that holds.
///
/// With --at, all of that must have held then, by the records of the server. What became of the
/// certificate later is told, and does not count; but if its key was compromised, nothing that it
/// signed counts at any time: without a trusted time stamp nobody knows when it was signed. An
/// order, a reply or an endorsement that you kept is verified too. That it was signed at TIME is for
/// you to know: the signature does not prove it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kleis verify report.jws --out report.pdf
  kleis verify report.jws --at 2026-11-23T22:10:00Z
  kleis verify report.jws --at 2026-11-23T22:10:00Z --history report.history")]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    input: Input,

    /// Verify as of this time, which RFC 3339 tells how to write
    #[arg(long, value_name = "TIME", value_parser = args::time)]
    at: Option<Timestamp>,

    /// Take the history of the certificate from FILE, written by `kleis certificate describe`, and
    /// ask nobody
    #[arg(long, value_name = "FILE", requires = "at")]
    history: Option<PathBuf>,

    #[command(flatten)]
    out: Out,
}

pub(crate) async fn run(context: &Context, args: &VerifyArgs) -> Result<(), CliError> {
    let jws = files::read_text(&args.input.file, MAX_TOKEN)?;
    let report = match args.at {
        Some(at) => at_that_time(context, args, &jws, at).await?,
        None => now(context, args, &jws).await?,
    };
    context.print(&report)
}

async fn now(context: &Context, args: &VerifyArgs, jws: &str) -> Result<Report, CliError> {
    let document = context.kleis()?.verify_document(jws).await?;
    let report = writer(Report::new(), "signer", &document.signer).field(
        "mediaType",
        "media type",
        Cell::optional(document.media_type),
    );
    Ok(report.product(content(args, document.content)))
}

async fn at_that_time(
    context: &Context,
    args: &VerifyArgs,
    jws: &str,
    at: Timestamp,
) -> Result<Report, CliError> {
    let history = match &args.history {
        Some(file) => Some(files::read_text(file, MAX_HISTORY)?),
        None => None,
    };
    let kept = history.as_ref().map(|text| text.as_str());
    let document = context.kleis()?.verify_document_at(jws, at, kept).await?;
    let PastDocument {
        content: bytes,
        typ,
        media_type,
        identifier,
        device,
        x5t,
        standing,
        as_of,
    } = document;
    let signer = json!({"identifier": identifier, "device": device});
    let shown = format!("{identifier} (device {device})");
    let (value, text) = told(standing);
    let report = Report::new()
        .field("signer", "signer", Cell::json(signer, shown))
        .field("x5t", "certificate", Cell::text(x5t))
        .field("typ", "type", Cell::optional(typ))
        .field("mediaType", "media type", Cell::optional(media_type))
        .field("at", "at", Cell::time(at))
        .field("standing", "standing", Cell::json(value, text))
        .field("asOf", "by the records of", Cell::time(as_of));
    Ok(report.product(content(args, bytes)))
}

fn content(args: &VerifyArgs, bytes: Vec<u8>) -> Product {
    Product::private("content", Form::Bytes, bytes, args.out.out.as_deref())
}

/// How the certificate stood: for programs and for people.
fn told(standing: Standing) -> (Value, String) {
    match standing {
        Standing::Good => (
            json!({"then": "good", "since": null}),
            "good then".to_owned(),
        ),
        Standing::SupersededSince(since) => (
            json!({"then": "good", "since": "SUPERSEDED", "sinceAt": since}),
            format!("good then; superseded since {since}"),
        ),
        Standing::RevokedSince(since, reason) => (
            json!({"then": "good", "since": "REVOKED", "sinceAt": since, "reason": reason.as_str()}),
            format!("good then; revoked since {since} ({reason})"),
        ),
    }
}
