//! `kleis request`.

use std::path::PathBuf;

use clap::Subcommand;
use kleis_client::{RequestDraft, RequestStatus};
use kleis_types::{DeviceId, Identifier};

use crate::args;
use crate::commands::contract::{self, AcceptArgs};
use crate::commands::enroll::{self, AuthKeyArgs};
use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, Report};

/// Ask the operators for a certificate, without a code: they decide
///
/// The request waits at the service until it is approved, by as many as the installation asks for.
/// Tell them the thumbprint of your key by a way that you both trust: they compare it. Then fetch the
/// certificate with `kleis request status`.
#[derive(Debug, clap::Args)]
pub(crate) struct RequestArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Submit(SubmitArgs),
    Status(StatusArgs),
    Validate(ValidateArgs),
    Withdraw(WithdrawArgs),
}

/// Make a key and a certificate request, and submit it
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kleis request submit --id NIHII:18749704
  kleis request submit --id CBE:0809394427/KGSS --csr request.pem --key key.pem")]
struct SubmitArgs {
    /// The identity: TYPE:VALUE, or TYPE:VALUE/APPLICATION for one application of an organisation
    #[arg(long, value_name = "ID", value_parser = args::identifier)]
    id: Identifier,

    /// The name of this device among yours
    #[arg(long, value_name = "NAME", default_value_t)]
    device: DeviceId,

    /// Use this PKCS#10 request (PEM or DER) instead of making one
    #[arg(long, value_name = "FILE", requires = "key")]
    csr: Option<PathBuf>,

    #[command(flatten)]
    key: AuthKeyArgs,

    #[command(flatten)]
    accept: AcceptArgs,
}

/// Ask what has become of the request, and keep the certificate if it was issued
#[derive(Debug, clap::Args)]
struct StatusArgs {}

/// Prove by a login whose the request is: then it needs no approval
///
/// The login is an access token of an issuer that may enrol, bound to the key of this home (DPoP).
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  kleis request validate --access-token token.txt")]
struct ValidateArgs {}

/// Take the request back
#[derive(Debug, clap::Args)]
struct WithdrawArgs {}

pub(crate) async fn run(context: &Context, args: &RequestArgs) -> Result<(), CliError> {
    match &args.command {
        Command::Submit(args) => submit(context, args).await,
        Command::Status(_) => status(context).await,
        Command::Validate(_) => {
            let identity = context.kleis()?.validate_request().await?;
            context.print(&enroll::enrolled(&identity)?)
        }
        Command::Withdraw(_) => {
            let withdrawn = context.kleis()?.withdraw_request().await?;
            let report = Report::new()
                .field("request", "request", Cell::text(withdrawn.request))
                .field("state", "state", Cell::text("WITHDRAWN"));
            context.print(&report)
        }
    }
}

async fn submit(context: &Context, args: &SubmitArgs) -> Result<(), CliError> {
    let csr = args.csr.as_deref().map(enroll::read_csr).transpose()?;
    let home = context.home()?;
    home.config()?;
    enroll::auth_key(context, &home, &args.key)?;
    let client = context.client(home)?;
    let contract = contract::accepted(&client, &args.id, &args.accept).await?;
    let submitted = client
        .submit_request(RequestDraft {
            identifier: args.id.clone(),
            device: args.device.clone(),
            csr,
            contract,
        })
        .await?;
    let report = told(&submitted).line(
        "Next: tell the operators the thumbprint of your key, and run `kleis request status` \
         when they have approved.",
    );
    context.print(&report)
}

async fn status(context: &Context) -> Result<(), CliError> {
    let status = context.kleis()?.request_status().await?;
    match &status.identity {
        Some(identity) => context.print(&enroll::enrolled(identity)?),
        None => context.print(&told(&status)),
    }
}

fn told(status: &RequestStatus) -> Report {
    let needed = status.approvals_needed;
    Report::new()
        .field("request", "request", Cell::text(&status.request.request))
        .field(
            "identifier",
            "identity",
            Cell::text(&status.request.identifier),
        )
        .field("device", "device", Cell::text(&status.request.device))
        .field("jkt", "key", Cell::text(&status.jkt))
        .field("state", "state", Cell::text(status.state))
        .field(
            "approvalsNeeded",
            "approvals needed",
            needed.map_or_else(Cell::none, Cell::number),
        )
        .field("expiresAt", "waits until", Cell::time(status.expires_at))
        .field("reason", "reason", Cell::optional(Some(&status.reason)))
}
