//! `kleis audit show`.

use kleis_types::{Service, Timestamp, base64url};

use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, Report};

/// Show one event, with its place in its chain
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  kleis audit show custody CHAIN 17")]
pub(super) struct ShowArgs {
    /// Whose audit
    #[arg(value_name = "SERVICE", value_parser = super::service())]
    service: Service,

    /// The chain, as `kleis audit list` names it
    #[arg(value_name = "CHAIN")]
    chain: String,

    /// The position in the chain, from 1
    #[arg(value_name = "SEQ", value_parser = clap::value_parser!(u64).range(1..))]
    seq: u64,
}

pub(super) async fn run(context: &Context, args: &ShowArgs) -> Result<(), CliError> {
    let client = context.kleis()?;
    let event = client
        .audit_event(args.service, &args.chain, args.seq)
        .await?;
    let hash = |bytes: &[u8]| Cell::optional(Some(base64url::encode(bytes)));
    let report = Report::new()
        .field("time", "time", Cell::time(Timestamp::from_unix(event.time)))
        .field("service", "service", Cell::text(event.service))
        .field("action", "action", Cell::text(event.action))
        .field("outcome", "outcome", Cell::text(event.outcome))
        .field("actor", "actor", Cell::text(event.actor))
        .field("resource", "resource", Cell::optional(Some(event.resource)))
        .field(
            "resourceVersion",
            "version",
            Cell::number(event.resource_version),
        )
        .field(
            "resourceDigest",
            "digest of its state",
            hash(&event.resource_digest),
        )
        .field("details", "details", Cell::optional(Some(event.details)))
        .field(
            "orderDigest",
            "digest of the order",
            hash(&event.order_digest),
        )
        .field("traceId", "trace", Cell::optional(Some(event.trace_id)))
        .field("chain", "chain", Cell::text(event.chain))
        .field("seq", "position", Cell::number(event.seq))
        .field("hash", "hash", hash(&event.hash))
        .field("previous", "hash before", hash(&event.previous));
    context.print(&report)
}
