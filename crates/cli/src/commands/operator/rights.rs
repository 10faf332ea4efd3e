//! `kleis operator revoke` and `kleis operator grant`.

use kleis_types::{Identifier, RevocationReason};

use super::roles;
use crate::args;
use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, Report};

/// Revoke anybody's certificate, and all keys that it binds
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  kleis operator revoke 4f1d0c... --reason keyCompromise")]
pub(super) struct RevokeArgs {
    /// The serial number of the certificate, hexadecimal
    #[arg(value_name = "SERIAL")]
    serial: String,

    /// Why
    #[arg(long, value_name = "REASON", value_parser = args::revocation_reason())]
    reason: RevocationReason,
}

/// Make a person an operator
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  kleis operator grant SSIN:93051822361")]
pub(super) struct GrantArgs {
    /// The person
    #[arg(value_name = "ID", value_parser = args::identifier)]
    id: Identifier,
}

pub(super) async fn revoke(context: &Context, args: &RevokeArgs) -> Result<(), CliError> {
    let serial = args.serial.replace(':', "").to_ascii_lowercase();
    let client = context.kleis()?;
    let revoked = client
        .revoke_certificate_as_operator(&serial, args.reason)
        .await?;
    let report = Report::new()
        .field("serial", "serial", Cell::text(revoked.serial))
        .field("state", "state", Cell::text(revoked.state))
        .field("kids", "keys revoked", Cell::list(revoked.kids));
    context.print(&report)
}

pub(super) async fn grant(context: &Context, args: &GrantArgs) -> Result<(), CliError> {
    let granted = context.kleis()?.grant_operator(&args.id).await?;
    let missing = granted.approvals_missing;
    roles::tell(context, granted.identifier, granted.roles, missing)
}
