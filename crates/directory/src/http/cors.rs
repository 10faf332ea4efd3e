//! Web pages of other origins (<https://fetch.spec.whatwg.org/#http-cors-protocol>), where the operator names them.
//!
//! No credentials of the browser are let through: a page that knows who it is shows an access token.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::HttpSettings;

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST");
const HEADERS: HeaderValue =
    HeaderValue::from_static("authorization, content-type, dpop, if-none-match, traceparent");
/// What a page may see of an answer beyond what it always sees.
const EXPOSED: HeaderValue =
    HeaderValue::from_static("dpop-nonce, etag, kleis-trace-id, retry-after, www-authenticate");
/// Seconds for which a browser need not ask for leave again.
const KEPT: HeaderValue = HeaderValue::from_static("600");

pub(super) async fn run(
    State(settings): State<Arc<HttpSettings>>,
    request: Request,
    next: Next,
) -> Response {
    let origin = allowed(request.headers(), &settings.origins);
    let mut response = match &origin {
        Some(_) if is_preflight(&request) => leave(),
        _ => next.run(request).await,
    };
    let headers = response.headers_mut();
    // Also where there is no leave: another origin may have it.
    headers.append(header::VARY, HeaderValue::from_name(header::ORIGIN));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
    response
}

fn allowed(headers: &HeaderMap, origins: &[String]) -> Option<HeaderValue> {
    let origin = headers.get(header::ORIGIN)?;
    let named = origins
        .iter()
        .any(|allowed| allowed.as_bytes() == origin.as_bytes());
    named.then(|| origin.clone())
}

fn is_preflight(request: &Request) -> bool {
    let asks = header::ACCESS_CONTROL_REQUEST_METHOD;
    request.method() == Method::OPTIONS && request.headers().contains_key(asks)
}

fn leave() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, KEPT);
    response
}
