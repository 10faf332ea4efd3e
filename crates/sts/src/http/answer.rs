//! What goes out.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use kleis_types::Call;
use serde::Serialize;
use serde_json::json;

use crate::StsError;
use crate::error::Refusal;
use crate::keys::MAX_AGE;

const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// A JSON document, for the client alone.
pub(super) fn json<T: Serialize>(value: &T) -> Response {
    axum::Json(value).into_response()
}

/// A document that everybody may keep for a while.
pub(super) fn public(media_type: &'static str, document: &serde_json::Value) -> Response {
    let mut response = Response::new(Body::from(document.to_string()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    if let Ok(value) = HeaderValue::from_str(&format!("public, max-age={MAX_AGE}")) {
        headers.insert(header::CACHE_CONTROL, value);
    }
    response
}

/// Tells the client (RFC 6749 section 5.2); what is ours to mend goes into the log.
pub(super) fn refuse(error: &StsError, call: &Call) -> Response {
    let (status, code, text) = match error {
        StsError::Refused(refusal) => (status(*refusal), refusal.error(), refusal.to_string()),
        error if error.is_passing() => {
            tracing::warn!(trace_id = call.trace_text(), %error, "a request could not be answered");
            let text = "the service cannot answer now: send a new request later";
            let status = StatusCode::SERVICE_UNAVAILABLE;
            (status, "temporarily_unavailable", text.to_owned())
        }
        error => {
            tracing::error!(trace_id = call.trace_text(), %error, "a request failed");
            let text = "the service failed: tell its operators the trace id";
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            (status, "server_error", text.to_owned())
        }
    };
    let mut response = json(&json!({ "error": code, "error_description": text }));
    *response.status_mut() = status;
    if status == StatusCode::UNAUTHORIZED {
        // A 401 names a scheme (RFC 9110 section 15.5.2): the one that OAuth clients try (RFC 6749
        // section 2.3.1), though there is no credential for it here.
        let challenge = HeaderValue::from_static("Basic realm=\"kleis\"");
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// Clients authenticate in the body, so there is no scheme to ask for by 401; but those who have tried one
/// are told so.
fn status(refusal: Refusal) -> StatusCode {
    match refusal {
        Refusal::AuthenticationHeader => StatusCode::UNAUTHORIZED,
        Refusal::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::BAD_REQUEST,
    }
}

/// The answer to any method but POST.
pub(super) async fn wrong_method() -> Response {
    let text = "send a POST request";
    let mut response = json(&json!({ "error": "invalid_request", "error_description": text }));
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    let post = HeaderValue::from_static("POST");
    response.headers_mut().insert(header::ALLOW, post);
    response
}

/// The same response, which nobody may keep (RFC 6749 section 5.1).
pub(super) async fn not_stored(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// The same response, with a nonce for the next DPoP proof.
pub(super) fn with_nonce(mut response: Response, nonce: &str) -> Response {
    if let Ok(nonce) = HeaderValue::from_str(nonce) {
        response.headers_mut().insert(DPOP_NONCE, nonce);
    }
    response
}
