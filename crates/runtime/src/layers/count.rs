//! How many requests there are, and how they end.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use kleis_proto::status::to_status;
use kleis_types::Problem;
use tonic::Status;

use super::{Stack, answer, route::Route};
use crate::counters::Answer;

pub(super) async fn run(State(stack): State<Arc<Stack>>, request: Request, next: Next) -> Response {
    let under_way = stack.counters.begin();
    let route = request.extensions().get::<Route>().cloned();
    let grpc = answer::is_grpc(request.headers());
    let response = next.run(request).await;
    drop(under_way);
    let answer = if grpc {
        Answer::Grpc(grpc_code(&response))
    } else {
        http_status(&response)
    };
    if let Some(Route(route)) = route {
        stack.counters.finish(route, answer);
    }
    tracing::debug!(?answer, "answered");
    response
}

fn grpc_code(response: &Response) -> i32 {
    if let Some(problem) = response.extensions().get::<Problem>() {
        return to_status(problem, None).code().into();
    }
    // A status that is not in the head of the answer is in its trailers, after a message: the call
    // succeeded.
    Status::from_header_map(response.headers()).map_or(0, |status| status.code().into())
}

fn http_status(response: &Response) -> Answer {
    let status = match response.extensions().get::<Problem>() {
        Some(problem) => answer::http_status(problem.category()),
        None => response.status(),
    };
    Answer::Http(status.as_u16())
}
