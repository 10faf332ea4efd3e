//! How many bytes a request may have. Services set lower limits to their messages; this one bounds
//! what is read at all.

use std::sync::Arc;

use axum::{
    RequestExt as _,
    extract::{DefaultBodyLimit, Request, State},
    http::header,
    middleware::Next,
    response::Response,
};
use kleis_types::{ErrorCode, Problem};

use super::{Stack, refusal};

pub(super) async fn run(
    State(stack): State<Arc<Stack>>,
    mut request: Request,
    next: Next,
) -> Response {
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > stack.max_body) {
        return refusal(Problem::from(ErrorCode::RequestTooLarge));
    }
    DefaultBodyLimit::max(stack.max_body).apply(&mut request);
    next.run(request.with_limited_body()).await
}
