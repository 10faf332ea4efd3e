//! Refusals, in the caller's protocol: a gRPC status, or `application/problem+json` (RFC 9457).

use std::time::Duration;

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use kleis_proto::status::{from_status, to_status};
use kleis_types::{Category, ErrorCode, Problem, TraceId};
use serde::Serialize;
use tonic::{Code, Status};

use super::authn::DPOP_NONCE;

const TRACE: HeaderName = HeaderName::from_static("kleis-trace-id");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// An answer that refuses with this problem.
///
/// Layers and HTTP handlers answer so in place of rendering the problem themselves; a service that
/// does not know this crate puts the [`Problem`] into the extensions of its response, which is the
/// same. The outermost layer turns it into the caller's protocol and adds the trace id.
pub fn refusal(problem: Problem) -> Response {
    let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
    response.extensions_mut().insert(problem);
    response
}

/// A refusal that says when to come again.
pub(super) fn refusal_until(problem: Problem, wait: Duration) -> Response {
    let mut response = refusal(problem);
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, seconds.into());
    response
}

/// Whether the request is gRPC, by its content type.
pub(super) fn is_grpc(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let rest = value.and_then(|value| value.strip_prefix(b"application/grpc"));
    rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}

/// The answer to a request for which there is no route.
pub(super) async fn nothing_here(headers: HeaderMap) -> Response {
    if is_grpc(&headers) {
        return no_such_method();
    }
    refusal(Problem::new(
        ErrorCode::NotFound,
        "there is nothing at this address",
    ))
}

/// The answer to a call of a method that there is not, or that nobody may call.
pub(super) fn no_such_method() -> Response {
    in_grpc(&Status::unimplemented("there is no such method here"))
}

/// Lets only gRPC through.
pub(super) async fn grpc_only(request: Request, next: Next) -> Response {
    if is_grpc(request.headers()) {
        return next.run(request).await;
    }
    let advice = "this address is for gRPC: use a gRPC client";
    refusal(Problem::new(ErrorCode::RequestMalformed, advice))
}

/// Puts what went wrong into the caller's protocol, with the trace id. Answers that are none of our
/// problems pass.
pub(super) fn render(response: Response, grpc: bool, trace: &TraceId) -> Response {
    let mut rendered = match problem_of(&response) {
        Some(problem) if grpc => {
            let status = to_status(&problem, Some(trace.as_str()));
            keeping_headers(in_grpc(&status), &response)
        }
        Some(problem) => keeping_headers(in_json(&problem, trace), &response),
        None if !grpc && is_bare_error(&response) => {
            keeping_headers(of_status(response.status(), trace), &response)
        }
        None => response,
    };
    if let Ok(value) = HeaderValue::from_str(trace.as_str()) {
        rendered.headers_mut().insert(TRACE, value);
    }
    rendered
}

fn problem_of(response: &Response) -> Option<Problem> {
    let extensions = response.extensions();
    if let Some(problem) = extensions.get::<Problem>() {
        return Some(problem.clone());
    }
    match from_status(extensions.get::<Status>()?) {
        Ok(problem) => Some(problem),
        Err(status) => of_the_library(&status),
    }
}

/// What the gRPC library found wrong before a service saw the request. Services speak through
/// [`Problem`] alone.
fn of_the_library(status: &Status) -> Option<Problem> {
    let code = match status.code() {
        Code::OutOfRange => ErrorCode::RequestTooLarge,
        Code::Internal | Code::Unknown => ErrorCode::RequestMalformed,
        _ => return None,
    };
    tracing::debug!(code = ?status.code(), "the request could not be read");
    Some(Problem::from(code))
}

fn in_grpc(status: &Status) -> Response {
    let (parts, ()) = status.clone().into_http::<()>().into_parts();
    Response::from_parts(parts, Body::empty())
}

/// What was said beside the problem: when to come again, how to show who one is, which methods there are
/// (RFC 9110 section 15.5.6), and which web pages may read it.
fn keeping_headers(mut rendered: Response, refused: &Response) -> Response {
    for name in [
        header::RETRY_AFTER,
        header::WWW_AUTHENTICATE,
        DPOP_NONCE,
        header::ALLOW,
        header::VARY,
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
    ] {
        if let Some(value) = refused.headers().get(&name) {
            rendered.headers_mut().insert(name, value.clone());
        }
    }
    rendered
}

/// RFC 9457 section 3, with the members `code` and `field` of a problem, and the trace id.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProblemJson<'a> {
    r#type: String,
    title: String,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    trace_id: &'a str,
}

fn in_json(problem: &Problem, trace: &TraceId) -> Response {
    let status = http_status(problem.category());
    let reason = problem.code().reason();
    let body = ProblemJson {
        r#type: format!("urn:kleis:problem:{reason}"),
        title: reason.to_lowercase().replace('_', " "),
        status: status.as_u16(),
        detail: Some(problem.detail()),
        code: Some(reason),
        field: problem.field(),
        trace_id: trace.as_str(),
    };
    json(status, &body)
}

/// An error of the HTTP library: a method that is not allowed, a query that cannot be read. What
/// speaks JSON is an answer in the words of its own protocol.
fn is_bare_error(response: &Response) -> bool {
    let status = response.status();
    let said = response.headers().get(header::CONTENT_TYPE);
    let is_json = said.is_some_and(|said| *said == PROBLEM_JSON || *said == JSON);
    (status.is_client_error() || status.is_server_error()) && !is_json
}

