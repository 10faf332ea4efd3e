//! `kleis operator`.

mod bootstrap;
mod codes;
mod registrants;
mod requests;
mod rights;
mod roles;

use clap::Subcommand;

use crate::context::Context;
use crate::error::CliError;

/// Run an installation: the register, requests, enrolment codes, revocation, roles
///
/// These commands go to the admin address, which `kleis init --admin` names, and need the
/// certificate of an operator, or of an approver for what approvers decide.
#[derive(Debug, clap::Args)]
pub(crate) struct OperatorArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Bootstrap(bootstrap::BootstrapArgs),
    Registrants(registrants::RegistrantsArgs),
    Requests(requests::RequestsArgs),
    Codes(codes::CodesArgs),
    Revoke(rights::RevokeArgs),
    Grant(rights::GrantArgs),
    Roles(roles::RolesArgs),
}

pub(crate) async fn run(context: &Context, args: &OperatorArgs) -> Result<(), CliError> {
    match &args.command {
        Command::Bootstrap(args) => bootstrap::run(context, args).await,
        Command::Registrants(args) => registrants::run(context, args).await,
        Command::Requests(args) => requests::run(context, args).await,
        Command::Codes(args) => codes::run(context, args).await,
        Command::Revoke(args) => rights::revoke(context, args).await,
        Command::Grant(args) => rights::grant(context, args).await,
        Command::Roles(args) => roles::run(context, args).await,
    }
}
