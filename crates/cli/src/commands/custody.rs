//! `kleis custody`.

mod create;
mod deposit;
mod get;
mod owner;

use std::path::Path;

use clap::Subcommand;
use kleis_types::strict_json;

use crate::context::Context;
use crate::error::CliError;
use crate::files;

pub(crate) use create::CreateArgs;
pub(crate) use deposit::DepositArgs;
pub(crate) use get::GetArgs;
pub(crate) use owner::{DescribeArgs, ShredArgs};

/// The largest policy, in bytes (docs/formats.md section 10).
const MAX_POLICY: usize = 16_384;

/// Keep symmetric keys in custody, and get those that you may read
///
/// Custody keeps a key together with a policy that says who may get it, until when and how often.
/// Whoever may not have a key gets the same answer as for one that does not exist.
#[derive(Debug, clap::Args)]
pub(crate) struct CustodyArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Create(CreateArgs),
    Deposit(DepositArgs),
    Get(GetArgs),
    Describe(DescribeArgs),
    Shred(ShredArgs),
}

pub(crate) async fn run(context: &Context, args: &CustodyArgs) -> Result<(), CliError> {
    match &args.command {
        Command::Create(args) => create::run(context, args).await,
        Command::Deposit(args) => deposit::run(context, args).await,
        Command::Get(args) => get::run(context, args).await,
        Command::Describe(args) => owner::describe(context, args).await,
        Command::Shred(args) => owner::shred(context, args).await,
    }
}

/// The bytes of a policy, which are sent and hashed as they are. That they are JSON is checked
/// here, where the file can be named; what it says is checked by custody.
pub(crate) fn read_policy(path: &Path) -> Result<Vec<u8>, CliError> {
    let policy = files::read(path, MAX_POLICY)?.expose().to_vec();
    strict_json::value(&policy, MAX_POLICY).map_err(|error| CliError::file(path, error))?;
    Ok(policy)
}
