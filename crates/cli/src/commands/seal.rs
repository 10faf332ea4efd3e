//! `kleis seal`.

mod recipients;

use std::path::{Path, PathBuf};

use kleis_client::{Kleis, Readers, Sealed};
use kleis_jose::{Jwk, KeyType};
use kleis_trust::recipient::VerifiedRecipient;

use crate::args::{self, Out};
use crate::commands::custody::read_policy;
use crate::commands::{key_source, sign};
use crate::context::Context;
use crate::error::{CliError, Item};
use crate::files;
use crate::output::{Cell, Form, Product, Report, Table};

/// The largest document that is sealed, in bytes: twice base64url, it stays below what `kleis open`
/// reads.
const MAX: usize = 32 << 20;

/// Seal a document to recipients, and to readers whom you do not know yet
///
/// Looks up every recipient, verifies its keys, signs the document together with the names of its
/// recipients, and encrypts it to all their active keys: a JWE in general JSON serialisation around
/// a JWS, which any JOSE library opens.
///
/// With --readers a fresh key is made in custody under your policy and added as a recipient:
/// whoever the policy lets get the key can open the document, also somebody whom you do not know.
///
/// Recipients without a key are listed, and nothing is sealed unless --skip-missing is given. A
/// recipient whose keys do not stand up to verification is never skipped.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kleis seal --to NIHII:18749704 CBE:0809394427 --type application/pdf report.pdf > report.jwe
  kleis seal --readers pharmacists.json prescription.json --out prescription.jwe
  kleis seal --to SSIN:85073003328 < note.txt > note.jwe")]
pub(crate) struct SealArgs {
    /// A recipient: TYPE:VALUE or TYPE:VALUE/APPLICATION (several, and several times)
    #[arg(long, value_name = "ID", num_args = 1.., required_unless_present = "readers_group")]
    to: Vec<String>,

    #[command(flatten)]
    readers: ReadersArgs,

    /// The media type of the document
    #[arg(
        long = "type",
        value_name = "MEDIA",
        default_value = "application/octet-stream"
    )]
    media_type: String,

    /// Seal to the others when a recipient has no key
    #[arg(long)]
    skip_missing: bool,

    #[command(flatten)]
    out: Out,

    /// The file to seal; `-`, or none, is standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
#[group(id = "readers_group", multiple = false)]
struct ReadersArgs {
    /// The policy for readers whom you do not know (JSON, docs/formats.md section 10)
    #[arg(long, value_name = "POLICY")]
    readers: Option<PathBuf>,

    /// A key in custody that the readers can get: its id (it is read once for this), or its JWK
    /// file
    #[arg(long, value_name = "KEYID|FILE", allow_hyphen_values = true)]
    readers_key: Option<String>,
}

pub(crate) async fn run(context: &Context, args: &SealArgs) -> Result<(), CliError> {
    let (identifiers, file) = recipients::read(&args.to, args.file.as_deref())?;
    sign::check_typ(&args.media_type)?;
    let document = files::read(&file, MAX)?;
    let client = context.kleis()?;
    client.signer()?;
    let found = recipients::verify(context, &client, &identifiers, args.skip_missing).await?;
    let readers = readers(context, &client, &args.readers).await?;
    if found.recipients.is_empty() && readers.is_none() {
        return Err(CliError::not_found(
            "none of the recipients has a key: nothing was sealed",
        ));
    }
    let progress = context.output().working("sealing", document.len());
    let sealed = client
        .seal(
            document.expose(),
            &args.media_type,
            &found.recipients,
            readers,
        )
        .await?;
    drop(progress);
    context.print(&report(
        sealed,
        &found.recipients,
        &found.skipped,
        args.out.out.as_deref(),
    ))
}

async fn readers(
    context: &Context,
    client: &Kleis,
    args: &ReadersArgs,
) -> Result<Option<Readers>, CliError> {
    if let Some(path) = &args.readers {
        return Ok(Some(Readers::Policy(read_policy(path)?)));
    }
    let Some(key) = &args.readers_key else {
        return Ok(None);
    };
    if args::key_id(key).is_ok() {
        return Ok(Some(Readers::Key(client.custody_key(key).await?.key.jwk)));
    }
    Ok(Some(Readers::Key(custody_file(context, Path::new(key))?)))
}

/// A key that `kleis custody create` or `kleis custody get` wrote.
fn custody_file(context: &Context, path: &Path) -> Result<Jwk, CliError> {
    let key = key_source::key(context, path)?;
    let is_named = key.kid().is_some_and(|kid| args::key_id(kid).is_ok());
    if key.key_type() != (KeyType::Oct { bytes: 32 }) || !is_named {
        let detail = "not a key from custody: an `oct` JWK of 256 bits with the key id as `kid`";
        return Err(CliError::file(path, detail));
    }
    Ok(key)
}

fn report(
    sealed: Sealed,
    recipients: &[VerifiedRecipient],
    skipped: &[Item],
    out: Option<&Path>,
) -> Report {
    let mut keys = Table::new(&[
        ("identifier", "SEALED TO"),
        ("kid", "KEY"),
        ("device", "DEVICE"),
    ]);
    for recipient in recipients {
        for key in recipient.keys() {
            keys.row([
                Cell::text(recipient.identifier()),
                Cell::text(key.kid()),
                Cell::text(key.device()),
            ]);
        }
    }
    let mut missing = Table::new(&[
        ("identifier", "SKIPPED"),
        ("reason", "REASON"),
        ("detail", "DETAIL"),
    ]);
    for Item {
        what,
        reason,
        detail,
    } in skipped
    {
        missing.row([Cell::text(what), Cell::text(reason), Cell::text(detail)]);
    }
    let mut report = Report::new()
        .field(
            "custodyKey",
            "custody key",
            Cell::optional(sealed.custody_key.as_deref()),
        )
        .table(
            "recipients",
            keys,
            "Sealed to readers of the custody key alone.",
        );
    report = if skipped.is_empty() {
        report.data("skipped", Vec::<serde_json::Value>::new())
    } else {
        report.table("skipped", missing, "")
    };
    report.product(Product::shared(
        "jwe",
        Form::Json,
        sealed.jwe.into_bytes(),
        out,
    ))
}
