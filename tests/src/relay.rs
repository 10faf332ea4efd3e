//! What stands between two connections: takes each call, lets mischief change it, and passes it on.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes},
    extract::State,
};
use http::{HeaderMap, HeaderValue, Request, Response, header::CONTENT_TYPE};
use http_body::{Body as _, Frame};
use tonic::transport::Channel;
use tower::ServiceExt as _;

use crate::{Exchange, Mischief, Reply, xfcc};

const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
const STATUS: &str = "grpc-status";
const MAX_MESSAGE: usize = 32 << 20;
/// What an edge passes on of what callers send. What they say of certificates is not among it.
const PASSED_ON: [&str; 2] = ["authorization", "dpop"];

/// What all calls share.
pub(crate) struct Shared {
    pub(crate) upstream: Channel,
    /// Whether it tells the server who calls, and passes on what callers show.
    pub(crate) is_edge: bool,
    pub(crate) mischief: Mutex<Arc<dyn Mischief>>,
    pub(crate) seen: Mutex<Vec<Exchange>>,
}

/// Takes one gRPC call.
pub(crate) async fn relay(
    State(shared): State<Arc<Shared>>,
    request: Request<Body>,
) -> Response<Body> {
    let method = request.uri().path().trim_start_matches('/').to_owned();
    let mischief = Arc::clone(&shared.mischief.lock().unwrap());
    let shown = if shared.is_edge {
        shown(&request)
    } else {
        HeaderMap::new()
    };
    let mut headers = shown.clone();
    mischief.headers(&method, &mut headers);
    let body = axum::body::to_bytes(request.into_body(), MAX_MESSAGE)
        .await
        .unwrap();
    let message = unframe(&body);
    let reply = if let Some(reply) = mischief.instead(&method, &message) {
        reply
    } else {
        let sent = mischief.request(&method, message.clone());
        forward(shared.upstream.clone(), &method, headers, &sent).await
    };
    shared.seen.lock().unwrap().push(Exchange {
        method: method.clone(),
        shown,
        request: message,
        reply: reply.clone(),
    });
    response(mischief.reply(&method, reply))
}

/// What a caller shows: its certificate, a token and the proof of it.
fn shown(request: &Request<Body>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for name in PASSED_ON {
        if let Some(value) = request.headers().get(name) {
            headers.insert(name, value.clone());
        }
    }
    if let Some(value) = xfcc::of_peer(request.extensions()) {
        headers.insert(xfcc::HEADER, value);
    }
    headers
}

fn response(reply: Reply) -> Response<Body> {
    match reply {
        Reply::Message(message) => {
            let trailers = HeaderMap::from_iter([(STATUS.parse().unwrap(), "0".parse().unwrap())]);
            let body = Framed {
                data: Some(frame(&message)),
                trailers: Some(trailers),
            };
            Response::builder()
                .header(CONTENT_TYPE, GRPC)
                .body(Body::new(body))
                .unwrap()
        }
        Reply::Refused(headers) => {
            let mut response = Response::new(Body::empty());
            *response.headers_mut() = headers;
            response.headers_mut().insert(CONTENT_TYPE, GRPC);
            response
        }
    }
}

/// Calls the server.
pub(crate) async fn forward(
    upstream: Channel,
    method: &str,
    headers: HeaderMap,
    message: &[u8],
) -> Reply {
    let mut request = Request::post(format!("/{method}"))
        .header(CONTENT_TYPE, GRPC)
        .header("te", "trailers")
        .body(tonic::body::Body::new(Body::from(frame(message))))
        .unwrap();
    request.headers_mut().extend(headers);
    let response = upstream.oneshot(request).await.unwrap();
    let (parts, mut body) = response.into_parts();
    if parts.headers.contains_key(STATUS) {
        return Reply::Refused(parts.headers);
    }
    let (mut data, mut trailers) = (Vec::new(), HeaderMap::new());
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        match frame.unwrap().into_data() {
            Ok(part) => data.extend(part),
            Err(frame) => trailers = frame.into_trailers().unwrap(),
        }
    }
    match trailers.get(STATUS).map(HeaderValue::as_bytes) {
        Some(b"0") => Reply::Message(unframe(&data)),
        _ => Reply::Refused(trailers),
    }
}

/// One message as gRPC frames it: not compressed, its length, itself.
fn frame(message: &[u8]) -> Bytes {
    let length = u32::try_from(message.len()).unwrap();
    [&[0], &length.to_be_bytes()[..], message].concat().into()
}

fn unframe(body: &[u8]) -> Vec<u8> {
    let (head, message) = body.split_at_checked(5).unwrap_or_default();
    assert!(
        head.first().is_none_or(|compressed| *compressed == 0),
        "nothing is compressed"
    );
    message.to_vec()
}

/// A body of one piece, with trailers.
struct Framed {
    data: Option<Bytes>,
    trailers: Option<HeaderMap>,
}

impl http_body::Body for Framed {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let data = self.data.take().map(Frame::data);
        let frame = data.or_else(|| self.trailers.take().map(Frame::trailers));
        Poll::Ready(frame.map(Ok))
    }
}
