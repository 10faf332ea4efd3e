//! How many requests are being answered at a time.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use kleis_types::{ErrorCode, Problem};

use super::{Stack, refusal};
use crate::Count;

/// Nothing waits for a place: whoever is refused knows it at once, and may try elsewhere or later.
pub(super) async fn run(State(stack): State<Arc<Stack>>, request: Request, next: Next) -> Response {
    let Ok(_place) = stack.requests.try_acquire() else {
        stack.counters.add(Count::RequestsShed);
        return refusal(Problem::from(ErrorCode::Overloaded));
    };
    next.run(request).await
}
