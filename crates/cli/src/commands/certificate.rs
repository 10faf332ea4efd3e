//! `kleis certificate`.

use std::path::PathBuf;

use clap::Subcommand;
use kleis_client::{DeviceRequest, RenewOptions, named_certificate};
use kleis_trust::standing::History;

use crate::args::{self, Out, SigningKey};
use crate::commands::contract::{self, AcceptArgs};
use crate::commands::enroll;
use crate::commands::sign::MAX_TOKEN;
use crate::context::Context;
use crate::error::CliError;
use crate::files;
use crate::output::{Cell, Form, Product, Report};

/// Renew your certificate, or ask how one has stood through the years
#[derive(Debug, clap::Args)]
pub(crate) struct CertificateArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Describe(DescribeArgs),
    Renew(RenewArgs),
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

/// Get the certificate that follows this device's, for a new key, and bind its encryption keys anew
///
/// Within the replacement period before the certificate's end. Senders notice nothing: the old
/// certificate stays in use until every key is bound anew. What was interrupted goes on when it is
/// run again. A device that a sibling has endorsed endorses its own next key.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  kleis certificate renew")]
struct RenewArgs {
    /// The kind of the new key
    #[arg(
        long,
        value_enum,
        default_value = "P-256",
        ignore_case = true,
        value_name = "KIND"
    )]
    alg: SigningKey,

    /// The endorsement of the new key by a sibling, where this device has endorsed itself often
    /// enough (`kleis certificate renew --request`)
    #[arg(long, value_name = "FILE", conflicts_with = "request")]
    endorsement: Option<PathBuf>,

    /// Make the new key, and a request to show to a sibling (`kleis devices endorse`), and stop there
    #[arg(long)]
    request: bool,

    #[command(flatten)]
    out: Out,

    #[command(flatten)]
    accept: AcceptArgs,
}

pub(crate) async fn run(context: &Context, args: &CertificateArgs) -> Result<(), CliError> {
    match &args.command {
        Command::Renew(args) => renew(context, args).await,
        Command::Describe(args) => describe(context, args).await,
    }
}

async fn renew(context: &Context, args: &RenewArgs) -> Result<(), CliError> {
    let client = context.kleis()?;
    let mut identity = client.home().identity()?;
    if args.request {
        let key = client
            .home()
            .next_auth_key(args.alg.into(), context.random())?;
        let request = DeviceRequest::new(identity.identifier, identity.device, &key);
        let json = serde_json::to_vec(&request).map_err(CliError::internal)?;
        let product = Product::shared("request", Form::Json, json, args.out.out.as_deref());
        let report = Report::new().field("jkt", "key", Cell::text(&request.jkt));
        return context.print(&report.product(product));
    }
    if identity.replaces.is_none() {
        let endorsement = args.endorsement.as_deref();
        let endorsement = endorsement
            .map(|path| files::read_text(path, MAX_TOKEN))
            .transpose()?;
        let contract = contract::accepted(&client, &identity.identifier, &args.accept).await?;
        identity = client
            .renew_certificate(RenewOptions {
                key_type: args.alg.into(),
                contract,
                endorsement: endorsement.map(|text| text.trim().to_owned()),
            })
            .await?;
    }
    // The home has another certificate now, and a client shows the one that it was opened with.
    let finished = context.kleis()?.finish_renewal().await?;
    let mut report = enroll::identity_report(&identity)?;
    if let Some(rebound) = finished {
        report = report
            .field("replaced", "replaces", Cell::text(rebound.replaced))
            .field("kids", "keys bound anew", Cell::list(rebound.kids));
    }
    context.print(&report)
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
