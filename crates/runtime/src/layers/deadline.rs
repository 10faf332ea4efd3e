//! How long a request may take.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    http::HeaderMap,
    middleware::Next,
    response::Response,
};
use kleis_types::{ErrorCode, Problem};

use super::{Stack, refusal};

/// Taken off what the caller allows, so that our answer is there before the caller, or the library
/// between us, gives up without a reason.
const SHAVE: Duration = Duration::from_millis(20);

/// The answer must have begun within the time; a stream may then go on.
pub(super) async fn run(State(stack): State<Arc<Stack>>, request: Request, next: Next) -> Response {
    let time = allowed(request.headers(), stack.deadline);
    let answer = tokio::time::timeout(time, next.run(request)).await;
    answer.unwrap_or_else(|_| refusal(Problem::from(ErrorCode::DeadlineExceeded)))
}

fn allowed(headers: &HeaderMap, most: Duration) -> Duration {
    let asked = headers
        .get("grpc-timeout")
        .and_then(|value| parse(value.to_str().ok()?));
    match asked {
        Some(asked) => asked.saturating_sub(SHAVE.min(asked / 2)).min(most),
        None => most,
    }
}

/// `Timeout` of the gRPC protocol over HTTP/2: at most eight digits and a unit.
fn parse(value: &str) -> Option<Duration> {
    let (digits, unit) = value.split_at_checked(value.len().checked_sub(1)?)?;
    if !(1..=8).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const MOST: Duration = Duration::from_secs(15);

    fn with(value: &'static str) -> Duration {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-timeout", HeaderValue::from_static(value));
        allowed(&headers, MOST)
    }

    #[test]
    fn callers_can_ask_for_less_and_not_for_more() {
        assert_eq!(allowed(&HeaderMap::new(), MOST), MOST);
        assert_eq!(with("5S"), Duration::from_millis(4980));
        assert_eq!(with("100m"), Duration::from_millis(80));
        assert_eq!(with("10m"), Duration::from_millis(5));
        assert_eq!(with("50000u"), Duration::from_millis(30));
        assert_eq!(with("40000000n"), Duration::from_millis(20));
        assert_eq!(with("0S"), Duration::ZERO);
        assert_eq!(with("1M"), MOST);
        assert_eq!(with("99999999H"), MOST);
    }

    #[test]
    fn what_is_no_timeout_is_no_timeout() {
        for value in ["", "S", "5", "5s", "5 S", "-5S", "123456789S", "5\u{e9}"] {
            assert_eq!(parse(value), None, "{value}");
        }
    }
}
