//! `kleis sign`.

use kleis_client::SenderInfo;
use kleis_trust::is_reserved_typ;
use kleis_trust::status::Status;

use crate::args::{Input, Out};
use crate::commands::whoami;
use crate::context::Context;
use crate::error::CliError;
use crate::files;
use crate::output::{Cell, Form, Product, Report};

/// The largest document that is signed or verified, in bytes.
const MAX: usize = 32 << 20;
/// The largest signature around it: base64url takes a third more.
pub(super) const MAX_TOKEN: usize = MAX / 3 * 4 + 256 * 1024;

/// Sign a document with your certified key
///
/// Writes a compact JWS (RFC 7515) that carries your certificate chain, so that anybody who trusts
/// the installation's root can verify it. The types of Kleis' own messages are refused: nobody can
/// trick you into signing an order.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kleis sign --type application/pdf report.pdf --out report.jws
  kleis sign < note.txt")]
pub(crate) struct SignArgs {
    #[command(flatten)]
    input: Input,

    /// The media type of the document: the header member `cty`
    #[arg(long = "type", value_name = "MEDIA")]
    media_type: Option<String>,

    /// The type of the whole: the header member `typ`
    #[arg(long, value_name = "TYP", default_value = "JOSE")]
    typ: String,

    #[command(flatten)]
    out: Out,
}

pub(crate) fn sign(context: &Context, args: &SignArgs) -> Result<(), CliError> {
    check_typ(&args.typ)?;
    if let Some(media_type) = &args.media_type {
        check_typ(media_type)?;
    }
    let document = files::read(&args.input.file, MAX)?;
    let client = context.kleis()?;
    let jws = client.sign_document(
        document.expose(),
        Some(&args.typ),
        args.media_type.as_deref(),
    )?;
    let product = Product::shared("jws", Form::Text, jws.into_bytes(), args.out.out.as_deref());
    let report = Report::new()
        .field("signer", "signed by", Cell::text(client.identifier()?))
        .product(product);
    context.print(&report)
}

/// Refuses the types of Kleis' own messages.
pub(super) fn check_typ(typ: &str) -> Result<(), CliError> {
    if is_reserved_typ(typ) {
        let detail = format!(
            "the type {typ} is reserved: what is signed under it could be used as an order or a \
             proof in your name"
        );
        return Err(CliError::refused("RESERVED_TYPE", detail));
    }
    Ok(())
}

/// Adds who wrote something to a report, under this name.
pub(super) fn writer(report: Report, name: &'static str, writer: &SenderInfo) -> Report {
    let SenderInfo {
        identifier,
        device,
        status,
    } = writer;
    let whole = serde_json::json!({
        "identifier": identifier,
        "device": device,
        "status": whoami::name(*status),
    });
    let since = match status {
        Status::Valid => String::new(),
        other => format!(", certificate {} since", whoami::name(*other)),
    };
    let shown = format!("{identifier} (device {device}{since})");
    report.field(name, name, Cell::json(whole, shown))
}
