//! How often one caller may ask.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use kleis_types::{ErrorCode, Problem};
use tokio::time::Instant;

use super::{Stack, answer::refusal_until, refusal};
use crate::{Count, Origin, Peer};

pub(super) async fn run(State(stack): State<Arc<Stack>>, request: Request, next: Next) -> Response {
    let Some(peer) = request.extensions().get::<Peer>() else {
        // A fault of ours: a transport that does not say who calls. Nobody unknown comes in.
        return refusal(Problem::from(ErrorCode::Internal));
    };
    // Services of this process call on behalf of callers that have been counted.
    if peer.origin() != Origin::InProcess
        && let Err(wait) = stack.rate.admit(peer.caller(), Instant::now())
    {
        stack.counters.add(Count::RequestsRateLimited);
        return refusal_until(Problem::from(ErrorCode::RateLimited), wait);
    }
    next.run(request).await
}
