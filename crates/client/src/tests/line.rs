//! gRPC without a network: a channel to a function from method and message to answer.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use http::{HeaderMap, HeaderValue, Response};
use http_body::Frame;
use hyper_util::rt::TokioIo;
use prost::bytes::{BufMut as _, Bytes, BytesMut};
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use tonic::service::Routes;
use tonic::transport::{Channel, Endpoint, Server, Uri};
use tower::service_fn;

/// Answers the bytes of one message to the full name of a method with the bytes of another.
pub(super) trait Answers: Send + 'static {
    fn answer(&mut self, method: &str, message: &[u8]) -> Result<Vec<u8>, Status>;
}

/// A channel to a server of this process that answers so.
pub(super) fn channel_to<A: Answers>(answers: Arc<Mutex<A>>) -> Channel {
    let (connections, incoming) = mpsc::channel(4);
    let router = Router::new().fallback(move |request: Request| respond(answers, request));
    let server = Server::builder()
        .add_routes(Routes::from(router))
        .serve_with_incoming(ReceiverStream::new(incoming).map(Ok::<_, Infallible>));
    tokio::spawn(server);
    Endpoint::from_static("http://in-memory").connect_with_connector_lazy(service_fn(
        move |_: Uri| {
            let connections = connections.clone();
            async move {
                let (near, far) = tokio::io::duplex(64 * 1024);
                connections
                    .send(far)
                    .await
                    .expect("the server takes connections");
                Ok::<_, Infallible>(TokioIo::new(near))
            }
        },
    ))
}

async fn respond<A: Answers>(answers: Arc<Mutex<A>>, request: Request) -> Response<Body> {
    let method = request.uri().path().trim_start_matches('/').to_owned();
    let frame = to_bytes(request.into_body(), usize::MAX).await.unwrap();
    // One uncompressed message: a zero byte, its length, itself.
    let message = frame.get(5..).unwrap();
    let answer = answers.lock().unwrap().answer(&method, message);
    match answer {
        Err(status) => status.into_http(),
        Ok(message) => {
            let mut response = Response::new(Body::new(Reply::new(&message)));
            let grpc = HeaderValue::from_static("application/grpc");
            response.headers_mut().insert("content-type", grpc);
            response
        }
    }
}

/// One message and the trailers that say that all is well.
struct Reply {
    message: Option<Bytes>,
    trailers: Option<HeaderMap>,
}

impl Reply {
    fn new(message: &[u8]) -> Self {
        let mut frame = BytesMut::new();
        frame.put_u8(0);
        frame.put_u32(u32::try_from(message.len()).unwrap());
        frame.put_slice(message);
        let trailers = HeaderMap::from_iter([(
            "grpc-status".parse().unwrap(),
            HeaderValue::from_static("0"),
        )]);
        Self {
            message: Some(frame.freeze()),
            trailers: Some(trailers),
        }
    }
}

impl http_body::Body for Reply {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = match self.message.take() {
            Some(message) => Some(Frame::data(message)),
            None => self.trailers.take().map(Frame::trailers),
        };
        Poll::Ready(frame.map(Ok))
    }
}
