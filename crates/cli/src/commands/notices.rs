//! `kleis notices`.

use kleis_types::Timestamp;

use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, Report, Table};

/// List what you were told: new devices, recoveries, revocations, and what ends soon
///
/// Whether or not it was also sent to you, by mail or to a webhook: for that, the operators of the
/// registry must know where to.
#[derive(Debug, clap::Args)]
pub(crate) struct NoticesArgs {
    /// How many, the newest first
    #[arg(long, default_value_t = 50, value_name = "N",
          value_parser = clap::value_parser!(u16).range(1..=10_000))]
    limit: u16,
}

pub(crate) async fn run(context: &Context, args: &NoticesArgs) -> Result<(), CliError> {
    let mut table = Table::new(&[
        ("at", "WHEN"),
        ("kind", "WHAT"),
        ("identifier", "FOR"),
        ("device", "DEVICE"),
        ("subject", "ABOUT"),
        ("reason", "REASON"),
        ("endsAt", "ENDS"),
        ("id", "NOTICE"),
    ]);
    for notice in context.kleis()?.notices(args.limit.into()).await? {
        let ends = (notice.ends_at > 0).then(|| Timestamp::from_unix(notice.ends_at));
        table.row([
            Cell::time(Timestamp::from_unix(notice.at)),
            Cell::text(&notice.kind),
            Cell::text(&notice.identifier),
            Cell::optional(Some(&notice.device)),
            Cell::text(&notice.subject),
            Cell::optional(Some(&notice.reason)),
            ends.map_or_else(|| Cell::optional(None::<&str>), Cell::time),
            Cell::text(&notice.id),
        ]);
    }
    context.print(&Report::new().table("notices", table, "You were told nothing yet."))
}
