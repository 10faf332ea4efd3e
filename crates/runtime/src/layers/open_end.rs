//! Streams without an end get one when the process stops; without it they would hold up the stop
//! for ever.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::{
    BoxError,
    body::{Body, Bytes, HttpBody},
    extract::{Request, State},
    http::HeaderMap,
    middleware::Next,
    response::Response,
};
use http_body::{Frame, SizeHint};
use kleis_proto::status::to_status;
use kleis_types::{ErrorCode, Problem, TraceId};
use tokio_util::{
    sync::{CancellationToken, WaitForCancellationFutureOwned},
    task::task_tracker::TaskTrackerToken,
};

use super::{Stack, answer};

pub(super) async fn run(State(stack): State<Arc<Stack>>, request: Request, next: Next) -> Response {
    let under_way = stack.calls.token();
    let trace = request.extensions().get::<TraceId>().cloned();
    let farewell = if answer::is_grpc(request.headers()) {
        grpc_farewell(trace.as_ref())
    } else {
        None
    };
    let stopping = stack.stopping.clone();
    let response = next.run(request).await;
    response.map(|body| {
        Body::new(OpenEnded {
            body,
            stopping,
            stop: None,
            farewell,
            ended: false,
            _under_way: under_way,
        })
    })
}

fn grpc_farewell(trace: Option<&TraceId>) -> Option<HeaderMap> {
    let problem = Problem::from(ErrorCode::ShuttingDown);
    let mut trailers = HeaderMap::new();
    let status = to_status(&problem, trace.map(TraceId::as_str));
    status.add_header(&mut trailers).is_ok().then_some(trailers)
}

/// A body that ends, with a farewell, when it has nothing to say and the process is stopping.
///
/// The answer to a plain call has everything to say at once, so it is never cut. What waits is a
/// stream.
struct OpenEnded {
    body: Body,
    stopping: CancellationToken,
    stop: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    farewell: Option<HeaderMap>,
    ended: bool,
    /// The call is under way until all of its answer is gone.
    _under_way: TaskTrackerToken,
}

impl HttpBody for OpenEnded {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        if this.ended {
            return Poll::Ready(None);
        }
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let stop = this
            .stop
            .get_or_insert_with(|| Box::pin(this.stopping.clone().cancelled_owned()));
        ready!(stop.as_mut().poll(context));
        this.ended = true;
        Poll::Ready(Some(match this.farewell.take() {
            Some(trailers) => Ok(Frame::trailers(trailers)),
            // HTTP has no trailers that anybody reads: a broken body is the honest end.
            None => Err("the service is stopping".into()),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
