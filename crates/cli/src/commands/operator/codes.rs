//! `kleis operator codes`.

use clap::Subcommand;
use kleis_types::{Identifier, Timestamp};

use crate::args::{self, Out};
use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, Form, Product, Report, Table};

const SECONDS_PER_DAY: u32 = 86_400;

/// Enrolment codes: what proves an identity for its first certificate
#[derive(Debug, clap::Args)]
pub(super) struct CodesArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Create(CreateArgs),
    Approve(ApproveArgs),
    List(ListArgs),
    Revoke(RevokeArgs),
}

/// Make a code for an identity, and print it, this once
///
/// The code is made here and never travels: the service only gets what it needs to verify it. Hand
/// it to whom it is for by a way that you trust, after you have made sure who that is. Nobody can
/// make a code for themselves.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kleis operator codes create --id NIHII:18749704
  kleis operator codes create --id CBE:0809394427/KGSS --days 2 --out code.txt")]
struct CreateArgs {
    /// Whom the code is for, application included
    #[arg(long, value_name = "ID", value_parser = args::identifier)]
    id: Identifier,

    /// For how many days it is good
    #[arg(long, default_value_t = 7, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=30))]
    days: u32,

    #[command(flatten)]
    out: Out,
}

/// Approve a code that another operator has made
///
/// Where the installation asks for two, a code proves nothing until somebody else than its maker has
/// approved it, who has made sure, too, whom it is for.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  kleis operator codes approve 3q2-7wAAAAA --id NIHII:18749704")]
struct ApproveArgs {
    /// The id of the code
    #[arg(value_name = "CODE_ID", allow_hyphen_values = true)]
    code_id: String,

    /// Whom the code is for, application included: another one is not approved
    #[arg(long, value_name = "ID", value_parser = args::identifier)]
    id: Identifier,
}

/// List the codes, without what makes them codes
#[derive(Debug, clap::Args)]
struct ListArgs {}

/// Take a code back: it proves nothing any more
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  kleis operator codes revoke 3q2-7wAAAAA")]
struct RevokeArgs {
    /// The id of the code
    #[arg(value_name = "CODE_ID", allow_hyphen_values = true)]
    code_id: String,
}

pub(super) async fn run(context: &Context, args: &CodesArgs) -> Result<(), CliError> {
    match &args.command {
        Command::Create(args) => create(context, args).await,
        Command::Approve(args) => approve(context, args).await,
        Command::List(_) => list(context).await,
        Command::Revoke(args) => revoke(context, args).await,
    }
}

async fn approve(context: &Context, args: &ApproveArgs) -> Result<(), CliError> {
    let client = context.kleis()?;
    let done = client
        .approve_enrolment_code(&args.code_id, &args.id)
        .await?;
    let report = Report::new()
        .field("codeId", "code id", Cell::text(done.code_id))
        .field("state", "state", Cell::text(done.state))
        .field("approvals", "approved by", Cell::number(done.approvals))
        .field("approvalsNeeded", "of", Cell::number(done.approvals_needed));
    context.print(&report)
}

async fn revoke(context: &Context, args: &RevokeArgs) -> Result<(), CliError> {
    let done = context
        .kleis()?
        .revoke_enrolment_code(&args.code_id)
        .await?;
    let report = Report::new()
        .field("codeId", "code id", Cell::text(done.code_id))
        .field("state", "state", Cell::text(done.state));
    context.print(&report)
}

async fn list(context: &Context) -> Result<(), CliError> {
    let mut codes = context.kleis()?.enrolment_codes().await?;
    codes.sort_by_key(|code| std::cmp::Reverse(code.expires_at));
    let mut table = Table::new(&[
        ("codeId", "CODE ID"),
        ("identifier", "FOR"),
        ("state", "STATE"),
        ("approvals", "APPROVED"),
        ("approvalsNeeded", "OF"),
        ("attemptsLeft", "ATTEMPTS LEFT"),
        ("expiresAt", "GOOD UNTIL"),
    ]);
    for code in codes {
        table.row([
            Cell::text(&code.code_id),
            Cell::optional(Some(&code.identifier)),
            Cell::text(&code.state),
            Cell::number(code.approvals),
            Cell::number(code.approvals_needed),
            Cell::number(code.attempts_left),
            Cell::time(Timestamp::from_unix(code.expires_at)),
        ]);
    }
    context.print(&Report::new().table("codes", table, "There are no codes."))
}

async fn create(context: &Context, args: &CreateArgs) -> Result<(), CliError> {
    let client = context.kleis()?;
    let issued = client
        .create_enrolment_code(&args.id, args.days * SECONDS_PER_DAY)
        .await?;
    let out = args.out.out.as_deref();
    let product = Product::private("code", Form::Text, issued.code.as_bytes(), out);
    let report = Report::new()
        .field("identifier", "for", Cell::text(&args.id))
        .field("codeId", "code id", Cell::text(&issued.code_id))
        .field("expiresAt", "good until", Cell::time(issued.expires_at))
        .field(
            "approvalsMissing",
            "approvals missing",
            Cell::number(issued.approvals_missing),
        )
        .product(product);
    context.print(&report)
}