fn of_status(status: StatusCode, trace: &TraceId) -> Response {
    let body = ProblemJson {
        // RFC 9457 section 4.2.1: no more is meant than the status says.
        r#type: "about:blank".to_owned(),
        title: status.canonical_reason().unwrap_or("error").to_owned(),
        status: status.as_u16(),
        detail: None,
        code: None,
        field: None,
        trace_id: trace.as_str(),
    };
    json(status, &body)
}

fn json(status: StatusCode, body: &ProblemJson<'_>) -> Response {
    // Texts and a number: it cannot fail, and an empty body would still say the status.
    let bytes = serde_json::to_vec(body).unwrap_or_default();
    let no_store = HeaderValue::from_static("no-store");
    let headers = [
        (header::CONTENT_TYPE, PROBLEM_JSON),
        (header::CACHE_CONTROL, no_store),
    ];
    (status, headers, bytes).into_response()
}

/// As transcoding gateways map gRPC codes (google.rpc.Code), so that both ways to a service answer
/// alike.
pub(super) fn http_status(category: Category) -> StatusCode {
    match category {
        Category::InvalidArgument | Category::FailedPrecondition => StatusCode::BAD_REQUEST,
        Category::Unauthenticated => StatusCode::UNAUTHORIZED,
        Category::PermissionDenied => StatusCode::FORBIDDEN,
        Category::NotFound => StatusCode::NOT_FOUND,
        Category::Aborted | Category::AlreadyExists => StatusCode::CONFLICT,
        Category::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Category::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        Category::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Category::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use kleis_types::OsRandom;

    use super::*;

    async fn json_of(response: Response) -> serde_json::Value {
        assert_eq!(response.headers()[header::CONTENT_TYPE], PROBLEM_JSON);
        let body = to_bytes(response.into_body(), 4096).await.unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    #[tokio::test]
    async fn a_problem_in_json() {
        let trace = TraceId::random(&OsRandom);
        let problem = Problem::new(ErrorCode::IdentifierInvalid, "Correct it.").at("identifier");
        let response = render(refusal(problem), false, &trace);
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(response.headers()[TRACE], trace.as_str());
        let expected = serde_json::json!({
            "type": "urn:kleis:problem:IDENTIFIER_INVALID",
            "title": "identifier invalid",
            "status": 400,
            "detail": "Correct it.",
            "code": "IDENTIFIER_INVALID",
            "field": "identifier",
            "traceId": trace.as_str(),
        });
        assert_eq!(json_of(response).await, expected);
    }

    #[test]
    fn a_problem_in_grpc() {
        let trace = TraceId::random(&OsRandom);
        for &code in ErrorCode::ALL {
            let refused = refusal_until(Problem::from(code), Duration::from_millis(1001));
            let response = render(refused, true, &trace);
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(response.headers()[header::RETRY_AFTER], "2");
            let status = Status::from_header_map(response.headers()).unwrap();
            assert_eq!(from_status(&status).unwrap().code(), code);
            let shown = kleis_proto::status::trace_id(&status);
            assert_eq!(shown.as_deref(), Some(trace.as_str()));
        }
    }

    #[test]
    fn a_status_from_a_service_gets_the_trace_id() {
        let trace = TraceId::random(&OsRandom);
        let problem = Problem::new(ErrorCode::KeyNotAvailable, "no");
        let response = render(in_grpc(&to_status(&problem, None)), true, &trace);
        let status = Status::from_header_map(response.headers()).unwrap();
        assert_eq!(from_status(&status).unwrap(), problem);
        assert!(kleis_proto::status::trace_id(&status).is_some());
    }

    #[test]
    fn what_the_library_says_is_not_shown() {
        let trace = TraceId::random(&OsRandom);
        for (status, code) in [
            (
                Status::out_of_range("found 5 bytes"),
                Some(ErrorCode::RequestTooLarge),
            ),
            (
                Status::internal("wire type"),
                Some(ErrorCode::RequestMalformed),
            ),
            (Status::unknown("h2"), Some(ErrorCode::RequestMalformed)),
            (Status::unimplemented(""), None),
            (Status::not_found("service not registered"), None),
        ] {
            let before = status.code();
            let response = render(in_grpc(&status), true, &trace);
            let after = Status::from_header_map(response.headers()).unwrap();
            assert_eq!(from_status(&after).ok().map(|p| p.code()), code);
            assert!(code.is_some() || after.code() == before);
        }
    }

    #[tokio::test]
    async fn an_error_of_the_http_library_becomes_a_problem() {
        let trace = TraceId::random(&OsRandom);
        let allow = [(header::ALLOW, "GET,HEAD")];
        let bare = (StatusCode::METHOD_NOT_ALLOWED, allow, "internal words").into_response();
        let rendered = render(bare, false, &trace);
        assert_eq!(rendered.headers()[header::ALLOW], "GET,HEAD");
        let shown = json_of(rendered).await;
        assert_eq!(shown["type"], "about:blank");
        assert_eq!(shown["title"], "Method Not Allowed");
        assert!(!shown.to_string().contains("internal"));
    }

    #[test]
    fn success_passes() {
        let trace = TraceId::random(&OsRandom);
        let response = render((StatusCode::OK, "fine").into_response(), false, &trace);
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "text/plain; charset=utf-8"
        );
    }

    #[test]
    fn grpc_by_its_content_type() {
        for (value, grpc) in [
            ("application/grpc", true),
            ("application/grpc+proto", true),
            ("application/grpc;x=y", true),
            ("application/grpc-web", false),
            ("application/grpcx", false),
            ("application/json", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(value));
            assert_eq!(is_grpc(&headers), grpc, "{value}");
        }
        assert!(!is_grpc(&HeaderMap::new()));
    }
}
