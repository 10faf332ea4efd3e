//! `kleis operator requests`.

use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use kleis_client::{CertificateRequestSummary, RequestApproval, RequestFilter};
use kleis_pki::Csr;
use kleis_types::{Identifier, RequestState, Timestamp};

use crate::args;
use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, Report, Table, confirm};

/// Certificate requests without a proof of identity: read, approve, reject
///
/// For operators and approvers. Make sure who asks, and compare the thumbprint of the key with them
/// by a way that you both trust.
#[derive(Debug, clap::Args)]
pub(super) struct RequestsArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(ListArgs),
    Approve(ApproveArgs),
    Reject(RejectArgs),
}

/// List the requests, the newest first
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kleis operator requests list
  kleis operator requests list --state REJECTED --id NIHII:18749704")]
struct ListArgs {
    /// Those in this state; without it, those that wait
    #[arg(long, value_name = "STATE", value_parser = state(), conflicts_with = "all")]
    state: Option<RequestState>,

    /// Those in all states
    #[arg(long)]
    all: bool,

    /// Those for this identity alone
    #[arg(long, value_name = "ID", value_parser = args::identifier)]
    id: Option<Identifier>,

    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100,
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    most: u32,
}

/// Approve a request: this key, for this identity and device
///
/// Shows what is approved and asks. Where two must approve, the certificate is issued with the second
/// approval.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  kleis operator requests approve Zf3e...Q --key M0nc0bPJKgbg4mkVXvDrgvHNTYKs5MRtd3u7rDv7jjQ")]
struct ApproveArgs {
    /// The id of the request
    #[arg(value_name = "REQUEST", allow_hyphen_values = true)]
    request: String,

    /// The thumbprint of the key, as whoever asks has told it to you: another one is not approved
    #[arg(long, value_name = "THUMBPRINT", allow_hyphen_values = true)]
    key: Option<kleis_jose::Thumbprint>,

    /// Do not ask
    #[arg(long, requires = "key")]
    yes: bool,
}

/// Refuse a request
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  kleis operator requests reject Zf3e...Q --reason \"Ask with the number of your practice.\"")]
struct RejectArgs {
    /// The id of the request
    #[arg(value_name = "REQUEST", allow_hyphen_values = true)]
    request: String,

