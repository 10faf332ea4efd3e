//! `kleis open`.

use kleis_client::{Kleis, Receipt};

use crate::args::{Input, Out};
use crate::commands::sign;
use crate::context::Context;
use crate::error::CliError;
use crate::files;
use crate::output::{Cell, Form, Product, Report};

/// The largest sealed document, in bytes.
const MAX: usize = 64 << 20;

/// Open a sealed document, and show who wrote it
///
/// Decrypts with a key of this home (also an old one), or else with a key that custody releases to
/// you, and then verifies the signature inside: the sender's certificate chain, its status, and
/// that the document was written to you. Nothing is written if any of that fails.
///
/// A read of a key in custody counts. Once the document is written, custody is told that it has
/// arrived, so that a key without reads left is destroyed at once.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kleis open report.jwe --out report.pdf
  kleis open < note.jwe")]
pub(crate) struct OpenArgs {
    #[command(flatten)]
    input: Input,

    #[command(flatten)]
    out: Out,

    /// Do not tell custody that its key has arrived
    #[arg(long)]
    no_confirm: bool,
}

pub(crate) async fn run(context: &Context, args: &OpenArgs) -> Result<(), CliError> {
    let sealed = files::read(&args.input.file, MAX)?;
    let client = context.kleis()?;
    client.signer()?;
    let progress = context.output().working("opening", sealed.len());
    let opened = client.open_document(sealed.expose()).await?;
    drop(progress);
    let out = args.out.out.as_deref();
    let product = Product::private("content", Form::Bytes, opened.content, out);
    let mut report = sign::writer(Report::new(), "sender", &opened.sender)
        .field("recipients", "addressed to", Cell::list(&opened.addressees))
        .field("mediaType", "media type", Cell::text(opened.media_type));
    report = match &opened.receipt {
        Some(receipt) => custody(report, receipt),
        None => report.data("custody", serde_json::Value::Null),
    };
    context.print(&report.product(product))?;
    if let Some(receipt) = opened.receipt.as_ref().filter(|_| !args.no_confirm) {
        confirm(context, &client, receipt).await;
    }
    Ok(())
}

fn custody(report: Report, receipt: &Receipt) -> Report {
    let Receipt {
        key,
        owner,
        reads_left,
        ..
    } = receipt;
    let whole = serde_json::json!({
        "keyId": key.key_id,
        "owner": owner,
        "readsLeft": reads_left,
    });
    let left = reads_left
        .map(|left| format!(", reads left: {left}"))
        .unwrap_or_default();
    let shown = format!("{} of {owner}{left}", key.key_id);
    report.field("custody", "custody key", Cell::json(whole, shown))
}

/// Tells custody that the key has arrived, after what it was for is safely written. The document is
/// there, so a failure is only told: custody then waits until the order can no longer be repeated.
pub(super) async fn confirm(context: &Context, client: &Kleis, receipt: &Receipt) {
    if let Err(error) = client.confirm_read(receipt).await {
        context.output().warn(&error.into());
    }
}
