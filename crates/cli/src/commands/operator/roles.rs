//! `kleis operator roles`.

use clap::Subcommand;
use kleis_types::{Identifier, Role, Timestamp};

use crate::args;
use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, Report, Table};

/// Who runs the register, countersigns, or reads the audit
#[derive(Debug, clap::Args)]
pub(super) struct RolesArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Grant(GrantArgs),
    Withdraw(WithdrawArgs),
    List(ListArgs),
}

/// Give a person a role
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  kleis operator roles grant SSIN:93051822361 auditor")]
struct GrantArgs {
    #[command(flatten)]
    role: RoleOf,
}

/// Take a role back from a person
///
/// The last operator stays one: make another one first.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  kleis operator roles withdraw SSIN:93051822361 auditor")]
struct WithdrawArgs {
    #[command(flatten)]
    role: RoleOf,
}

/// List who was given which role
///
/// TAMPERED is a row that somebody else than the service wrote into its database. It counts for
/// nothing; grant or withdraw that role to put it right.
#[derive(Debug, clap::Args)]
struct ListArgs {}

#[derive(Debug, clap::Args)]
struct RoleOf {
    /// The person
    #[arg(value_name = "ID", value_parser = args::identifier)]
    id: Identifier,

    /// The role
    #[arg(value_name = "ROLE", value_parser = args::role())]
    role: Role,
}

pub(super) async fn run(context: &Context, args: &RolesArgs) -> Result<(), CliError> {
    match &args.command {
        Command::Grant(args) => {
            let RoleOf { id, role } = &args.role;
            let now = context.kleis()?.grant_role(id, *role).await?;
            tell(context, now.identifier, now.roles, now.approvals_missing)
        }
        Command::Withdraw(args) => {
            let RoleOf { id, role } = &args.role;
            let now = context.kleis()?.withdraw_role(id, *role).await?;
            tell(context, now.identifier, now.roles, now.approvals_missing)
        }
        Command::List(_) => list(context).await,
    }
}

pub(super) fn tell(
    context: &Context,
    person: String,
    roles: Vec<String>,
    approvals_missing: u32,
) -> Result<(), CliError> {
    let mut report = Report::new()
        .field("identifier", "person", Cell::text(person))
        .field("roles", "roles", Cell::list(roles))
        .data("approvalsMissing", approvals_missing);
    if approvals_missing > 0 {
        report = report.line("Another operator must give the same order, within a week.");
    }
    context.print(&report)
}

async fn list(context: &Context) -> Result<(), CliError> {
    let mut roles = context.kleis()?.roles().await?;
    roles.sort_by(|a, b| (&a.role, &a.identifier).cmp(&(&b.role, &b.identifier)));
    let mut table = Table::new(&[
        ("role", "ROLE"),
        ("identifier", "PERSON"),
        ("state", "STATE"),
        ("granted_at", "GRANTED"),
        ("granted_by", "BY"),
    ]);
    for role in roles {
        table.row([
            Cell::text(role.role),
            Cell::text(role.identifier),
            Cell::text(role.state),
            Cell::time(Timestamp::from_unix(role.granted_at)),
            Cell::text(role.granted_by),
        ]);
    }
    context.print(&Report::new().table("roles", table, "Nobody has a role."))
}