    /// Why, for whoever asked: one line
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

fn state() -> impl TypedValueParser<Value = RequestState> {
    let names = RequestState::ALL.iter().map(|state| state.as_str());
    PossibleValuesParser::new(names).try_map(|name| name.parse::<RequestState>())
}

pub(super) async fn run(context: &Context, args: &RequestsArgs) -> Result<(), CliError> {
    match &args.command {
        Command::List(args) => list(context, args).await,
        Command::Approve(args) => approve(context, args).await,
        Command::Reject(args) => {
            let client = context.kleis()?;
            let done = client.reject_request(&args.request, &args.reason).await?;
            let report = Report::new()
                .field("request", "request", Cell::text(done.request))
                .field("state", "state", Cell::text(done.state));
            context.print(&report)
        }
    }
}

async fn list(context: &Context, args: &ListArgs) -> Result<(), CliError> {
    let waiting = (!args.all).then_some(RequestState::PendingApproval);
    let filter = RequestFilter {
        state: args.state.or(waiting),
        identifier: args.id.clone(),
    };
    let most = usize::try_from(args.most).map_err(CliError::internal)?;
    let requests = context.kleis()?.certificate_requests(&filter, most).await?;
    let mut table = Table::new(&[
        ("request", "REQUEST"),
        ("identifier", "IDENTITY"),
        ("registrant", "REGISTRANT"),
        ("device", "DEVICE"),
        ("recovers", "RECOVERS"),
        ("jkt", "KEY"),
        ("keyType", "TYPE"),
        ("state", "STATE"),
        ("approvals", "APPROVED"),
        ("approvalsNeeded", "OF"),
        ("submittedAt", "CAME"),
        ("expiresAt", "WAITS UNTIL"),
        ("contract", "CONTRACT"),
        ("reason", "REASON"),
        ("serial", "CERTIFICATE"),
    ]);
    for one in requests {
        table.row([
            Cell::text(&one.request),
            Cell::text(&one.identifier),
            Cell::optional(Some(&one.registrant)),
            Cell::text(&one.device),
            Cell::flag(one.recovers),
            Cell::text(&one.jkt),
            Cell::optional(key_type(&one)),
            Cell::text(&one.state),
            Cell::number(one.approvals),
            Cell::number(one.approvals_needed),
            Cell::time(Timestamp::from_unix(one.submitted_at)),
            Cell::time(Timestamp::from_unix(one.expires_at)),
            Cell::optional(Some(&one.contract)),
            Cell::optional(Some(&one.reason)),
            Cell::optional(Some(&one.serial)),
        ]);
    }
    context.print(&Report::new().table("requests", table, "No request waits."))
}

async fn approve(context: &Context, args: &ApproveArgs) -> Result<(), CliError> {
    let client = context.kleis()?;
    let waiting = RequestFilter {
        state: Some(RequestState::PendingApproval),
        identifier: None,
    };
    let requests = client.certificate_requests(&waiting, usize::MAX).await?;
    let found = requests.into_iter().find(|one| one.request == args.request);
    let request = found.ok_or_else(|| {
        let detail = "no such request waits: list them with `kleis operator requests list`";
        CliError::input("NOT_FOUND", detail)
    })?;
    let approval = read(&request, args)?;
    if !args.yes {
        let RequestApproval {
            identifier,
            device,
            jkt,
            ..
        } = &approval;
        let who = if request.registrant.is_empty() {
            "nobody in the register"
        } else {
            &request.registrant
        };
        let recovers = if request.recovers {
            " The owner has, or had, other devices: this one will be marked as recovered."
        } else {
            ""
        };
        let question = format!(
            "Certify the key {jkt} as the device {device} of {identifier} ({who})?{recovers}"
        );
        match confirm(&question).map_err(CliError::internal)? {
            Some(true) => {}
            Some(false) => return Err(CliError::usage("not approved")),
            None => {
                return Err(CliError::usage(
                    "nobody can be asked here: give --key and --yes",
                ));
            }
        }
    }
    let done = client.approve_request(&approval).await?;
    let report = Report::new()
        .field("request", "request", Cell::text(done.request))
        .field("state", "state", Cell::text(done.state))
        .field("approvals", "approved by", Cell::number(done.approvals))
        .field("approvalsNeeded", "of", Cell::number(done.approvals_needed))
        .field("serial", "certificate", Cell::optional(Some(&done.serial)));
    context.print(&report)
}

/// What is approved, out of the request itself: what the list says of its key is not believed.
fn read(
    request: &CertificateRequestSummary,
    args: &ApproveArgs,
) -> Result<RequestApproval, CliError> {
    let unfit = |error: &dyn std::fmt::Display| CliError::input("REQUEST", error);
    let csr = Csr::parse(&request.csr).map_err(|error| unfit(&error))?;
    let jkt = csr.public_key().thumbprint();
    if args.key.as_ref().is_some_and(|told| *told != jkt) {
        let detail = format!("the request is for another key, {jkt}: do not approve it");
        return Err(CliError::input("OTHER_KEY", detail));
    }
    Ok(RequestApproval {
        request: request.request.clone(),
        identifier: request.identifier.parse().map_err(|error| unfit(&error))?,
        device: request.device.parse().map_err(|error| unfit(&error))?,
        jkt,
    })
}

fn key_type(request: &CertificateRequestSummary) -> Option<kleis_jose::KeyType> {
    let csr = Csr::parse(&request.csr).ok()?;
    Some(csr.public_key().key_type())
}
