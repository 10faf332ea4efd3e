//! Log lines on standard error. They name no person: services log ids of ours and trace ids.

use std::io::{IsTerminal as _, stderr};

use tracing_subscriber::{
    EnvFilter, Layer, layer::SubscriberExt as _, registry::LookupSpan, util::SubscriberInitExt as _,
};

use crate::{LogFormat, Telemetry};

/// Libraries that would log headers, paths or handshakes stay quiet whatever the filter says.
const QUIET: [&str; 4] = ["h2=warn", "hyper=warn", "rustls=warn", "tower=warn"];

/// The log cannot be started: the operator's to mend.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not one.
    #[error("telemetry.filter: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// A log has been started in this process before.
    #[error("the log has been started already")]
    Started,
}

/// Starts the log of this process, and lets panics be told there, by their place alone: what a
/// panic says may hold what no log should.
///
/// # Errors
/// If the filter cannot be read, or a log has been started before.
pub fn start(telemetry: &Telemetry) -> Result<(), TelemetryError> {
    let filter = filter(&telemetry.filter)?;
    let terminal = stderr().is_terminal();
    let json = match telemetry.format {
        LogFormat::Auto => !terminal,
        LogFormat::Text => false,
        LogFormat::Json => true,
    };
    let lines = if json {
        json_lines().boxed()
    } else {
        text_lines(terminal).boxed()
    };
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .try_init()
        .map_err(|_| TelemetryError::Started)?;
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, thread = std::thread::current().name(), "panic");
    }));
    Ok(())
}

fn filter(directives: &str) -> Result<EnvFilter, tracing_subscriber::filter::ParseError> {
    // A later directive for the same target wins, so the quiet ones come last.
    let all: Vec<&str> = std::iter::once(directives).chain(QUIET).collect();
    EnvFilter::builder().parse(all.join(","))
}

fn text_lines<S>(terminal: bool) -> impl Layer<S>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    tracing_subscriber::fmt::layer()
        .with_writer(stderr)
        .with_ansi(terminal)
        .with_target(false)
}

fn json_lines<S>() -> impl Layer<S>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_writer(stderr)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_stay_quiet() {
        let text = filter("trace").unwrap().to_string();
        for directive in QUIET {
            assert!(text.contains(directive), "{text}");
        }
    }

    #[test]
    fn a_filter_cannot_make_them_talk() {
        let text = filter("info,h2=trace").unwrap().to_string();
        assert!(!text.contains("h2=trace"), "{text}");
    }

    #[test]
    fn a_bad_filter_is_refused() {
        let telemetry = Telemetry {
            filter: "kleis=loudly".to_owned(),
            ..Telemetry::default()
        };
        assert!(matches!(start(&telemetry), Err(TelemetryError::Filter(_))));
    }
}
