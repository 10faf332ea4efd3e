//! `kleis audit list`.

use clap::ValueEnum;
use kleis_client::{AuditEvent, AuditFilter};
use kleis_types::{Service, Timestamp, base64url};

use crate::args;
use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, Report, Table};

/// The most events that are asked for at a time.
const PAGE: u32 = 1000;

/// List what was done: service by service, the oldest first
///
/// Events of a person bear a pseudonym, another one in each service. Ask by the person's
/// identifier to see theirs; who stands behind a pseudonym is not told.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kleis audit list --service custody --action custody.get_key --outcome refused
  kleis audit list --actor SSIN:85073003328 --since 2026-11-01T00:00:00Z
  kleis audit list --resource key:KID --output json | jq -r '.events[].details'")]
pub(super) struct ListArgs {
    /// Whose audit; all of them, if it is left out
    #[arg(long, value_name = "SERVICE", value_parser = super::service())]
    service: Option<Service>,

    /// The chain, as an event names it
    #[arg(long, value_name = "CHAIN")]
    chain: Option<String>,

    /// On what, as an event names it: key:KID, record:KEYID, certificate:SERIAL
    #[arg(long, value_name = "RESOURCE")]
    resource: Option<String>,

    /// Who: an identifier; or as an event names it (person:PSEUDONYM, local, unknown)
    #[arg(long, value_name = "ID", value_parser = actor)]
    actor: Option<String>,

    /// What the action begins with
    #[arg(long, value_name = "PREFIX")]
    action: Option<String>,

    /// How it ended
    #[arg(long, value_enum, value_name = "OUTCOME")]
    outcome: Option<Outcome>,

    /// From this time on, RFC 3339
    #[arg(long, value_name = "TIME", value_parser = args::time)]
    since: Option<Timestamp>,

    /// Before this time, RFC 3339
    #[arg(long, value_name = "TIME", value_parser = args::time)]
    until: Option<Timestamp>,

    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    limit: u32,
}

/// How an event ended.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Outcome {
    /// It was done.
    Done,
    /// It was refused.
    Refused,
    /// Somebody has tampered with the record.
    Alarm,
}

impl Outcome {
    /// The name in the audit.
    fn name(self) -> &'static str {
        match self {
            Self::Done => "DONE",
            Self::Refused => "REFUSED",
            Self::Alarm => "ALARM",
        }
    }
}

/// Reads who it was: what the audit calls nobody's identifier stays as it is.
fn actor(text: &str) -> Result<String, String> {
    if text == "local" || text == "unknown" {
        return Ok(text.to_owned());
    }
    match text.strip_prefix("person:") {
        Some(pseudonym) => match base64url::decode_array::<16>(pseudonym) {
            Ok(_) => Ok(text.to_owned()),
            Err(_) => Err("a pseudonym is 22 characters of base64url".to_owned()),
        },
        None => args::identifier(text)
            .map(|identifier| identifier.to_string())
            .map_err(|error| error.to_string()),
    }
}

pub(super) async fn run(context: &Context, args: &ListArgs) -> Result<(), CliError> {
    if let (Some(since), Some(until)) = (args.since, args.until)
        && since >= until
    {
        return Err(CliError::usage("--until is not after --since"));
    }
    let filter = AuditFilter {
        service: args.service,
        chain: args.chain.clone(),
        action: args.action.clone(),
        resource: args.resource.clone(),
        actor: args.actor.clone(),
        outcome: args.outcome.map(|outcome| outcome.name().to_owned()),
        since: args.since,
        until: args.until,
    };
    let client = context.kleis()?;
    let mut table = Table::new(&[
        ("time", "TIME"),
        ("service", "SERVICE"),
        ("action", "ACTION"),
        ("outcome", "OUTCOME"),
        ("actor", "ACTOR"),
        ("resource", "RESOURCE"),
        ("details", "DETAILS"),
        ("traceId", "TRACE"),
        ("chain", "CHAIN"),
        ("seq", "SEQ"),
    ]);
    let mut left = args.limit;
    let mut next = None;
    loop {
        let page = client
            .audit_events(&filter, left.min(PAGE), next.as_deref())
            .await?;
        for event in page.events {
            left = left.saturating_sub(1);
            table.row(row(event));
        }
        next = page.next;
        if left == 0 || next.is_none() {
            break;
        }
    }
    let mut report = Report::new()
        .table("events", table, "Nothing of the kind was done.")
        .data("more", next.is_some());
    if next.is_some() {
        report = report.line("There may be more: raise --limit, or narrow what you ask for.");
    }
    context.print(&report)
}

fn row(event: AuditEvent) -> [Cell; 10] {
    [
        Cell::time(Timestamp::from_unix(event.time)),
        Cell::text(event.service),
        Cell::text(event.action),
        Cell::text(event.outcome),
        Cell::text(event.actor),
        Cell::optional(Some(event.resource)),
        Cell::optional(Some(event.details)),
        Cell::optional(Some(event.trace_id)),
        Cell::text(event.chain),
        Cell::number(event.seq),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actors_are_identifiers_or_what_the_audit_calls_them() {
        for (asked, meant) in [
            ("NISS:85.07.30-033.28", "SSIN:85073003328"),
            ("SERVICE:custody", "SERVICE:custody"),
            ("local", "local"),
            ("unknown", "unknown"),
            (
                "person:AAAAAAAAAAAAAAAAAAAAAA",
                "person:AAAAAAAAAAAAAAAAAAAAAA",
            ),
        ] {
            assert_eq!(actor(asked).as_deref(), Ok(meant));
        }
        for wrong in ["", "nobody", "person:AAAA", "SSIN:85073003329"] {
            assert!(actor(wrong).is_err(), "{wrong}");
        }
    }
}
