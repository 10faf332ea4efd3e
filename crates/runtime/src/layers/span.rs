//! One span and one trace id for each request.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use kleis_types::TraceId;
use tracing::Instrument as _;

use super::{Stack, answer};

pub(super) async fn run(
    State(stack): State<Arc<Stack>>,
    mut request: Request,
    next: Next,
) -> Response {
    let trace = inherited(&request).unwrap_or_else(|| TraceId::random(&*stack.random));
    let route = stack.methods.route(&request);
    let grpc = answer::is_grpc(request.headers());
    request.extensions_mut().insert(trace.clone());
    request.extensions_mut().insert(route.clone());
    // The route is a method or a template: paths, queries and headers may name persons.
    let span = tracing::info_span!("request", trace_id = %trace, route = %route.0);
    async move {
        let response = next.run(request).await;
        answer::render(response, grpc, &trace)
    }
    .instrument(span)
    .await
}

/// The trace that a caller, or the edge, began. It proves nothing and decides nothing.
fn inherited(request: &Request) -> Option<TraceId> {
    let header = request.headers().get("traceparent")?;
    TraceId::from_traceparent(header.to_str().ok()?)
}
