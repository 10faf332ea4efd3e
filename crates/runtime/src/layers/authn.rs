//! Who is calling.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use kleis_types::{Category, ErrorCode, Principal, Problem};

use super::{Stack, refusal};
use crate::{Count, Peer, Presented, Refused};

/// The nonce for the next DPoP proof (RFC 9449 section 8).
pub(super) const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// Puts the [`Principal`] of a caller who proved to be one into the request. Who shows nothing is
/// anonymous; who shows something that is not good is refused, whatever was asked for.
pub(super) async fn run(
    State(stack): State<Arc<Stack>>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(peer) = request.extensions().get::<Peer>().cloned() else {
        return refusal(Problem::from(ErrorCode::Internal));
    };
    let presented = Presented {
        peer: &peer,
        method: request.method(),
        uri: request.uri(),
        headers: request.headers(),
    };
    match stack.authenticator.authenticate(presented).await {
        Ok(Some(principal)) => drop(request.extensions_mut().insert::<Principal>(principal)),
        Ok(None) => {}
        Err(refused) => {
            stack.counters.add(Count::CallersRefused);
            return challenge(refused);
        }
    }
    next.run(request).await
}

/// The refusal, with what an OAuth client needs to do better (RFC 6750 section 3, RFC 9449 section
/// 7.1).
fn challenge(refused: Refused) -> Response {
    let Refused { problem, nonce } = refused;
    let (category, error) = (problem.category(), oauth_error(problem.code()));
    let mut response = refusal(problem);
    let headers = response.headers_mut();
    if let (Category::Unauthenticated, Some(error)) = (category, error) {
        let scheme = if error.starts_with("invalid_token") {
            "Bearer"
        } else {
            "DPoP"
        };
        if let Ok(value) = format!("{scheme} error=\"{error}\"").parse() {
            headers.insert(header::WWW_AUTHENTICATE, value);
        }
    }
    if let Some(Ok(nonce)) = nonce.map(|nonce| HeaderValue::from_str(&nonce)) {
        headers.insert(DPOP_NONCE, nonce);
    }
    response
}

/// The error code of OAuth for a refused token.
fn oauth_error(code: ErrorCode) -> Option<&'static str> {
    match code {
        ErrorCode::TokenInvalid
        | ErrorCode::TokenExpired
        | ErrorCode::TokenNotYetValid
        | ErrorCode::TokenAudience => Some("invalid_token"),
        ErrorCode::DpopInvalid | ErrorCode::DpopReplayed => Some("invalid_dpop_proof"),
        ErrorCode::DpopNonceRequired => Some("use_dpop_nonce"),
        _ => None,
    }
}
