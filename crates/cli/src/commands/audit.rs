//! `kleis audit`.

mod list;
mod show;

use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use kleis_types::Service;

use crate::context::Context;
use crate::error::CliError;

/// See who did what: the audits of the services
///
/// These commands go to the admin address, which `kleis init --admin` names, and need the
/// certificate of an auditor. Whoever reads the audit is in it afterwards.
///
/// What is shown is what stands in the databases now. Whether anybody has tampered with it is for
/// `kleisd audit verify` to say.
#[derive(Debug, clap::Args)]
pub(crate) struct AuditArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::ListArgs),
    Show(show::ShowArgs),
}

pub(crate) async fn run(context: &Context, args: &AuditArgs) -> Result<(), CliError> {
    match &args.command {
        Command::List(args) => list::run(context, args).await,
        Command::Show(args) => show::run(context, args).await,
    }
}

/// A service that keeps an audit, by its name.
fn service() -> impl TypedValueParser<Value = Service> {
    let audited = [Service::Registration, Service::Custody, Service::Sts];
    PossibleValuesParser::new(audited.map(Service::as_str)).try_map(|name| name.parse::<Service>())
}
